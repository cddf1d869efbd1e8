"""How a plan makes a volume of insurance out of pay, and what a unit of it is called."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Self

from pydantic import Field, model_validator

from benehub.rules.base import Positive, Rate, RuleModel
from benehub.rules.premium.rates import Age
from benehub.rules.premium.rounding import CENT, StepRounding

PERIODS_A_YEAR = {"year": 1, "semimonth": 24, "month": 12, "biweek": 26, "week": 52}
"""Pay periods in a year, to turn pay of one period into that of another."""


class PayPer(StrEnum):
    """Of which period an amount of pay is: year, semimonth (24 a year), month, biweek (26) or week (52)."""

    YEAR = "year"
    SEMIMONTH = "semimonth"
    MONTH = "month"
    BIWEEK = "biweek"
    WEEK = "week"

    def scaled(self, amount: Fraction | int, to: PayPer) -> Fraction:
        """An amount of this period as an amount of another, exact."""
        return Fraction(amount) * PERIODS_A_YEAR[self.value] / PERIODS_A_YEAR[to.value]


class RateUnit(StrEnum):
    """What one rate is for.

    PER_1000 of volume (life, AD&D), PER_10 of weekly benefit (short-term disability), PER_100 of covered monthly
    payroll (long-term disability): the rate is in currency a month. PERCENT: the rate is a part of the volume
    itself, so "5%" of pay. FLAT: the rate is an amount an employee and month, whatever the volume.
    """

    PER_1000 = "per_1000"
    PER_100 = "per_100"
    PER_10 = "per_10"
    PERCENT = "percent"
    FLAT = "flat"


UNITS = {RateUnit.PER_1000: 1000, RateUnit.PER_100: 100, RateUnit.PER_10: 10, RateUnit.PERCENT: 1}
"""Units of currency in one unit of volume."""


class ReduceOf(StrEnum):
    """Of what an age reduction is a part: the original amount, or the amount in force after the one before."""

    ORIGINAL = "original"
    CURRENT = "current"


class Reduction(RuleModel):
    """From an age on, only a part of the amount."""

    age: Age
    """Age in completed years from which it holds."""
    percent: Annotated[Rate, Field(ge=0, le=1)]
    """The part that is left, such as "65%"."""


class VolumeRule(RuleModel):
    """The pipeline from pay to volume; every step has a rounding of its own."""

    basis: PayPer = PayPer.YEAR
    """The period of the basis pay: year (life), month (long-term disability), week (short-term disability)."""
    multiple: Annotated[Rate, Field(ge=0)] = Fraction(1)
    """The basis pay is multiplied by this: "2" for twice the salary, "60%" of weekly pay."""
    round: StepRounding = CENT
    """How the multiplied pay, or the amount elected, is rounded; life is often rounded up to the next 1,000
    (step_minor 100000, mode up).
    """
    reductions: Annotated[tuple[Reduction, ...], Field(max_length=20)] = ()
    """Reductions by age, such as 65% at 65 and 50% at 70."""
    reduce: ReduceOf = ReduceOf.ORIGINAL
    """Of what a reduction is a part: original amount, or current amount (after the reduction before, rounded)."""
    round_again: StepRounding | None = None
    """How the reduced amount is rounded; empty: as before the reduction."""
    min_minor: Positive | None = None
    """The plan's smallest volume in minor units; after reductions."""
    max_minor: Positive | None = None
    """The plan's largest volume in minor units; after reductions. For long-term disability the covered payroll's cap.
    """
    guarantee_issue_minor: Positive | None = None
    """Volume granted without evidence of insurability; empty: all of it."""
    unit: RateUnit = RateUnit.PER_1000
    """What one rate is for: per_1000, per_100, per_10, percent (of the volume) or flat (an employee and month)."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ages = [one.age for one in self.reductions]
        if len(set(ages)) < len(ages):
            raise ValueError("two reductions at one age: keep one of them")
        if self.min_minor is not None and self.max_minor is not None and self.max_minor < self.min_minor:
            raise ValueError("max_minor is below min_minor: swap or mend them")
        return self
