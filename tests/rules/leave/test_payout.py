"""Leave paid out at today's rate."""

from __future__ import annotations

import pytest

from benehub.rules.leave.payout import payout
from benehub.rules.registry import calculate

CASES = [
    ("L09 bank", 120_00, 15_75, 1_890_00),
    ("L09 earned", 3_20, 15_75, 50_40),
    ("L09 taken", -40_00, 15_75, -630_00),
    ("L09 bank after", 86_40, 15_75, 1_360_80),
    ("L25", 40_00, 12_50, 500_00),
    ("Z05", 120_00, 20_50, 2_460_00),
]


@pytest.mark.parametrize(("hours", "rate", "gross"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_worked_case(hours: int, rate: int, gross: int) -> None:
    assert payout(hours_minor=hours, rate_minor=rate).required().gross_minor == gross


def test_l08_the_difference_to_the_accrued_value_is_expense_of_the_year() -> None:
    found = payout(hours_minor=120_00, rate_minor=20_50, accrued_value_minor=2_400_00).required()
    assert found.difference_minor == 60_00


def test_what_is_missing_is_asked_for() -> None:
    answer = calculate("leave.payout", {})
    assert answer["result"] is None
    assert answer["needs"] == ["hours_minor", "rate_minor"]
