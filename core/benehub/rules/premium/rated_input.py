"""What every premium calculator is told of a rate table: which rows to look in, and what is done to the rate found."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from benehub.periods import Month
from benehub.rules.base import MonthText, RuleModel
from benehub.rules.premium.factors import Factor
from benehub.rules.premium.rates import RateKey, RateRow
from benehub.rules.premium.rounding import CENT, StepRounding


class RatedInput(RuleModel):
    """A table of rates, what is known of the row wanted, and the way from its rate to a premium."""

    rates: tuple[RateRow, ...] = ()
    """Rate rows with a key of more parts: dates, ages, volume, region, tobacco."""
    plan: str = ""
    """The plan looked up in `rates`."""
    version: str = ""
    """The version of the table looked up in `rates`."""
    region: str | None = None
    """The rating region, where rates differ by it."""
    wellness: bool | None = None
    """Whether the wellness program was completed, where factors differ by it."""
    factors: tuple[Factor, ...] = ()
    """Factors and adders on the rate or premium, in their order."""
    rounding: StepRounding = CENT
    """How a month's premium (by age: each person's) is rounded after factors."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    """ISO currency of all amounts."""

    def key(self, month: Month | None = None, tobacco: bool | None = None) -> RateKey:
        """What is known of the row wanted."""
        return RateKey(month, self.plan or None, self.version or None, region=self.region, tobacco=tobacco)


class MonthRatedInput(RatedInput):
    """As RatedInput, where one month and one person's tobacco use decide the row."""

    month: MonthText | None = None
    """The coverage month, as YYYY-MM; its first day decides which rows of `rates` hold."""
    tobacco: bool | None = None
    """Whether the person uses tobacco, where rates or factors differ by it."""
