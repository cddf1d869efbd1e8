"""A plan's design: read exactly, contradictions named with their line."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from benehub import planbook
from benehub.errors import ConfigError
from benehub.rules.compare.design import FamilyRule

Changed = Callable[..., str]


def test_a_design_becomes_the_rules_attributes(example: str) -> None:
    plan = planbook.load(example, "book.yaml").plan("hdhp")
    assert plan.design is not None
    rule = plan.design.rule()
    assert (rule.deductible_minor, rule.coinsurance, rule.family) == (320_000, Fraction(1, 10), FamilyRule.AGGREGATE)
    assert rule.person_in_family_max_minor == 800_000
    assert rule.providers is None and rule.copays_minor is None


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("deductible: 500.00", "deductible: 5000.00", "plans.ppo.design: deductible is above out_of_pocket_max"),
        ("coinsurance: 20%", "coinsurance: 200%", "plans.ppo.design: coinsurance: Input should be less than or equal"),
        ("coinsurance: 20%", "coinsurance: 20%\n      formulary: {aspirin: 0}", "formulary.aspirin"),
        ("coinsurance: 20%", "coinsurance: 20%\n      person_in_family_max: 1.00", "belongs to family: aggregate"),
        ("coinsurance: 20%", "coinsurance: 20%\n      copays: {visit: -5.00}", "copays.visit"),
        ("coinsurance: 20%", "coinsurance: 20%\n      deductable: 1", "Did you mean deductible?"),
        ("deductible: 500.00", "deductible: much", "plans.ppo.design.deductible: not an amount"),
        ("coinsurance: 10%", "coinsurance: 10%\n      waiting_days: -1", "waiting_days"),
        ("hsa: {EE: 750.00", "renewal: -120%\n        hsa: {EE: 750.00", "a renewal of -100% or less"),
        (
            "hsa: {EE: 750.00",
            "self_funding: {stop_loss: -1.00, admin: 1.00}\n        hsa: {EE: 750.00",
            "self_funding: stop_loss_minor",
        ),
    ],
)
def test_a_wrong_design_keeps_the_book_from_loading(changed: Changed, old: str, new: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        planbook.load(changed(old, new), "book.yaml")
    assert says in str(caught.value)


def test_an_account_of_a_tier_without_rate_is_refused(changed: Changed) -> None:
    text = changed(
        "tiers: {EE: 498.20, ES: 1046.22, EC: 946.58, FAM: 1494.60}", "tiers: {EE: 498.20, ES: 1046.22, EC: 946.58}"
    )
    text = text.replace(
        "tiers: {EE: 533.10, ES: 1119.51, EC: 1012.89, FAM: 1599.30}", "tiers: {EE: 533.10, ES: 1119.51, EC: 1012.89}"
    )
    with pytest.raises(ConfigError, match=r"plans\.hdhp\.design\.employer\.hsa: tier FAM has no rate in this plan"):
        planbook.load(text, "book.yaml")
