"""The year's match against what was paid."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.errors import ConfigError
from benehub.rules.registry import calculate
from benehub.rules.retirement.limits import retirement_limits
from benehub.rules.retirement.match import match_contribution
from benehub.rules.retirement.match_formula import PRESETS, MatchFormula, Preset
from benehub.rules.retirement.true_up import true_up

LIMITS = retirement_limits(2026)

FIVE = {"tiers": [{"up_to": "5%", "rate": "100%"}]}
R07 = {"year": 2025, "compensation_minor": 200_000_00, "deferrals_minor": 23_500_00, "paid_minor": 5_000_00}

CASES = [
    ("R07", {}, (10_000_00, 5_000_00, 5_000_00, 0)),
    ("the plan has none", {"plan_trues_up": False}, (10_000_00, 0, 5_000_00, 0)),
    (
        "matched by the year",
        {"plan_trues_up": False, "match_period": "annual"},
        (10_000_00, 5_000_00, 5_000_00, 0),
    ),
    (
        "matched by the quarter",
        {"plan_trues_up": False, "match_period": "quarterly"},
        (10_000_00, 5_000_00, 5_000_00, 0),
    ),
    ("the plan's own cap", {"max_match_minor": 8_000_00}, (8_000_00, 3_000_00, 3_000_00, 0)),
    ("415(c) leaves a part", {"additions_left_minor": 1_999_99}, (10_000_00, 1_999_99, 5_000_00, 0)),
    ("415(c) leaves enough", {"additions_left_minor": 5_000_00}, (10_000_00, 5_000_00, 5_000_00, 0)),
    ("nothing missed", {"paid_minor": 10_000_00}, (10_000_00, 0, 0, 0)),
    ("over-match is told", {"paid_minor": 10_200_00}, (10_000_00, 0, 0, 200_00)),
    (
        "R13 the cap",
        {"year": 2026, "compensation_minor": 400_000_00, "paid_minor": 0},
        (18_000_00, 18_000_00, 18_000_00, 0),
    ),
]


@pytest.mark.parametrize(("changes", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_worked_case(changes: dict[str, Any], expected: tuple[int, ...]) -> None:
    result = calculate("retirement.true-up", R07 | FIVE | changes)["result"]
    names = ("annual_match_minor", "true_up_minor", "missed_minor", "over_match_minor")
    assert tuple(result[name] for name in names) == expected


def test_r06_the_first_half_deferred_double_the_second_none() -> None:
    # 120,000 a year in 24 pays; 10 % for twelve pays, then nothing: per pay the basic match gives 4 % of half the year
    pays = [(5_000_00, 500_00)] * 12 + [(5_000_00, 0)] * 12
    paid = sum(
        calculate(
            "retirement.match",
            {"pay_date": "2026-06-12", "compensation_minor": pay, "deferral_minor": deferral, "preset": "basic"},
        )["result"]["match_minor"]
        for pay, deferral in pays
    )
    year = {"year": 2026, "compensation_minor": 120_000_00, "deferrals_minor": 6_000_00, "paid_minor": paid}
    result = calculate("retirement.true-up", year | {"preset": "basic"})["result"]
    assert (paid, result["annual_match_minor"], result["true_up_minor"]) == (2_400_00, 4_800_00, 2_400_00)


def test_over_match_asks_for_a_review() -> None:
    answer = calculate("retirement.true-up", R07 | FIVE | {"paid_minor": 10_200_00})
    assert answer["result"]["forfeiture_review"] is True
    assert answer["explanation"]["reasons"][1]["needed"] == {"forfeiture_review": True}


@settings(max_examples=80, deadline=None)
@given(
    pays=st.lists(
        st.tuples(st.integers(0, 3_000_000), st.fractions(0, 1, max_denominator=50)), min_size=1, max_size=26
    ),
    preset=st.sampled_from(sorted(PRESETS)),
)
def test_what_was_paid_with_the_true_up_is_the_formula_of_the_year(
    pays: list[tuple[int, Fraction]], preset: Preset
) -> None:
    formula = MatchFormula(PRESETS[preset])
    paid = compensation = deferred = 0
    for pay, rate in pays:
        amount = int(pay * rate)
        paid += (
            match_contribution(
                compensation_minor=pay,
                deferral_minor=amount,
                formula=formula,
                limits=LIMITS,
                ytd_compensation_minor=compensation,
            )
            .required()
            .match_minor
        )
        compensation, deferred = compensation + pay, deferred + amount
    found = true_up(
        compensation_minor=compensation,
        deferrals_minor=deferred,
        paid_minor=paid,
        formula=formula,
        limits=LIMITS,
        plan_trues_up=True,
    ).required()
    assert paid + found.true_up_minor - found.over_match_minor == found.annual_match_minor
    assert not (found.true_up_minor and found.over_match_minor)
    assert found.forfeiture_review == (paid > found.annual_match_minor)


def test_a_year_without_limits_is_refused() -> None:
    with pytest.raises(ConfigError, match="Add the year 2027"):
        calculate("retirement.true-up", R07 | FIVE | {"year": 2027})
