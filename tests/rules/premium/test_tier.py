"""A tier's rate is found or asked for, never taken as zero."""

from __future__ import annotations

import pytest

from benehub.errors import ConfigError, DataError
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


@pytest.mark.parametrize(
    ("structure", "spouse", "children", "tier"),
    [
        ("two_tier", False, 0, "EE"),
        ("two_tier", False, 1, "FAM"),
        ("two_tier", True, 0, "FAM"),
        ("three_tier", True, 0, "EE1"),
        ("three_tier", False, 1, "EE1"),
        ("three_tier", False, 2, "FAM"),
        ("three_tier", True, 1, "FAM"),
        ("four_tier", True, 0, "ES"),
        ("four_tier", False, 3, "EC"),
        ("four_tier", True, 1, "FAM"),
        ("five_tier", False, 1, "EC1"),
        ("five_tier", False, 2, "EC2"),
        ("five_tier", True, 2, "FAM"),
    ],
)
def test_a_family_falls_into_a_tier_of_the_table(structure: str, spouse: bool, children: int, tier: str) -> None:
    rates = {one.value: number for number, one in enumerate(Tier, 1)}
    given = {"structure": structure, "spouse": spouse, "children": children, "rates_minor": rates}
    found = calculate("premium.tier", given)["result"]
    assert found == {"tier": tier, "monthly_minor": rates[tier]}


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"tier": "EC", "structure": "five_tier", "children": 3}, "EC2"),
        ({"tier": "EC", "structure": "five_tier"}, ["children"]),
        ({"tier": "EC", "structure": "three_tier", "children": 1}, "EE1"),
        ({"tier": "EE1", "structure": "four_tier"}, ["spouse"]),
        ({"tier": "EE1", "structure": "four_tier", "spouse": True}, "ES"),
        ({"tier": "EE1", "structure": "five_tier", "spouse": False}, "EC1"),
        ({"tier": "EC2", "structure": "four_tier"}, "EC"),
        ({"tier": "EC1", "structure": "three_tier"}, "EE1"),
        ({"tier": "ES", "structure": "three_tier"}, "EE1"),
    ],
)
def test_an_elected_tier_is_read_in_the_tables_own_tiers(given: dict[str, object], answer: object) -> None:
    found = calculate("premium.tier", {**given, "rates_minor": {one.value: 1 for one in Tier}})
    assert (found["result"]["tier"] if found["result"] else found["needs"]) == answer


ROWS = [
    {"tier": "EE", "region": "TX", "tobacco": False, "amount_minor": 300_00},
    {"tier": "EE", "region": "TX", "tobacco": True, "amount_minor": 450_00},
    {"tier": "EE", "region": "CA", "valid_from": "2026-01-01", "valid_to": "2027-01-01", "amount_minor": 360_00},
    {"tier": "EE", "region": "CA", "valid_from": "2027-01-01", "amount_minor": 390_00},
]


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ({"region": "TX", "tobacco": True}, 450_00),
        ({"region": "TX"}, ["tobacco"]),
        ({"region": "CA"}, ["month"]),
        ({"region": "TX", "month": "2026-05"}, ["tobacco"]),
        ({"region": "CA", "month": "2026-12"}, 360_00),
        ({"region": "CA", "month": "2027-01"}, 390_00),
        ({"region": "CA", "month": "2025-12"}, ["rates[tier=EE, region=CA, month=2025-12]"]),
        ({"region": "NY", "month": "2026-05"}, ["rates[tier=EE, region=NY, month=2026-05]"]),
    ],
)
def test_a_rate_is_looked_up_by_its_whole_key(key: dict[str, object], answer: object) -> None:
    found = calculate("premium.tier", {"tier": "EE", "rates": ROWS, **key})
    got = found["result"]["monthly_minor"] if found["result"] else found["needs"]
    assert got == answer


def test_two_rates_for_one_key_are_both_named() -> None:
    rows = [*ROWS, {"tier": "EE", "amount_minor": 1}]
    with pytest.raises(ConfigError, match=r"two rates for one key.*region TX, no tobacco.*\[tier EE\]"):
        calculate("premium.tier", {"tier": "EE", "rates": rows, "region": "TX", "tobacco": False, "month": "2026-01"})


def test_two_kinds_of_table_are_refused_and_an_unknown_tier_is_named() -> None:
    with pytest.raises(DataError, match="rates_minor and rates"):
        calculate("premium.tier", {"tier": "EE", "rates": ROWS, "rates_minor": {"EE": 1}})
    with pytest.raises(DataError, match="tier: Input should be 'EE'"):
        calculate("premium.tier", {"tier": "KIDS"})
