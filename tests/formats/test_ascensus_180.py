"""The 180 file: exactly the published columns, and our own strictness in both directions."""

from __future__ import annotations

import csv
import json
import os
from datetime import date
from pathlib import Path

import pytest
from benehub.errors import FormatError
from benehub.formats.ascensus_180 import COLUMNS, ContributionRow180, parse, render, totals

SHARED = Path(os.environ.get("BENEHUB_SHARED", Path(__file__).parents[2] / ".." / "shared"))
ROW = ContributionRow180(
    "012345678", "O'Neil", "Ann", "B", compensation_minor=250000, pretax_minor=12500, roth_minor=5000,
    loan_payment_minor=2500, match_minor=7500, hours_hundredths=8000, address1="1 Main St", city="Austin",
    state="TX", zip_code="01701", birth_date=date(1980, 1, 2), hire_date=date(2020, 1, 15),
    employment_status="A", work_email="ann@example.com",
)  # fmt: skip


def test_the_columns_are_the_published_ones() -> None:
    layouts = SHARED / "specs" / "recordkeeper-files" / "layouts.json"
    if not layouts.exists():
        pytest.skip("the published layouts are not here; set BENEHUB_SHARED")
    assert list(COLUMNS) == json.loads(layouts.read_text("utf-8"))["ascensus_180"]["columns"]


def test_round_trip_and_form() -> None:
    data = render([ROW])
    parsed = parse(data)
    assert parsed.rows == (ROW,)
    assert parsed.problems == ()
    assert render(parsed.rows) == data
    header, cells = csv.reader(data.decode().splitlines())
    shown = dict(zip(header, cells, strict=True))
    assert len(header) == 33
    assert shown["SOCIAL SECURITY"] == "012-34-5678"
    assert shown["DATE OF BIRTH"] == "01/02/1980"
    assert shown["CURRENT DATE OF TERM"] == ""
    assert shown["EMPLOYEE 401(K)"] == "125.00"
    assert shown["HOURS"] == "80.00"
    assert shown["ZIP"] == "01701"


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("012-34-5678", "012345678", "SOCIAL SECURITY"),
        ("012-34-5678", "12-34-5678", "SOCIAL SECURITY"),
        ("012-34-5678", "12345678", "SOCIAL SECURITY"),
        ("01/02/1980", "1980-01-02", "DATE OF BIRTH"),
        ("01/02/1980", "02/30/1980", "DATE OF BIRTH"),
        ("125.00", "125", "EMPLOYEE 401(K)"),
        ("125.00", "125.001", "EMPLOYEE 401(K)"),
        ("O'Neil", "", "LAST NAME"),
    ],
)
def test_a_cell_of_another_form_is_a_problem(old: str, new: str, column: str) -> None:
    data = render([ROW, ROW]).decode().replace(old, new, 1)
    parsed = parse(data.encode())
    assert parsed.rows == (ROW,)
    assert [p.line for p in parsed.problems] == [2]
    assert parsed.problems[0].reason.startswith(column)
    assert not new or new not in parsed.problems[0].reason


def test_one_column_less_is_another_file() -> None:
    with pytest.raises(FormatError, match="HCE CODE"):
        parse(render([ROW]).replace(b"HCE CODE,", b""))
    with pytest.raises(FormatError, match="34 columns"):
        parse(render([ROW]).replace(b"HCE CODE,", b"HCE CODE,EXTRA,"))


def test_totals() -> None:
    sums = totals([ROW, ROW])
    assert (sums.rows, sums.compensation_minor, sums.pretax_minor) == (2, 500000, 25000)
    assert sums.deposit_minor == 55000


def test_what_would_be_refused_is_not_written() -> None:
    with pytest.raises(FormatError):
        render([ContributionRow180("12345678", "A", "B")])
    with pytest.raises(FormatError):
        render([ContributionRow180("012345678", "", "B")])


def test_repr_hides_the_person() -> None:
    assert all(secret not in repr(ROW) for secret in ("012345678", "O'Neil", "1980", "12500"))
