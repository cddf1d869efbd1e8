"""The single rules of eligibility: each looks at named inputs and says pass, fail, unknown or not applicable.

In a failing reason `needed` names inputs and the value that would pass; a list means any one of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from benehub.periods import Month
from benehub.records.explanation import Outcome, Reason
from benehub.rules.eligibility.entry_date import CITATION as WAIT_CITATION
from benehub.rules.eligibility.entry_date import entry_date
from benehub.rules.eligibility.entry_rule import EntryRule

NO_WAIT = EntryRule()
"""Cover from the first day."""


class CoverageEndRule(StrEnum):
    """When cover ends after the last day of employment."""

    LAST_DAY = "last_day"
    END_OF_MONTH = "end_of_month"


@dataclass(frozen=True, slots=True)
class PlanEligibility:
    """Who a plan takes in. Hours are hundredths of an hour a week; empty `classes` takes every class in.

    The plan is open on `[open_from, open_to)`.
    """

    classes: tuple[str, ...] = ()
    min_hours_minor: int = 0
    entry: EntryRule = NO_WAIT
    open_from: date | None = None
    open_to: date | None = None
    coverage_end: CoverageEndRule = CoverageEndRule.END_OF_MONTH


@dataclass(frozen=True, slots=True)
class EmployeeFacts:
    """What is known of the employee; None is unknown, except `terminated_on`: still employed."""

    hire_date: date | None
    employment_class: str | None
    scheduled_hours_minor: int | None
    terminated_on: date | None = None
    hours_reached_on: date | None = None
    pay_period_starts: tuple[date, ...] = ()


def coverage_end(terminated_on: date | None, rule: CoverageEndRule) -> date | None:
    """First day without cover after employment ends; None while employed."""
    if terminated_on is None:
        return None
    if rule is CoverageEndRule.END_OF_MONTH:
        return Month.of(terminated_on).end
    return terminated_on + timedelta(days=1)


def employed_reason(on: date, facts: EmployeeFacts, end: date | None, earliest: date | None) -> Reason:
    """Fails once cover has ended with employment, or would end before it can begin."""
    inputs = {"on": on.isoformat(), "terminated_on": _text(facts.terminated_on)}
    if end is not None and (on >= end or (earliest is not None and earliest >= end)):
        return Reason(rule="employed", outcome=Outcome.FAIL, inputs=inputs, needed={"terminated_on": None})
    return Reason(rule="employed", outcome=Outcome.PASS, inputs=inputs)


def class_reason(facts: EmployeeFacts, plan: PlanEligibility) -> Reason:
    """Employment class, where the plan names classes."""
    inputs = {"employment_class": facts.employment_class, "classes": list(plan.classes)}
    needed = {"employment_class": list(plan.classes)}
    if not plan.classes:
        return Reason(rule="class", outcome=Outcome.NOT_APPLICABLE, inputs=inputs)
    if facts.employment_class is None:
        return Reason(rule="class", outcome=Outcome.UNKNOWN, inputs=inputs, needed=needed)
    if facts.employment_class not in plan.classes:
        return Reason(rule="class", outcome=Outcome.FAIL, inputs=inputs, needed=needed)
    return Reason(rule="class", outcome=Outcome.PASS, inputs=inputs)


def hours_reason(facts: EmployeeFacts, plan: PlanEligibility) -> Reason:
    """Scheduled weekly hours, where the plan asks for a minimum."""
    inputs = {
        "scheduled_hours_minor": facts.scheduled_hours_minor,
        "min_hours_minor": plan.min_hours_minor,
    }
    needed = {"scheduled_hours_minor": plan.min_hours_minor}
    if plan.min_hours_minor == 0:
        return Reason(rule="hours", outcome=Outcome.NOT_APPLICABLE, inputs=inputs)
    if facts.scheduled_hours_minor is None:
        return Reason(rule="hours", outcome=Outcome.UNKNOWN, inputs=inputs, needed=needed)
    if facts.scheduled_hours_minor < plan.min_hours_minor:
        return Reason(rule="hours", outcome=Outcome.FAIL, inputs=inputs, needed=needed)
    return Reason(rule="hours", outcome=Outcome.PASS, inputs=inputs)


def waiting_reason(on: date, facts: EmployeeFacts, plan: PlanEligibility) -> tuple[Reason, date | None, date | None]:
    """The waiting period; with it the entry date and the last lawful one, where they are known."""
    inputs = {"on": on.isoformat(), "hire_date": _text(facts.hire_date)}
    if facts.hire_date is None:
        needed = {"hire_date": "a date"}
        return Reason(rule="waiting", outcome=Outcome.UNKNOWN, inputs=inputs, needed=needed), None, None
    found = entry_date(
        start=facts.hire_date,
        rule=plan.entry,
        hours_reached_on=facts.hours_reached_on,
        pay_period_starts=facts.pay_period_starts,
    )
    if found.result is None:
        needed = dict.fromkeys(found.needs, "a date")
        return Reason(rule="waiting", outcome=Outcome.UNKNOWN, inputs=inputs, needed=needed), None, None
    entry = found.result.entry_date
    late = on < entry
    reason = Reason(
        rule="waiting",
        outcome=Outcome.FAIL if late else Outcome.PASS,
        inputs=inputs,
        needed={"on": entry.isoformat()} if late else {},
        passes_on=entry.isoformat() if late else None,
        citation=WAIT_CITATION if plan.entry.us_medical else "",
    )
    return reason, entry, found.result.latest_legal


def plan_open_reason(on: date, plan: PlanEligibility) -> Reason:
    """Whether the plan is open on the day, where it has open dates."""
    inputs = {"on": on.isoformat(), "open_from": _text(plan.open_from), "open_to": _text(plan.open_to)}
    if plan.open_from is None and plan.open_to is None:
        return Reason(rule="plan_open", outcome=Outcome.NOT_APPLICABLE, inputs=inputs)
    if plan.open_from is not None and on < plan.open_from:
        needed = {"on": plan.open_from.isoformat()}
        return Reason(rule="plan_open", outcome=Outcome.FAIL, inputs=inputs, needed=needed, passes_on=needed["on"])
    if plan.open_to is not None and on >= plan.open_to:
        needed = {"on": (plan.open_to - timedelta(days=1)).isoformat()}
        return Reason(rule="plan_open", outcome=Outcome.FAIL, inputs=inputs, needed=needed)
    return Reason(rule="plan_open", outcome=Outcome.PASS, inputs=inputs)


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
