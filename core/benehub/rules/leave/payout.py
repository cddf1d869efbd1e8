"""What leave is worth when it is paid out, and how far that is from what was accrued for it."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.money import Rounding
from benehub.rules.base import Calculation, Minor, Positive, RuleModel, explain, money_step, rounded_step
from benehub.rules.registry import calculator

NAME = "leave.payout"
VERSION = "1"


class PayoutInput(RuleModel):
    """Hours to pay out, and the rate of pay on that day."""

    hours_minor: Minor | None = None
    """Hundredths of an hour; negative hours are recovered."""
    rate_minor: Positive | None = None
    """Pay per hour."""
    accrued_value_minor: Minor | None = None
    """What stands in the books for these hours; empty where leave is kept in hours only."""
    rounding: Rounding = Rounding.HALF_UP
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"


class Payout(RuleModel):
    """The gross amount, and the difference that is expense of the year of payment."""

    gross_minor: int
    difference_minor: int


def payout(
    *,
    hours_minor: int | None,
    rate_minor: int | None,
    accrued_value_minor: int | None = None,
    rounding: Rounding = Rounding.HALF_UP,
    currency: str = "USD",
) -> Calculation[Payout]:
    """Hours times the current rate, rounded once; without an accrued value the difference is 0."""
    inputs = {
        "hours_minor": hours_minor,
        "rate_minor": rate_minor,
        "accrued_value_minor": accrued_value_minor,
    }
    given = {"hours_minor": hours_minor, "rate_minor": rate_minor}
    if hours_minor is None or rate_minor is None:
        needs = tuple(name for name, value in given.items() if value is None)
        return Calculation(None, explain(NAME, VERSION, inputs), needs)
    gross, told = rounded_step("hours x rate", Fraction(hours_minor * rate_minor, 100), rounding, currency)
    difference = 0 if accrued_value_minor is None else gross - accrued_value_minor
    steps = (told, money_step("gross less accrued", difference, difference, currency))
    result = Payout(gross_minor=gross, difference_minor=difference)
    return Calculation(result, explain(NAME, VERSION, inputs, steps))


@calculator(NAME, "What leave is worth when paid out.", PayoutInput, Payout, VERSION)
def compute(given: PayoutInput) -> Calculation[Payout]:
    """Run on validated input."""
    return payout(
        hours_minor=given.hours_minor,
        rate_minor=given.rate_minor,
        accrued_value_minor=given.accrued_value_minor,
        rounding=given.rounding,
        currency=given.currency,
    )
