"""The match: presets, tiers, caps."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.rules.registry import calculate
from benehub.rules.retirement.match import match_contribution
from benehub.rules.retirement.match_formula import PRESETS, MatchTier, Preset, check_tiers

HALF_OF_ALL = {"tiers": [{"up_to": "100%", "rate": "50%"}]}


def match(compensation: int, deferral: int, **formula: Any) -> int:
    payload = {"pay_date": "2026-06-12", "compensation_minor": compensation, "deferral_minor": deferral}
    found: int = calculate("retirement.match", payload | formula)["result"]["match_minor"]
    return found


CASES = [
    *[
        (f"R01 {deferral}", 50_000_00, deferral * 100, {"preset": "basic"}, expected * 100)
        for deferral, expected in [(0, 0), (500, 500), (1000, 1000), (1500, 1500), (2000, 1750), (2500, 2000)]
    ],
    *[
        (f"R03 {deferral}", 50_000_00, deferral * 100, {"preset": "enhanced"}, expected * 100)
        for deferral, expected in [(1000, 1000), (1500, 1500), (2000, 2000), (2500, 2000), (3000, 2000)]
    ],
    *[
        (f"R05 {deferral}", 50_000_00, deferral * 100, {"preset": "qaca"}, expected * 100)
        for deferral, expected in [(500, 500), (1000, 750), (3000, 1750)]
    ],
    ("R09", 3_333_33, 500_00, {"preset": "enhanced"}, 133_33),
    ("R13", 400_000_00, 24_500_00, {"preset": "basic"}, 14_400_00),
    ("R15", 2_000_00, 100_00, HALF_OF_ALL, 50_00),
    (
        "the cap is the year's",
        20_000_00,
        2_000_00,
        {"preset": "basic", "ytd_compensation_minor": 350_000_00},
        400_00,
    ),
    ("the cap is used up", 20_000_00, 2_000_00, {"preset": "basic", "ytd_compensation_minor": 360_000_00}, 0),
    ("the plan's own cap", 2_000_00, 100_00, HALF_OF_ALL | {"max_match_minor": 30_00}, 30_00),
]


@pytest.mark.parametrize(
    ("compensation", "deferral", "formula", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_worked_case(compensation: int, deferral: int, formula: dict[str, Any], expected: int) -> None:
    assert match(compensation, deferral, **formula) == expected


def test_r15_five_employees() -> None:
    matched = 5 * match(2_000_00, 100_00, **HALF_OF_ALL)
    assert 5 * 100_00 + matched == 750_00


@pytest.mark.parametrize("formula", [{}, {"preset": "basic", **HALF_OF_ALL}])
def test_the_formula_is_given_once(formula: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="twice or not at all"):
        match(1, 1, **formula)


@pytest.mark.parametrize("edges", [(), ("5%", "3%"), ("3%", "3%")])
def test_tiers_have_to_rise(edges: tuple[str, ...]) -> None:
    tiers = tuple(MatchTier(Fraction(int(edge[:-1]), 100), Fraction(1)) for edge in edges)
    with pytest.raises(ConfigError, match="do not rise"):
        check_tiers(tiers)


@settings(max_examples=80, deadline=None)
@given(pay=st.integers(0, 50_000_000), deferral=st.integers(0, 3_000_000))
def test_enhanced_is_at_least_basic_at_every_level(pay: int, deferral: int) -> None:
    basic, enhanced = (
        match_contribution(
            compensation_minor=pay,
            deferral_minor=deferral,
            tiers=PRESETS[preset],
            compensation_cap_minor=36_000_000,
        )
        .required()
        .match_minor
        for preset in (Preset.BASIC, Preset.ENHANCED)
    )
    assert 0 <= basic <= enhanced <= deferral
