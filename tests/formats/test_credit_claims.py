"""Claims to a carrier: what is written is read back, and a file that was cut off is refused."""

from __future__ import annotations

from datetime import date

import pytest

from benehub.errors import FileRefused
from benehub.formats.credit_claims import LAYOUT, ClaimRow, parse, render
from benehub.periods import Month

ROWS = (
    ClaimRow(
        claim="CLM-000007-1", carrier="north", claim_by=date(2026, 11, 30), member_id="M1", plan="ppo",
        coverage_month=Month(2026, 10), billed=120000, owed=50000, claimed=70000, currency="USD",
        reason="TIER_DIFF", invoices="INV-1 INV-2",
    ),
    ClaimRow(
        claim="CLM-000007-2", member_id="M2", plan="ppo", coverage_month=Month(2026, 10), billed=5, owed=0, claimed=5,
        currency="USD", reason="BILLED_NOT_ENROLLED",
    ),
)  # fmt: skip
DATA = "".join(render(ROWS))


def test_what_is_written_is_read_back() -> None:
    assert DATA.splitlines()[0] == ",".join(LAYOUT.header)
    assert DATA.splitlines()[-1] == "TOTAL,,,,,,,,700.05,,,"
    told = parse(DATA.encode())
    assert (tuple(one.get() for one in told.rows), told.total) == (ROWS, 70005)
    assert parse("".join(render([])).encode()).rows == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("TOTAL,,,,,,,,700.05,,,\r\n", ""),  # cut off
        ("700.05", "700.06"),  # does not add up
        ("0.05,USD", "five,USD"),
        ("TOTAL,,,,,,,,700.05,,,\r\n", "TOTAL,,,,,,,,700.00,,,\r\nCLM-3,,,M,p,2026-10,1,1,0.05,USD,x,\r\n"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(old: str, new: str) -> None:
    assert old in DATA
    with pytest.raises(FileRefused):
        parse(DATA.replace(old, new).encode())
