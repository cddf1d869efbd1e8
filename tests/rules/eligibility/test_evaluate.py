"""All rules are asked; a failing reason says what would flip it, and that does flip it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.records.explanation import Outcome
from benehub.rules.eligibility.entry_rule import EntryGrid, EntryRule
from benehub.rules.eligibility.evaluate import EligibilityStatus, evaluate
from benehub.rules.eligibility.reasons import CoverageEndRule, EmployeeFacts, PlanEligibility
from benehub.rules.registry import calculate

PLAN = PlanEligibility(
    classes=("full_time",),
    min_hours_minor=3000,
    entry=EntryRule(wait=60, grid=EntryGrid.FIRST_OF_MONTH),
    open_from=date(2026, 1, 1),
    open_to=date(2027, 1, 1),
)
FACTS = EmployeeFacts(date(2026, 1, 2), "full_time", 4000)

STATUSES = [
    ("eligible", FACTS, date(2026, 4, 1), EligibilityStatus.ELIGIBLE),
    ("the day before", FACTS, date(2026, 3, 31), EligibilityStatus.WAITING),
    ("before the plan opens", FACTS, date(2025, 12, 1), EligibilityStatus.WAITING),
    ("after the plan closed", FACTS, date(2027, 1, 1), EligibilityStatus.NOT_ELIGIBLE),
    ("class", replace(FACTS, employment_class="intern"), date(2026, 5, 1), EligibilityStatus.NOT_ELIGIBLE),
    ("hours", replace(FACTS, scheduled_hours_minor=2999), date(2026, 5, 1), EligibilityStatus.NOT_ELIGIBLE),
    ("hours unknown", replace(FACTS, scheduled_hours_minor=None), date(2026, 5, 1), "needs_data"),
    ("hire date unknown", replace(FACTS, hire_date=None), date(2026, 5, 1), "needs_data"),
    ("unknown is no fail", EmployeeFacts(None, None, None), date(2026, 5, 1), "needs_data"),
    ("a fail outweighs unknown", EmployeeFacts(None, "intern", None), date(2026, 5, 1), "not_eligible"),
    ("left, month runs on", replace(FACTS, terminated_on=date(2026, 6, 10)), date(2026, 6, 30), "eligible"),
    ("left", replace(FACTS, terminated_on=date(2026, 6, 10)), date(2026, 7, 1), EligibilityStatus.ENDED),
    ("left in the wait", replace(FACTS, terminated_on=date(2026, 2, 10)), date(2026, 2, 5), "not_eligible"),
]


@pytest.mark.parametrize(("facts", "on", "status"), [c[1:] for c in STATUSES], ids=[c[0] for c in STATUSES])
def test_status(facts: EmployeeFacts, on: date, status: str) -> None:
    assert evaluate(on=on, facts=facts, plan=PLAN).required().status == status


def test_waiting_says_until_when() -> None:
    found = evaluate(on=date(2025, 12, 1), facts=FACTS, plan=PLAN).required()
    assert found.until == found.coverage_earliest == date(2026, 4, 1)
    assert found.coverage_latest_legal == date(2026, 4, 2)


def test_every_rule_answers_after_the_first_fail() -> None:
    facts = EmployeeFacts(date(2026, 4, 20), "intern", 1000)
    reasons = evaluate(on=date(2025, 12, 1), facts=facts, plan=PLAN).explanation.reasons
    outcomes = {reason.rule: reason.outcome.value for reason in reasons}
    assert outcomes == {
        "employed": "pass",
        "class": "fail",
        "hours": "fail",
        "waiting": "fail",
        "plan_open": "fail",
    }


def test_needs_name_the_inputs() -> None:
    found = evaluate(on=date(2026, 5, 1), facts=EmployeeFacts(None, None, None), plan=PLAN)
    assert found.needs == ("employment_class", "scheduled_hours_minor", "hire_date")


def test_a_plan_that_asks_for_nothing() -> None:
    found = evaluate(on=date(2026, 1, 2), facts=FACTS, plan=PlanEligibility())
    assert found.required().status is EligibilityStatus.ELIGIBLE
    assert {reason.rule for reason in found.explanation.reasons if reason.outcome.value == "pass"} == {
        "employed",
        "waiting",
    }


def test_cover_may_end_on_the_last_day() -> None:
    plan = replace(PLAN, coverage_end=CoverageEndRule.LAST_DAY)
    facts = replace(FACTS, terminated_on=date(2026, 6, 10))
    assert evaluate(on=date(2026, 6, 11), facts=facts, plan=plan).required().coverage_end == date(2026, 6, 11)


def test_by_name() -> None:
    payload = {"on": "2026-05-01", "hire_date": "2026-01-02", "employment_class": "full_time"}
    rules = {"classes": ["full_time"], "wait": 60, "grid": "first_of_month"}
    answer = calculate("eligibility", payload | rules)
    assert answer["result"]["status"] == "eligible"
    assert answer["needs"] == []


PAYLOADS = st.fixed_dictionaries(
    {
        "on": st.dates(date(2025, 6, 1), date(2027, 12, 31)).map(date.isoformat),
        "hire_date": st.dates(date(2025, 1, 1), date(2027, 6, 30)).map(date.isoformat),
        "employment_class": st.sampled_from(["full_time", "part_time", "intern"]),
        "scheduled_hours_minor": st.integers(0, 4500),
        "terminated_on": st.none() | st.dates(date(2025, 6, 1), date(2027, 12, 31)).map(date.isoformat),
        "classes": st.sampled_from([[], ["full_time"], ["full_time", "part_time"]]),
        "min_hours_minor": st.sampled_from([0, 2000, 3000]),
        "wait": st.integers(0, 60),
        "grid": st.sampled_from(["immediate", "first_of_month"]),
        "open_from": st.none() | st.just("2026-01-01"),
        "open_to": st.none() | st.just("2027-01-01"),
    }
)


@settings(max_examples=80, deadline=None)
@given(PAYLOADS)
def test_giving_what_is_needed_flips_the_reason(payload: dict[str, Any]) -> None:
    reasons = calculate("eligibility", payload)["explanation"]["reasons"]
    for reason in reasons:
        if reason["outcome"] != Outcome.FAIL:
            continue
        ((field, value),) = reason["needed"].items()
        assert field in reason["inputs"]
        wanted = value[0] if isinstance(value, list) else value
        again = calculate("eligibility", payload | {field: wanted})["explanation"]["reasons"]
        assert next(r for r in again if r["rule"] == reason["rule"])["outcome"] == Outcome.PASS
