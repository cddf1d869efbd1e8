"""Leave earned in exact fractions, booked in hundredths that sum."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.rules.leave.accrual import AccrualMethod, AccrualRule, accrue
from benehub.rules.registry import calculate


def earn(**payload: Any) -> dict[str, Any]:
    found: dict[str, Any] = calculate("leave.accrual", payload)["result"]
    return found


CASES = [
    ("L01 40 h", {"rate": "80/2080", "hours_worked_minor": 40_00}, "20/13", 154),
    ("L01 30 h", {"rate": "80/2080", "hours_worked_minor": 30_00}, "15/13", 115),
    ("L03", {"rate": "1/30", "hours_worked_minor": 40_00}, "4/3", 133),
    ("L05 capped", {"rate": "0.08847", "hours_worked_minor": 2_080_00, "cap_minor": 184_00}, "184", 184_00),
    (
        "at the cap",
        {"rate": "1/30", "hours_worked_minor": 40_00, "cap_minor": 80_00, "balance_hours": "80"},
        "0",
        0,
    ),
    (
        "over the cap",
        {"rate": "1/30", "hours_worked_minor": 40_00, "cap_minor": 80_00, "balance_hours": "81"},
        "0",
        0,
    ),
    (
        "the year's cap",
        {"rate": "1/30", "hours_worked_minor": 40_00, "year_cap_minor": 40_00, "accrued_hours": "39.5"},
        "0.5",
        50,
    ),
]


@pytest.mark.parametrize(("payload", "hours", "posted"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_per_hour(payload: dict[str, Any], hours: str, posted: int) -> None:
    found = earn(method="per_hour", **payload)
    assert (found["accrued_hours"], found["posted_minor"]) == (hours, posted)


def test_l05_the_rate_alone_would_exceed_the_cap() -> None:
    found = earn(method="per_hour", rate="0.08847", hours_worked_minor=2_080_00)
    assert found["accrued_hours"] == "184.0176"
    assert not found["capped"]


def test_after_use_it_goes_on_without_catching_up() -> None:
    at_cap = {"method": "per_hour", "rate": "1/30", "hours_worked_minor": 30_00, "cap_minor": 80_00}
    assert earn(**at_cap, balance_hours="80")["accrued_hours"] == "0"
    assert earn(**at_cap, balance_hours="72")["accrued_hours"] == "1"


def test_l12_forty_hours_of_leave_after_thirty_weeks() -> None:
    rule = AccrualRule(AccrualMethod.PER_HOUR, rate=Fraction(1, 30))
    hours = Fraction(0)
    for _ in range(30):
        hours = accrue(rule=rule, hours_worked_minor=40_00, accrued_hours=hours).required().year_hours
    assert hours == 40


def test_hours_unknown_are_asked_for() -> None:
    assert calculate("leave.accrual", {"method": "per_hour", "rate": "1/30"})["needs"] == ["hours_worked_minor"]


@pytest.mark.parametrize("method", list(AccrualMethod))
def test_a_policy_that_earns_nothing_is_refused(method: AccrualMethod) -> None:
    with pytest.raises(ConfigError, match="leave accrual"):
        AccrualRule(method)


def test_a_negative_rate_is_refused() -> None:
    with pytest.raises(DataError, match="rate"):
        earn(method="per_hour", rate="-1/30", hours_worked_minor=1)


@settings(max_examples=60, deadline=None)
@given(annual=st.integers(1, 40_000), pays=st.sampled_from([12, 24, 26, 27, 52, 53]))
def test_the_year_sums_to_the_entitlement(annual: int, pays: int) -> None:
    rules = [
        (AccrualRule(AccrualMethod.PER_PAY, annual_hours_minor=annual, pays_per_year=pays), pays),
        (AccrualRule(AccrualMethod.MONTHLY, annual_hours_minor=annual), 12),
    ]
    for rule, periods in rules:
        hours, booked = Fraction(0), 0
        for _ in range(periods):
            found = accrue(rule=rule, accrued_hours=hours).required()
            hours, booked = found.year_hours, booked + found.posted_minor
        assert hours == Fraction(annual, 100)
        assert booked == annual
