"""The 360 file: deferrals by rate or amount, loans that add up."""

from __future__ import annotations

import json
import os
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from benehub.errors import FormatError
from benehub.formats.ascensus_360 import (
    COLUMNS,
    DeferralChange,
    LoanPayment,
    loan_payment_minor,
    parse,
    render,
)

SHARED = Path(os.environ.get("BENEHUB_SHARED", Path(__file__).parents[2] / ".." / "shared"))
WHO = ("P1", "Doe", "Jane", "", "012345678", date(2026, 11, 1))
RATE = DeferralChange(*WHO, "401K", rate=Fraction(9, 200), eligibility_date=date(2026, 1, 1))
AMOUNT = DeferralChange(*WHO, "ROTH", amount_minor=25000)
LOANS = (LoanPayment(*WHO, "L1", 2500, 100000), LoanPayment(*WHO, "L2", 1000))


def test_the_columns_are_the_published_ones() -> None:
    layouts = SHARED / "specs" / "recordkeeper-files" / "layouts.json"
    if not layouts.exists():
        pytest.skip("the published layouts are not here; set BENEHUB_SHARED")
    assert list(COLUMNS) == json.loads(layouts.read_text("utf-8"))["ascensus_360"]["columns"]


def test_round_trip() -> None:
    data = render([RATE, AMOUNT, *LOANS])
    parsed = parse(data)
    assert parsed.rows == (RATE, AMOUNT, *LOANS)
    assert parsed.problems == ()
    assert render(parsed.rows) == data
    assert data.decode().splitlines()[1] == "D,P1,Doe,Jane,,012-34-5678,11012026,401K,4.50,,01012026,,,"


def test_loans_of_one_person_add_up() -> None:
    assert loan_payment_minor([RATE, *LOANS], "012345678") == 3500
    assert loan_payment_minor(LOANS, "999999999") == 0


def change(
    percent: str, amount: str, *, ssn: str = "012-34-5678", day: str = "11012026", kind: str = "D"
) -> bytes:
    return f"{','.join(COLUMNS)}\n{kind},P1,Doe,Jane,,{ssn},{day},401K,{percent},{amount},,,,\n".encode()


@pytest.mark.parametrize(
    ("percent", "amount", "rate", "minor"),
    [
        ("5", "", Fraction(1, 20), None),
        ("5.00%", "0.00", Fraction(1, 20), None),
        ("0", "250", None, 25000),
        ("", "0.00", None, 0),
        ("0", "0.00", Fraction(0), None),
    ],
)
def test_percent_or_amount(percent: str, amount: str, rate: Fraction | None, minor: int | None) -> None:
    (row,) = parse(change(percent, amount)).rows
    assert isinstance(row, DeferralChange)
    assert (row.rate, row.amount_minor) == (rate, minor)


@pytest.mark.parametrize(
    "data",
    [
        change("5", "250.00"),
        change("", ""),
        change("101", ""),
        change("1/20", ""),
        change("", "-5.00"),
        change("5", "", ssn="12345678"),
        change("5", "", day="1012026"),
        change("5", "", day="13012026"),
        change("5", "", kind="X"),
        change("", "", kind="L"),
    ],
)
def test_bad_rows_are_problems(data: bytes) -> None:
    parsed = parse(data)
    assert parsed.rows == ()
    assert [p.line for p in parsed.problems] == [2]


def test_a_change_that_is_both_or_neither_is_not_written() -> None:
    for row in (DeferralChange(*WHO, "401K"), DeferralChange(*WHO, "401K", Fraction(1, 20), 5)):
        with pytest.raises(FormatError):
            render([row])
    with pytest.raises(FormatError):
        render([DeferralChange(*WHO, "401K", rate=Fraction(1, 3))])
