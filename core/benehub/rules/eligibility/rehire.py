"""Whether somebody who comes back is a new employee or a continuing one, who does not wait again.

26 CFR 54.4980H-3(c)(4) and (d)(6): after 13 weeks without an hour of service (26 at a school) an employer may start
anew; by the rule of parity also after a shorter break that is longer than the employment before it. May, not must:
the plan says what it does of what it may.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from benehub.errors import DataError
from benehub.legal import limit
from benehub.periods import Month
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Day, RuleModel, explain
from benehub.rules.eligibility.entry_rule import law_from
from benehub.rules.registry import calculator

NAME = "eligibility.rehire"
VERSION = "1"
CITATION = "26 CFR 54.4980H-3(c)(4), (d)(6)"
DATES = ("service_start", "last_day", "rehired_on")


class TreatAsNew(StrEnum):
    """When a plan treats a returning employee as new.

    ALWAYS_WHEN_ALLOWED: after the long break and by parity. PARITY: only by parity, so that long service outlasts a
    long break. NEVER: returning employees go on.
    """

    ALWAYS_WHEN_ALLOWED = "always_when_allowed"
    PARITY = "parity"
    NEVER = "never"


class Treatment(StrEnum):
    """What a returning employee is."""

    NEW = "new"
    CONTINUING = "continuing"


class RehireInput(RuleModel):
    """The employment before, the return, and what the plan does."""

    service_start: Day | None = None
    """First day of the employment before the break."""
    last_day: Day | None = None
    """Last day with an hour of service before the break (paid leave counts)."""
    rehired_on: Day | None = None
    """First day with an hour of service after it."""
    school: bool = False
    """Whether the employer is an educational organization (26 weeks instead of 13)."""
    treat_as_new: TreatAsNew = TreatAsNew.ALWAYS_WHEN_ALLOWED
    """always_when_allowed: new after the long break and by parity; parity: new only where the break has four weeks and
    is longer than the employment before it; never: always continuing."""
    was_full_time: bool | None = None
    """Whether the employee was full-time (or eligible) before the break; where it is false nothing is restored."""


class Rehire(RuleModel):
    """How the return is treated."""

    treatment: Treatment
    may_be_new: bool
    """Whether the law lets the employer treat the return as a new hire, whatever the plan does."""
    grounds: tuple[str, ...]
    """What allows it: break (13 or 26 weeks), parity; empty where nothing does."""
    new_wait: bool
    """Whether waiting period and measurement begin anew."""
    gap_days: int
    """Days without an hour of service."""
    service_days: int
    """Days of the employment before, both ends counted."""
    restored_by: date | None
    """Continuing, and not known to have been without a right to cover before: cover is offered no later than this day,
    the first of the month after the return."""


@dataclass(frozen=True, slots=True)
class RehireRule:
    """What a plan does with returning employees."""

    treat_as_new: TreatAsNew = TreatAsNew.ALWAYS_WHEN_ALLOWED
    school: bool = False


def rehire(
    *, service_start: date | None, last_day: date | None, rehired_on: date | None, rule: RehireRule,
    was_full_time: bool | None = None,
) -> Calculation[Rehire]:  # fmt: skip
    """How a return is treated.

    Raises:
        DataError: the dates do not follow one another: service, its last day, the return.
    """
    inputs: dict[str, Any] = {
        "service_start": service_start, "last_day": last_day, "rehired_on": rehired_on, "school": rule.school,
        "treat_as_new": rule.treat_as_new.value, "was_full_time": was_full_time,
    }  # fmt: skip
    if service_start is None or last_day is None or rehired_on is None:
        needs = tuple(name for name in DATES if inputs[name] is None)
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), needs)
    if not service_start <= last_day < rehired_on:
        raise DataError(
            "the employments overlap or run backwards: service_start, last_day, rehired_on have to follow one another",
            where=NAME,
            mend="Mend the dates in the HRIS",
        )
    gap = (rehired_on - last_day).days - 1
    service = (last_day - service_start).days + 1
    allowed = _allowed(gap, service, rehired_on, rule.school)
    grounds = tuple(name for name, (passes, _) in allowed.items() if passes)
    counts = {"always_when_allowed": grounds, "parity": [one for one in grounds if one == "parity"], "never": ()}
    new = bool(counts[rule.treat_as_new.value])
    restored = Month.of(rehired_on).end if not new and was_full_time is not False else None
    reasons = tuple(
        Reason(
            rule=name,
            version=VERSION,
            outcome=Outcome.PASS if passes else Outcome.FAIL,
            inputs={name: inputs[name].isoformat() for name in DATES},
            needed={} if passes else {"rehired_on": (last_day + timedelta(days=least + 1)).isoformat()},
            citation=CITATION,
        )
        for name, (passes, least) in allowed.items()
    )
    steps = (
        Step(label="days without service", raw=f"{last_day} to {rehired_on}", value=f"{gap} ({gap // 7} weeks)"),
        Step(label="employment before", raw=f"{service_start} to {last_day}", value=f"{service} days"),
        Step(label="treated as", raw=rule.treat_as_new.value, value="new" if new else "continuing"),
    )
    result = Rehire(
        treatment=Treatment.NEW if new else Treatment.CONTINUING,
        may_be_new=bool(grounds),
        grounds=grounds,
        new_wait=new,
        gap_days=gap,
        service_days=service,
        restored_by=restored,
    )
    return Calculation(result, explain(NAME, VERSION, inputs, steps, reasons, CITATION))


def _allowed(gap: int, service: int, day: date, school: bool) -> dict[str, tuple[bool, int]]:
    """Whether each ground holds, and the days without service from which it would."""
    day = max(day, law_from("rehire_break_weeks"))
    weeks = limit("us", "rehire_break_weeks_school" if school else "rehire_break_weeks", day).value
    least = max(limit("us", "rehire_parity_weeks", day).value * 7, service + 1)
    return {"break": (gap >= weeks * 7, weeks * 7), "parity": (gap >= least, least)}


@calculator(
    NAME,
    "Whether a returning employee waits again.",
    RehireInput,
    Rehire,
    VERSION,
    example={
        "service_start": "2023-01-09",
        "last_day": "2026-01-08",
        "rehired_on": "2026-02-20",
        "was_full_time": True,
    },
)
def compute(given: RehireInput) -> Calculation[Rehire]:
    """Run on validated input.

    Raises:
        DataError: the dates do not follow one another.
    """
    return rehire(
        service_start=given.service_start,
        last_day=given.last_day,
        rehired_on=given.rehired_on,
        rule=RehireRule(given.treat_as_new, given.school),
        was_full_time=given.was_full_time,
    )
