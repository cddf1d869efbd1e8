"""The list bill: its total proves it whole, and a bad row never hides money."""

from __future__ import annotations

from datetime import date

import pytest
from benehub.errors import FormatError
from benehub.formats.carrier_invoice import COLUMNS, InvoiceRow, parse, render, total
from benehub.records import InvoiceLine

ROWS = (
    InvoiceRow("INV1", date(2026, 11, 1), date(2026, 11, 15), "S1", "Doe", "J", "PPO", "FAM", "2026-11", 61250),
    InvoiceRow("INV1", date(2026, 11, 1), date(2026, 11, 15), "S1", "Doe", "J", "PPO", "EE", "2026-10", -2, True),
)  # fmt: skip


def test_round_trip() -> None:
    data = render(ROWS)
    parsed = parse(data)
    assert parsed.rows == ROWS
    assert parsed.problems == ()
    assert render(parsed.rows) == data
    assert total(ROWS) == 61248
    assert data.decode().splitlines()[-1] == "TOTAL,,,,,,,,,612.48,"


def test_an_empty_bill_is_a_bill() -> None:
    assert parse(render([])).rows == ()


def test_fields_are_those_of_the_record() -> None:
    assert set(InvoiceRow.__slots__) == set(InvoiceLine.model_fields)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("TOTAL,,,,,,,,,612.48,", ""),  # cut off
        ("612.48", "612.49"),  # does not add up
        ("612.48", "about 600"),
        ("-0.02", "-0.03"),  # changed on the way
        ("TOTAL", "Doe"),
        (",612.48,", ",612.48,\r\nTOTAL,,,,,,,,,612.48,"),  # two files joined
    ],
)
def test_a_bill_that_is_not_whole_is_refused(old: str, new: str) -> None:
    with pytest.raises(FormatError):
        parse(render(ROWS).decode().replace(old, new).encode())


def test_a_bad_row_counts_in_the_sum_and_is_a_problem() -> None:
    parsed = parse(render(ROWS).replace(b"2026-10", b"October"))
    assert parsed.rows == ROWS[:1]
    assert [(p.line, p.reason) for p in parsed.problems] == [(3, "coverage_month: not a month")]


def test_without_a_premium_the_total_cannot_be_checked() -> None:
    parsed = parse(render(ROWS).replace(b"-0.02", b"?"))
    assert [p.line for p in parsed.problems] == [3, 4]
    assert "cannot be checked" in parsed.problems[1].reason


def test_columns_are_the_agreed_ones() -> None:
    assert ",".join(COLUMNS) == (
        "invoice,invoice_date,due_date,member_id,last_name,first_name,plan,tier,coverage_month,premium,adjustment"
    )
