"""Rounding to a step: an insurer rounds volumes to the next 1,000, benefits to the nearest 10, premiums to a cent.

Carriers differ, so every step of a calculation takes a rounding of its own.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.money import Rounding, round_to_int
from benehub.records.explanation import Step
from benehub.rules.base import RuleModel, money_step


class StepRounding(RuleModel):
    """To which multiple a raw amount is rounded, and in which direction."""

    step_minor: Annotated[int, Field(strict=True, ge=1)] = 1
    """The amount is made a multiple of this many minor units: 1 is a cent, 100000 is 1,000.00."""
    mode: Rounding = Rounding.HALF_UP
    """half_up: nearest, halves away from zero. half_even: nearest, halves to the even multiple. down: truncate. up:
    next multiple.
    """

    def apply(self, raw: Fraction | int) -> int:
        """The rounded amount in minor units."""
        return self.step_minor * round_to_int(Fraction(raw) / self.step_minor, self.mode)

    def told(self, label: str, raw: Fraction | int, currency: str = "USD") -> tuple[int, Step]:
        """The rounded amount and its step, which names mode and multiple."""
        amount = self.apply(raw)
        to = "" if self.step_minor == 1 else f" to {self.step_minor} minor units"
        return amount, money_step(f"{label} ({self.mode.value}{to})", raw, amount, currency)


CENT = StepRounding()
"""To the minor unit, half up."""
