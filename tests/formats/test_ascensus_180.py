"""The 180 file: exactly the published columns, and totals that match the deposit."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from benehub.errors import DataError, FormatError
from benehub.formats.ascensus_180 import (
    LAYOUT,
    Contribution180,
    control_totals,
    file_name,
    parse,
    render,
)
from benehub.formats.rows import records

ROW = Contribution180(
    "012345678", "O'Neil", "Ann", "B", compensation=250000, pretax=12500, roth=5000, loan_payment=2500,
    match=7500, hours=8000, address1="1 Main St", city="Austin", state="TX", zip_code="01701",
    birth_date=date(1980, 1, 2), hire_date=date(2020, 1, 15), employment_status="A",
    email="ann@example.com",
)  # fmt: skip
DATA = "".join(render([ROW]))


def test_the_columns_are_the_published_ones(shared: Path) -> None:
    layouts = shared / "specs" / "recordkeeper-files" / "layouts.json"
    if not layouts.exists():
        pytest.skip(f"no published layouts at {layouts}")
    assert list(LAYOUT.header) == json.loads(layouts.read_text("utf-8"))["ascensus_180"]["columns"]


def test_round_trip() -> None:
    assert list(records(parse(DATA.encode()))) == [ROW]
    assert "".join(render(records(parse(DATA.encode())))) == DATA


def test_the_form_of_the_cells() -> None:
    header, cells = csv.reader(DATA.splitlines())
    shown = dict(zip(header, cells, strict=True))
    assert len(header) == 33
    assert shown["SOCIAL SECURITY"] == "012-34-5678"
    assert shown["DATE OF BIRTH"] == "01/02/1980"
    assert shown["CURRENT DATE OF TERM"] == ""
    assert shown["EMPLOYEE 401(K)"] == "125.00"
    assert shown["MATCH"] == "75.00"
    assert shown["HOURS"] == "80.00"
    assert shown["ZIP"] == "01701"


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("012-34-5678", "12345678", "SOCIAL SECURITY"),
        ("012-34-5678", "12-34-5678", "SOCIAL SECURITY"),
        ("01/02/1980", "02/30/1980", "DATE OF BIRTH"),
        ("125.00", "125.001", "EMPLOYEE 401(K)"),
        ("O'Neil", "", "LAST NAME"),
    ],
)
def test_a_bad_cell_is_an_error_of_its_row(old: str, new: str, column: str) -> None:
    line = DATA.splitlines()[1]
    bad, good = parse((DATA.replace(old, new, 1) + line + "\r\n").encode())
    assert good.get() == ROW
    assert bad.row == 2
    assert column in str(bad.error)
    assert not new or new not in str(bad.error)


def test_one_column_more_or_less_is_another_file() -> None:
    for header in ("", "HCE CODE,EXTRA,"):
        with pytest.raises(FormatError):
            parse(DATA.replace("HCE CODE,", header).encode())


def test_totals() -> None:
    sums = control_totals([ROW, ROW])
    assert (sums.rows, sums.compensation, sums.pretax, sums.match) == (2, 500000, 25000, 15000)
    assert sums.deposit == 55000


@pytest.mark.parametrize("row", [Contribution180("12345678", "A", "B"), Contribution180("012345678", "", "B")])
def test_what_would_be_refused_is_not_written(row: Contribution180) -> None:
    with pytest.raises(DataError):
        list(render([row]))


def test_the_file_name() -> None:
    created = datetime(2026, 11, 6, 9, 5, 7, tzinfo=UTC)
    assert file_name("TEST", "C1", "R9", created) == "TEST_C1_R9_11062026.090507.csv"


def test_repr_hides_what_is_sensitive() -> None:
    assert all(secret not in repr(ROW) for secret in ("012345678", "1980", "250000", "12500"))
