"""The verdict: who qualifies and why, who loses and how much, and what flips it."""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import DataError
from benehub.records.election import Tier
from benehub.rules.compare.plans import CompareInput, compare
from benehub.rules.compare.sensitivity import mixed
from benehub.rules.registry import calculate, find_calculator

EXAMPLE = dict(find_calculator("compare.plans").example)
MONEY_ONLY = {"required": []}


def asked(candidate: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    given_ = copy.deepcopy(EXAMPLE) | changed
    if candidate:
        base = given_["candidates"][0]
        given_["candidates"] = [base | candidate | {"design": base["design"] | candidate.get("design", {})}]
    return given_


def verdict(candidate: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    result = calculate("compare.plans", asked(candidate, **changed))["result"]
    return dict(result["candidates"][0])


def test_the_example_qualifies_with_its_certificate() -> None:
    found = verdict()
    assert (found["decision"], found["against"], found["unknown"]) == ("QUALIFIES", [], [])
    # (600 - 120) x 12 x 120 employees, against (480 - 60) x 12 x 120 and 600 of HSA each
    assert found["saving_minor"] == (480_00 - 420_00) * 12 * 120 - 600_00 * 120 == 14_400_00
    assert "the employer pays 14400.00 less a year" in found["certificate"]
    assert found["losing_employees"] == 0 and found["winning_employees"] == 120


@pytest.mark.parametrize(
    ("candidate", "changed", "said"),
    [
        (
            {"employee_minor": {"EE": 300_00}},
            {},
            "120 employees in tier EE: up to 1800.00 more a year (none, low, medium",
        ),
        ({"design": {"deductible_minor": 200_000}}, {}, "value 75.2% beside 76.2%"),
        ({"design": {"providers": ["1003000126"]}}, {}, "providers is worse: 1 providers instead of 2 providers"),
        ({"premiums_minor": {"EE": 900_00}}, {}, "the employer pays 590400.00 more a year"),
        ({}, {"affordable_minor": 59_00}, "affordability: 60.00 a month for the employee alone, limit 59.00"),
        ({"renewal": "20%"}, {}, "the employer pays 1"),
    ],
)
def test_it_does_not_qualify_and_says_who_loses(candidate: dict[str, Any], changed: dict[str, Any], said: str) -> None:
    found = verdict(candidate, **changed)
    assert found["decision"] == "DOES_NOT"
    assert any(said in line for line in found["against"]), found["against"]


def test_losers_are_counted_not_averaged() -> None:
    tiers = {"EE": 600_00, "FAM": 1800_00}
    limits = {"family": "embedded", "family_deductible_minor": 4_000_00, "family_out_of_pocket_max_minor": 8_000_00}
    given_ = asked(enrolled={"EE": 100, "FAM": 20})
    for offer in (given_["incumbent"], given_["candidates"][0]):
        offer["premiums_minor"] = tiers
        offer["employee_minor"] = {"EE": 120_00, "FAM": 400_00}
        offer["design"] |= limits
    given_["candidates"][0] |= {"employee_minor": {"EE": 60_00, "FAM": 500_00}, "hsa_minor": {}}
    found = calculate("compare.plans", given_)["result"]["candidates"][0]
    none = {(one["tier"], one["scenario"]): one for one in found["losers"]}[("FAM", "none")]
    assert (none["employees"], none["more_minor"]) == (20, 1_200_00)
    assert found["losing_employees"] >= 20
    assert found["worst_minor"] >= 1_200_00


@pytest.mark.parametrize(
    ("candidate", "changed", "said"),
    [
        ({}, {"affordable_minor": None}, "affordability: no monthly limit"),
        ({"design": {"providers": None}}, {}, "providers is stated by one plan only"),
        ({"design": {"portable": True}}, {}, "portable is stated by one plan only"),
        ({"design": {"coinsurance": None}}, {}, "hsa.design.coinsurance is not stated"),
        ({"design": {"coinsurance": None, "deductible_minor": None}}, {}, "hsa.design.deductible_minor is not stated"),
    ],
)
def test_what_is_not_known_blocks_a_yes(candidate: dict[str, Any], changed: dict[str, Any], said: str) -> None:
    found = verdict(candidate, **changed)
    assert found["decision"] == "UNKNOWN"
    assert any(said in line for line in found["unknown"]), found["unknown"]


def test_the_employer_says_what_is_required() -> None:
    assert verdict({"design": {"providers": ["1003000126"]}}, required=["services"])["decision"] == "QUALIFIES"


def test_tolerances_are_zero_unless_said() -> None:
    dearer = {"employee_minor": {"EE": 120_01}, "premiums_minor": {"EE": 590_00}, "hsa_minor": {}}
    dearer["design"] = EXAMPLE["incumbent"]["design"]
    assert verdict(dearer)["decision"] == "DOES_NOT"
    assert verdict(dearer, delta_minor=11)["decision"] == "DOES_NOT"
    assert verdict(dearer, delta_minor=12)["decision"] == "QUALIFIES"
    worth_less = {"design": {"deductible_minor": 200_000}}
    assert verdict(worth_less, eps="0.9%")["decision"] == "DOES_NOT"
    assert verdict(worth_less, eps="1%")["decision"] == "QUALIFIES"


def test_the_same_plan_for_less_is_the_same_or_better() -> None:
    given_ = asked()
    given_["candidates"] = [given_["incumbent"] | {"id": "same", "premiums_minor": {"EE": 599_00}}]
    found = calculate("compare.plans", given_)["result"]["candidates"][0]
    assert found["decision"] == "QUALIFIES" and found["dominance"]["standing"] == "SAME_OR_BETTER"


def test_a_better_design_that_costs_the_employee_more_does_not_qualify() -> None:
    given_ = asked()
    given_["candidates"] = [given_["incumbent"] | {"id": "shift", "employee_minor": {"EE": 130_00}}]
    found = calculate("compare.plans", given_)["result"]["candidates"][0]
    assert found["decision"] == "DOES_NOT" and found["losing_employees"] == 120


def test_minimum_value_is_asked_of_medical_cover_only() -> None:
    thin = {"deductible_minor": 9_000_00, "coinsurance": "50%", "out_of_pocket_max_minor": 9_000_00}
    given_ = asked(affordable_minor=500_00)
    given_["incumbent"]["design"] |= thin
    given_["candidates"] = [given_["incumbent"] | {"id": "same", "premiums_minor": {"EE": 590_00}}]
    found = calculate("compare.plans", given_)["result"]["candidates"][0]
    assert found["decision"] == "DOES_NOT" and any("minimum value 60%" in line for line in found["against"])
    dental = calculate("compare.plans", given_ | {"benefit_type": "dental"})["result"]["candidates"][0]
    assert dental["decision"] == "QUALIFIES"


def test_disability_plans_share_no_cost_and_are_compared_by_attribute() -> None:
    plan = {"benefit_rate": "60%", "max_benefit_minor": 5_000_00, "elimination_days": 90}
    ltd = {"id": "ltd", "design": plan, "premiums_minor": {"EE": 20_00}, "employee_minor": {"EE": 0}}
    given_ = {
        "incumbent": ltd,
        "candidates": [
            ltd | {"id": "longer", "design": plan | {"elimination_days": 180}, "premiums_minor": {"EE": 15_00}},
            ltd | {"id": "cheaper", "premiums_minor": {"EE": 19_00}},
        ],
        "enrolled": {"EE": 10},
        "scenarios": [{"name": "none", "charges_minor": [0]}],
        "benefit_type": "disability",
    }
    found = calculate("compare.plans", given_)["result"]["candidates"]
    assert [(one["id"], one["decision"], one["rank"]) for one in found] == [
        ("cheaper", "QUALIFIES", 1),
        ("longer", "DOES_NOT", 2),
    ]
    assert found[1]["against"] == ["elimination_days is worse: 180 instead of 90 (10 affected)"]


def test_self_funded_cost_is_claims_stop_loss_and_administration() -> None:
    funding = {"stop_loss_minor": 50_00, "admin_minor": 30_00, "attachment_minor": 20_000_00, "trend": "10%"}
    population = [{"charges_minor": 1_000_00, "weight": 1}, {"charges_minor": 50_000_00, "weight": 1}]
    result = calculate("compare.plans", asked({"self_funding": funding}, population=population))["result"]
    parts = result["offers"][0]["employer_parts"]
    # at 1,100 the plan pays nothing (deductible 1,600); at 55,000 it pays 52,000, of which stop loss leaves 20,000
    assert parts["expected claims"] == 120 * 20_000_00 // 2
    assert parts["stop loss"] == 120 * 12 * 50_00 and parts["administration"] == 120 * 12 * 30_00
    assert parts["employee contributions"] == -120 * 12 * 60_00
    assert result["offers"][0]["employer_minor"] == sum(parts.values())


def test_payroll_tax_saved_on_contributions_is_counted() -> None:
    plain, taxed = (
        calculate("compare.plans", asked(payroll_tax=rate))["result"]["incumbent"]["employer_minor"]
        for rate in ("0", "7.65%")
    )
    assert plain - taxed == round(120 * 12 * 120_00 * 765 / 10_000)


def test_the_verdict_says_that_it_flips() -> None:
    given_ = asked()
    limits = {"family": "embedded", "family_deductible_minor": 4_000_00, "family_out_of_pocket_max_minor": 8_000_00}
    for offer in (given_["incumbent"], given_["candidates"][0]):
        offer["premiums_minor"] = {"EE": 600_00, "FAM": 1_000_00}
        offer["employee_minor"] = {"EE": 120_00, "FAM": 100_00}
        offer["design"] |= limits
    # the employer saves 10 a month on each employee alone and loses 19 on each family
    given_["candidates"][0] |= {"premiums_minor": {"EE": 590_00, "FAM": 1_019_00}, "hsa_minor": {}}
    given_ |= {"enrolled": {"EE": 100, "FAM": 50}, "required": []}
    given_["candidates"][0]["design"] = given_["incumbent"]["design"]
    found = calculate("compare.plans", given_)["result"]["candidates"][0]
    assert found["decision"] == "QUALIFIES" and found["flips"]
    flipped = {one["varied"]: one["decision"] for one in found["sensitivity"] if one["flips"]}
    assert flipped == {"10% more in tiers with dependents": "DOES_NOT"}
    assert "(flips)" in calculate("compare.plans", given_)["explanation"]["reasons"][0]["rule"]


def test_mixing_keeps_the_number_of_employees() -> None:
    before = {Tier.EE: Fraction(3), Tier.FAM: Fraction(100)}
    after = mixed(before, Fraction(1, 10))
    assert sum(after.values()) == 103 and after[Tier.EE] == 0
    assert mixed(before, Fraction(-1, 10)) == {Tier.EE: 13, Tier.FAM: 90}


def test_ranking_and_front() -> None:
    given_ = asked()
    base = given_["candidates"][0]
    given_["candidates"] = [
        base,
        base | {"id": "cheapest", "premiums_minor": {"EE": 470_00}},
        base | {"id": "dearer", "premiums_minor": {"EE": 700_00}},
    ]
    found = calculate("compare.plans", given_)["result"]["candidates"]
    assert [(one["id"], one["decision"]) for one in found] == [
        ("cheapest", "QUALIFIES"),
        ("hsa", "QUALIFIES"),
        ("dearer", "DOES_NOT"),
    ]
    assert [one["pareto"] for one in found] == [True, False, False]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"required": ["deductible"]}, "no attribute 'deductible' in required"),
        ({"enrolled": {"FAM": 3}}, "employees are enrolled in tier FAM, which the incumbent does not offer"),
        ({"enrolled": {"EE": 0}}, "nobody is enrolled in the incumbent"),
        ({"candidates": [EXAMPLE["incumbent"]]}, "two offers have the id 'ppo'"),
        ({"eps": 0.01}, "eps: must be exact text"),
    ],
)
def test_bad_input_is_named(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        calculate("compare.plans", asked(**changed))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        ({"employee_minor": {"EE": 999_00}}, "employee_minor of tier EE is above the premium"),
        ({"employee_minor": {"FAM": 1}}, "premiums_minor and employee_minor differ in tier EE, FAM"),
        ({"renewal": "-100%"}, "renewal"),
    ],
)
def test_a_bad_offer_is_named(candidate: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        verdict(candidate)
    assert said in str(caught.value)


@pytest.mark.parametrize(("lost", "needs"), [("scenarios", ["scenarios"]), ("population", ["population"])])
def test_what_is_missing_is_asked_for(lost: str, needs: list[str]) -> None:
    given_ = asked()
    del given_[lost]
    assert calculate("compare.plans", given_)["needs"] == needs


@st.composite
def further(draw: st.DrawFn) -> dict[str, Any]:
    premium = draw(st.integers(1, 900_00))
    deductible = draw(st.integers(0, 500_000))
    return {
        "id": "further",
        "design": {
            "deductible_minor": deductible,
            "coinsurance": f"{draw(st.integers(0, 100))}%",
            "out_of_pocket_max_minor": deductible + draw(st.integers(0, 500_000)),
        },
        "premiums_minor": {"EE": premium},
        "employee_minor": {"EE": draw(st.integers(0, premium))},
    }


@given(further())
def test_a_further_candidate_changes_no_verdict(offer: dict[str, Any]) -> None:
    alone = compare(CompareInput.model_validate(EXAMPLE)).candidates[0]
    both = compare(CompareInput.model_validate(EXAMPLE | {"candidates": [*EXAMPLE["candidates"], offer]}))
    mine = next(one for one in both.candidates if one.id == alone.id)
    for name in ("decision", "certificate", "against", "unknown", "saving_minor", "losers", "sensitivity"):
        assert getattr(mine, name) == getattr(alone, name)
