"""The PayKonnect 360: percentages and amounts, loans that add up, and rows that are refused."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from benehub.formats.paykonnect_360 import LAYOUT, parse, render, summed_loans, validate
from benehub.formats.rows import records

HEADER = ",".join(LAYOUT.header)
# Rows as a public reader of these files tests them, with an effective date in the first.
SAMPLE = f"""{HEADER}
D,222222-00000,523-54-6780,11012026,03312019,,,401K,Amount,1.0,123,
D,222222-00000,523546780,,03312019,,,4ROTH,Percent,12.0,123,
L,222222-00000,523546780,,04122018,,,401L,Amount,20.00,123,
L,222222-00000,523546781,,04122018,,,401L,Amount,30.00,123,
L,222222-00000,523546780,,04122018,,,401L,Amount,40.00,124,
""".encode()


def test_percentages_and_amounts() -> None:
    amount, rate, *_ = records(parse(SAMPLE))
    assert (amount.amount_minor, amount.rate, amount.effective_date) == (100, None, date(2026, 11, 1))
    assert (rate.amount_minor, rate.rate, rate.eligibility_date) == (None, Fraction(12, 100), date(2019, 3, 31))
    assert "523546780" not in repr(rate)


def test_loans_of_one_person_add_up() -> None:
    one, two = summed_loans(records(parse(SAMPLE)))
    assert (one.payment, one.loans, two.payment) == (6000, 2, 3000)


def test_a_written_file_is_quoted_and_read_back() -> None:
    text = "".join(render(records(parse(SAMPLE))))
    assert text.splitlines()[1].startswith('"D","222222-00000","523-54-6780","11012026","03312019"')
    assert "".join(render(records(parse(text.encode())))) == text


def test_unknown_codes_and_missing_days_are_findings() -> None:
    found = validate(SAMPLE, {"401K"})
    assert [(one.line, one.field, one.code) for one in found] == [
        (3, "Code", "unknown-code"),
        (3, "Effective Date", "empty"),
    ]


@pytest.mark.parametrize(
    "cells",
    [
        "X,P,523546780,11012026,,,,401K,Amount,1.00,,",
        "D,P,523546780,11012026,,,,,Amount,1.00,,",
        "D,P,523546780,11012026,,,,401K,Percent,100.01,,",
        "D,P,523546780,11012026,,,,401K,Amount,1.001,,",
        "D,P,523546780,11012026,,,,401K,Amount,-1.00,,",
        "D,P,523546780,11012026,,,,401K,Dollars,1.00,,",
        "D,P,523546780,11012026,,,,401K,Amount,,,",
        "L,P,523546780,11012026,,,,401L,Amount,1.00,,",
        "L,P,523546780,11012026,,,,401L,Percent,1.00,L1,",
    ],
)
def test_a_bad_row_is_an_error(cells: str) -> None:
    (row,) = parse(f"{HEADER}\n{cells}\n".encode())
    assert row.error is not None and row.error.mend
    assert "523546780" not in str(row.error)
