"""The 360 file: deferrals by rate or amount, loans that add up."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from benehub.errors import DataError
from benehub.formats.ascensus_360 import LAYOUT, Change360, RecordType, parse, render, summed_loans
from benehub.formats.rows import records

WHO = ("P1", "012345678", "Doe", "Jane", "", date(2026, 11, 1))
RATE = Change360(
    RecordType.DEFERRAL, *WHO, "401K", deferral_percent=Fraction(9, 200), eligibility_date=date(2026, 1, 1)
)
AMOUNT = Change360(RecordType.DEFERRAL, *WHO, "ROTH", deferral_amount=25000)
LOANS = tuple(
    Change360(RecordType.LOAN, *WHO, loan_number=number, loan_payment=payment)
    for number, payment in (("L1", 2500), ("L2", 1000))
)
DATA = "".join(render([RATE, AMOUNT, *LOANS]))


def test_the_columns_are_the_published_ones(shared: Path) -> None:
    layouts = shared / "specs" / "recordkeeper-files" / "layouts.json"
    if not layouts.exists():
        pytest.skip(f"no published layouts at {layouts}")
    assert list(LAYOUT.header) == json.loads(layouts.read_text("utf-8"))["ascensus_360"]["columns"]


def test_round_trip() -> None:
    assert list(records(parse(DATA.encode()))) == [RATE, AMOUNT, *LOANS]
    assert "".join(render(records(parse(DATA.encode())))) == DATA
    assert DATA.splitlines()[1] == "D,P1,Doe,Jane,,012-34-5678,11012026,401K,4.5,,01012026,,,"


def test_loans_of_one_person_add_up() -> None:
    (loans,) = summed_loans([RATE, *LOANS])
    assert (loans.plan_id, loans.payment, loans.loans) == ("P1", 3500, 2)
    assert "012345678" not in repr(loans)


def row(kind: str = "D", ssn: str = "012-34-5678", day: str = "11012026", rate: str = "", amount: str = "") -> bytes:
    cells = [kind, "P1", "Doe", "Jane", "", ssn, day, "401K", rate, amount, "", "", "", ""]
    return f"{','.join(LAYOUT.header)}\n{','.join(cells)}\n".encode()


@pytest.mark.parametrize("text", ["6", "6.00", "6%"])
def test_percent_is_per_cent(text: str) -> None:
    (one,) = parse(row(rate=text))
    assert one.get().deferral_percent == Fraction(3, 50)


@pytest.mark.parametrize(
    "data",
    [
        row(rate="5", amount="250.00"),
        row(),
        row(rate="101"),
        row(rate="1/20"),
        row(rate="5", ssn="12345678"),
        row(rate="5", day="1012026"),
        row(rate="5", day="13012026"),
        row(rate="5", kind="X"),
        row(kind="L"),
    ],
)
def test_a_bad_row_is_an_error(data: bytes) -> None:
    (one,) = parse(data)
    assert (one.row, one.record) == (2, None)
    assert one.error is not None
    assert one.error.mend


def test_a_change_is_by_rate_or_by_amount() -> None:
    with pytest.raises(DataError):
        Change360(RecordType.DEFERRAL, *WHO, "401K")
    with pytest.raises(DataError):
        Change360(RecordType.DEFERRAL, *WHO, "401K", Fraction(1, 20), 5)


def test_a_rate_without_an_exact_percentage_is_not_written() -> None:
    with pytest.raises(DataError):
        list(render([Change360(RecordType.DEFERRAL, *WHO, "401K", Fraction(1, 3))]))
