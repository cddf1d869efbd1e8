"""Options that nobody should choose: another one on the menu never costs more, whatever care is needed.

Proven, not sampled: costs are straight between their corners, so it is enough to look at every corner and every
crossing, and at the slope after the last (worked cases C04 to C06). About half of the firms with two options
have such a one (Liu and Sydnor, NBER 24392).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.money import Rounding, format_minor, round_to_int
from benehub.records.election import Tier
from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Rate, RuleModel, exact, explain
from benehub.rules.compare.curve import Curve, meeting
from benehub.rules.compare.offer import Offer, lacking_of, total_cost
from benehub.rules.registry import calculator

NAME = "compare.dominated"
VERSION = "1"
CITATION = "Liu and Sydnor, Dominated Options in Health Insurance Plans, NBER 24392"
PERSONS: Mapping[Tier, int] = {Tier.EE: 1, Tier.ES: 2, Tier.EC: 2, Tier.FAM: 4}
"""Covered persons by tier where nothing is said."""

Offers = Annotated[tuple[Offer, ...], Field(min_length=1, max_length=200)]
Persons = Annotated[int, Field(strict=True, ge=1, le=20)]


class DominatedInput(RuleModel):
    """A menu."""

    offers: Offers
    """The options an employee can choose from."""
    persons: dict[Tier, Persons] = Field(default_factory=dict)
    """Covered persons by tier; 1, 2, 2 and 4 for EE, ES, EC and FAM when left out."""
    charges_minor: tuple[Annotated[int, Field(strict=True, ge=0)], ...] = ()
    """Charges (minor units) at which the extra cost is told beside the corners."""


class Split(StrEnum):
    """How the charges of a family divide: all are one person's, or each person has an equal part."""

    ONE_PERSON = "one person"
    EQUAL_PARTS = "equal parts"


class ExtraCost(RuleModel):
    """What the dominated option costs more at some charges, exact minor units."""

    split: Split
    charges_minor: Rate
    extra_minor: Rate


class Dominated(RuleModel):
    """An option, the one that beats it, and the proof: its extra cost at every corner."""

    option: str
    by: str
    tier: Tier
    least_extra_minor: Rate
    most_extra_minor: Rate
    proof: tuple[ExtraCost, ...]


class Menu(RuleModel):
    """Every dominated option, by tier."""

    dominated: tuple[Dominated, ...]


def dominated(offers: Sequence[Offer], persons: Mapping[Tier, int], extra: Sequence[int] = ()) -> list[Dominated]:
    """Every pair in which one option never costs more and somewhere less, however a family's charges divide.

    Options whose cost is not known are left out: check `lacking_of` first.
    """
    found: list[Dominated] = []
    for tier in Tier:
        known = [o for o in offers if tier in o.premiums_minor and not lacking_of(o, persons[tier])]
        curves = {
            o.id: {s: total_cost(o, tier, _shares(s, persons[tier])) for s in _splits(persons[tier])} for o in known
        }
        for dear in known:
            for cheap in known:
                if dear.id != cheap.id and (proof := _proof(curves[dear.id], curves[cheap.id], extra)):
                    amounts = [one.extra_minor for one in proof]
                    found.append(
                        Dominated(
                            option=dear.id, by=cheap.id, tier=tier, least_extra_minor=min(amounts),
                            most_extra_minor=max(amounts), proof=proof,
                        )
                    )  # fmt: skip
    return found


def _splits(count: int) -> tuple[Split, ...]:
    return tuple(Split) if count > 1 else (Split.ONE_PERSON,)


def _shares(split: Split, count: int) -> tuple[Fraction, ...]:
    if split is Split.EQUAL_PARTS:
        return (Fraction(1, count),) * count
    return (Fraction(1), *(Fraction(0),) * (count - 1))


def _proof(dear: Mapping[Split, Curve], cheap: Mapping[Split, Curve], extra: Sequence[int]) -> tuple[ExtraCost, ...]:
    """The extra cost at every corner and crossing; empty where it is not proven, or nowhere above zero."""
    proof: list[ExtraCost] = []
    rising = False
    for split, curve in dear.items():
        gap = curve + cheap[split].times(-1)
        points = sorted({*meeting((curve, cheap[split])), *map(Fraction, extra)})
        proof += [ExtraCost(split=split, charges_minor=point, extra_minor=gap.at(point)) for point in points]
        if gap.slope < 0:
            return ()
        rising = rising or gap.slope > 0
    amounts = [one.extra_minor for one in proof]
    return tuple(proof) if min(amounts) >= 0 and (rising or max(amounts) > 0) else ()


def persons_by_tier(given: Mapping[Tier, int]) -> dict[Tier, int]:
    """Covered persons of every tier."""
    return {**PERSONS, **given}


_DESIGN = {"coinsurance": "20%", "out_of_pocket_max_minor": 300_000}


@calculator(
    NAME,
    "Options that another one on the menu beats at every level of care.",
    DominatedInput,
    Menu,
    VERSION,
    example={
        "offers": [
            {
                "id": "low",
                "design": {"deductible_minor": 75_000, **_DESIGN},
                "premiums_minor": {"EE": 60_000},
                "employee_minor": {"EE": 14_400},
            },
            {
                "id": "high",
                "design": {"deductible_minor": 100_000, **_DESIGN},
                "premiums_minor": {"EE": 55_600},
                "employee_minor": {"EE": 10_000},
            },
        ],
        "charges_minor": [0, 2_000_000],
    },
)
def compute(given: DominatedInput) -> Calculation[Menu]:
    """Run on validated input."""
    persons = persons_by_tier(given.persons)
    needs = tuple(
        dict.fromkeys(
            name for offer in given.offers for tier in offer.premiums_minor for name in lacking_of(offer, persons[tier])
        )
    )
    inputs = {"offers": [offer.id for offer in given.offers], "persons": persons}
    if needs:
        return Calculation(None, explain(NAME, VERSION, inputs), needs)
    found = dominated(given.offers, persons, given.charges_minor)
    steps = tuple(
        Step(
            label=f"{one.option} above {one.by}, {one.tier.value}, {at.split.value}, charges {exact(at.charges_minor)}",
            raw=exact(at.extra_minor),
            value=format_minor(round_to_int(at.extra_minor, Rounding.HALF_UP)),
            money="minor",
        )
        for one in found
        for at in one.proof
    )
    return Calculation(Menu(dominated=tuple(found)), explain(NAME, VERSION, inputs, steps, citation=CITATION))
