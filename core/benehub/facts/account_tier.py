"""The tier by which the employer pays into an account of the employee's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from benehub.facts.history import Fact
from benehub.facts.lacks import Lacks
from benehub.facts.workforce import Worker, in_force
from benehub.records import Tier
from benehub.rules.premium.tier import TierStructure, rated_tier


def account_tier(worker: Worker, cover: Fact | None, day: date, yearly: Mapping[Tier, int]) -> Tier:
    """The account's own tier, else that of the medical cover; with dependents FAM where only EE and FAM are paid.

    Raises:
        Lacks: it is not known, or nothing is said of it; a family's tier is not told.
    """
    medical = in_force(worker.coverages.get("medical", ()), day)
    text = next((str(fact.data["tier"]) for fact in (cover, medical) if fact is not None and fact.data["tier"]), "")
    tier = Tier(text) if text else None
    if tier is not None and tier not in yearly and set(yearly) <= {Tier.EE, Tier.FAM}:
        tier = Tier(rated_tier(tier, TierStructure.TWO_TIER))
    if tier is None or tier not in yearly:
        said = "the one told has no amount" if text else "no tier is told"
        raise Lacks(
            f"the employer's account contribution goes by tier, and {said}",
            where=f"employee {worker.person_id}",
            mend="Give the account election a tier, or add the tier to employer_yearly; "
            f"`benehub statement {worker.person_id}` shows whose",
        )
    return tier
