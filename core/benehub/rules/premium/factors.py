"""Factors and adders on a rated premium: tobacco, wellness, and what else a carrier's rate sheet multiplies or adds."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction

from pydantic import Field

from benehub.records.explanation import Step
from benehub.rules.base import Minor, Rate, RuleModel, exact


class FactorFor(StrEnum):
    """Whom a factor is for.

    EVERYBODY. TOBACCO and NO_TOBACCO: by the person's use. WELLNESS and NO_WELLNESS: by the program completed.
    """

    EVERYBODY = "everybody"
    TOBACCO = "tobacco"
    NO_TOBACCO = "no_tobacco"
    WELLNESS = "wellness"
    NO_WELLNESS = "no_wellness"


class Factor(RuleModel):
    """One factor: the premium so far is multiplied, then the amount is added."""

    name: str = Field(min_length=1)
    """What it is called in the explanation."""
    applies_to: FactorFor = FactorFor.EVERYBODY
    """everybody, tobacco, no_tobacco (by tobacco use), wellness, no_wellness (by the program completed)."""
    multiply: Rate = Fraction(1)
    """The premium so far is multiplied by this; 1 leaves it."""
    add_minor: Minor = 0
    """Then this is added, in minor units a month; below 0 it is a discount."""


def apply_factors(
    raw: Fraction, factors: Sequence[Factor], *, tobacco: bool | None, wellness: bool | None
) -> tuple[Fraction, tuple[Step, ...]] | str:
    """The raw premium after all factors in their order, never below zero; or the name of what must be known."""
    steps = []
    found = factors_for(factors, tobacco=tobacco, wellness=wellness)
    if isinstance(found, str):
        return found
    for one in found:
        raw = max(Fraction(0), raw * one.multiply + one.add_minor)
        said = f"x {exact(one.multiply)}" + (f" + {one.add_minor} minor units" if one.add_minor else "")
        steps.append(Step(label=f"factor {one.name}", raw=said, value=exact(raw)))
    return raw, tuple(steps)


def factors_for(factors: Sequence[Factor], *, tobacco: bool | None, wellness: bool | None) -> tuple[Factor, ...] | str:
    """Those of the factors that are for this person; or the name of what must be known."""
    found = []
    for one in factors:
        holds = _holds(one.applies_to, tobacco, wellness)
        if isinstance(holds, str):
            return holds
        if holds:
            found.append(one)
    return tuple(found)


def _holds(who: FactorFor, tobacco: bool | None, wellness: bool | None) -> bool | str:
    if who is FactorFor.EVERYBODY:
        return True
    name, known = ("tobacco", tobacco) if "tobacco" in who.value else ("wellness", wellness)
    if known is None:
        return name
    return known is not who.value.startswith("no_")
