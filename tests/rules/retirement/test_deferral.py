"""One pay's deferral under every limit."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.rules.registry import calculate
from benehub.rules.retirement.deferral import (
    DeferralElection,
    DeferralPlan,
    YearToDate,
    deferral,
)
from benehub.rules.retirement.limits import catch_up_limit, retirement_limits

LIMITS = retirement_limits(2026)
OLD = date(1970, 6, 1)
YOUNG = date(1990, 6, 1)


def defer(**changes: Any) -> dict[str, Any]:
    payload = {"pay_date": "2026-06-12", "compensation_minor": 5_000_00, "pretax_rate": "10%"}
    return calculate("retirement.deferral", payload | changes)


CASES = [
    ("percent", {}, (500_00, 0, 0, 0), []),
    ("flat", {"pretax_rate": "0", "pretax_flat_minor": 250_00}, (250_00, 0, 0, 0), []),
    ("both sources", {"roth_rate": "5%"}, (500_00, 250_00, 0, 0), []),
    (
        "402(g) left, young",
        {"ytd_deferrals_minor": 24_300_00, "birth_date": "1990-06-01"},
        (200_00, 0, 0, 0),
        ["402g", "catch_up"],
    ),
    (
        "402(g) left, over 50",
        {"ytd_deferrals_minor": 24_300_00, "birth_date": "1970-06-01"},
        (200_00, 0, 300_00, 0),
        ["402g"],
    ),
    (
        "catch-up nearly used",
        {"ytd_deferrals_minor": 32_400_00, "birth_date": "1970-06-01"},
        (0, 0, 100_00, 0),
        ["402g", "catch_up"],
    ),
    (
        "R12 high earner: catch-up is Roth",
        {"ytd_deferrals_minor": 24_300_00, "birth_date": "1970-06-01", "roth_catch_up_only": True},
        (200_00, 0, 0, 300_00),
        ["402g"],
    ),
    (
        "R12 and the plan has no Roth",
        {
            "ytd_deferrals_minor": 24_300_00,
            "birth_date": "1970-06-01",
            "roth_catch_up_only": True,
            "has_roth": False,
        },
        (200_00, 0, 0, 0),
        ["402g", "catch_up"],
    ),
    (
        "415(c) left",
        {"ytd_additions_minor": 71_900_00, "birth_date": "1990-06-01"},
        (100_00, 0, 0, 0),
        ["415c", "catch_up"],
    ),
    ("net pay", {"net_pay_minor": 320_00}, (320_00, 0, 0, 0), ["net_pay"]),
    ("no Roth in the plan", {"roth_rate": "5%", "has_roth": False}, (500_00, 0, 0, 0), ["no_roth"]),
    ("more than the pay", {"pretax_flat_minor": 6_000_00}, (5_000_00, 0, 0, 0), ["compensation"]),
]


@pytest.mark.parametrize(("changes", "parts", "limited"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_one_pay(changes: dict[str, Any], parts: tuple[int, ...], limited: list[str]) -> None:
    result = defer(**changes)["result"]
    names = ("pretax_minor", "roth_minor", "catch_up_pretax_minor", "catch_up_roth_minor")
    assert tuple(result[name] for name in names) == parts
    assert result["total_minor"] == sum(parts)
    assert result["limited_by"] == limited


@pytest.mark.parametrize(
    ("birth", "expected"),
    [
        (date(1962, 12, 31), 8_000_00),  # R11: 63 on 1 January, 64 on 31 December
        (date(1963, 1, 1), 11_250_00),
        (date(1966, 12, 31), 11_250_00),
        (date(1967, 1, 1), 8_000_00),
        (date(1976, 12, 31), 8_000_00),
        (date(1977, 1, 1), 0),
    ],
)
def test_r11_catch_up_by_the_age_at_the_end_of_the_year(birth: date, expected: int) -> None:
    assert catch_up_limit(birth, LIMITS) == expected


def test_r19_nothing_is_catch_up_from_january() -> None:
    result = defer(pay_date="2026-01-02", birth_date="1970-06-01")["result"]
    assert result["catch_up_pretax_minor"] == result["catch_up_roth_minor"] == 0


def test_the_age_is_asked_for_only_when_it_matters() -> None:
    assert defer()["needs"] == []
    assert defer(ytd_deferrals_minor=24_300_00)["needs"] == ["birth_date"]


def test_a_year_without_limits_is_refused() -> None:
    with pytest.raises(ConfigError, match="IRS cost-of-living notice"):
        defer(pay_date="2027-01-08")


def test_the_salary_never_stands_in_an_error() -> None:
    with pytest.raises(DataError) as caught:
        defer(compensation_minor="5123.45", pretax_rate=0.1)
    assert "5123" not in str(caught.value)
    assert "compensation_minor" in str(caught.value)


@settings(max_examples=100, deadline=None)
@given(
    pays=st.lists(st.integers(0, 2_000_000), min_size=12, max_size=12),
    rates=st.tuples(st.fractions(0, 1, max_denominator=100), st.fractions(0, 1, max_denominator=100)),
    birth=st.sampled_from([OLD, YOUNG, date(1964, 1, 1)]),
    plan=st.builds(DeferralPlan, st.booleans(), st.booleans(), st.booleans()),
)
def test_no_year_ever_exceeds_its_limits(
    pays: list[int], rates: tuple[Fraction, Fraction], birth: date, plan: DeferralPlan
) -> None:
    deferrals = additions = 0
    for pay in pays:
        found = deferral(
            compensation_minor=pay,
            election=DeferralElection(*rates),
            ytd=YearToDate(deferrals, additions),
            limits=LIMITS,
            birth_date=birth,
            plan=plan,
        ).required()
        catch_up = found.catch_up_pretax_minor + found.catch_up_roth_minor
        assert found.total_minor == found.pretax_minor + found.roth_minor + catch_up
        assert found.total_minor <= pay
        assert min(found.pretax_minor, found.roth_minor, catch_up, found.remaining_402g_minor) >= 0
        deferrals += found.total_minor
        additions += found.total_minor - catch_up
    assert additions <= LIMITS.deferral_minor
    assert deferrals <= LIMITS.deferral_minor + catch_up_limit(birth, LIMITS) * plan.allows_catch_up
