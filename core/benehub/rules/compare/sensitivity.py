"""How firm a verdict is: asked again with another mix of tiers and with other claims; it says when it flips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from benehub.records.election import Tier
from benehub.rules.base import RuleModel
from benehub.rules.compare.offer import Offer
from benehub.rules.compare.verdict import Decision, Terms, judge

MIX = Fraction(10, 100)
CLAIMS = Fraction(20, 100)


class Variation(RuleModel):
    """One other world: what is varied, the verdict in it, and the saving (minor units)."""

    varied: str
    decision: Decision
    saving_minor: int
    flips: bool
    """Whether the verdict is another one than with the numbers as given."""


def variations(incumbent: Offer, candidate: Offer, terms: Terms, decision: Decision) -> Iterator[Variation]:
    """The verdict with a tenth more and fewer employees in tiers with dependents, and a fifth more and less claims."""
    worlds = {
        "10% more in tiers with dependents": replace(terms, enrolled=mixed(terms.enrolled, MIX)),
        "10% fewer in tiers with dependents": replace(terms, enrolled=mixed(terms.enrolled, -MIX)),
        "claims 20% higher": replace(terms, claims=1 + CLAIMS),
        "claims 20% lower": replace(terms, claims=1 - CLAIMS),
    }
    for varied, world in worlds.items():
        found = judge(incumbent, candidate, world)
        yield Variation(
            varied=varied,
            decision=found.decision,
            saving_minor=found.saving_minor,
            flips=found.decision is not decision,
        )


def mixed(enrolled: Mapping[Tier, Fraction], part: Fraction) -> dict[Tier, Fraction]:
    """The same number of employees, with `part` more of them in tiers with dependents, as far as there are others."""
    total = sum(enrolled.values(), Fraction(0))
    families: dict[Tier, Fraction] = {t: count * (1 + part) for t, count in enrolled.items() if t is not Tier.EE}
    alone = total - sum(families.values(), Fraction(0))
    if alone < 0:
        scale = total / (total - alone)
        families, alone = {tier: count * scale for tier, count in families.items()}, Fraction(0)
    return {Tier.EE: alone, **families}
