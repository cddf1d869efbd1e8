"""Dependents from the custom table that an employer keeps them in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from benehub.errors import Unsupported
from benehub.records import Dependent
from benehub_connectors.hibob import HibobConnector, HibobSettings

HOW = {"table": "family", "first_name": "first", "last_name": "last", "birth_date": "born", "relationship": "kind",
       "ssn": "number"}  # fmt: skip


def test_the_tables_rows_are_dependents(bench: Any, rows: Any) -> None:
    ada, max_ = bench.simulator.populate(2)
    bench.simulator.add_entry(
        "family", ada, first="Anna", last="Alder", born="2015-07-16", kind="Daughter", number="900-00-0009", note="x"
    )
    found = rows(bench.read("dependent", dependents=HOW))
    ((key, row),) = found.items()
    record = Dependent.model_validate(row.data)
    assert key.startswith(f"{ada}/")
    assert (record.employee, record.relationship.value, record.ssn) == (ada, "child", "900000009")
    assert row.extra == {"note": "x"}
    assert [page.full for page in bench.read("dependent", dependents=HOW)] == [True, True, True]
    assert max_ not in {one.data["employee"] for one in found.values()}


def test_an_items_id_is_mapped_and_an_unknown_word_is_a_problem(bench: Any, rows: Any) -> None:
    (ada,) = bench.simulator.populate(1)
    for number in (41, 42):
        bench.simulator.add_entry("family", ada, first="A", last="B", born="2015-07-16", kind=str(number))
    told = rows(bench.read("dependent", dependents=HOW | {"relationships": {"41": "stepchild"}}))
    one, other = told.values()
    assert one.data["relationship"] == "stepchild"
    assert "'42', which is no relationship of ours" in other.problem


def test_a_table_that_is_not_there_is_told_and_nobody_is_gone(bench: Any, rows: Any) -> None:
    bench.simulator.populate(1)
    pages = bench.read("dependent", dependents=HOW | {"table": "other"})
    assert "no table 'other'" in next(iter(rows(pages).values())).problem
    assert not all(page.full for page in pages)


def test_without_a_table_they_are_not_read(bench: Any) -> None:
    with pytest.raises(Unsupported, match="no dependents of its own"):
        bench.read("dependent")


def test_each_address_is_held_to_its_own_limit(bench: Any) -> None:
    bench.simulator.populate(1)
    asked: list[str] = []

    class Noting:
        def __init__(self, bucket: str) -> None:
            self.bucket = bucket

        def acquire(self, max_wait: float) -> None:
            asked.append(self.bucket)

        def hold(self, seconds: float) -> None:
            raise AssertionError("nobody asks to wait")

    for stream, settings in (("employee", {}), ("dependent", {"dependents": HOW}), ("compensation", {})):
        link = bench.link(**settings)
        link.client._limits = {name: Noting(name) for name in ("", "search", "table")}
        list(bench.connector.read(stream, link, None))
    assert asked == ["search", "search", "table", "search", ""]
    made = HibobSettings(service_user="u", token="env:T", default_pay_group="monthly", calls_a_minute=20)
    client = HibobConnector().client(made, {"env:T": "t"})
    windows: Mapping[str, Any] = client._limits
    assert {name: window.allowed for name, window in windows.items()} == {"": 18, "search": 45, "table": 45}
    client.close()
