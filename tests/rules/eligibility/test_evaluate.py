"""All rules are asked; a failing reason says what would flip it, and that does flip it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.errors import DataError
from benehub.records.explanation import Outcome
from benehub.rules.eligibility.coverage_end import CoverageEndRule
from benehub.rules.eligibility.entry_rule import EntryGrid, EntryRule
from benehub.rules.eligibility.evaluate import EligibilityStatus, evaluate
from benehub.rules.eligibility.person import EmployeeFacts
from benehub.rules.eligibility.plan_rules import PlanEligibility
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


def test_employment_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(DataError, match="terminated_on lies before hire_date"):
        evaluate(on=date(2026, 5, 1), facts=replace(FACTS, terminated_on=date(2025, 1, 1)), plan=PLAN)


def test_ended_says_on_which_day() -> None:
    found = evaluate(on=date(2026, 8, 1), facts=replace(FACTS, terminated_on=date(2026, 6, 10)), plan=PLAN).required()
    assert (found.status, found.ended_on) == (EligibilityStatus.ENDED, date(2026, 7, 1))


def test_an_hour_that_is_negative_and_a_day_that_is_none_are_named() -> None:
    with pytest.raises(DataError, match=r"on: must be a date.*scheduled_hours_minor: Input should be greater"):
        calculate("eligibility", {"on": "2026-02-30", "scheduled_hours_minor": -1})


def test_hired_long_before_the_law_is_no_error() -> None:
    facts = replace(FACTS, hire_date=date(1998, 3, 2))
    found = evaluate(on=date(2026, 5, 1), facts=facts, plan=PLAN).required()
    assert (found.status, found.coverage_latest_legal) == (EligibilityStatus.ELIGIBLE, None)


DATES = st.dates(date(2025, 6, 1), date(2027, 12, 31)).map(date.isoformat)
LEAVES: list[dict[str, Any]] = [
    {"kind": "class", "any_of": ["full_time", "part_time"]},
    {"kind": "union", "any_of": ["local-12"]},
    {"kind": "location", "any_of": ["HQ", "Plant"]},
    {"kind": "employment_type", "any_of": ["regular"]},
    {"kind": "scheduled_hours", "at_least": 2000},
    {"kind": "measured_hours"},
    {"kind": "service_days", "at_least": 90},
    {"kind": "service_months", "at_least": 12},
    {"kind": "service_hours", "at_least": 100000},
    {"kind": "age", "at_least": 21},
    {"kind": "age", "at_least": 21, "below": 65},
    {"kind": "age", "below": 26},
    {"kind": "work_authorisation", "any_of": ["citizen", "permanent"]},
    {"kind": "entry_grid", "entry": {"wait": 60, "grid": "quarterly", "us_medical": False}},
    {"kind": "plan_open", "open_from": "2026-03-01", "open_to": "2026-09-01"},
    {"kind": "plan_open", "open_to": "2026-09-01"},
    {"kind": "enrolled_elsewhere", "any_of": ["hdhp"]},
    {"kind": "not_on_leave", "any_of": ["military", "personal"]},
    {"kind": "dependent_relation", "any_of": ["spouse", "child"]},
    {"kind": "given", "name": "background-check"},
]
TREES = st.recursive(
    st.sampled_from(LEAVES),
    lambda below: (
        st.lists(below, min_size=1, max_size=3).map(lambda parts: {"all": parts})
        | st.lists(below, min_size=1, max_size=3).map(lambda parts: {"any": parts})
        | below.map(lambda part: {"not": part})
    ),
    max_leaves=6,
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


PAYLOADS = st.fixed_dictionaries(
    {
        "on": DATES,
        "hire_date": maybe(st.dates(date(2024, 1, 1), date(2025, 5, 31)).map(date.isoformat)),
        "employment_class": maybe(st.sampled_from(["full_time", "part_time", "intern"])),
        "scheduled_hours_minor": maybe(st.integers(0, 4500)),
        "terminated_on": maybe(DATES),
        "union": maybe(st.sampled_from(["", "local-12"])),
        "location": maybe(st.sampled_from(["HQ", "Home"])),
        "employment_type": maybe(st.sampled_from(["regular", "intern"])),
        "measured_full_time": maybe(st.booleans()),
        "service_hours_minor": maybe(st.integers(0, 200000)),
        "birth_date": maybe(st.dates(date(1955, 1, 1), date(2008, 1, 1)).map(date.isoformat)),
        "work_authorisation": maybe(st.sampled_from(["citizen", "visa"])),
        "enrolled_in": maybe(st.sampled_from([[], ["hdhp"], ["ppo"]])),
        "leave": maybe(st.sampled_from(["", "military", "jury"])),
        "leave_ends": maybe(DATES),
        "relation": maybe(st.sampled_from(["spouse", "parent"])),
        "given": st.sampled_from([{}, {"background-check": True}, {"background-check": False}]),
        "classes": st.sampled_from([[], ["full_time"], ["full_time", "part_time"]]),
        "min_hours_minor": st.sampled_from([0, 2000, 3000]),
        "wait": st.integers(0, 60),
        "grid": st.sampled_from(["immediate", "first_of_month"]),
        "open_from": maybe(st.just("2026-01-01")),
        "open_to": maybe(st.just("2027-01-01")),
        "rules": maybe(TREES),
    }
)


def fitting(field: str, wanted: Any) -> Any:
    """A value of an input that is as `needed` asks for it."""
    if isinstance(wanted, dict) and "not" in wanted:
        return [] if field == "enrolled_in" else "something else"
    if isinstance(wanted, list):
        return [wanted[0]] if field == "enrolled_in" else wanted[0]
    return wanted


@settings(max_examples=400, deadline=None)
@given(PAYLOADS)
def test_giving_what_is_needed_flips_the_reason(payload: dict[str, Any]) -> None:
    reasons = calculate("eligibility", payload)["explanation"]["reasons"]
    for number, reason in enumerate(reasons):
        if reason["outcome"] != Outcome.FAIL:
            continue
        ((field, value),) = reason["needed"].items()
        assert field in reason["inputs"]
        again = calculate("eligibility", payload | {field: fitting(field, value)})["explanation"]["reasons"]
        assert again[number]["outcome"] == Outcome.PASS, (reason, again[number])


@settings(max_examples=200, deadline=None)
@given(PAYLOADS, st.data())
def test_a_reason_depends_on_its_inputs_only(payload: dict[str, Any], data: st.DataObject) -> None:
    other = data.draw(PAYLOADS)
    terms = {name: payload[name] for name in ("rules", "classes", "min_hours_minor", "wait", "grid")}
    reasons = calculate("eligibility", payload)["explanation"]["reasons"]
    for number, reason in enumerate(reasons[1:], 1):
        named = {name: payload[name] for name in reason["inputs"] if name in payload}
        again = calculate("eligibility", other | terms | named | {"terminated_on": None})
        assert again["explanation"]["reasons"][number] == reason


@settings(max_examples=200, deadline=None)
@given(PAYLOADS)
def test_until_is_the_first_day_and_eligible_to_the_last(payload: dict[str, Any]) -> None:
    def status(day: date) -> str:
        return str(calculate("eligibility", payload | {"on": day.isoformat()})["result"]["status"])

    found = calculate("eligibility", payload)["result"]
    on = date.fromisoformat(payload["on"])
    if found["status"] == "waiting":
        until = date.fromisoformat(found["until"])
        assert until > on
        assert status(until) == "eligible"
        assert status(until - timedelta(days=1)) == "waiting"
    if found["status"] == "eligible":
        earliest = date.fromisoformat(found["coverage_earliest"])
        assert earliest <= on
        assert status(earliest) == "eligible"
        if found["eligible_to"] and (not found["coverage_end"] or found["eligible_to"] < found["coverage_end"]):
            assert status(date.fromisoformat(found["eligible_to"])) not in ("eligible", "ended")


@settings(max_examples=100, deadline=None)
@given(PAYLOADS)
def test_unknown_alone_never_refuses(payload: dict[str, Any]) -> None:
    answer = calculate("eligibility", payload)
    outcomes = {reason["outcome"] for reason in answer["explanation"]["reasons"]}
    if "fail" not in outcomes and "unknown" in outcomes:
        assert answer["result"]["status"] in ("needs_data", "eligible")
    assert bool(answer["needs"]) == ("unknown" in outcomes)
