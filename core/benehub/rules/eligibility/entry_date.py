"""From which day an employee can be covered: orientation, wait, entry grid, and the legal 91st day."""

from __future__ import annotations

from datetime import date, timedelta

from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Day, RuleModel, explain
from benehub.rules.eligibility.entry_rule import (
    EntryGrid,
    EntryRule,
    WaitUnit,
    after_orientation,
    check_entry_rule,
    latest_legal,
    latest_offer,
    on_grid,
    wait_end,
)
from benehub.rules.eligibility.entry_terms import EntryTerms
from benehub.rules.registry import calculator

NAME = "eligibility.entry-date"
VERSION = "2"
CITATION = "29 CFR 2590.715-2708"
LARGE_CITATION = "26 CFR 54.4980H-3(c)(2), (d)(2)(iii)"


class EntryDateInput(EntryTerms):
    """Where the way to cover begins, and how the plan words it."""

    start: Day
    """First day of employment in an eligible class (for a wait in hours: the first day of work)."""
    hours_reached_on: Day | None = None
    """The day on which the cumulative hours were reached (only for a wait in hours)."""
    pay_period_starts: tuple[Day, ...] = ()
    """First days of pay periods (only for entry at the first of a pay period)."""


class EntryDate(RuleModel):
    """The first day of cover and how it came about."""

    entry_date: date
    wait_starts: date
    wait_ends: date
    """First day after the wait."""
    latest_legal: date | None
    """The last lawful first day of cover; None where no limit holds."""
    clamped: bool
    """The plan's wording ran past the limit and was pulled back to it."""
    orientation_ends: date | None = None
    """Last day of the orientation, where there is one."""
    day_number: int = 1
    """Which day the entry is, the first day counted (of the wait, or on which the hours were reached) being 1."""


def entry_date(
    *,
    start: date,
    rule: EntryRule,
    hours_reached_on: date | None = None,
    pay_period_starts: tuple[date, ...] = (),
) -> Calculation[EntryDate]:
    """The first day of cover under `rule`; every calendar day counts, `start` being the first.

    Raises:
        ConfigError: the rule is refused (see `check_entry_rule`).
    """
    check_entry_rule(rule)
    wait_starts = after_orientation(start, rule.orientation_months)
    wait_ends = wait_end(wait_starts, rule, hours_reached_on)
    inputs = _inputs(start, rule, hours_reached_on)
    if rule.grid is EntryGrid.FIRST_OF_PAY_PERIOD:
        inputs["pay_period_starts"] = pay_period_starts
    if wait_ends is None:
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), ("hours_reached_on",))
    # the ninety days run from being otherwise eligible; an hours condition comes before that
    counted = wait_starts
    if rule.wait_unit is WaitUnit.HOURS and hours_reached_on is not None:
        counted = max(wait_starts, hours_reached_on)
    legal = _latest(start, counted, rule)
    planned = on_grid(wait_ends, rule.grid, pay_period_starts, rule.entry_dates)
    if planned is None:
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), ("pay_period_starts",))
    clamped = legal is not None and planned > legal
    entry = legal if legal is not None and clamped else planned
    steps = (
        Step(label="wait starts", raw=start.isoformat(), value=wait_starts.isoformat()),
        Step(label="wait is over", raw=f"+{rule.wait} {rule.wait_unit.value}", value=wait_ends.isoformat()),
        Step(label="entry by the plan", raw=rule.grid.value, value=planned.isoformat()),
        Step(
            label=f"entry (day {(entry - counted + timedelta(days=1)).days})",
            raw=f"no later than {legal.isoformat()}" if legal else "no legal limit",
            value=entry.isoformat(),
        ),
    )
    result = EntryDate(
        entry_date=entry,
        wait_starts=wait_starts,
        wait_ends=wait_ends,
        latest_legal=legal,
        clamped=clamped,
        orientation_ends=wait_starts - timedelta(days=1) if rule.orientation_months else None,
        day_number=(entry - counted).days + 1,
    )
    return Calculation(result, explain(NAME, VERSION, inputs, steps, citation=_citation(rule)))


def _latest(start: date, counted: date, rule: EntryRule) -> date | None:
    """The earliest of the limits that hold; an hours condition has no fourth month."""
    limits = [latest_legal(counted)] if rule.us_medical else []
    if rule.large_employer and rule.us_medical and rule.wait_unit is not WaitUnit.HOURS:
        limits.append(latest_offer(start))
    return min((day for day in limits if day is not None), default=None)


def _citation(rule: EntryRule) -> str:
    """The law that limits the wait; excepted benefits have none."""
    if not rule.us_medical:
        return ""
    return f"{CITATION}; {LARGE_CITATION}" if rule.large_employer else CITATION


def _inputs(start: date, rule: EntryRule, hours_reached_on: date | None) -> dict[str, object]:
    return {
        "start": start,
        "wait": rule.wait,
        "wait_unit": rule.wait_unit.value,
        "grid": rule.grid.value,
        "orientation_months": rule.orientation_months,
        "entry_dates": [f"{month:02d}-{day:02d}" for month, day in rule.entry_dates],
        "wait_after_hours": rule.wait_after_hours,
        "us_medical": rule.us_medical,
        "large_employer": rule.large_employer,
        "hours_reached_on": hours_reached_on,
    }


@calculator(
    NAME,
    "From which day an employee can be covered.",
    EntryDateInput,
    EntryDate,
    VERSION,
    example={"start": "2026-05-02", "wait": 60, "wait_unit": "days", "grid": "first_of_month", "us_medical": True},
)
def compute(given: EntryDateInput) -> Calculation[EntryDate]:
    """Run on validated input.

    Raises:
        ConfigError: the plan's wording is refused.
    """
    return entry_date(
        start=given.start,
        rule=given.rule(),
        hours_reached_on=given.hours_reached_on,
        pay_period_starts=given.pay_period_starts,
    )
