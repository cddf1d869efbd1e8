"""Actuarial value: the part of one fixed population's charges that a plan pays (worked case C03).

The same population for every plan, or the numbers cannot be compared. An estimate, no actuarial certification.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Positive, Rate, RuleModel, exact, explain
from benehub.rules.compare.design import PlanDesign
from benehub.rules.compare.member_cost import lacking, member_curve
from benehub.rules.registry import calculator

NAME = "compare.value"
VERSION = "1"
CITATION = "HHS ASPE, Actuarial Value and Employer-Sponsored Insurance; 45 CFR 156.145 (minimum value)"
MINIMUM_VALUE = Fraction(60, 100)
"""26 U.S.C. 36B(c)(2)(C)(ii): a part of the statute itself, not a yearly figure."""


class ClaimLevel(RuleModel):
    """So many people with so many charges in a year."""

    charges_minor: Positive
    """Allowed charges of one person in a year, minor units."""
    weight: Annotated[Rate, Field(ge=0)]
    """How many people, or which part of them."""


Population = Annotated[tuple[ClaimLevel, ...], Field(max_length=100_000)]


class ValueInput(RuleModel):
    """A design and the population."""

    design: PlanDesign
    """The plan's attributes; needs deductible, coinsurance and out-of-pocket maximum."""
    population: Population
    """Claims of the tenant, or a continuance table; the same for every plan."""


class Value(RuleModel):
    """What the plan pays of all charges."""

    actuarial_value: Rate
    """Exact, from 0 to 1."""
    percent: str
    """The same, rounded half up to a tenth of a percent."""
    minimum_value: bool
    """Whether it reaches 60 %."""


def actuarial_value(design: PlanDesign, population: Sequence[ClaimLevel]) -> Fraction | None:
    """Plan-paid over charges; None where nobody has charges. Check `lacking` first."""
    charged = sum((level.weight * level.charges_minor for level in population), Fraction(0))
    if not charged:
        return None
    curve = member_curve(design)
    paid = sum((level.weight * curve.at(level.charges_minor) for level in population), Fraction(0))
    return 1 - paid / charged


def percent(value: Fraction) -> str:
    """A rate as text with one decimal."""
    tenths = (value * 2000 + 1) // 2
    return f"{'-' if tenths < 0 else ''}{abs(tenths) // 10}.{abs(tenths) % 10}%"


@calculator(
    NAME,
    "The part of a fixed population's charges that a plan pays (actuarial value).",
    ValueInput,
    Value,
    VERSION,
    example={
        "design": {"deductible_minor": 150_000, "coinsurance": "20%", "out_of_pocket_max_minor": 500_000},
        "population": [
            {"charges_minor": 0, "weight": "15%"},
            {"charges_minor": 120_000, "weight": "50%"},
            {"charges_minor": 900_000, "weight": "30%"},
            {"charges_minor": 6_000_000, "weight": "5%"},
        ],
    },
)
def compute(given: ValueInput) -> Calculation[Value]:
    """Run on validated input."""
    inputs = given.model_dump(mode="json", exclude_none=True)
    needs = tuple(f"design.{name}" for name in lacking(given.design, 1))
    value = None if needs else actuarial_value(given.design, given.population)
    if value is None:
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), needs or ("population",))
    step = Step(label="plan-paid over charges", raw=exact(value), value=percent(value))
    result = Value(actuarial_value=value, percent=percent(value), minimum_value=value >= MINIMUM_VALUE)
    return Calculation(result, explain(NAME, VERSION, inputs, (step,), citation=CITATION))
