"""Leave earned in one period, in exact fractions of an hour.

A rate such as 1/30 is never stored rounded (worked case L03). The ledger books whole minutes: each period books
the rounded running total less what was booked before, so that all bookings sum to the rounded total.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field

from benehub.errors import DataError
from benehub.hours import to_minutes
from benehub.periods import FOREVER, Month, add_months
from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Day, Rate, RuleModel, exact, explain
from benehub.rules.leave.policy import ZERO, AccrualMethod, Hours, Policy, Proration, Timing
from benehub.rules.registry import calculator

NAME = "leave.accrue"
VERSION = "2"
CITATION = "plan terms: accrual"
_NO_CAP = Fraction(10**9)


@dataclass(frozen=True, slots=True)
class Span:
    """The period a rule is asked for, `[start, end)`, and the employment within it."""

    start: date
    end: date
    hired: date
    employed_to: date = FOREVER
    """First day no longer employed."""
    service_from: date | None = None
    """First day that tenure counts from, where an earlier employment counts along."""

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise DataError(f"the period ends {self.end} on or before its start {self.start}", mend="Mend the dates")
        if self.employed_to < self.hired:
            raise DataError(f"employment ends {self.employed_to} before hire {self.hired}", mend="Mend the dates")

    @property
    def tenure_from(self) -> date:
        """The day that tenure counts from."""
        return self.service_from or self.hired

    @property
    def first(self) -> date:
        """First day employed in it."""
        return max(self.start, self.hired)

    @property
    def after(self) -> date:
        """First day after the employed part of it."""
        return min(self.end, self.employed_to)

    @property
    def days(self) -> int:
        """Calendar days employed in it."""
        return max(0, (self.after - self.first).days)


class AccrueInput(RuleModel):
    """One period of one employee under a policy."""

    policy: Policy
    """The leave policy."""
    hire_date: Day
    """First day of employment; tenure counts from here."""
    service_from: Day | None = None
    """First day that tenure counts from, where an earlier employment counts along; empty: the hire date."""
    employed_to: Day | None = None
    """First day no longer employed; empty while employed."""
    period_start: Day
    """First day of the pay period, month or leave year."""
    period_end: Day
    """First day after it."""
    hours_worked: Hours | None = None
    """Hours worked in the period (per_hour)."""
    hours_after_change: Hours | None = None
    """Of those, the hours from the tenure anniversary on; by calendar days where left out."""
    pays_in_year: Annotated[int, Field(strict=True, ge=1, le=366)] | None = None
    """Pay dates of this very year (per_pay): 26 or 27, not an average."""
    weekly_hours: Hours | None = None
    """Scheduled weekly hours, where the policy has `full_time_hours`."""
    balance_hours: Rate = ZERO
    """Balance before the period."""
    year_hours: Hours = ZERO
    """Earned earlier in the leave year."""


class Accrued(RuleModel):
    """What the period earns."""

    earned_hours: Rate
    """Exact hours by the method alone."""
    accrued_hours: Rate
    """Exact hours that are kept under the caps."""
    year_hours: Rate
    """Exact hours of the leave year so far."""
    balance_hours: Rate
    """Exact balance after the period."""
    posted_minutes: int
    """Whole minutes to book now: the rounded balance after it less the rounded balance before it."""
    effective_on: Day
    """The day on which it is earned, by the policy's timing."""
    usable_on: Day
    """First day on which it may be used."""
    capped: bool
    """Whether a cap took something away; nothing of it comes back later."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a method reads besides the policy."""

    hours_worked: Fraction | None = None
    hours_after_change: Fraction | None = None
    pays_in_year: int | None = None
    weekly_hours: Fraction | None = None


def needs_of(policy: Policy, basis: Basis) -> tuple[str, ...]:
    """What is missing for an answer."""
    missing = {
        "hours_worked": policy.method is AccrualMethod.PER_HOUR and basis.hours_worked is None,
        "pays_in_year": policy.method is AccrualMethod.PER_PAY and basis.pays_in_year is None,
        "weekly_hours": _part_time(policy) and basis.weekly_hours is None,
    }
    return tuple(name for name, absent in missing.items() if absent)


def _part_time(policy: Policy) -> bool:
    """Whether scheduled hours cut the entitlement; where hours worked earn it they do so by themselves."""
    return bool(policy.full_time_hours) and policy.method not in (AccrualMethod.PER_HOUR, AccrualMethod.NONE)


def earned(policy: Policy, span: Span, basis: Basis) -> tuple[Fraction, tuple[Step, ...]]:
    """Hours that a period earns before any cap, and the steps that led there."""
    if policy.method is AccrualMethod.NONE or not span.days:
        return ZERO, (Step(label="nothing is earned in this period", raw="0", value="0"),)
    if policy.method is AccrualMethod.PER_HOUR:
        return _per_hour(policy, span, basis)
    share, told = _share(policy, span)
    total = ZERO
    steps = list(told)
    for day, part in _by_tier(policy, span):
        tier = policy.tier(span.tenure_from, day)
        annual = tier.annual_hours if tier else ZERO
        piece = annual * part / _periods(policy, basis)
        steps.append(Step(label=f"{policy.method.value} from {day}", raw=f"{exact(annual)} a year", value=exact(piece)))
        total += piece
    total *= share
    if _part_time(policy):
        assert basis.weekly_hours is not None  # needs_of asked for it
        part_time = min(Fraction(1), basis.weekly_hours / policy.full_time_hours)
        total *= part_time
        steps.append(Step(label="part of full-time hours", raw=exact(part_time), value=exact(total)))
    return total, tuple(steps)


def _per_hour(policy: Policy, span: Span, basis: Basis) -> tuple[Fraction, tuple[Step, ...]]:
    assert basis.hours_worked is not None  # needs_of asked for it
    total, steps = ZERO, []
    parts = list(_by_tier(policy, span))
    for number, (day, part) in enumerate(parts):
        tier = policy.tier(span.tenure_from, day)
        hours = basis.hours_worked * part
        if len(parts) == 2 and basis.hours_after_change is not None:
            after = min(basis.hours_after_change, basis.hours_worked)
            hours = after if number else basis.hours_worked - after
        piece = hours * (tier.rate if tier else ZERO)
        label = f"hours worked x rate {exact(tier.rate) if tier else '0'} from {day}"
        steps.append(Step(label=label, raw=f"{exact(hours)} hours worked", value=exact(piece)))
        total += piece
    return total, tuple(steps)


def _by_tier(policy: Policy, span: Span) -> list[tuple[date, Fraction]]:
    """Parts of the employed period by tenure tier: first day and share of the days; a new tier begins on its day."""
    if policy.method is AccrualMethod.ANNIVERSARY:
        # It rewards the year of service that is over: the tier on the day before.
        return [(max(span.hired, span.start - timedelta(days=1)), Fraction(1))]
    if policy.method is AccrualMethod.ANNUAL:
        return [(span.first if policy.timing is Timing.START else span.after - timedelta(days=1), Fraction(1))]
    changes = [add_months(span.tenure_from, one.after_months) for one in policy.tenure]
    cuts = [span.first, *(day for day in changes if span.first < day < span.after), span.after]
    return [(start, Fraction((end - start).days, span.days)) for start, end in pairwise(cuts)]


def _periods(policy: Policy, basis: Basis) -> int:
    if policy.method is AccrualMethod.PER_PAY:
        assert basis.pays_in_year is not None  # needs_of asked for it
        return basis.pays_in_year
    return 12 if policy.method is AccrualMethod.MONTHLY else 1


def _share(policy: Policy, span: Span) -> tuple[Fraction, list[Step]]:
    """The part of a period that counts where employment begins or ends within it."""
    if policy.method is AccrualMethod.ANNIVERSARY:
        return Fraction(1), []
    share, steps = Fraction(1), []
    whole = (span.end - span.start).days
    for name, mode, lost, start, end in (
        ("hire", policy.prorate_hire, (span.first - span.start).days, span.first, span.end),
        ("termination", policy.prorate_termination, (span.end - span.after).days, span.start, span.after),
    ):
        if lost <= 0 or mode is Proration.NONE:
            continue
        part = 1 - Fraction(lost, whole)
        if mode is Proration.MONTHS:
            part = Fraction(full_months(start, end), max(1, full_months(span.start, span.end)))
        share -= 1 - part
        steps.append(Step(label=f"part of the period by {name} ({mode.value})", raw=exact(part), value=exact(share)))
    return max(ZERO, share), steps


def effective_on(policy: Policy, span: Span) -> date:
    """The day on which a period's leave is earned; that of an anniversary is earned on it."""
    if policy.timing is Timing.START or policy.method is AccrualMethod.ANNIVERSARY:
        return span.first
    return max(span.first, span.after - timedelta(days=1))


def full_months(start: date, end: date) -> int:
    """Full months of `[start, end)`, counted from its first day."""
    count = (end.year - start.year) * 12 + end.month - start.month
    return count if add_months(start, count) <= end else count - 1


def kept_under_caps(policy: Policy, hours: Fraction, balance: Fraction, year: Fraction) -> Fraction:
    """What of `hours` is kept: accrual stops at a cap, resumes after use, and never catches up."""
    room = _NO_CAP if policy.cap_hours is None else max(ZERO, policy.cap_hours - balance)
    year_room = _NO_CAP if policy.year_cap_hours is None else max(ZERO, policy.year_cap_hours - year)
    return min(hours, room, year_room)


def accrue(
    *, policy: Policy, span: Span, basis: Basis, balance_hours: Fraction = ZERO, year_hours: Fraction = ZERO
) -> Calculation[Accrued]:
    """The hours of one period under `policy`, cut by its caps; without what the method reads it needs that."""
    inputs: dict[str, Any] = {
        "policy": policy, "hire_date": span.hired, "employed_to": span.employed_to, "period_start": span.start,
        "period_end": span.end, "hours_worked": basis.hours_worked, "hours_after_change": basis.hours_after_change,
        "pays_in_year": basis.pays_in_year, "weekly_hours": basis.weekly_hours, "balance_hours": balance_hours,
        "year_hours": year_hours,
    }  # fmt: skip
    if span.service_from is not None:
        inputs["service_from"] = span.service_from
    needs = needs_of(policy, basis)
    if needs:
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), needs)
    hours, steps = earned(policy, span, basis)
    kept = kept_under_caps(policy, hours, balance_hours, year_hours)
    posted = to_minutes(balance_hours + kept) - to_minutes(balance_hours)
    steps = (
        *steps,
        Step(label="kept under the caps", raw=exact(hours), value=exact(kept)),
        Step(label="minutes to book: rounded balance after less before", raw=exact(kept * 60), value=str(posted)),
    )
    result = Accrued(
        earned_hours=hours, accrued_hours=kept, year_hours=year_hours + kept, balance_hours=balance_hours + kept,
        posted_minutes=posted, capped=kept < hours, usable_on=policy.usable_on(span.tenure_from),
        effective_on=effective_on(policy, span),
    )  # fmt: skip
    return Calculation(result, explain(NAME, VERSION, inputs, steps, citation=CITATION))


def grant_spans(
    policy: Policy, hired: date, employed_to: date, until: date, service_from: date | None = None
) -> list[Span]:
    """The periods whose leave comes by the calendar (monthly, annual, anniversary), begun up to `until`."""
    spans: list[Span] = []
    if policy.method is AccrualMethod.MONTHLY:
        month = Month.of(hired)
        while month.first <= until and month.first < employed_to:
            spans.append(Span(month.first, month.end, hired, employed_to, service_from))
            month = month.plus(1)
    elif policy.method is AccrualMethod.ANNUAL:
        since = service_from or hired
        start = policy.year_start(since, hired)
        while start <= until and start < employed_to:
            end = policy.next_year(since, start)
            spans.append(Span(start, end, hired, employed_to, service_from))
            start = end
    elif policy.method is AccrualMethod.ANNIVERSARY:
        since, number = service_from or hired, 1
        while (start := add_months(since, 12 * number)) <= until and start < employed_to:
            if start > hired:
                end = add_months(since, 12 * (number + 1))
                spans.append(Span(start, end, hired, employed_to, service_from))
            number += 1
    return spans


_EXAMPLE = {
    "policy": {"method": "per_hour", "tenure": [{"rate": "1/30"}], "cap_hours": "80"},
    "hire_date": "2026-01-05",
    "period_start": "2026-03-02",
    "period_end": "2026-03-09",
    "hours_worked": "40",
    "balance_hours": "10.5",
    "year_hours": "10.5",
}


@calculator(NAME, "Leave earned in one period.", AccrueInput, Accrued, VERSION, example=_EXAMPLE)
def compute(given: AccrueInput) -> Calculation[Accrued]:
    """Run on validated input.

    Raises:
        DataError: the period or the employment ends before it begins.
    """
    return accrue(
        policy=given.policy,
        span=Span(
            given.period_start, given.period_end, given.hire_date, given.employed_to or FOREVER, given.service_from
        ),
        basis=Basis(given.hours_worked, given.hours_after_change, given.pays_in_year, given.weekly_hours),
        balance_hours=given.balance_hours,
        year_hours=given.year_hours,
    )
