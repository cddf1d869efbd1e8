"""Leave earned in one period, in exact fractions of an hour.

A rate such as 1/30 is never stored rounded (worked case L03). The ledger books whole hundredths: each period
books the rounded running total less what was booked before, so the year's bookings sum to the entitlement.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.errors import ConfigError
from benehub.money import Rounding, round_to_int
from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Positive, Rate, RuleModel, exact, explain
from benehub.rules.registry import calculator

NAME = "leave.accrual"
VERSION = "1"
ZERO = Fraction(0)


class AccrualMethod(StrEnum):
    """PER_HOUR: a rate on hours worked. PER_PAY and MONTHLY: an even part of the year's hours."""

    PER_HOUR = "per_hour"
    PER_PAY = "per_pay"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class AccrualRule:
    """A leave policy's accrual. Hours are hundredths where the name ends in `_minor`.

    Raises:
        ConfigError: the field its method reads is not positive.
    """

    method: AccrualMethod
    rate: Fraction = ZERO
    """Hours earned per hour worked, exact (PER_HOUR)."""
    annual_hours_minor: int = 0
    """The year's entitlement (PER_PAY, MONTHLY)."""
    pays_per_year: int = 0
    """Pay dates of this very year (PER_PAY): 26 or 27, not an average."""
    cap_minor: int | None = None
    """Balance at which accrual stops; it goes on after use, without catching up."""
    year_cap_minor: int | None = None
    """Most that is earned in a year."""

    def __post_init__(self) -> None:
        read = {
            AccrualMethod.PER_HOUR: ("rate", self.rate > 0),
            AccrualMethod.PER_PAY: ("pays_per_year", self.pays_per_year > 0),
            AccrualMethod.MONTHLY: ("annual_hours_minor", self.annual_hours_minor > 0),
        }
        name, good = read[self.method]
        if not good:
            raise ConfigError(
                f"accrual {self.method.value} without {name}",
                where=f"leave accrual: {name}",
                mend="Give a value above 0",
            )


class AccrualInput(RuleModel):
    """One period of one employee's policy. Exact hours are text such as "1/30" or "12.5"."""

    method: AccrualMethod
    rate: Annotated[Rate, Field(ge=0)] = ZERO
    annual_hours_minor: Positive = 0
    pays_per_year: Annotated[int, Field(strict=True, ge=0, le=366)] = 0
    cap_minor: Positive | None = None
    year_cap_minor: Positive | None = None
    hours_worked_minor: Positive | None = None
    """Hours worked in the period, in hundredths (per_hour)."""
    balance_hours: Rate = ZERO
    """Balance before the period, exact."""
    accrued_hours: Annotated[Rate, Field(ge=0)] = ZERO
    """Earned earlier in the leave year, exact."""


class Accrual(RuleModel):
    """What the period earns."""

    accrued_hours: Rate
    """Exact hours of this period."""
    year_hours: Rate
    """Exact hours of the leave year so far."""
    balance_hours: Rate
    """Exact balance after the period."""
    posted_minor: int
    """Hundredths of an hour to book now; all bookings of the year sum to the rounded year."""
    capped: bool


def accrue(
    *,
    rule: AccrualRule,
    hours_worked_minor: int | None = None,
    balance_hours: Fraction = ZERO,
    accrued_hours: Fraction = ZERO,
) -> Calculation[Accrual]:
    """The hours of one period under `rule`, cut by the caps."""
    inputs = {
        "method": rule.method,
        "rate": rule.rate,
        "annual_hours_minor": rule.annual_hours_minor,
        "pays_per_year": rule.pays_per_year,
        "cap_minor": rule.cap_minor,
        "year_cap_minor": rule.year_cap_minor,
        "hours_worked_minor": hours_worked_minor,
        "balance_hours": balance_hours,
        "accrued_hours": accrued_hours,
    }
    if rule.method is AccrualMethod.PER_HOUR:
        if hours_worked_minor is None:
            return Calculation(None, explain(NAME, VERSION, inputs), ("hours_worked_minor",))
        earned = rule.rate * hours_worked_minor / 100
    else:
        periods = rule.pays_per_year if rule.method is AccrualMethod.PER_PAY else 12
        earned = Fraction(rule.annual_hours_minor, 100 * periods)
    kept = min(earned, _room(rule.cap_minor, balance_hours), _room(rule.year_cap_minor, accrued_hours))
    year = accrued_hours + kept
    posted = _hundredths(year) - _hundredths(accrued_hours)
    result = Accrual(
        accrued_hours=kept,
        year_hours=year,
        balance_hours=balance_hours + kept,
        posted_minor=posted,
        capped=kept < earned,
    )
    steps = (
        Step(label=f"earned, {rule.method.value}", raw=exact(earned), value=exact(earned)),
        Step(label="kept under the caps", raw=exact(earned), value=exact(kept)),
        Step(label="hundredths to book (half_up, running)", raw=exact(kept * 100), value=str(posted)),
    )
    return Calculation(result, explain(NAME, VERSION, inputs, steps))


def _room(cap_minor: int | None, used: Fraction) -> Fraction:
    return Fraction(10**9) if cap_minor is None else max(ZERO, Fraction(cap_minor, 100) - used)


def _hundredths(hours: Fraction) -> int:
    return round_to_int(hours * 100, Rounding.HALF_UP)


@calculator(NAME, "Leave earned in one period.", AccrualInput, Accrual, VERSION)
def compute(given: AccrualInput) -> Calculation[Accrual]:
    """Run on validated input.

    Raises:
        ConfigError: the policy lacks what its method reads.
    """
    rule = AccrualRule(
        method=given.method,
        rate=given.rate,
        annual_hours_minor=given.annual_hours_minor,
        pays_per_year=given.pays_per_year,
        cap_minor=given.cap_minor,
        year_cap_minor=given.year_cap_minor,
    )
    return accrue(
        rule=rule,
        hours_worked_minor=given.hours_worked_minor,
        balance_hours=given.balance_hours,
        accrued_hours=given.accrued_hours,
    )
