"""The full monthly premium of a coverage tier from a plan's composite rate table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from benehub.records.election import Tier
from benehub.rules.base import Calculation, Positive, RuleModel, explain, money_step
from benehub.rules.registry import calculator

NAME = "premium.tier"
VERSION = "1"


class TierInput(RuleModel):
    """The tier chosen, and the rates valid in the coverage month."""

    tier: Tier | None = None
    rates_minor: dict[Tier, Positive] = Field(default_factory=dict)
    """Monthly premium of each tier."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"


class TierPremium(RuleModel):
    """The premium of a full month."""

    monthly_minor: int


def tier_premium(
    *, tier: Tier | None, rates_minor: Mapping[Tier, int], currency: str = "USD"
) -> Calculation[TierPremium]:
    """The rate of `tier`; a tier unknown or without a rate is told in `needs`, never taken as zero."""
    inputs = {"tier": tier, "rates_minor": rates_minor}
    if tier is None:
        return Calculation(None, explain(NAME, VERSION, inputs), ("tier",))
    rate = rates_minor.get(tier)
    if rate is None:
        return Calculation(None, explain(NAME, VERSION, inputs), (f"rates_minor.{tier.value}",))
    steps = (money_step(f"monthly rate of tier {tier.value}", rate, rate, currency),)
    return Calculation(TierPremium(monthly_minor=rate), explain(NAME, VERSION, inputs, steps))


@calculator(NAME, "The full monthly premium of a coverage tier.", TierInput, TierPremium, VERSION)
def compute(given: TierInput) -> Calculation[TierPremium]:
    """Run on validated input."""
    return tier_premium(tier=given.tier, rates_minor=given.rates_minor, currency=given.currency)
