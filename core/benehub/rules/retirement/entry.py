"""From when an employee may defer: age and service as far as the law lets a plan ask, and the entry dates.

Somebody who works fewer hours comes in as a long-term part-time employee after years of 500 hours in a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from benehub.errors import ConfigError, DataError
from benehub.legal import limit
from benehub.legal.tables import legal_tables
from benehub.periods import Month, add_months
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Day, RuleModel, explain
from benehub.rules.registry import calculator

NAME = "retirement.entry"
VERSION = "1"
CITATION = "26 U.S.C. 410(a), 401(k)(2)(D), 401(k)(15)"
STATED = date(2025, 1, 1)
"""A day on which the maxima of law hold that have not changed since 1985."""


class EntryDates(StrEnum):
    """When those who meet the conditions come in: on or after the day they do.

    IMMEDIATE: that day. MONTHLY: the first of a month. QUARTERLY: of January, April, July, October. DUAL: 1
    January or 1 July. No choice lets more than six months pass.
    """

    IMMEDIATE = "immediate"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    DUAL = "dual"

    @property
    def months(self) -> int:
        """Months between two entry dates; 0: every day is one."""
        return {EntryDates.IMMEDIATE: 0, EntryDates.MONTHLY: 1, EntryDates.QUARTERLY: 3, EntryDates.DUAL: 6}[self]


class Route(StrEnum):
    """How the conditions were met: by age and service, or as a long-term part-time employee."""

    SERVICE = "service"
    PART_TIME = "long_term_part_time"


class EntryStatus(StrEnum):
    """ENTERED: may defer on the day asked about. WAITING: the entry date is known and lies ahead. NOT_YET: a
    condition is not met with what is known."""

    ENTERED = "entered"
    WAITING = "waiting"
    NOT_YET = "not_yet"


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """What a plan asks for: age in years, months of service, hours in each twelve months; 0 hours: elapsed time."""

    age: int = 0
    service_months: int = 0
    hours: int = 0
    dates: EntryDates = EntryDates.IMMEDIATE


class PlanEntryInput(RuleModel):
    """One employee, and what the plan asks for."""

    hired_on: Day
    """First day of work."""
    birth_date: Day | None = None
    """For the age; asked for only where the plan asks for one."""
    as_of: Day
    """The day that is asked about."""
    min_age: Annotated[int, Field(strict=True, ge=0, le=99)] = 0
    """Age the plan asks for, in years; the law allows 21 at most."""
    service_months: Annotated[int, Field(strict=True, ge=0, le=120)] = 0
    """Months of service the plan asks for; 12 at most."""
    hours: Annotated[int, Field(strict=True, ge=0, le=9000)] = 0
    """Hours the plan asks for within twelve months; 1,000 at most, 0 counts elapsed time alone."""
    entry_dates: EntryDates = EntryDates.IMMEDIATE
    """When those who meet the conditions come in: immediate, monthly, quarterly or dual."""
    year_hours: tuple[Annotated[int, Field(strict=True, ge=0, le=9000)], ...] | None = None
    """Hours of each completed twelve months since the hire, oldest first; needed where the plan asks for hours."""


class PlanEntryResult(RuleModel):
    """From when the employee may defer."""

    status: EntryStatus
    """entered, waiting or not_yet on the day asked about."""
    entry_date: date | None
    """The first day with deferrals; empty while a condition is not met."""
    met_on: date | None
    """The day on which the last condition was met."""
    route: Route | None
    """By age and service, or as a long-term part-time employee."""


def check_entry(plan: PlanEntry) -> None:
    """Refuse what a plan may not ask for; a plan book is checked with it when loaded.

    Raises:
        ConfigError: the age, service or hours are beyond the maxima of law.
    """
    for what, asked, key in (
        ("age", plan.age, "entry_age"),
        ("months of service", plan.service_months, "entry_months"),
        ("hours in a year", plan.hours, "service_year_hours"),
    ):
        most = limit("us", key, STATED).value
        if asked > most:
            raise ConfigError(f"the plan asks for {asked} ({what})", where="entry", mend=f"The law allows {most}")
    if plan.hours and plan.service_months != 12:
        raise ConfigError(
            f"the plan asks for {plan.hours} hours in {plan.service_months} months",
            where="entry",
            mend="Hours go with 12 months of service; shorter service counts elapsed time only (hours: 0)",
        )


def plan_entry(
    *, hired_on: date, birth_date: date | None, as_of: date, plan: PlanEntry, year_hours: Sequence[int] | None
) -> Calculation[PlanEntryResult]:
    """The entry date by the earlier of both routes.

    Raises:
        ConfigError: the plan asks for more than the law allows.
        DataError: dates contradict each other, or hours are given for years that are not over.
    """
    check_entry(plan)
    inputs = {
        "hired_on": hired_on, "birth_date": birth_date, "as_of": as_of, "year_hours": year_hours,
        "min_age": plan.age, "service_months": plan.service_months, "hours": plan.hours, "entry_dates": plan.dates,
    }  # fmt: skip
    _check_facts(hired_on, birth_date, as_of, year_hours)
    needs = ("birth_date",) if plan.age and birth_date is None else ()
    if plan.hours and year_hours is None and add_months(hired_on, 12) <= as_of:
        needs = (*needs, "year_hours")
    if needs:
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), needs)
    aged = hired_on if birth_date is None else max(hired_on, add_months(birth_date, 12 * plan.age))
    served = _served(hired_on, plan, year_hours or ())
    long_term = _part_time(hired_on, birth_date, year_hours or ()) if plan.hours else None
    ways = [
        (_grid(max(day, own_age), plan.dates), max(day, own_age), route)
        for day, own_age, route in (
            (served, aged, Route.SERVICE),
            (long_term, hired_on, Route.PART_TIME),
        )
        if day is not None
    ]
    entry, met, route = min(ways, key=lambda way: way[0]) if ways else (None, None, None)
    status = EntryStatus.NOT_YET if entry is None else EntryStatus.ENTERED if entry <= as_of else EntryStatus.WAITING
    steps = tuple(
        Step(label=label, raw="" if day is None else f"on or after {day}", value="not met" if day is None else str(day))
        for label, day in (
            (f"age {plan.age}", aged),
            (_asked(plan), served),
            ("long-term part-time", long_term),
            (f"entry date ({plan.dates.value})", entry),
        )
    )
    result = PlanEntryResult(status=status, entry_date=entry, met_on=met, route=route)
    reasons = _reasons(plan, aged, served, long_term, as_of)
    return Calculation(result, explain(NAME, VERSION, inputs, steps, reasons, CITATION))


def _check_facts(hired_on: date, birth_date: date | None, as_of: date, year_hours: Sequence[int] | None) -> None:
    if birth_date is not None and birth_date >= hired_on:
        raise DataError("the birth date does not lie before the hire", where="birth_date", mend="Mend one of the two")
    if year_hours and add_months(hired_on, 12 * len(year_hours)) > as_of:
        raise DataError(
            f"hours are given for {len(year_hours)} years, but fewer are over since the hire",
            where="year_hours",
            mend="Give the hours of completed twelve-month periods only",
        )


def _asked(plan: PlanEntry) -> str:
    return f"{plan.service_months} months of service" + (f" with {plan.hours} hours" if plan.hours else "")


def _served(hired: date, plan: PlanEntry, year_hours: Sequence[int]) -> date | None:
    """The day the service is done; with hours, the end of the first twelve months that have them."""
    if not plan.hours:
        return add_months(hired, plan.service_months)
    done = (number for number, hours in enumerate(year_hours, 1) if hours >= plan.hours)
    first = next(done, None)
    return None if first is None else add_months(hired, 12 * first)


def _part_time(hired: date, birth: date | None, year_hours: Sequence[int]) -> date | None:
    """The day a long-term part-time employee has served enough; 21 is the age of law, not of the plan."""
    age = limit("us", "entry_age", STATED).value
    aged = hired if birth is None else add_months(birth, 12 * age)
    found = []
    for rule in legal_tables("us")["part_time_years"].values:
        # each version of the law counts only the years that could complete it on its first day, or later ones
        counts_from = add_months(rule.valid_from, -12 * rule.value)
        in_a_row = 0
        for number, hours in enumerate(year_hours, 1):
            start, end = add_months(hired, 12 * (number - 1)), add_months(hired, 12 * number)
            enough = start >= counts_from and hours >= limit("us", "part_time_hours", start).value
            in_a_row = in_a_row + 1 if enough else 0
            if in_a_row >= rule.value:
                met = max(end, rule.valid_from, aged)
                found += [met] if end < rule.valid_to else []
                break
    return min(found, default=None)


def _grid(day: date, dates: EntryDates) -> date:
    if not dates.months:
        return day
    month = Month.of(day)
    if day.day > 1:
        month = month.plus(1)
    return month.plus(-(month.month - 1) % dates.months).first


def _reasons(
    plan: PlanEntry, aged: date, served: date | None, long_term: date | None, as_of: date
) -> tuple[Reason, ...]:
    found = []
    for rule, day, needed in (
        ("age", aged, {"age": plan.age}),
        ("service", served, {"service_months": plan.service_months, "hours": plan.hours}),
        ("long_term_part_time", long_term, {"hours": limit("us", "part_time_hours", STATED).value}),
    ):
        outcome = Outcome.PASS if day is not None and day <= as_of else Outcome.FAIL
        found.append(
            Reason(
                rule=rule,
                outcome=outcome,
                needed={} if outcome is Outcome.PASS else needed,
                passes_on=None if day is None or day <= as_of else day.isoformat(),
                citation=CITATION,
            )
        )
    return tuple(found)


@calculator(
    NAME,
    "From when an employee may defer.",
    PlanEntryInput,
    PlanEntryResult,
    VERSION,
    example={
        "hired_on": "2025-03-10",
        "birth_date": "1998-05-02",
        "as_of": "2026-11-25",
        "min_age": 21,
        "service_months": 12,
        "hours": 1000,
        "entry_dates": "dual",
        "year_hours": [1840],
    },
)
def compute(given: PlanEntryInput) -> Calculation[PlanEntryResult]:
    """Run on validated input.

    Raises:
        ConfigError, DataError: the plan asks for too much, or the facts contradict each other.
    """
    return plan_entry(
        hired_on=given.hired_on,
        birth_date=given.birth_date,
        as_of=given.as_of,
        plan=PlanEntry(given.min_age, given.service_months, given.hours, given.entry_dates),
        year_hours=given.year_hours,
    )
