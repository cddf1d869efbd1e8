"""Which part of a month's premium is due when cover begins or ends within the month.

Start and end have rules of their own: a plan may charge a full first month and no last one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.errors import ConfigError
from benehub.money import Rounding
from benehub.periods import FOREVER, Month
from benehub.records.explanation import Step
from benehub.rules.base import (
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
VERSION = "1"


class ProrationMethod(StrEnum):
    """What a partial month costs.

    FULL_MONTH: all of it. NONE_FIRST_MONTH: nothing (for an end: nothing for the last month). WASH: with
    start on or before the wash day all, after it nothing; an end on or before it nothing, after it all.
    DAILY: covered days over days in the month.
    """

    FULL_MONTH = "full_month"
    NONE_FIRST_MONTH = "none_first_month"
    WASH = "wash"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class ProrationRule:
    """How a plan treats the first and the last month; the wash days matter for WASH only."""

    start: ProrationMethod = ProrationMethod.FULL_MONTH
    end: ProrationMethod = ProrationMethod.FULL_MONTH
    start_wash_day: int = 15
    end_wash_day: int = 15

    def __post_init__(self) -> None:
        if not (1 <= self.start_wash_day <= 31 and 1 <= self.end_wash_day <= 31):
            raise ConfigError("a wash day is no day of a month", where="proration", mend="Use 1 to 31")


WashDay = Annotated[int, Field(strict=True, ge=1, le=31)]


class ProrationInput(RuleModel):
    """A full month's premium, the month, and the days of cover."""

    monthly_minor: Positive
    month: MonthText
    cover_start: Day | None = None
    cover_end: Day | None = None
    """First day without cover; empty while it runs on."""
    start_method: ProrationMethod = ProrationMethod.FULL_MONTH
    end_method: ProrationMethod = ProrationMethod.FULL_MONTH
    start_wash_day: WashDay = 15
    end_wash_day: WashDay = 15
    rounding: Rounding = Rounding.HALF_UP
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"


class Proration(RuleModel):
    """The part of the month that is charged, and the amount."""

    fraction: Rate
    amount_minor: int


def month_fraction(month: Month, cover_start: date, cover_end: date, rule: ProrationRule) -> Fraction:
    """The charged part of `month` for cover on `[cover_start, cover_end)`, from 0 to 1."""
    first, end = month.first, month.end
    if cover_start >= end or cover_end <= first or cover_end <= cover_start:
        return Fraction(0)
    lost = 0
    if cover_start > first:
        match rule.start:
            case ProrationMethod.NONE_FIRST_MONTH:
                return Fraction(0)
            case ProrationMethod.WASH if cover_start.day > rule.start_wash_day:
                return Fraction(0)
            case ProrationMethod.DAILY:
                lost += (cover_start - first).days
    if cover_end < end:
        last = cover_end - timedelta(days=1)
        match rule.end:
            case ProrationMethod.NONE_FIRST_MONTH:
                return Fraction(0)
            case ProrationMethod.WASH if last.day <= rule.end_wash_day:
                return Fraction(0)
            case ProrationMethod.DAILY:
                lost += (end - cover_end).days
    days = month.days
    return Fraction(days - lost, days)


def prorate(
    *,
    monthly_minor: int,
    month: Month,
    cover_start: date | None,
    cover_end: date | None = None,
    rule: ProrationRule,
    rounding: Rounding = Rounding.HALF_UP,
    currency: str = "USD",
) -> Calculation[Proration]:
    """The premium due for `month`, rounded once; without the first day of cover the answer needs it."""
    inputs = {
        "monthly_minor": monthly_minor,
        "month": month,
        "cover_start": cover_start,
        "cover_end": cover_end,
        "start_method": rule.start,
        "end_method": rule.end,
        "start_wash_day": rule.start_wash_day,
        "end_wash_day": rule.end_wash_day,
    }
    if cover_start is None:
        return Calculation(None, explain(NAME, VERSION, inputs), ("cover_start",))
    fraction = month_fraction(month, cover_start, cover_end or FOREVER, rule)
    amount, told = rounded_step("premium of the month", monthly_minor * fraction, rounding, currency)
    label = f"part of {month} ({rule.start.value} start, {rule.end.value} end)"
    steps = (Step(label=label, raw=f"{fraction}", value=exact(fraction)), told)
    return Calculation(Proration(fraction=fraction, amount_minor=amount), explain(NAME, VERSION, inputs, steps))


@calculator(NAME, "What a month begun or ended midway costs.", ProrationInput, Proration, VERSION)
def compute(given: ProrationInput) -> Calculation[Proration]:
    """Run on validated input."""
    return prorate(
        monthly_minor=given.monthly_minor,
        month=given.month,
        cover_start=given.cover_start,
        cover_end=given.cover_end,
        rule=ProrationRule(given.start_method, given.end_method, given.start_wash_day, given.end_wash_day),
        rounding=given.rounding,
        currency=given.currency,
    )
