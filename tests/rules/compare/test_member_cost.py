"""What a member pays: the worked cases, families both ways, and that more care never costs less."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benehub.errors import DataError
from benehub.rules.compare.design import FamilyRule, PlanDesign
from benehub.rules.compare.member_cost import member_curve
from benehub.rules.registry import calculate

PLAN = {"deductible_minor": 3_000_00, "coinsurance": "20%", "out_of_pocket_max_minor": 9_000_00}


def test_c01_the_maximum_is_reached_at_33000() -> None:
    answer = calculate("compare.member_cost", {"design": PLAN, "charges_minor": [33_000_00]})["result"]
    assert answer["member_minor"] == [9_000_00]
    assert answer["maximum_reached"] == "3300000"
    assert answer["kinks"][1:] == [
        {"charges_minor": "300000", "member_minor": "300000"},
        {"charges_minor": "3300000", "member_minor": "900000"},
    ]


@pytest.mark.parametrize(
    ("charges", "paid"), [(0, 0), (2_000, 2_000), (3_000, 3_000), (10_000, 4_400), (50_000, 9_000)]
)
def test_c02_cost_by_charges(charges: int, paid: int) -> None:
    answer = calculate("compare.member_cost", {"design": PLAN, "charges_minor": [charges * 100]})["result"]
    assert answer["member_minor"] == [paid * 100]


FAMILY = PLAN | {"family_deductible_minor": 6_000_00, "family_out_of_pocket_max_minor": 18_000_00}


@pytest.mark.parametrize(
    ("family", "shares", "charges", "paid"),
    [
        # one person has it all: the person's own deductible, or the family's
        ("embedded", ["1", "0"], 10_000, 3_000 + 1_400),
        ("aggregate", ["1", "0"], 10_000, 6_000 + 800),
        # both persons: 2 x 3,000 meet the family's 6,000 either way
        ("embedded", ["1/2", "1/2"], 10_000, 6_000 + 800),
        ("aggregate", ["1/2", "1/2"], 10_000, 6_000 + 800),
        # three persons with 4,000 each: the third finds the family's deductible met
        ("embedded", ["1/3", "1/3", "1/3"], 12_000, 6_000 + 1_200),
        # one person's maximum holds within the family, or only the family's does
        ("embedded", ["1", "0"], 80_000, 9_000),
        ("aggregate", ["1", "0"], 80_000, 18_000),
        # both at their own maximum, never above the family's
        ("embedded", ["1/2", "1/2"], 80_000, 18_000),
    ],
)
def test_a_family_meets_its_limits(family: str, shares: list[str], charges: int, paid: int) -> None:
    given_ = {"design": FAMILY | {"family": family}, "charges_minor": [charges * 100], "shares": shares}
    assert calculate("compare.member_cost", given_)["result"]["member_minor"] == [paid * 100]


def test_a_persons_maximum_within_an_aggregate_family() -> None:
    design = FAMILY | {"family": "aggregate", "person_in_family_max_minor": 10_000_00}
    given_ = {"design": design, "charges_minor": [80_000_00], "shares": ["1", "0"]}
    assert calculate("compare.member_cost", given_)["result"]["member_minor"] == [10_000_00]


def test_copays_count_toward_the_maximum_unless_said() -> None:
    asked = {"charges_minor": [10_000_00, 50_000_00], "copays_minor": 120_00}
    counted = calculate("compare.member_cost", {"design": PLAN, **asked})["result"]["member_minor"]
    beside = calculate("compare.member_cost", {"design": PLAN | {"copays_count": False}, **asked})["result"]
    assert counted == [4_520_00, 9_000_00]
    assert beside["member_minor"] == [4_520_00, 9_120_00]


def test_a_plan_pays_no_more_than_its_benefit_maximum() -> None:
    dental = {"deductible_minor": 50_00, "coinsurance": "20%", "max_benefit_minor": 1_500_00}
    answer = calculate("compare.member_cost", {"design": dental, "charges_minor": [1_050_00, 5_000_00]})["result"]
    assert answer["member_minor"] == [250_00, 3_500_00]
    assert answer["maximum_reached"] is None


def test_what_is_not_known_is_asked_for() -> None:
    answer = calculate("compare.member_cost", {"design": {"deductible_minor": 1}, "charges_minor": [1]})
    assert answer["result"] is None
    assert answer["needs"] == ["design.coinsurance", "design.out_of_pocket_max_minor"]
    answer = calculate("compare.member_cost", {"design": PLAN, "charges_minor": [1], "shares": ["1/2", "1/2"]})
    assert answer["needs"] == [
        "design.family",
        "design.family_deductible_minor",
        "design.family_out_of_pocket_max_minor",
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"design": PLAN | {"deductible_minor": 10_000_00}}, "deductible_minor is above out_of_pocket_max_minor"),
        ({"design": PLAN | {"coinsurance": "120%"}}, "design.coinsurance: Input should be less than or equal to 1"),
        ({"design": PLAN | {"coinsurance": 0.2}}, "design.coinsurance: must be exact text"),
        ({"design": PLAN | {"person_in_family_max_minor": 1}}, "belongs to family: aggregate"),
        ({"shares": ["1/2", "1/3"]}, "shares do not sum to 1"),
        ({"charges_minor": [-1]}, "charges_minor.0"),
    ],
)
def test_bad_input_is_named(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        calculate("compare.member_cost", {"design": PLAN, "charges_minor": [1], **changed})
    assert said in str(caught.value)


@st.composite
def designs(draw: st.DrawFn) -> PlanDesign:
    """A medical design with limits that fit."""
    deductible, rest = draw(st.integers(0, 500_000)), draw(st.integers(0, 800_000))
    maximum = deductible + rest
    family_maximum = maximum + draw(st.integers(0, 900_000))
    family = draw(st.sampled_from(FamilyRule))
    person = draw(st.none() | st.integers(0, family_maximum)) if family is FamilyRule.AGGREGATE else None
    return PlanDesign(
        deductible_minor=deductible,
        out_of_pocket_max_minor=maximum,
        coinsurance=draw(st.fractions(min_value=0, max_value=1, max_denominator=20)),
        family=family,
        family_deductible_minor=draw(st.integers(deductible, family_maximum)),
        family_out_of_pocket_max_minor=family_maximum,
        person_in_family_max_minor=person,
    )


@st.composite
def splits(draw: st.DrawFn) -> tuple[Fraction, ...]:
    parts = draw(st.lists(st.integers(0, 9), min_size=1, max_size=4))
    assume(sum(parts))
    return tuple(Fraction(part, sum(parts)) for part in parts)


@given(designs(), splits(), st.integers(0, 500_000), st.integers(0, 9_000_000), st.integers(0, 3_000_000))
def test_more_care_never_costs_less_and_no_more_than_the_maximum(
    design: PlanDesign, shares: tuple[Fraction, ...], copays: int, charges: int, more: int
) -> None:
    curve = member_curve(design, shares, copays)
    maximum = design.out_of_pocket_max_minor if len(shares) == 1 else design.family_out_of_pocket_max_minor
    assert maximum is not None
    assert 0 <= curve.at(charges) <= curve.at(charges + more) <= maximum
    assert curve.at(charges) <= charges


@given(
    designs(), st.lists(st.integers(0, 2_000_000), min_size=2, max_size=4), st.integers(0, 3), st.integers(1, 900_000)
)
def test_more_care_of_one_person_never_costs_the_family_less(
    design: PlanDesign, charges: list[int], who: int, more: int
) -> None:
    assume(sum(charges))
    after = [one + (more if number == who % len(charges) else 0) for number, one in enumerate(charges)]
    costs = [
        member_curve(design, [Fraction(one, sum(list_)) for one in list_]).at(sum(list_)) for list_ in (charges, after)
    ]
    assert costs[0] <= costs[1]
