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
from benehub.rules.premium.contribution_rule import ContributionRule, SalaryBand, Scheme, TierSpell, Unused
from benehub.rules.registry import calculate

HMO = {"EE": 200_00, "ES": 400_00}
PPO = {"EE": 300_00, "ES": 600_00}
SPLIT = {"percent_employee": "100%", "percent_dependents": "50%", "tier": "ES"}

BANDS = [{"pay_from_minor": 0, "percent": "90%"}, {"pay_from_minor": 60_000_00, "flat_minor": 300_00}]
BY_CLASS = [
    {"employment_class": "full_time", "age_through": 39, "amount_minor": 250_00},
    {"employment_class": "full_time", "age_from": 40, "amount_minor": 320_00},
    {"employment_class": "part_time", "amount_minor": 100_00},
]

CASES = [
    (
        "P17 yearly by tier, the tier changes on 1 April",
        {
            "scheme": "yearly_by_tier",
            "yearly_minor": {"EE": 750_00, "FAM": 1_500_00},
            "spells": [{"tier": "EE", "months": 3}, {"tier": "FAM", "months": 9}],
            "employee_election_minor": 1_000_00,
        },
        (1_312_50, 1_000_00),
    ),
    (
        "P20 per life: a part of the employee's rate, a part of what the family adds",
        {
            "premium_minor": 900_00,
            "tier": "FAM",
            "scheme": "percent_split",
            "rates_minor": {"EE": 400_00},
            "percent_employee": "80%",
            "percent_dependents": "50%",
        },
        (570_00, 330_00),
    ),
    (
        "P23 percent of pay 1,000",
        {"premium_minor": 100_00, "scheme": "percent_of_pay", "percent": "5%", "pay_minor": 1_000_00},
        (50_00, 50_00),
    ),
    (
        "P23 percent of pay 1,100 with overtime",
        {"premium_minor": 110_00, "scheme": "percent_of_pay", "percent": "5%", "pay_minor": 1_100_00},
        (55_00, 55_00),
    ),
    (
        "P23 5% and 7% of 20,000 a year",
        {"premium_minor": 2_400_00, "scheme": "percent_of_pay", "percent": "7%", "pay_minor": 20_000_00},
        (1_400_00, 1_000_00),
    ),
    (
        "buy-up: the base plan is paid",
        {"premium_minor": 600_00, "tier": "ES", "scheme": "buy_up", "base_rates_minor": HMO},
        (400_00, 200_00),
    ),
    (
        "buy-up: a part of the base plan",
        {"premium_minor": 600_00, "tier": "ES", "scheme": "buy_up", "base_rates_minor": HMO, "percent": "75%"},
        (300_00, 300_00),
    ),
    (
        "salary band by percent",
        {"premium_minor": 400_00, "scheme": "salary_bands", "bands": BANDS, "yearly_pay_minor": 59_999_99},
        (360_00, 40_00),
    ),
    (
        "salary band by amount, its first cent",
        {"premium_minor": 400_00, "scheme": "salary_bands", "bands": BANDS, "yearly_pay_minor": 60_000_00},
        (300_00, 100_00),
    ),
    (
        "defined by class and age",
        {
            "premium_minor": 400_00,
            "scheme": "defined",
            "defined": BY_CLASS,
            "employment_class": "full_time",
            "age": 40,
        },
        (320_00, 80_00),
    ),
    (
        "the employee pays at least",
        {"premium_minor": 400_00, "scheme": "flat", "flat_minor": 390_00, "min_employee_minor": 25_00},
        (375_00, 25_00),
    ),
    (
        "the employee pays at least, but never above the premium",
        {"premium_minor": 10_00, "scheme": "flat", "flat_minor": 10_00, "min_employee_minor": 25_00},
        (0, 10_00),
    ),
    (
        "the employee pays at most",
        {"premium_minor": 400_00, "scheme": "flat", "flat_minor": 100_00, "max_employee_minor": 150_00},
        (250_00, 150_00),
    ),
    (
        "affordable self-only cover",
        {"premium_minor": 400_00, "tier": "EE", "scheme": "flat", "flat_minor": 100_00, "affordable_minor": 132_46},
        (267_54, 132_46),
    ),
    (
        "affordability is of self-only cover",
        {"premium_minor": 400_00, "tier": "FAM", "scheme": "flat", "flat_minor": 100_00, "affordable_minor": 132_46},
        (100_00, 300_00),
    ),
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
        ({"scheme": "percent_of_pay", "percent": "5%"}, "pay_minor"),
        ({"scheme": "salary_bands", "bands": BANDS}, "yearly_pay_minor"),
        ({"scheme": "salary_bands", "bands": BANDS[1:], "yearly_pay_minor": 1}, "bands: one for this pay"),
        ({"scheme": "defined", "defined": BY_CLASS}, "employment_class"),
        ({"scheme": "defined", "defined": BY_CLASS, "employment_class": "full_time"}, "age"),
        (
            {"scheme": "defined", "defined": BY_CLASS, "employment_class": "seasonal", "age": 30},
            "defined: a row for this class, age and tier",
        ),
        ({"scheme": "yearly_by_tier", "yearly_minor": {"EE": 1}}, "spells"),
        (
            {"scheme": "yearly_by_tier", "yearly_minor": {"EE": 1}, "spells": [{"tier": "ES", "months": 1}]},
            "yearly_minor.ES",
        ),
        ({"scheme": "buy_up", "tier": "ES"}, "base_rates_minor.ES"),
    ],
)
def test_what_is_missing_is_asked_for(payload: dict[str, object], need: str) -> None:
    answer = calculate("premium.contribution", {"premium_minor": 100, **payload})
    assert answer["result"] is None
    assert answer["needs"] == [need]


def test_without_a_premium_it_is_asked_for() -> None:
    answer = calculate("premium.contribution", {"scheme": "flat", "flat_minor": 1})
    assert (answer["result"], answer["needs"]) == (None, ["premium_minor"])


def test_p22_a_base_plan_is_paid_in_money_whatever_plan_is_chosen() -> None:
    base = {"scheme": "base_plan", "base_rates_minor": HMO, **SPLIT}
    paid = {calculate("premium.contribution", {"premium_minor": minor, **base})["result"]["employer_minor"]
            for minor in (300_00, 400_00, 600_00, 999_99)}  # fmt: skip
    assert paid == {300_00}


def test_what_is_unused_is_lost_or_goes_to_another_plan() -> None:
    offer = {"premium_minor": 300_00, "tier": "EE", "scheme": "defined", "defined_minor": {"EE": 500_00}}
    lost = calculate("premium.contribution", offer)["result"]
    kept = calculate("premium.contribution", {**offer, "unused": "other_plan", "unused_plan": "hsa"})["result"]
    assert (lost["forfeited_minor"], lost["to_other_plan_minor"], lost["other_plan"]) == (200_00, 0, "")
    assert (kept["forfeited_minor"], kept["to_other_plan_minor"], kept["other_plan"]) == (0, 200_00, "hsa")


def test_a_partners_cover_is_a_taxable_line_beside_the_premium() -> None:
    given = {
        "premium_minor": 600_00, "tier": "ES", "rates_minor": PPO, "scheme": "percent_of_tier", "percent": "80%",
        "partner_tier_without": "EE",
    }  # fmt: skip
    after_tax = calculate("premium.contribution", given)["result"]
    # The partner adds 300.00; the employee pays 120.00 instead of 60.00, so 60.00 of it after tax.
    assert after_tax["imputed_minor"] == 240_00
    assert after_tax["employer_minor"] + after_tax["employee_minor"] == 600_00
    pretax = calculate("premium.contribution", {**given, "partner_paid_after_tax": False})["result"]
    assert pretax["imputed_minor"] == 300_00
    lacking = calculate("premium.contribution", {**given, "rates_minor": {}})
    assert lacking["needs"] == ["rates_minor.EE"]


def test_two_rows_that_hold_at_once_are_both_named() -> None:
    rows = [*BY_CLASS, {"age_from": 50, "amount_minor": 400_00}]
    given = {"premium_minor": 1, "scheme": "defined", "defined": rows, "employment_class": "full_time", "age": 55}
    with pytest.raises(ConfigError, match=r"two rows.*'age_from': 40.*'age_from': 50"):
        calculate("premium.contribution", given)


def test_a_wording_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ConfigError, match="max_employee_minor"):
        ContributionRule(Scheme.FLAT, min_employee_minor=2, max_employee_minor=1)
    with pytest.raises(ConfigError, match="unused_plan"):
        ContributionRule(Scheme.FLAT, unused=Unused.OTHER_PLAN)
    with pytest.raises(ConfigError, match="bands"):
        ContributionRule(Scheme.SALARY_BANDS, bands=(SalaryBand(pay_from_minor=9, flat_minor=1),) * 2)
    with pytest.raises(DataError, match=r"pay_minor: Input should be greater than or equal to 0"):
        calculate("premium.contribution", {"premium_minor": 1, "scheme": "percent_of_pay", "pay_minor": -1})


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
    least=st.integers(0, 50_000),
    affordable=st.none() | st.integers(0, 50_000),
)
def test_both_shares_sum_to_the_premium(
    scheme: Scheme,
    premium: int,
    rates: tuple[Fraction, Fraction, Fraction],
    amount: int,
    fraction: Fraction,
    rounding: Rounding,
    least: int,
    affordable: int | None,
) -> None:
    table = {Tier.EE: amount // 2, Tier.FAM: amount}
    bands = (SalaryBand(pay_from_minor=0, flat_minor=amount), SalaryBand(pay_from_minor=50_000, percent=rates[0]))
    rule = ContributionRule(
        scheme, amount, *rates, base_rates_minor=table, defined_minor=table, yearly_minor=table, bands=bands,
        min_employee_minor=least, max_employee_minor=least + amount,
    )  # fmt: skip
    found = contribution(
        premium_minor=premium,
        tier=Tier.FAM,
        rule=rule,
        rates_minor=table,
        payer=Payer(amount, amount, spells=(TierSpell(tier=Tier.EE, months=3), TierSpell(tier=Tier.FAM, months=9))),
        affordable_minor=affordable,
        fraction=fraction,
        rounding=rounding,
    ).required()
    assert found.employer_minor + found.employee_minor == premium
    assert 0 <= found.employer_minor <= premium
