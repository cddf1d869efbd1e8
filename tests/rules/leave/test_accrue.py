"""Leave earned in exact fractions, booked in minutes that sum."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.errors import DataError
from benehub.hours import to_minutes
from benehub.periods import Month
from benehub.rules.leave.accrue import Basis, Span, accrue, full_months
from benehub.rules.leave.policy import AccrualMethod, Policy, Tenure
from benehub.rules.registry import calculate

WEEK = {"hire_date": "2024-01-01", "period_start": "2026-03-02", "period_end": "2026-03-09"}
MONTH = {"hire_date": "2024-01-01", "period_start": "2026-03-01", "period_end": "2026-04-01"}


def earn(policy: dict[str, Any], **payload: Any) -> dict[str, Any]:
    found: dict[str, Any] = calculate("leave.accrue", {"policy": policy, **WEEK, **payload})["result"]
    return found


def by_hour(rate: str, **more: Any) -> dict[str, Any]:
    return {"method": "per_hour", "tenure": [{"rate": rate}], **more}


CASES = [
    ("L01 40 h", by_hour("80/2080"), {"hours_worked": "40"}, "20/13", 92),
    ("L01 30 h", by_hour("80/2080"), {"hours_worked": "30"}, "15/13", 69),
    ("L03", by_hour("1/30"), {"hours_worked": "40"}, "4/3", 80),
    ("L05 capped", by_hour("0.08847", cap_hours="184"), {"hours_worked": "2080"}, "184", 184 * 60),
    ("L05 the rate alone", by_hour("0.08847"), {"hours_worked": "2080"}, "184.0176", 11041),
    ("at the cap", by_hour("1/30", cap_hours="80"), {"hours_worked": "40", "balance_hours": "80"}, "0", 0),
    ("over the cap", by_hour("1/30", cap_hours="80"), {"hours_worked": "40", "balance_hours": "81"}, "0", 0),
    ("after use", by_hour("1/30", cap_hours="80"), {"hours_worked": "30", "balance_hours": "72"}, "1", 60),
    ("the year's cap", by_hour("1/30", year_cap_hours="40"), {"hours_worked": "40", "year_hours": "39.5"}, "0.5", 30),
    ("L02 per pay", {"method": "per_pay", "tenure": [{"annual_hours": "80"}]}, {"pays_in_year": 26}, "40/13", 185),
    ("27 pay dates", {"method": "per_pay", "tenure": [{"annual_hours": "80"}]}, {"pays_in_year": 27}, "80/27", 178),
    ("a month", {"method": "monthly", "tenure": [{"annual_hours": "120"}]}, MONTH, "10", 600),
    ("by hand only", {"method": "none"}, {}, "0", 0),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "payload", "hours", "posted"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_worked_case(policy: dict[str, Any], payload: dict[str, Any], hours: str, posted: int) -> None:
    found = earn(policy, **payload)
    assert (found["accrued_hours"], found["posted_minutes"]) == (hours, posted)


TIERS = [{"rate": "1/30"}, {"after_months": 24, "rate": "1/20"}]


def test_a_tier_changes_on_the_anniversary_for_the_hours_after_it() -> None:
    policy = {"method": "per_hour", "tenure": TIERS}
    week = {"period_start": "2025-12-29", "period_end": "2026-01-05", "hours_worked": "35"}
    assert earn(policy, **week)["accrued_hours"] == "1.5"  # by days: 15 hours at 1/30, 20 at 1/20
    assert earn(policy, **week, hours_after_change="30")["accrued_hours"] == "5/3"
    assert earn(policy, **WEEK, hours_worked="35")["accrued_hours"] == "1.75"


PARTS = [
    ("hired within", "days", {"hire_date": "2026-03-17"}, "150/31"),
    ("left within", "days", {"employed_to": "2026-03-11"}, "100/31"),
    ("hired within, whole", "none", {"hire_date": "2026-03-17"}, "10"),
    ("hired within, full months", "months", {"hire_date": "2026-03-17"}, "0"),
]


@pytest.mark.parametrize(("mode", "employment", "hours"), [c[1:] for c in PARTS], ids=[c[0] for c in PARTS])
def test_a_period_of_hire_or_end_counts_in_part(mode: str, employment: dict[str, str], hours: str) -> None:
    policy = {
        "method": "monthly", "tenure": [{"annual_hours": "120"}], "prorate_hire": mode, "prorate_termination": mode,
    }  # fmt: skip
    assert earn(policy, **MONTH | employment)["accrued_hours"] == hours


def test_a_year_counts_by_full_months() -> None:
    policy = {"method": "annual", "tenure": [{"annual_hours": "120"}], "timing": "start", "prorate_hire": "months"}
    year = {"hire_date": "2026-03-17", "period_start": "2026-01-01", "period_end": "2027-01-01"}
    found = earn(policy, **year)
    assert (found["accrued_hours"], found["effective_on"]) == ("90", "2026-03-17")


def test_fewer_weekly_hours_earn_a_part() -> None:
    policy = {"method": "monthly", "tenure": [{"annual_hours": "120"}], "full_time_hours": "40"}
    assert earn(policy, **MONTH, weekly_hours="30")["accrued_hours"] == "7.5"
    asked = calculate("leave.accrue", {"policy": policy, **MONTH})
    assert (asked["result"], asked["needs"]) == (None, ["weekly_hours"])


def test_timing_says_the_day() -> None:
    policy = {"method": "monthly", "tenure": [{"annual_hours": "120"}]}
    assert earn(policy, **MONTH)["effective_on"] == "2026-03-31"
    assert earn(policy | {"timing": "start"}, **MONTH)["effective_on"] == "2026-03-01"


def test_l11_use_begins_with_the_ninetieth_day() -> None:
    found = earn(by_hour("1/30", usable_from_day=90), **WEEK | {"hire_date": "2026-01-05"}, hours_worked="40")
    assert found["usable_on"] == "2026-04-04"


@pytest.mark.parametrize(
    ("method", "lacks"), [("per_hour", "hours_worked"), ("per_pay", "pays_in_year")]
)  # fmt: skip
def test_what_the_method_reads_is_asked_for(method: str, lacks: str) -> None:
    policy = {"method": method, "tenure": [{"rate": "1/30", "annual_hours": "80"}]}
    assert calculate("leave.accrue", {"policy": policy, **WEEK})["needs"] == [lacks]


BAD = [
    ({"method": "per_hour"}, {}, "without rate"),
    ({"method": "monthly", "tenure": [{"rate": "1/30"}]}, {}, "without annual_hours"),
    (by_hour("-1/30"), {}, "rate"),
    ({"method": "per_hour", "tenure": TIERS[::-1]}, {}, "tenure does not ascend"),
    (by_hour("1/30"), {"period_end": "2026-03-02"}, "on or before its start"),
    (by_hour("1/30"), {"employed_to": "2023-12-31"}, "before hire"),
    (by_hour("1/30"), {"hours_worked": "-1"}, "hours_worked"),
    (by_hour("1/30"), {"hire_date": "2026-02-30"}, "hire_date"),
]


@pytest.mark.parametrize(("policy", "payload", "said"), BAD, ids=[c[2] for c in BAD])
def test_what_cannot_be_is_refused(policy: dict[str, Any], payload: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        earn(policy, **payload)


@settings(max_examples=60, deadline=None)
@given(annual=st.fractions(1, 500, max_denominator=60), pays=st.sampled_from([12, 24, 26, 27, 52, 53]))
def test_the_year_sums_to_the_entitlement(annual: Fraction, pays: int) -> None:
    policy = Policy(method=AccrualMethod.PER_PAY, tenure=(Tenure(annual_hours=annual),))
    hours, booked = Fraction(0), 0
    for number in range(pays):
        start = date(2026, 1, 1) + timedelta(days=number)
        span = Span(start, start + timedelta(days=1), date(2020, 1, 1))
        found = accrue(policy=policy, span=span, basis=Basis(pays_in_year=pays), balance_hours=hours).required()
        hours, booked = found.balance_hours, booked + found.posted_minutes
    assert hours == annual
    assert booked == to_minutes(annual)


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 40))
def test_full_months_count_from_the_first_day(start: date, months: int) -> None:
    end = Month.of(start).plus(months)
    day = date(end.year, end.month, min(start.day, end.days))
    assert full_months(start, day) == months
    assert full_months(start, day + timedelta(days=1)) == months
