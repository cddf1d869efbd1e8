"""Employer and employee share: worked cases, bounds, and their sum."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.money import Rounding
from benehub.records.election import Tier
from benehub.rules.premium.contribution import Payer, contribution
from benehub.rules.premium.contribution_rule import ContributionRule, SalaryBand, Scheme, TierSpell
from benehub.rules.registry import calculate

HMO = {"EE": 200_00, "ES": 400_00}
PPO = {"EE": 300_00, "ES": 600_00}
SPLIT = {"percent_employee": "100%", "percent_dependents": "50%", "tier": "ES"}

CASES = [
    (
        "P21",
        {"premium_minor": 600_00, "scheme": "base_plan", "base_rates_minor": HMO, **SPLIT},
        (300_00, 300_00),
    ),
    (
        "P21 on the base plan",
        {"premium_minor": 400_00, "scheme": "base_plan", "base_rates_minor": HMO, **SPLIT},
        (300_00, 100_00),
    ),
    (
        "P21 split on the own plan",
        {"premium_minor": 600_00, "scheme": "percent_split", "rates_minor": PPO, **SPLIT},
        (450_00, 150_00),
    ),
    ("D09", {"premium_minor": 300_00, "scheme": "percent_of_tier", "percent": "75%"}, (225_00, 75_00)),
    ("flat", {"premium_minor": 500_00, "scheme": "flat", "flat_minor": 350_00}, (350_00, 150_00)),
    ("flat beyond", {"premium_minor": 300_00, "scheme": "flat", "flat_minor": 350_00}, (300_00, 0)),
    (
        "flat in half a month",
        {"premium_minor": 250_00, "scheme": "flat", "flat_minor": 350_00, "fraction": "1/2"},
        (175_00, 75_00),
    ),
    (
        "defined",
        {"premium_minor": 500_00, "tier": "FAM", "scheme": "defined", "defined_minor": {"FAM": 420_00}},
        (420_00, 80_00),
    ),
    (
        "rounded once",
        {"premium_minor": 100_01, "scheme": "percent_of_tier", "percent": "1/2"},
        (50_01, 50_00),
    ),
    (
        "rounded down",
        {"premium_minor": 100_01, "scheme": "percent_of_tier", "percent": "1/2", "rounding": "down"},
        (50_00, 50_01),
    ),
]


@pytest.mark.parametrize(("payload", "shares"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_worked_case(payload: dict[str, object], shares: tuple[int, int]) -> None:
    result = calculate("premium.contribution", payload)["result"]
    assert (result["employer_minor"], result["employee_minor"]) == shares


def test_what_is_offered_beyond_the_premium_is_told() -> None:
    rule = ContributionRule(Scheme.DEFINED, defined_minor={Tier.EE: 500_00})
    found = contribution(premium_minor=300_00, tier=Tier.EE, rule=rule, rates_minor={})
    assert found.required().unused_minor == 200_00
    assert [step.value for step in found.explanation.steps] == ["500.00", "300.00", "0.00", "200.00"]


@pytest.mark.parametrize(
    ("payload", "need"),
    [
        ({"scheme": "defined"}, "tier"),
        ({"scheme": "defined", "tier": "EC"}, "defined_minor.EC"),
        ({"scheme": "base_plan", "tier": "EC"}, "base_rates_minor.EE"),
        ({"scheme": "base_plan", "tier": "EC", "base_rates_minor": {"EE": 1}}, "base_rates_minor.EC"),
        ({"scheme": "percent_split", "tier": "EC"}, "rates_minor.EE"),
    ],
)
def test_what_is_missing_is_asked_for(payload: dict[str, object], need: str) -> None:
    answer = calculate("premium.contribution", {"premium_minor": 100, **payload})
    assert answer["result"] is None
    assert answer["needs"] == [need]


def test_an_employer_cannot_pay_more_than_all() -> None:
    with pytest.raises(ConfigError, match="percent_dependents"):
        ContributionRule(Scheme.PERCENT_SPLIT, percent_dependents=Fraction(11, 10))
    with pytest.raises(ConfigError, match="flat_minor"):
        ContributionRule(Scheme.FLAT, flat_minor=-1)


def test_a_rate_that_passed_through_a_float_is_refused() -> None:
    with pytest.raises(DataError, match="percent: must be exact text"):
        calculate("premium.contribution", {"premium_minor": 1, "scheme": "percent_of_tier", "percent": 0.75})


RATE = st.fractions(0, 1, max_denominator=1000)


@settings(max_examples=100, deadline=None)
@given(
    scheme=st.sampled_from(list(Scheme)),
    premium=st.integers(0, 300_000),
    rates=st.tuples(RATE, RATE, RATE),
    amount=st.integers(0, 300_000),
    fraction=RATE,
    rounding=st.sampled_from(list(Rounding)),
)
def test_both_shares_sum_to_the_premium(
    scheme: Scheme,
    premium: int,
    rates: tuple[Fraction, Fraction, Fraction],
    amount: int,
    fraction: Fraction,
    rounding: Rounding,
) -> None:
    table = {Tier.EE: amount // 2, Tier.FAM: amount}
    rule = ContributionRule(
        scheme,
        amount,
        *rates,
        base_rates_minor=table,
        defined_minor=table,
        yearly_minor=table,
        bands=(
            SalaryBand(pay_from_minor=0, percent=rates[0]),
            SalaryBand(pay_from_minor=amount + 1, flat_minor=amount),
        ),
    )
    found = contribution(
        premium_minor=premium,
        tier=Tier.FAM,
        rule=rule,
        rates_minor=table,
        payer=Payer(amount, 12 * amount, "full_time", 40, (TierSpell(tier=Tier.FAM, months=7),)),
        fraction=fraction,
        rounding=rounding,
    ).required()
    assert found.employer_minor + found.employee_minor == premium
    assert 0 <= found.employer_minor <= premium
