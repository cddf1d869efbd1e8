"""The four recordkeeper files as a whole: the published layout as data, round trips of anything, checks, and noise."""

from __future__ import annotations

import dataclasses
import doctest
import json
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import DataError
from benehub.formats import ascensus_180, ascensus_360, paykonnect_180, paykonnect_360
from benehub.formats.layout import (
    COMPACT_DATE,
    DECIMAL,
    HUNDREDTHS,
    MONEY,
    PERCENT,
    SSN,
    TEXT,
    US_DATE,
    Column,
)
from benehub.formats.rows import records

FORMATS = {
    "ascensus_180": ascensus_180,
    "ascensus_360": ascensus_360,
    "paykonnect_180": paykonnect_180,
    "paykonnect_360": paykonnect_360,
}
EACH = pytest.mark.parametrize("name", FORMATS)
DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
KINDS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (SSN, st.from_regex(r"[0-9]{9}", fullmatch=True)),
    (MONEY, st.integers(-(10**12), 10**12)),
    (HUNDREDTHS, st.integers(-(10**6), 10**6)),
    (PERCENT, st.integers(0, 10**8).map(lambda n: Fraction(n, 10**8))),
    (DECIMAL, st.integers(-(10**12), 10**12).map(lambda n: Fraction(n, 10**6))),
    (US_DATE, DAYS),
    (COMPACT_DATE, DAYS),
    (TEXT, st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20)),
]


@pytest.fixture(scope="module")
def published(shared: Path) -> dict[str, Any]:
    layouts = shared / "specs" / "recordkeeper-files" / "layouts.json"
    if not layouts.exists():
        pytest.skip(f"no published layouts at {layouts}")
    found: dict[str, Any] = json.loads(layouts.read_text("utf-8"))
    return found


@EACH
def test_columns_and_values_are_the_published_ones(published: dict[str, Any], name: str) -> None:
    layout, wanted = FORMATS[name].LAYOUT, published[name]
    assert list(layout.header) == wanted["columns"]
    values = {column.name: column.kind.values for column in layout.columns}
    for column, words in wanted.get("enums", {}).items():
        # Employee_Status is told in the column Employee_Status_Code.
        found = values.get(column) or values[f"{column}_Code"]
        assert [*found] == [word for word in words if word]
    dates = {column.kind for column in layout.columns if column.name.upper().find("DATE") >= 0}
    assert dates == {US_DATE if name.endswith("180") else COMPACT_DATE}
    assert SSN in {column.kind for column in layout.columns if column.required}


def test_paykonnect_quotes_every_cell() -> None:
    row = paykonnect_180.Contribution180("P1", date(2026, 11, 13), "012345678", "Ann", "O'Neil")
    header, line = "".join(paykonnect_180.render([row])).splitlines()
    assert header.startswith('"Plan_Number","Plan_Name"')
    assert all(cell.startswith('"') and cell.endswith('"') for cell in line.split(","))
    assert ',"11/13/2026",' in line
    assert ',"012-34-5678",' in line


def value_of(column: Column) -> st.SearchStrategy[Any]:
    if column.kind.values:
        return st.sampled_from(column.kind.values).map(column.kind.read)
    return next(found for kind, found in KINDS if kind is column.kind)


def made(module: ModuleType, drawn: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
    """A record with every field drawn, required ones filled; None where the record itself refuses them."""
    kind: Any = getattr(module, "Contribution180", None) or module.Change360
    empty = {one.name: one.default for one in dataclasses.fields(kind)}
    values: dict[str, Any] = {}
    for column in module.LAYOUT.columns:
        value = drawn(value_of(column))
        text = isinstance(value, str) and not isinstance(value, StrEnum)
        if column.required and text and not value.split():
            value = "x"
        if column.required or drawn(st.booleans()):
            values[column.field] = value
        else:
            values[column.field] = empty[column.field]
    try:
        return kind(**values)
    except DataError:
        return None


@EACH
@given(st.data())
def test_what_is_written_is_read_back_and_written_the_same(name: str, data: st.DataObject) -> None:
    module = FORMATS[name]
    rows = [row for _ in range(2) if (row := made(module, data.draw)) is not None]
    text = "".join(module.render(rows))
    read = list(records(module.parse(text.encode())))
    assert "".join(module.render(read)) == text
    for one, two in zip(rows, read, strict=True):
        for column in module.LAYOUT.columns:
            before, after = getattr(one, column.field), getattr(two, column.field)
            assert after == before or (column.kind is TEXT and after == " ".join(before.split()))


@EACH
@given(st.binary(max_size=300), st.integers(0, 3), st.randoms(use_true_random=False))
def test_noise_gives_findings_or_a_named_error(name: str, noise: bytes, way: int, chance: Any) -> None:
    """Bytes of nothing, noise under the right header, and a good file with bytes changed."""
    module = FORMATS[name]
    head = (",".join(f'"{one}"' for one in module.LAYOUT.header) + "\r\n").encode()
    good = head + (",".join(["012-34-5678"] * len(module.LAYOUT.header)) + "\r\n").encode()
    cut = chance.randrange(len(good))
    data = (noise, head + noise, good[:cut] + noise + good[cut:], good[:cut] + noise[:1] + good[cut + 1 :])[way]
    try:
        rows = list(module.parse(data))
        found = module.validate(data)
    except DataError as error:
        assert error.mend
        return
    assert all((row.record is None) != (row.error is None) for row in rows)
    broken = {row.row for row in rows if row.error}
    assert broken <= {one.line for one in found}
    assert all(one.mend and one.text for one in found)


PERSON: dict[str, Any] = {"ssn": "012345678", "last_name": "Doe", "first_name": "Jane"}
CONTRIBUTIONS = [
    (ascensus_180, ascensus_180.Contribution180(**PERSON)),
    (paykonnect_180, paykonnect_180.Contribution180("P1", date(2026, 11, 13), **PERSON)),
]


@pytest.mark.parametrize(("module", "row"), CONTRIBUTIONS, ids=["ascensus", "paykonnect"])
def test_a_file_is_held_to_its_totals_dates_and_people(module: ModuleType, row: Any) -> None:
    def told(*rows: Any, **how: Any) -> list[tuple[int, str]]:
        return [(one.line, one.code) for one in module.validate("".join(module.render(rows)).encode(), **how)]

    paid = dataclasses.replace(row, pretax=10000, match=5000, compensation=100000, hours=8000)
    other = dataclasses.replace(paid, ssn="012345679", pretax=-100)
    totals = module.control_totals([paid, other])
    assert (totals.rows, totals.pretax, totals.deposit, totals.hours) == (2, 9900, 19900, 16000)
    assert told(paid, other, expected=totals) == []
    assert told(paid, other, negative=False) == [(3, "negative")]
    assert told(paid, paid) == [(3, "twice")]
    short = dataclasses.replace(totals, pretax=9901, rows=3)
    assert told(paid, other, expected=short) == [(0, "total"), (0, "total")]
    gone = dataclasses.replace(paid, hire_date=date(2026, 2, 1), termination_date=date(2026, 1, 1))
    assert told(gone) == [(2, "date-order")]


def test_every_broken_cell_of_a_row_is_told_and_no_value_of_it() -> None:
    row = paykonnect_180.Contribution180("P1", date(2026, 11, 13), "012345678", "Jane", "Doe", gender=None)
    text = "".join(paykonnect_180.render([row])).replace('"012-34-5678"', '"12-34-5678"')
    text = text.replace('"Jane"', '""').replace('"11/13/2026"', '"13/13/2026"')
    found = paykonnect_180.validate(text.encode())
    assert [(one.line, one.field, one.code) for one in found] == [
        (2, "Payroll_Date", "cell"),
        (2, "SSN", "cell"),
        (2, "First_Name", "empty"),
    ]
    assert not any("12-34" in str(one) for one in found)
    assert str(found[1].error()).startswith("row 2, SSN: ")


def test_loans_of_a_person_are_rows_of_their_own() -> None:
    one, two = (
        paykonnect_180.Contribution180(
            "P1", date(2026, 11, 13), "012345678", "Jane", "Doe", loan_number=number, loan_payment=2500
        )
        for number in ("L1", "L2")
    )
    assert paykonnect_180.validate("".join(paykonnect_180.render([one, two])).encode()) == []
    assert paykonnect_180.control_totals([one, two]).deposit == 5000


def test_the_page_about_these_files_runs(root: Path) -> None:
    failed, tried = doctest.testfile(str(root / "docs" / "recordkeeper-files.md"), module_relative=False)
    assert (failed, tried > 5) == (0, True)
