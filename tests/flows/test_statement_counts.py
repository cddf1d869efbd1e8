"""What a row and a dispatch may cost in statements at most: sets stay sets. Counted, not timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import event

from benehub.connect.connector import Page
from benehub.flows import Hub

PEOPLE = 150
Open = Callable[..., Hub]


class Count:
    """Statements seen."""

    statements = 0

    def __call__(self, *_: Any) -> None:
        self.statements += 1


@contextmanager
def counted(hub: Hub) -> Iterator[Count]:
    count = Count()
    event.listen(hub.store.engine, "before_cursor_execute", count)
    yield count
    event.remove(hub.store.engine, "before_cursor_execute", count)


@pytest.fixture
def hub(
    request: pytest.FixtureRequest, db_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> Hub:  # fmt: skip
    """A hub with three people; its vendor gives everybody on one page."""

    def whole(self: Any, stream: str, link: Any, cursor: str | None) -> Iterator[Page]:
        rows = self.rows[stream]
        yield Page(stream, rows, repr([(row.key, dict(row.data)) for row in rows]).encode(), cursor="1")

    opened = open_hub(db_url)
    fakehub.set_up(opened, tmp_path / "vendor", getattr(request, "param", "read_back"))
    monkeypatch.setattr(fakehub.FakeConnector, "read", whole)
    return opened


def sync(hub: Hub, fakehub: ModuleType, stream: str, key: str, connection: str = "hris") -> int:
    with counted(hub) as count:
        hub.start_flow("sync", "acme", f"{stream}/{key}", connection, stream, key, False)
    return count.statements


def everybody(hub: Hub, fakehub: ModuleType) -> None:
    fakehub.feed(PEOPLE)
    for stream, connection in (("employee", "hris"), ("election", "hris"), ("payroll_person", "payroll")):
        sync(hub, fakehub, stream, "all", connection)


def test_a_row_costs_no_statement_of_its_own(hub: Hub, fakehub: ModuleType) -> None:
    fakehub.feed(PEOPLE)
    first = {stream: sync(hub, fakehub, stream, "first") for stream in ("employee", "election")}
    again = {stream: sync(hub, fakehub, stream, "again") for stream in ("employee", "election")}
    # Some 60 a batch and chunk, whatever is in it; a statement a row would be 150 more.
    assert max(first.values()) <= 90, first
    assert max(again.values()) <= 60, again


def test_rows_that_fail_cost_no_statement_of_their_own(hub: Hub, fakehub: ModuleType) -> None:
    fakehub.feed(3)
    fakehub.FakeConnector.rows["election"] = [fakehub.election(number) for number in range(4, PEOPLE)]
    assert sync(hub, fakehub, "election", "strangers") <= 90
    # One that fails in the midst of the others does not make each of them go alone.
    fakehub.feed(PEOPLE)
    rows = fakehub.FakeConnector.rows["employee"]
    rows[PEOPLE // 2] = fakehub.person(PEOPLE // 2 + 1, pay_group="weekly")
    assert sync(hub, fakehub, "employee", "one wrong") <= 90


def test_a_decision_costs_no_statement_of_its_own(hub: Hub, fakehub: ModuleType) -> None:
    everybody(hub, fakehub)
    with counted(hub) as count:
        assert hub.start_flow("coverage", "acme", "all", "2026-10-01")["recorded"] == PEOPLE - 3
    assert count.statements <= 40


@pytest.mark.parametrize(("hub", "each"), [("read_back", 0.8), ("none", 11)], indirect=["hub"])
def test_a_dispatch_costs_less_than_a_statement_where_it_can_be_read_back(
    hub: Hub, each: float, fakehub: ModuleType
) -> None:
    everybody(hub, fakehub)
    hub.start_flow("coverage", "acme", "all", "2026-10-01")
    with counted(hub) as count:
        assert fakehub.run(hub, fakehub.PUSH)["sent"] == PEOPLE
    # Where nothing can settle what is in doubt, every dispatch has its two transactions to itself.
    # The rest is of the whole push, among it what fixes have changed and how far was looked for deadlines.
    assert count.statements <= 90 + each * PEOPLE
