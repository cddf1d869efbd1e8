"""Better in every attribute or not: a partial order, with every loss named and counted."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.records.election import Tier
from benehub.rules.compare.attributes import ATTRIBUTES, NAMES
from benehub.rules.compare.design import FamilyRule, PlanDesign
from benehub.rules.compare.dominance import Standing, dominance
from benehub.rules.registry import calculate


def of(**attributes: Any) -> PlanDesign:
    return PlanDesign.model_validate(attributes)


@pytest.mark.parametrize(
    ("name", "worse", "better"),
    [
        ("deductible_minor", 2, 1),
        ("family_deductible_minor", 2, 1),
        ("out_of_pocket_max_minor", 2, 1),
        ("family_out_of_pocket_max_minor", 2, 1),
        ("coinsurance", "30%", "20%"),
        ("copays_minor", {"visit": 3000}, {"visit": 2500}),
        ("services", ["xray"], ["xray", "dental"]),
        ("providers", ["1"], ["1", "2"]),
        ("formulary", {"a": 2}, {"a": 1}),
        ("formulary", {"a": 1}, {"a": 1, "b": 3}),
        ("exclusions", ["sports", "x"], ["sports"]),
        ("waiting_days", 60, 30),
        ("benefit_rate", "50%", "60%"),
        ("max_benefit_minor", 1, 2),
        ("elimination_days", 180, 90),
        ("own_occupation_months", 24, 36),
        ("portable", False, True),
        ("service_level", "90%", "95%"),
        ("family", "aggregate", "embedded"),
    ],
)
def test_each_attribute_has_a_better_and_a_worse_side(name: str, worse: Any, better: Any) -> None:
    bad, good = of(**{name: worse}), of(**{name: better})
    assert dominance(bad, good).standing is Standing.SAME_OR_BETTER
    assert dominance(bad, bad).same_or_better
    found = dominance(good, bad)
    assert found.standing is Standing.WORSE
    assert [one.attribute for one in found.worse] == [name]


def test_every_attribute_of_a_design_is_compared() -> None:
    assert set(NAMES) == set(PlanDesign.model_fields)


def test_losses_are_named_sized_and_counted_once_a_member() -> None:
    before = of(deductible_minor=100_000, providers=["n1", "n2", "n3"], formulary={"d1": 1, "d2": 2})
    after = of(deductible_minor=150_000, providers=["n1"], formulary={"d1": 3})
    users = {
        "providers": {"n2": frozenset({"m1", "m2"}), "n3": frozenset({"m2"}), "n1": frozenset({"m9"})},
        "formulary": {"d1": frozenset({"m4"})},
    }
    found = {one.attribute: one for one in dominance(before, after, {Tier.EE: 40, Tier.FAM: 20}, users).worse}
    assert (found["deductible_minor"].size, found["deductible_minor"].affected) == ("50000", 60)
    assert (found["providers"].items, found["providers"].affected) == (("n2", "n3"), 2)
    assert (found["formulary"].items, found["formulary"].affected) == (("d1", "d2"), 1)


def test_a_family_limit_touches_tiers_with_dependents_only() -> None:
    found = dominance(of(family_deductible_minor=1), of(family_deductible_minor=2), {Tier.EE: 40, Tier.FAM: 20})
    assert found.worse[0].affected == 20


def test_how_many_use_it_is_unknown_without_users() -> None:
    assert dominance(of(providers=["a"]), of(providers=["b"]), {Tier.EE: 4}).worse[0].affected is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"portable": True}, {}),
        ({}, {"portable": True}),
        ({"copays_minor": {"visit": 1}}, {"copays_minor": {"visit": 1, "urgent": 5}}),
    ],
)
def test_what_one_side_only_states_is_unknown_and_blocks(before: dict[str, Any], after: dict[str, Any]) -> None:
    found = dominance(of(**before), of(**after))
    assert found.standing is Standing.UNKNOWN
    assert not found.same_or_better and len(found.unknown) == 1


def test_the_calculator_gives_a_reason_for_each() -> None:
    answer = calculate(
        "compare.dominance", {"incumbent": {"portable": True, "waiting_days": 3}, "candidate": {"waiting_days": 9}}
    )
    assert [(one["rule"], one["outcome"]) for one in answer["explanation"]["reasons"]] == [
        ("waiting_days", "fail"),
        ("portable", "unknown"),
    ]


items = st.frozensets(st.sampled_from("abcd"), max_size=4)
designs = st.builds(
    PlanDesign,
    coinsurance=st.none() | st.sampled_from([Fraction(1, 10), Fraction(1, 5), Fraction(3, 10)]),
    family=st.none() | st.sampled_from(FamilyRule),
    copays_minor=st.none() | st.dictionaries(st.sampled_from("xy"), st.integers(0, 2), max_size=2),
    copays_count=st.booleans(),
    services=st.none() | items,
    exclusions=st.none() | items,
    formulary=st.none() | st.dictionaries(st.sampled_from("pq"), st.integers(1, 3), max_size=2),
    waiting_days=st.none() | st.integers(0, 2),
    portable=st.none() | st.booleans(),
)


@given(designs, designs, designs)
def test_it_is_transitive(one: PlanDesign, two: PlanDesign, three: PlanDesign) -> None:
    if dominance(one, two).same_or_better and dominance(two, three).same_or_better:
        assert dominance(one, three).same_or_better


@given(designs, designs)
def test_of_two_that_differ_only_one_is_the_better(one: PlanDesign, two: PlanDesign) -> None:
    there, back = dominance(one, two), dominance(two, one)
    if there.same_or_better and there.better:
        assert back.standing is Standing.WORSE
        assert {loss.attribute for loss in back.worse} == set(there.better)
    if there.same_or_better and back.same_or_better:
        assert not there.better and not back.better


@given(designs)
def test_a_plan_is_as_good_as_itself(one: PlanDesign) -> None:
    found = dominance(one, one)
    assert found.same_or_better and not found.better and not found.unknown
    assert len(ATTRIBUTES) >= len(found.same)
