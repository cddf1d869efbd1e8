"""Actuarial value: plan-paid over charges of one fixed population (worked case C03)."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from benehub.rules.compare.design import PlanDesign
from benehub.rules.compare.value import ClaimLevel, actuarial_value, percent
from benehub.rules.registry import calculate

PLAN = {"deductible_minor": 3_000_00, "coinsurance": "20%", "out_of_pocket_max_minor": 9_000_00}


def test_c03_plan_paid_over_total_charges() -> None:
    people = [{"charges_minor": 2_000_00, "weight": 3}, {"charges_minor": 10_000_00, "weight": "1"}]
    answer = calculate("compare.value", {"design": PLAN, "population": people})["result"]
    # charges 3 x 2,000 + 10,000; the plan pays nothing of the first and 5,600 of the second
    assert answer == {"actuarial_value": "0.35", "percent": "35.0%", "minimum_value": False}


def test_nobody_with_charges_gives_no_value() -> None:
    for people in ([], [{"charges_minor": 0, "weight": 1}], [{"charges_minor": 5, "weight": 0}]):
        assert calculate("compare.value", {"design": PLAN, "population": people})["needs"] == ["population"]


population = st.lists(
    st.builds(
        ClaimLevel,
        charges_minor=st.integers(0, 60_000_000),
        weight=st.fractions(min_value=0, max_value=5, max_denominator=9),
    ),
    min_size=1,
    max_size=8,
)


@given(st.integers(0, 800_000), st.integers(0, 900_000), st.fractions(0, 1, max_denominator=20), population)
def test_it_lies_between_0_and_1_and_a_better_plan_is_worth_no_less(
    deductible: int, rest: int, rate: Fraction, people: list[ClaimLevel]
) -> None:
    assume(any(level.charges_minor and level.weight for level in people))
    plan = PlanDesign(deductible_minor=deductible, out_of_pocket_max_minor=deductible + rest, coinsurance=rate)
    better = plan.model_copy(update={"coinsurance": rate / 2})
    value, more = actuarial_value(plan, people), actuarial_value(better, people)
    assert value is not None and more is not None
    assert 0 <= value <= more <= 1


def test_percent_rounds_half_up() -> None:
    assert [percent(Fraction(n, 100_000)) for n in (60_049, 60_050, 100_000, 0)] == ["60.0%", "60.1%", "100.0%", "0.0%"]
