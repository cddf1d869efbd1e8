"""Whether an employee may be in a plan on a day, with what every rule said of it.

All rules are asked, also after one has failed: "no, and here is all that stands in the way" is one answer,
"no" and again "no" next week is not. What is unknown is never taken for a fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum

from benehub.records.explanation import Outcome, Reason
from benehub.rules.base import Calculation, Count, Day, Positive, RuleModel, explain
from benehub.rules.eligibility.entry_rule import EntryGrid, EntryRule, WaitUnit
from benehub.rules.eligibility.reasons import (
    CoverageEndRule,
    EmployeeFacts,
    PlanEligibility,
    class_reason,
    coverage_end,
    employed_reason,
    hours_reason,
    plan_open_reason,
    waiting_reason,
)
from benehub.rules.registry import calculator

NAME = "eligibility"
VERSION = "1"


class EligibilityStatus(StrEnum):
    """The answer of all rules together."""

    ELIGIBLE = "eligible"
    WAITING = "waiting"
    NOT_ELIGIBLE = "not_eligible"
    NEEDS_DATA = "needs_data"
    ENDED = "ended"


class EligibilityInput(RuleModel):
    """An employee, a plan's rules, and the day asked about."""

    on: Day
    hire_date: Day | None = None
    employment_class: str | None = None
    scheduled_hours_minor: Positive | None = None
    """Scheduled hours a week in hundredths."""
    terminated_on: Day | None = None
    """Last day of employment; empty while employed."""
    hours_reached_on: Day | None = None
    pay_period_starts: tuple[Day, ...] = ()
    classes: tuple[str, ...] = ()
    min_hours_minor: Positive = 0
    wait: Count = 0
    wait_unit: WaitUnit = WaitUnit.DAYS
    grid: EntryGrid = EntryGrid.IMMEDIATE
    orientation_months: Count = 0
    us_medical: bool = True
    open_from: Day | None = None
    open_to: Day | None = None
    coverage_end: CoverageEndRule = CoverageEndRule.END_OF_MONTH


class Eligibility(RuleModel):
    """Status and dates; the reasons stand in the explanation."""

    status: EligibilityStatus
    until: date | None = None
    """WAITING: the first day on which all rules can pass."""
    coverage_earliest: date | None = None
    coverage_latest_legal: date | None = None
    coverage_end: date | None = None
    """First day without cover, where employment ends or has ended."""


def evaluate(*, on: date, facts: EmployeeFacts, plan: PlanEligibility) -> Calculation[Eligibility]:
    """Ask every rule and sum up: ended, then a lasting fail, then unknown, then waiting, else eligible.

    In a failing reason `needed` names inputs and the value that would pass; a list means any one of it.

    Raises:
        ConfigError: the plan's entry rule is refused.
    """
    end = coverage_end(facts.terminated_on, plan.coverage_end)
    waiting, earliest, legal = waiting_reason(on, facts, plan)
    reasons = (
        employed_reason(on, facts, end, earliest),
        class_reason(facts, plan),
        hours_reason(facts, plan),
        waiting,
        plan_open_reason(on, plan),
    )
    needs = tuple(dict.fromkeys(_unknown_inputs(reasons)))
    status, until = _sum_up(reasons)
    if end is not None and on >= end:
        status, until = EligibilityStatus.ENDED, None
    if until is not None and earliest is not None:
        until = max(until, earliest)
    result = Eligibility(
        status=status,
        until=until,
        coverage_earliest=earliest,
        coverage_latest_legal=legal,
        coverage_end=end,
    )
    inputs = {
        "on": on,
        "hire_date": facts.hire_date,
        "employment_class": facts.employment_class,
        "scheduled_hours_minor": facts.scheduled_hours_minor,
        "terminated_on": facts.terminated_on,
    }
    return Calculation(result, explain(NAME, VERSION, inputs, reasons=reasons), needs)


def _sum_up(reasons: tuple[Reason, ...]) -> tuple[EligibilityStatus, date | None]:
    failed = [reason for reason in reasons if reason.outcome is Outcome.FAIL]
    if any(reason.passes_on is None for reason in failed):
        return EligibilityStatus.NOT_ELIGIBLE, None
    if any(reason.outcome is Outcome.UNKNOWN for reason in reasons):
        return EligibilityStatus.NEEDS_DATA, None
    if failed:
        return EligibilityStatus.WAITING, max(date.fromisoformat(str(one.passes_on)) for one in failed)
    return EligibilityStatus.ELIGIBLE, None


def _unknown_inputs(reasons: tuple[Reason, ...]) -> Iterator[str]:
    for reason in reasons:
        if reason.outcome is Outcome.UNKNOWN:
            yield from reason.needed


@calculator(NAME, "Whether an employee may be in a plan, and why.", EligibilityInput, Eligibility, VERSION)
def compute(given: EligibilityInput) -> Calculation[Eligibility]:
    """Run on validated input."""
    facts = EmployeeFacts(
        given.hire_date,
        given.employment_class,
        given.scheduled_hours_minor,
        given.terminated_on,
        given.hours_reached_on,
        given.pay_period_starts,
    )
    entry = EntryRule(given.wait, given.wait_unit, given.grid, given.orientation_months, given.us_medical)
    plan = PlanEligibility(
        given.classes, given.min_hours_minor, entry, given.open_from, given.open_to, given.coverage_end
    )
    return evaluate(on=given.on, facts=facts, plan=plan)
