"""The match: presets, tiers, caps."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.rules.registry import calculate
from benehub.rules.retirement.limits import retirement_limits
from benehub.rules.retirement.match import match_contribution
from benehub.rules.retirement.match_formula import (
    PRESETS,
    MatchFormula,
    MatchPeriod,
    MatchTier,
    Preset,
    check_safe_harbor,
    check_tiers,
)

LIMITS = retirement_limits(2026)
HALF_OF_ALL = {"tiers": [{"up_to": "100%", "rate": "50%"}]}

BY_SERVICE = [
    {"from_years": 1, "tiers": [{"up_to": "3%", "rate": "50%"}]},
    {"from_years": 5, "tiers": [{"up_to": "6%", "rate": "100%"}]},
]


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
    ("flat 50 %", 2_000_00, 500_00, HALF_OF_ALL, 250_00),
    ("415(c) leaves less", 2_000_00, 100_00, HALF_OF_ALL | {"additions_left_minor": 12_34}, 12_34),
    ("fixed amount", 2_000_00, 1, {"fixed_minor": 40_00}, 40_00),
    ("fixed amount from a least deferral", 2_000_00, 99_99, {"fixed_minor": 40_00, "fixed_from_minor": 100_00}, 0),
    ("by service, none yet", 2_000_00, 100_00, {"by_service": BY_SERVICE, "years_of_service": 0}, 0),
    ("by service, 1 year", 2_000_00, 100_00, {"by_service": BY_SERVICE, "years_of_service": 4}, 30_00),
    ("by service, 5 years", 2_000_00, 100_00, {"by_service": BY_SERVICE, "years_of_service": 5}, 100_00),
    ("student loan as deferral", 4_000_00, 40_00, {"preset": "basic", "student_loan_minor": 200_00}, 160_00),
    ("student loan alone", 4_000_00, 0, {"preset": "basic", "student_loan_minor": 120_00}, 120_00),
    (
        "student loan stops at 402(g)",
        4_000_00,
        40_00,
        {"preset": "basic", "student_loan_minor": 200_00, "ytd_deferrals_minor": 24_430_00},
        70_00,
    ),
    ("student loan stops at the pay", 100_00, 0, HALF_OF_ALL | {"student_loan_minor": 500_00}, 50_00),
    ("month still open", 2_000_00, 100_00, {"preset": "basic", "match_period": "monthly", "period_closed": False}, 0),
    ("month closed", 4_000_00, 200_00, {"preset": "basic", "match_period": "monthly"}, 160_00),
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


def test_years_of_service_are_asked_for() -> None:
    payload = {"pay_date": "2026-06-12", "compensation_minor": 1, "deferral_minor": 1, "by_service": BY_SERVICE}
    assert calculate("retirement.match", payload)["needs"] == ["years_of_service"]


def test_years_of_service_have_to_rise() -> None:
    with pytest.raises(ConfigError, match="years of service do not rise"):
        match(1, 1, by_service=BY_SERVICE[::-1], years_of_service=3)


def test_an_open_period_says_why_nothing_accrues() -> None:
    payload = {"pay_date": "2026-06-12", "compensation_minor": 1, "deferral_minor": 1, "preset": "basic"}
    answer = calculate("retirement.match", payload | {"match_period": "quarterly", "period_closed": False})
    assert answer["explanation"]["reasons"][0]["needed"] == {"period_closed": True}


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (MatchPeriod.PER_PAY, (date(2026, 11, 13), date(2026, 11, 13))),
        (MatchPeriod.MONTHLY, (date(2026, 11, 1), date(2026, 12, 1))),
        (MatchPeriod.QUARTERLY, (date(2026, 10, 1), date(2027, 1, 1))),
        (MatchPeriod.ANNUAL, (date(2026, 1, 1), date(2027, 1, 1))),
    ],
)
def test_the_matching_period_around_a_pay(period: MatchPeriod, expected: tuple[date, date]) -> None:
    assert period.bounds(date(2026, 11, 13)) == expected


def tiers(*pairs: tuple[str, str]) -> tuple[MatchTier, ...]:
    return tuple(MatchTier(Fraction(edge), Fraction(rate)) for edge, rate in pairs)


@pytest.mark.parametrize(
    ("kind", "given_tiers"),
    [
        (Preset.BASIC, PRESETS[Preset.BASIC]),
        (Preset.ENHANCED, PRESETS[Preset.ENHANCED]),
        (Preset.ENHANCED, tiers(("6/100", "1"))),
        (Preset.QACA, PRESETS[Preset.QACA]),
        (Preset.QACA, PRESETS[Preset.BASIC]),
    ],
)
def test_a_safe_harbor_is_taken(kind: Preset, given_tiers: tuple[MatchTier, ...]) -> None:
    check_safe_harbor(given_tiers, kind)


@pytest.mark.parametrize(
    ("kind", "given_tiers", "said"),
    [
        (Preset.ENHANCED, tiers(("6/100", "1/2")), "falls short of the enhanced safe harbour at a deferral of 3%"),
        (Preset.BASIC, PRESETS[Preset.QACA], "falls short of the basic safe harbour at a deferral of 3%"),
        (Preset.QACA, tiers(("3/100", "1")), "falls short of the qaca safe harbour at a deferral of 6%"),
        (Preset.ENHANCED, tiers(("4/100", "1"), ("6/100", "2")), "the match rate rises"),
        (Preset.ENHANCED, tiers(("8/100", "1")), "deferrals above 6% of pay"),
    ],
)
def test_what_is_no_safe_harbor_is_refused(kind: Preset, given_tiers: tuple[MatchTier, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_safe_harbor(given_tiers, kind)


FORMULAS = st.one_of(
    st.sampled_from(sorted(PRESETS)).map(lambda preset: MatchFormula(PRESETS[preset])),
    st.integers(1, 100_000).map(lambda amount: MatchFormula(fixed_minor=amount, fixed_from_minor=500)),
    st.lists(st.tuples(st.integers(1, 100), st.integers(0, 200)), min_size=1, max_size=4, unique_by=lambda one: one[0])
    .map(sorted)
    .map(lambda rows: MatchFormula(tuple(MatchTier(Fraction(edge, 100), Fraction(rate, 100)) for edge, rate in rows))),
)


@settings(max_examples=100, deadline=None)
@given(
    formula=FORMULAS, pay=st.integers(0, 50_000_000), deferral=st.integers(0, 3_000_000), more=st.integers(0, 500_000)
)
def test_more_deferral_never_earns_less_match(formula: MatchFormula, pay: int, deferral: int, more: int) -> None:
    one, two = (
        match_contribution(compensation_minor=pay, deferral_minor=amount, formula=formula, limits=LIMITS)
        .required()
        .match_minor
        for amount in (deferral, deferral + more)
    )
    assert 0 <= one <= two


@settings(max_examples=80, deadline=None)
@given(pay=st.integers(0, 50_000_000), deferral=st.integers(0, 3_000_000))
def test_enhanced_is_at_least_basic_at_every_level(pay: int, deferral: int) -> None:
    basic, enhanced = (
        match_contribution(
            compensation_minor=pay,
            deferral_minor=deferral,
            formula=MatchFormula(PRESETS[preset]),
            limits=LIMITS,
        )
        .required()
        .match_minor
        for preset in (Preset.BASIC, Preset.ENHANCED)
    )
    assert 0 <= basic <= enhanced <= deferral
