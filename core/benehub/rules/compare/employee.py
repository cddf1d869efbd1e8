"""What an employee's year costs under an offer: in a year without care, and in worse ones, tier by tier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.money import Rounding, round_to_int
from benehub.records.election import Tier
from benehub.rules.base import Positive, RuleModel
from benehub.rules.compare.design import Name
from benehub.rules.compare.member_cost import member_curve
from benehub.rules.compare.offer import Offer, lacking_of


class Scenario(RuleModel):
    """A year of care."""

    name: Name
    """Its name: none, low, medium, high, catastrophic."""
    charges_minor: Annotated[tuple[Positive, ...], Field(min_length=1, max_length=20)]
    """Allowed charges of each covered person, minor units; the employee first. A tier with more persons: zero."""


class EmployeeYear(RuleModel):
    """The year of an employee in a tier and scenario: contribution + out of pocket - accounts, minor units."""

    tier: Tier
    scenario: str
    contribution_minor: int
    out_of_pocket_minor: int
    accounts_minor: int
    """HSA in full; HRA up to the out-of-pocket cost."""
    total_minor: int


class Change(RuleModel):
    """How an employee's year changes from the incumbent to the candidate, and for how many."""

    tier: Tier
    scenario: str
    employees: int
    more_minor: int
    """Above zero the employee pays more."""


def years(
    offer: Offer,
    persons: Mapping[Tier, int],
    scenarios: Sequence[Scenario],
    claims: Fraction = Fraction(1),
    shared: bool = True,
) -> Iterator[EmployeeYear]:
    """Every tier of the offer in every scenario, those left out whose cost is not known; `claims` scales charges.

    Where care is not `shared`, the year costs the contribution alone.
    """
    for tier in offer.premiums_minor:
        if lacking_of(offer, persons[tier], shared):
            continue
        for scenario in scenarios:
            yield _year(offer, tier, persons[tier], scenario, claims if shared else Fraction(0))


def _year(offer: Offer, tier: Tier, count: int, scenario: Scenario, claims: Fraction) -> EmployeeYear:
    charges = (*scenario.charges_minor, *(0,) * count)[:count]
    total = sum(charges)
    shares = [Fraction(one, total) for one in charges] if total else [Fraction(1), *[Fraction(0)] * (count - 1)]
    raw = member_curve(offer.design, shares).at(total * claims)
    paid = round_to_int(raw, Rounding.HALF_UP)
    contribution = offer.contribution_minor(tier)
    accounts = offer.hsa_minor.get(tier, 0) + min(offer.hra_minor.get(tier, 0), paid)
    return EmployeeYear(
        tier=tier,
        scenario=scenario.name,
        contribution_minor=contribution,
        out_of_pocket_minor=paid,
        accounts_minor=accounts,
        total_minor=contribution + paid - accounts,
    )


def changes(
    before: Sequence[EmployeeYear], after: Sequence[EmployeeYear], enrolled: Mapping[Tier, int]
) -> list[Change]:
    """The change in every tier and scenario that both offer."""
    then = {(year.tier, year.scenario): year.total_minor for year in after}
    return [
        Change(
            tier=year.tier,
            scenario=year.scenario,
            employees=enrolled.get(year.tier, 0),
            more_minor=then[(year.tier, year.scenario)] - year.total_minor,
        )
        for year in before
        if (year.tier, year.scenario) in then
    ]
