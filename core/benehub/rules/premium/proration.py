"""Which part of a month's premium is due when cover begins or ends within the month.

Start and end have rules of their own: a plan may charge a full first month and no last one; a newborn's first month
and a cover that begins and ends within one month may have another. A term that is priced by the year and changes
midway is charged day by day from anniversary to anniversary.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from benehub.errors import ConfigError, DataError
from benehub.money import Rounding
from benehub.periods import FOREVER, Month
from benehub.records.explanation import Step
from benehub.rules.base import (
    RULE_CONFIG,
    Calculation,
    Day,
    MonthText,
    Positive,
    Rate,
    RuleModel,
    exact,
    explain,
    rounded_step,
)
from benehub.rules.registry import calculator

NAME = "premium.proration"
VERSION = "2"
YEAR_DAYS = (360, 365, 366)
"""Days of a year that contracts count."""


class ProrationMethod(StrEnum):
    """What a partial month costs.

    FULL_MONTH: all of it. NONE_FIRST_MONTH: nothing (for an end: nothing for the last month). WASH: with
    start on or before the wash day all, after it nothing; an end on or before it nothing, after it all.
    DAILY: covered days over days in the month. THIRTIETHS: every month has 30 days. ANNIVERSARY_DAILY: covered days
    over the days of a year, of twelve months' premium.
    """

    FULL_MONTH = "full_month"
    NONE_FIRST_MONTH = "none_first_month"
    WASH = "wash"
    DAILY = "daily"
    THIRTIETHS = "thirtieths"
    ANNIVERSARY_DAILY = "anniversary_daily"


FULL = ProrationMethod.FULL_MONTH


class StartEvent(StrEnum):
    """Why cover begins: ENROLLMENT, or NEWBORN where a plan treats a birth differently."""

    ENROLLMENT = "enrollment"
    NEWBORN = "newborn"


@dataclass(frozen=True, config=RULE_CONFIG)
class ProrationRule:
    """How a plan treats the first and the last month; the wash days matter for WASH only.

    `newborn` takes the place of `start` for a birth; `same_month` that of both where cover begins and ends within
    one month. None: no method of its own.
    """

    start: ProrationMethod = ProrationMethod.FULL_MONTH
    """What a month in which cover begins costs."""
    end: ProrationMethod = ProrationMethod.FULL_MONTH
    """What a month in which cover ends costs."""
    start_wash_day: int = 15
    """wash: cover that begins on this day of the month or before it pays the month in full."""
    end_wash_day: int = 15
    """wash: cover that ends on this day of the month or before it pays nothing."""
    newborn: ProrationMethod | None = None
    """The method where cover begins with a birth; empty: as `start`."""
    same_month: ProrationMethod | None = None
    """The method where cover begins and ends in one month; empty: both in turn."""
    year_days: int = 365
    """Days of a year for daily rates of yearly premiums: 360, 365 or 366."""

    def __post_init__(self) -> None:
        if not (1 <= self.start_wash_day <= 31 and 1 <= self.end_wash_day <= 31):
            raise ConfigError("a wash day is no day of a month", where="proration", mend="Use 1 to 31")
        if self.year_days not in YEAR_DAYS:
            raise ConfigError("no year has so many days", where="proration: year_days", mend="Use 360, 365 or 366")


WashDay = Annotated[int, Field(strict=True, ge=1, le=31)]


class AnnualPremium(RuleModel):
    """A yearly premium, and from when it holds."""

    from_day: Day
    """First day it holds; the first one's is the first day of the term."""
    annual_minor: Positive
    """The premium of a whole year in minor units."""


class ProrationInput(RuleModel):
    """A month's premium and the days of cover; or the yearly premiums of a term that change midway."""

    monthly_minor: Positive | None = None
    """A full month's premium in minor units."""
    month: MonthText | None = None
    """The coverage month, as YYYY-MM."""
    cover_start: Day | None = None
    """First day of cover."""
    cover_end: Day | None = None
    """First day without cover; empty while it runs on."""
    event: StartEvent = StartEvent.ENROLLMENT
    """Why cover begins: enrollment, or newborn where the plan treats a birth differently."""
    start_method: ProrationMethod = ProrationMethod.FULL_MONTH
    """What the first month costs: full_month, none_first_month, wash, daily, thirtieths or anniversary_daily."""
    end_method: ProrationMethod = ProrationMethod.FULL_MONTH
    """What the last month costs; the same words."""
    newborn_method: ProrationMethod | None = None
    """What a newborn's first month costs; empty: as any first month."""
    same_month_method: ProrationMethod | None = None
    """What a cover costs that begins and ends within one month; empty: both methods apply, each to its side."""
    start_wash_day: WashDay = 15
    """Last day of the month on which a start is charged in full (wash)."""
    end_wash_day: WashDay = 15
    """Last day of the month on which an end is charged nothing (wash); the last day of cover counts."""
    annual: Annotated[tuple[AnnualPremium, ...], Field(max_length=100)] = ()
    """Yearly premiums of a term by the day from which each holds, in order; takes the place of month and
    monthly_minor.
    """
    year_days: Annotated[int, Field(strict=True, ge=360, le=366)] = 365
    """Days of a year for anniversary_daily and `annual`: 365, 366 or 360."""
    rounding: Rounding = Rounding.HALF_UP
    """How the amount becomes minor units."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    """ISO currency of all amounts."""


class Proration(RuleModel):
    """The part of the month that is charged, and the amount."""

    fraction: Rate
    """The charged part of the month, from 0 to 1; for a term with yearly premiums 1."""
    amount_minor: int
    """The premium due in minor units; of a term the whole year's, all changes counted."""
    after_each_minor: tuple[int, ...] = ()
    """Of a term: the year's premium as it stood after each change."""


def month_fraction(
    month: Month, cover_start: date, cover_end: date, rule: ProrationRule, event: StartEvent = StartEvent.ENROLLMENT
) -> Fraction:
    """The charged part of `month` for cover on `[cover_start, cover_end)`, from 0 to 1."""
    first, end = month.first, month.end
    if cover_start >= end or cover_end <= first or cover_end <= cover_start:
        return Fraction(0)
    begins, ends = cover_start > first, cover_end < end
    start_by = rule.newborn if event is StartEvent.NEWBORN and rule.newborn else rule.start
    end_by = rule.end
    if begins and ends and rule.same_month:
        start_by = end_by = rule.same_month
    used = {method for method, partial in ((start_by, begins), (end_by, ends)) if partial}
    if ProrationMethod.ANNIVERSARY_DAILY in used and used <= {ProrationMethod.ANNIVERSARY_DAILY, FULL}:
        days = ((cover_end if ends else end) - (cover_start if begins else first)).days
        return min(Fraction(1), Fraction(days * 12, rule.year_days)) if days < month.days else Fraction(1)
    lost = Fraction(0)
    if begins:
        lost += _lost_before(month, cover_start, start_by, rule)
    if ends:
        lost += _lost_after(month, cover_end, end_by, rule)
    return max(Fraction(0), 1 - lost)


def _lost_before(month: Month, start: date, method: ProrationMethod, rule: ProrationRule) -> Fraction:
    """The part not charged because cover begins on `start`, after the month's first day."""
    days = (start - month.first).days
    match method:
        case ProrationMethod.NONE_FIRST_MONTH:
            return Fraction(1)
        case ProrationMethod.WASH:
            return Fraction(start.day > rule.start_wash_day)
        case ProrationMethod.DAILY:
            return Fraction(days, month.days)
        case ProrationMethod.THIRTIETHS:
            return Fraction(min(days, 30), 30)
        case ProrationMethod.ANNIVERSARY_DAILY:
            return 1 - Fraction((month.days - days) * 12, rule.year_days)
    return Fraction(0)


def _lost_after(month: Month, end: date, method: ProrationMethod, rule: ProrationRule) -> Fraction:
    """The part not charged because `end`, within the month, is the first day without cover."""
    covered = (end - month.first).days
    match method:
        case ProrationMethod.NONE_FIRST_MONTH:
            return Fraction(1)
        case ProrationMethod.WASH:
            return Fraction(covered <= rule.end_wash_day)
        case ProrationMethod.DAILY:
            return Fraction(month.days - covered, month.days)
        case ProrationMethod.THIRTIETHS:
            return Fraction(30 - min(covered, 30), 30)
        case ProrationMethod.ANNIVERSARY_DAILY:
            return 1 - Fraction(covered * 12, rule.year_days)
    return Fraction(0)


def prorate(
    *,
    monthly_minor: int,
    month: Month,
    cover_start: date | None,
    cover_end: date | None = None,
    rule: ProrationRule,
    event: StartEvent = StartEvent.ENROLLMENT,
    rounding: Rounding = Rounding.HALF_UP,
    currency: str = "USD",
) -> Calculation[Proration]:
    """The premium due for `month`, rounded once; without the first day of cover the answer needs it."""
    inputs = {
        "monthly_minor": monthly_minor,
        "month": month,
        "cover_start": cover_start,
        "cover_end": cover_end,
        "event": event,
        "start_method": rule.start,
        "end_method": rule.end,
        "newborn_method": rule.newborn,
        "same_month_method": rule.same_month,
        "start_wash_day": rule.start_wash_day,
        "end_wash_day": rule.end_wash_day,
    }
    if cover_start is None:
        return Calculation(None, explain(NAME, VERSION, inputs), ("cover_start",))
    fraction = month_fraction(month, cover_start, cover_end or FOREVER, rule, event)
    amount, told = rounded_step("premium of the month", monthly_minor * fraction, rounding, currency)
    label = f"part of {month} ({rule.start.value} start, {rule.end.value} end)"
    steps = (Step(label=label, raw=f"{fraction}", value=exact(fraction)), told)
    return Calculation(Proration(fraction=fraction, amount_minor=amount), explain(NAME, VERSION, inputs, steps))


def prorate_term(
    *,
    annual: Sequence[AnnualPremium],
    year_days: int = 365,
    rounding: Rounding = Rounding.HALF_UP,
    currency: str = "USD",
) -> Calculation[Proration]:
    """The premium of a one-year term whose yearly premium changes midway, each day at the rate in force (P15).

    Raises:
        DataError: the changes are out of order, or one lies outside the term.
    """
    inputs = {"annual": annual, "year_days": year_days}
    first = annual[0].from_day
    end = first + timedelta(days=year_days)
    days = [one.from_day for one in annual]
    if any(later <= earlier for earlier, later in pairwise(days)) or days[-1] >= end:
        raise DataError(
            "the yearly premiums are not in the order of their days within one term",
            where=NAME,
            mend=f"List them by from_day, from {first} to the day before {end}",
        )
    total, steps, after = Fraction(0), [], []
    for one, later in pairwise([*annual, None]):
        assert one is not None
        as_it_stood = total + Fraction(one.annual_minor * (end - one.from_day).days, year_days)
        amount, told = rounded_step(f"year's premium from {one.from_day} on", as_it_stood, rounding, currency)
        after.append(amount)
        steps.append(told)
        if later is not None:
            total += Fraction(one.annual_minor * (later.from_day - one.from_day).days, year_days)
    result = Proration(fraction=Fraction(1), amount_minor=after[-1], after_each_minor=tuple(after))
    return Calculation(result, explain(NAME, VERSION, inputs, tuple(steps)))


@calculator(
    NAME,
    "What a month begun or ended midway costs, or a year whose premium changes midway.",
    ProrationInput,
    Proration,
    VERSION,
    example={"monthly_minor": 61250, "month": "2026-04", "cover_start": "2026-04-17", "start_method": "daily"},
)
def compute(given: ProrationInput) -> Calculation[Proration]:
    """Run on validated input.

    Raises:
        DataError, ConfigError: the changes of a term are out of order, or no year has so many days.
    """
    rule = ProrationRule(
        given.start_method,
        given.end_method,
        given.start_wash_day,
        given.end_wash_day,
        given.newborn_method,
        given.same_month_method,
        given.year_days,
    )
    if given.annual:
        return prorate_term(
            annual=given.annual, year_days=given.year_days, rounding=given.rounding, currency=given.currency
        )
    needs = tuple(name for name in ("monthly_minor", "month") if getattr(given, name) is None)
    if given.monthly_minor is None or given.month is None:
        return Calculation(None, explain(NAME, VERSION, {}), needs)
    return prorate(
        monthly_minor=given.monthly_minor,
        month=given.month,
        cover_start=given.cover_start,
        cover_end=given.cover_end,
        rule=rule,
        event=given.event,
        rounding=given.rounding,
        currency=given.currency,
    )
