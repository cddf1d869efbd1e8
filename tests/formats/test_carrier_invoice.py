"""The list bill: its total proves it whole, and a bad row never hides money."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from benehub.errors import DataError, FileRefused
from benehub.formats.carrier_invoice import LAYOUT, InvoiceRow, LineType, parse, render
from benehub.periods import Month

ROW = InvoiceRow(
    invoice="INV1", invoice_date=date(2026, 11, 1), due_date=date(2026, 11, 15), member_id="S1", last_name="Doe",
    first_name="Jane", plan="PPO", coverage_month=Month(2026, 11), premium=61250, tier="FAM",
)  # fmt: skip
ROWS = (ROW, replace(ROW, coverage_month=Month(2026, 10), premium=-2, tier="EE", adjustment=True))
DATA = "".join(render(ROWS))


def test_the_columns() -> None:
    assert ",".join(LAYOUT.header) == (
        "invoice,invoice_date,due_date,member_id,last_name,first_name,plan,tier,coverage_month,premium,adjustment,"
        "line_type,volume,age_band,dependents"
    )
    assert DATA.splitlines()[0] == ",".join(LAYOUT.header[:-4])


def test_round_trip() -> None:
    bill = parse(DATA.encode())
    assert tuple(one.get() for one in bill.rows) == ROWS
    assert (bill.total, bill.verified) == (61248, True)
    assert "".join(render(one.get() for one in bill.rows)) == DATA
    assert DATA.splitlines()[-1] == "TOTAL,,,,,,,,,612.48,"


def test_parts_of_the_whole_bill_have_a_column_and_count_in_its_total() -> None:
    whole = replace(ROW, member_id="-", plan="-", last_name="", first_name="", tier="")
    rows = (
        ROW, replace(whole, line_type=LineType.PRIOR_BALANCE, premium=5000),
        replace(whole, line_type=LineType.PAYMENT, premium=-4500), replace(whole, line_type=LineType.FEE, premium=500),
    )  # fmt: skip
    bill = parse("".join(render(rows, parts=True)).encode())
    assert (tuple(one.get() for one in bill.rows), bill.total) == (rows, 62250)
    with pytest.raises(DataError, match="a part of the whole bill"):
        list(render(rows))


def test_what_a_price_goes_by_stands_in_columns_at_the_end() -> None:
    rows = (replace(ROW, volume=5000000, age_band="65+", dependents=0), ROW)
    data = "".join(render(rows, basis=True))
    assert tuple(one.get() for one in parse(data.encode()).rows) == rows
    for old, new in ((",65+,", ",old,"), (",65+,0", ",65+,many"), (",50000.00,", ",much,")):
        wrong = parse(data.replace(old, new).encode())
        assert [one.error is not None for one in wrong.rows] == [True, False]
    cut = "\r\n".join(line.rsplit(",", 1)[0] for line in data.splitlines())
    assert [one.get().dependents for one in parse(cut.encode()).rows] == [None, None]


def test_an_empty_bill_is_a_bill() -> None:
    bill = parse("".join(render([])).encode())
    assert (bill.rows, bill.total, bill.verified) == ((), 0, True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("TOTAL,,,,,,,,,612.48,\r\n", ""),  # cut off
        ("612.48", "612.49"),  # does not add up
        ("612.48", "about 600"),
        ("-0.02", "-0.03"),  # changed on the way
        ("TOTAL,", "INV1,"),
        (",612.48,", ",612.48,\r\nTOTAL,,,,,,,,,612.48,"),  # two files joined
    ],
)
def test_a_bill_that_is_not_whole_is_refused(old: str, new: str) -> None:
    with pytest.raises(FileRefused):
        parse(DATA.replace(old, new).encode())


def test_a_bad_row_still_counts_in_the_sum() -> None:
    bill = parse(DATA.replace("2026-10", "October").encode())
    assert [one.row for one in bill.rows if one.error] == [3]
    assert bill.verified


@pytest.mark.parametrize(("old", "new"), [("-0.02", "?"), ("-0.02,Y", "-0.02,Y,more")])
def test_an_unreadable_premium_leaves_the_total_unverified(old: str, new: str) -> None:
    bill = parse(DATA.replace(old, new).encode())
    assert [one.row for one in bill.rows if one.error] == [3]
    assert not bill.verified


def test_an_invoice_called_total_is_not_written() -> None:
    with pytest.raises(DataError, match="TOTAL"):
        list(render([replace(ROW, invoice="total", premium=1)]))


def test_a_line_may_name_nobody() -> None:
    nobody = (replace(ROW, last_name="", first_name=""),)
    assert tuple(one.get() for one in parse("".join(render(nobody)).encode()).rows) == nobody
