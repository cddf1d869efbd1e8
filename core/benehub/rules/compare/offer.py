"""An offer: a design, what it costs by tier, who pays which part, and what the employer adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated

from pydantic import Field, model_validator

from benehub.money import Rounding, round_to_int
from benehub.records.election import Tier
from benehub.rules.base import Positive, Rate, RuleModel
from benehub.rules.compare.curve import ZERO, Curve, constant
from benehub.rules.compare.design import PlanDesign
from benehub.rules.compare.member_cost import lacking, member_curve
from benehub.rules.compare.value import ClaimLevel

MONTHS = 12
Change = Annotated[Rate, Field(gt=-1, le=5)]
"""A yearly change: "6%" more, "-2%" less."""


class SelfFunding(RuleModel):
    """The employer pays the claims itself: premiums are then only what contributions are counted from."""

    stop_loss_minor: Positive
    """Stop-loss premium, minor units a month and enrolled employee."""
    admin_minor: Positive
    """Administration, minor units a month and enrolled employee."""
    attachment_minor: Positive | None = None
    """Plan-paid claims of one person in a year above which stop loss reimburses, minor units; left out: never."""
    trend: Change = ZERO
    """How claims grow from the population's year to the plan year."""


class Offer(RuleModel):
    """One plan as it is offered. Money is minor units; amounts by tier that are left out are zero."""

    id: Annotated[str, Field(min_length=1, max_length=60)]
    """The plan's id."""
    name: str = ""
    """For people; the id when left out."""
    design: PlanDesign
    """What it promises."""
    premiums_minor: Annotated[dict[Tier, Positive], Field(min_length=1)]
    """Full-month premium (or premium equivalent) by coverage tier, minor units."""
    employee_minor: dict[Tier, Positive]
    """The employee's part of it a month, minor units; every tier with a premium has one."""
    hsa_minor: dict[Tier, Positive] = Field(default_factory=dict)
    """What the employer puts into an HSA a year, by tier, minor units; the employee keeps it."""
    hra_minor: dict[Tier, Positive] = Field(default_factory=dict)
    """What an HRA reimburses of out-of-pocket cost a year at most, by tier, minor units."""
    fees_minor: Positive = 0
    """Fees of the employer, minor units a month and enrolled employee."""
    taxes_minor: Positive = 0
    """Taxes and assessments of the employer, minor units a year and enrolled employee."""
    renewal: Change = ZERO
    """Change of premiums and contributions from the amounts given to the plan year."""
    self_funding: SelfFunding | None = None
    """Left out: fully insured."""

    @model_validator(mode="after")
    def _tiers_fit(self) -> Offer:
        if missing := sorted(tier.value for tier in self.premiums_minor.keys() ^ self.employee_minor.keys()):
            raise ValueError(f"premiums_minor and employee_minor differ in tier {', '.join(missing)}; give both")
        for tier, premium in self.premiums_minor.items():
            if self.employee_minor[tier] > premium:
                raise ValueError(f"employee_minor of tier {tier.value} is above the premium; mend one of them")
        return self

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or self.id

    def contribution_minor(self, tier: Tier) -> int:
        """The employee's contribution of the plan year."""
        return round_to_int(MONTHS * self.employee_minor[tier] * (1 + self.renewal), Rounding.HALF_UP)

    def premium_minor(self, tier: Tier) -> int:
        """The premium of the plan year."""
        return round_to_int(MONTHS * self.premiums_minor[tier] * (1 + self.renewal), Rounding.HALF_UP)

    def account_minor(self, tier: Tier) -> int:
        """What the employer commits to accounts a year; an HRA in full, as the most that it can cost."""
        return self.hsa_minor.get(tier, 0) + self.hra_minor.get(tier, 0)


def lacking_of(offer: Offer, persons: int, shared: bool = True) -> tuple[str, ...]:
    """What is missing to know the cost of so many persons, by its place in the offer.

    `shared` says that plans of this kind share the cost of care: one that states no deductible is then unknown,
    not free. Plans of which none does (disability) lack nothing.
    """
    if not shared:
        return ()
    return tuple(f"{offer.id}.design.{name}" for name in lacking(offer.design, persons))


def own_cost(offer: Offer, tier: Tier, shares: Sequence[Fraction]) -> Curve:
    """Out-of-pocket cost less an HRA, by total charges. Check `lacking_of` first."""
    curve = member_curve(offer.design, shares)
    hra = offer.hra_minor.get(tier, 0)
    return (curve + constant(-hra)).most(constant(0)) if hra else curve


def total_cost(offer: Offer, tier: Tier, shares: Sequence[Fraction]) -> Curve:
    """The employee's year by total charges: contribution, plus out-of-pocket cost, less the employer's accounts."""
    fixed = offer.contribution_minor(tier) - offer.hsa_minor.get(tier, 0)
    return own_cost(offer, tier, shares) + constant(fixed)


def employer_cost(
    offer: Offer,
    enrolled: Mapping[Tier, Fraction],
    persons: Mapping[Tier, int],
    population: Sequence[ClaimLevel],
    payroll_tax: Fraction,
) -> dict[str, Fraction]:
    """The employer's year by component, raw minor units.

    `payroll_tax` is what the employer saves of taxes on contributions that are taken before tax.
    """
    heads = sum(enrolled.values(), ZERO)
    premium = sum((count * offer.premium_minor(tier) for tier, count in enrolled.items()), ZERO)
    employee = sum((count * offer.contribution_minor(tier) for tier, count in enrolled.items()), ZERO)
    accounts = sum((count * offer.account_minor(tier) for tier, count in enrolled.items()), ZERO)
    parts = {
        "accounts (HSA, HRA)": accounts,
        "fees": heads * MONTHS * offer.fees_minor,
        "taxes": heads * offer.taxes_minor - employee * payroll_tax,
    }
    funding = offer.self_funding
    if funding is None:
        return {"premiums less employee contributions": premium - employee, **parts}
    people = sum((count * persons[tier] for tier, count in enrolled.items()), ZERO)
    return {
        "expected claims": people * claims_per_person(offer.design, funding, population),
        "stop loss": heads * MONTHS * funding.stop_loss_minor,
        "administration": heads * MONTHS * funding.admin_minor,
        "employee contributions": -employee,
        **parts,
    }


def claims_per_person(design: PlanDesign, funding: SelfFunding, population: Sequence[ClaimLevel]) -> Fraction:
    """Plan-paid claims of one person in the plan year, after stop loss; raw minor units."""
    weight = sum((level.weight for level in population), ZERO)
    curve, total = member_curve(design), ZERO
    for level in population:
        charges = level.charges_minor * (1 + funding.trend)
        paid = charges - curve.at(charges)
        kept = paid if funding.attachment_minor is None else min(paid, Fraction(funding.attachment_minor))
        total += level.weight * kept
    return total / weight
