"""What a member or a family pays of a year's charges, as an exact function of them (worked cases C01, C02)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, NamedTuple

from pydantic import Field, model_validator

from benehub.money import Rounding
from benehub.rules.base import Calculation, Positive, Rate, RuleModel, explain, rounded_step
from benehub.rules.compare.curve import ZERO, Curve, constant, line
from benehub.rules.compare.design import FamilyRule, Part, PlanDesign
from benehub.rules.registry import calculator

NAME = "compare.member_cost"
VERSION = "1"
ONE_PERSON = (Fraction(1),)


class MemberCostInput(RuleModel):
    """A design, and the charges to answer for."""

    design: PlanDesign
    """The plan's attributes; needs deductible, coinsurance and out-of-pocket maximum."""
    charges_minor: Annotated[tuple[Positive, ...], Field(min_length=1, max_length=10_000)]
    """Allowed charges of a year, minor units; of all persons together."""
    shares: Annotated[tuple[Part, ...], Field(min_length=1, max_length=20)] = ONE_PERSON
    """How the charges divide among the covered persons, in the order of their claims; sums to 1."""
    copays_minor: Positive = 0
    """Copays of the year, minor units, paid above the deductible."""
    rounding: Rounding = Rounding.HALF_UP
    """How the cost becomes minor units."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    """ISO code; for the steps' decimals only."""

    @model_validator(mode="after")
    def _whole(self) -> MemberCostInput:
        if sum(self.shares) != 1:
            raise ValueError("shares do not sum to 1; mend them")
        return self


class Kink(RuleModel):
    """A corner of the cost function: charges, and what the member pays there, both exact minor units."""

    charges_minor: Rate
    member_minor: Rate


class MemberCost(RuleModel):
    """The cost at each of the charges asked for, and where the function bends."""

    member_minor: tuple[int, ...]
    kinks: tuple[Kink, ...]
    maximum_reached: Rate | None
    """The charges (exact minor units) from which on nothing more is paid; None if the cost rises for ever."""


def lacking(design: PlanDesign, persons: int) -> tuple[str, ...]:
    """Attributes without which the cost of so many persons cannot be known."""
    wanted = ["deductible_minor", "coinsurance"]
    if design.max_benefit_minor is None:
        wanted.append("out_of_pocket_max_minor")
    if persons > 1:
        wanted.append("family")
        if design.family is FamilyRule.AGGREGATE:
            wanted = [name for name in wanted if not name.startswith(("deductible", "out_of"))]
        wanted.append("family_deductible_minor")
        if design.max_benefit_minor is None:
            wanted.append("family_out_of_pocket_max_minor")
    return tuple(name for name in wanted if getattr(design, name) is None)


def shares_cost(design: PlanDesign) -> bool:
    """Whether the plan pays for care and leaves a part of it to the member (a disability plan does not)."""
    return design.deductible_minor is not None or design.coinsurance is not None


class Limits(NamedTuple):
    """What the cost of care depends on, in exact minor units; None is no limit."""

    deductible: int | None
    person_limit: int | None
    family_deductible: int | None
    maximum: int | None
    rate: Fraction
    max_benefit: int | None
    copays: int
    copays_count: bool


def member_curve(design: PlanDesign, shares: Sequence[Fraction] = ONE_PERSON, copays_minor: int = 0) -> Curve:
    """Cost by total charges, for persons who have `shares` of them in the order of their claims.

    A person's deductible stops counting at that person's own maximum: what the plan pays meets no deductible.
    Check `lacking` first.
    """
    family = len(shares) > 1
    own = not family or design.family is FamilyRule.EMBEDDED
    maximum = design.family_out_of_pocket_max_minor if family else design.out_of_pocket_max_minor
    limits = Limits(
        deductible=design.deductible_minor if own else None,
        person_limit=design.out_of_pocket_max_minor if own else design.person_in_family_max_minor,
        family_deductible=design.family_deductible_minor if family else None,
        maximum=maximum if design.max_benefit_minor is None else None,
        rate=design.coinsurance or ZERO,
        max_benefit=design.max_benefit_minor,
        copays=copays_minor,
        copays_count=design.copays_count,
    )
    return _curve(limits, tuple(shares))


@lru_cache(maxsize=4096)
def _curve(limits: Limits, shares: tuple[Fraction, ...]) -> Curve:
    left = constant(limits.family_deductible) if limits.family_deductible is not None else None
    total = constant(0)
    for share in shares:
        charges = line(share)
        counted = _capped(_capped(charges, limits.deductible), limits.person_limit)
        if left is not None:
            counted = counted.least(left)
            left = left + counted.times(-1)
        cost = _capped(charges.times(limits.rate) + counted.times(1 - limits.rate), limits.person_limit)
        if limits.max_benefit is not None:
            cost = cost.most(charges + constant(-limits.max_benefit))
        total = total + cost
    copays = constant(limits.copays)
    total = _capped(total + copays, limits.maximum) if limits.copays_count else _capped(total, limits.maximum) + copays
    # A member pays no copay that is more than what the care costs.
    return total.least(line(1))


def _capped(curve: Curve, limit: int | None) -> Curve:
    return curve if limit is None else curve.least(constant(limit))


@calculator(
    NAME,
    "What a member or family pays of a year's charges, and where the cost bends.",
    MemberCostInput,
    MemberCost,
    VERSION,
    example={
        "design": {"deductible_minor": 300_000, "coinsurance": "20%", "out_of_pocket_max_minor": 900_000},
        "charges_minor": [0, 200_000, 1_000_000, 5_000_000],
    },
)
def compute(given: MemberCostInput) -> Calculation[MemberCost]:
    """Run on validated input."""
    needs = lacking(given.design, len(given.shares))
    inputs = given.model_dump(mode="json", exclude_none=True)
    if needs:
        return Calculation(None, explain(NAME, VERSION, inputs), tuple(f"design.{name}" for name in needs))
    curve = member_curve(given.design, given.shares, given.copays_minor)
    told = [
        rounded_step(f"member's cost of {charges} minor units", curve.at(charges), given.rounding, given.currency)
        for charges in given.charges_minor
    ]
    result = MemberCost(
        member_minor=tuple(amount for amount, _ in told),
        kinks=tuple(Kink(charges_minor=x, member_minor=y) for x, y in curve.corners),
        maximum_reached=curve.corners[-1][0] if curve.slope == 0 else None,
    )
    return Calculation(result, explain(NAME, VERSION, inputs, tuple(step for _, step in told)))
