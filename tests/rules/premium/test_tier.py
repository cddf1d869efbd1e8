"""A tier's rate is found or asked for, never taken as zero."""

from __future__ import annotations

import pytest

from benehub.errors import DataError
from benehub.records.election import Tier
from benehub.rules.premium.tier import tier_premium
from benehub.rules.registry import calculate

RATES = {Tier.EE: 20_000, Tier.ES: 41_000, Tier.EC: 40_000, Tier.FAM: 61_250}


@pytest.mark.parametrize(("tier", "monthly"), list(RATES.items()))
def test_rate_of_a_tier(tier: Tier, monthly: int) -> None:
    assert tier_premium(tier=tier, rates_minor=RATES).required().monthly_minor == monthly


@pytest.mark.parametrize(
    ("payload", "need"),
    [
        ({"rates_minor": {"EE": 100}}, "tier"),
        ({"tier": "EC", "rates_minor": {"EE": 100}}, "rates_minor.EC"),
    ],
)
def test_what_is_missing_is_asked_for(payload: dict[str, object], need: str) -> None:
    answer = calculate("premium.tier", payload)
    assert answer["result"] is None
    assert answer["needs"] == [need]


def test_required_names_what_is_missing() -> None:
    with pytest.raises(DataError, match=r"premium.tier lacks rates_minor.ES"):
        tier_premium(tier=Tier.ES, rates_minor={}).required()


def test_the_step_shows_money_in_its_currency() -> None:
    told = tier_premium(tier=Tier.EE, rates_minor=RATES, currency="JPY").explanation.steps[0]
    assert told.value == "20000"
