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
from benehub.rules.retirement.deferral import deferral
from benehub.rules.retirement.deferral_terms import DeferralElection, DeferralPlan, YearToDate
from benehub.rules.retirement.limits import catch_up_limit, retirement_limits

LIMITS = retirement_limits(2026)
OLD = date(1970, 6, 1)
YOUNG = date(1990, 6, 1)


def defer(**changes: Any) -> dict[str, Any]:
    payload = {"pay_date": "2026-06-12", "compensation_minor": 5_000_00, "pretax_rate": "10%"}
    return calculate("retirement.deferral", payload | changes)


FULL = {"ytd_deferrals_minor": 24_300_00, "birth_date": "1970-06-01", "prior_wages_minor": 150_000_00}
"""200.00 left under 402(g), over 50, wages of the year before not above the threshold."""
HIGH = FULL | {"prior_wages_minor": 150_000_01}

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
        FULL,
        (200_00, 0, 300_00, 0),
        ["402g"],
    ),
    (
        "catch-up nearly used",
        FULL | {"ytd_deferrals_minor": 32_400_00},
        (0, 0, 100_00, 0),
        ["402g", "catch_up"],
    ),
    ("R12 high earner: catch-up is Roth", HIGH, (200_00, 0, 0, 300_00), ["402g"]),
    ("R12 known to be one", FULL | {"roth_catch_up_only": True}, (200_00, 0, 0, 300_00), ["402g"]),
    ("R12 and the plan has no Roth", HIGH | {"has_roth": False}, (200_00, 0, 0, 0), ["402g", "roth_catch_up"]),
    ("R12 and opted out", HIGH | {"roth_opt_out": True}, (200_00, 0, 0, 0), ["402g", "roth_catch_up"]),
    ("R12 and no deemed election", HIGH | {"deemed_roth": False}, (200_00, 0, 0, 0), ["402g", "roth_catch_up"]),
    (
        "R12 not enforced in 2025",
        HIGH | {"pay_date": "2025-06-13", "ytd_deferrals_minor": 23_300_00},
        (200_00, 0, 300_00, 0),
        ["402g"],
    ),
    ("Roth made earlier counts", HIGH | {"ytd_roth_minor": 250_00}, (200_00, 0, 250_00, 50_00), ["402g"]),
    (
        "Roth made earlier was used",
        HIGH | {"ytd_roth_minor": 250_00, "ytd_deferrals_minor": 25_000_00},
        (0, 0, 0, 500_00),
        ["402g"],
    ),
    (
        "opted out, Roth elected",
        HIGH | {"roth_opt_out": True, "pretax_rate": "5%", "roth_rate": "5%"},
        (100_00, 100_00, 100_00, 150_00),
        ["402g", "roth_catch_up"],
    ),
    (
        "the plan's limit of the pay",
        FULL | {"ytd_deferrals_minor": 0, "plan_max_rate": "6%"},
        (300_00, 0, 200_00, 0),
        ["plan"],
    ),
    (
        "the plan's limit of the year",
        FULL | {"ytd_deferrals_minor": 9_800_00, "plan_max_year_minor": 10_000_00},
        (200_00, 0, 300_00, 0),
        ["plan"],
    ),
    (
        "the ADP limit",
        FULL | {"ytd_deferrals_minor": 9_800_00, "adp_limit_minor": 10_000_00},
        (200_00, 0, 300_00, 0),
        ["adp"],
    ),
    (
        "the ADP limit, catch-up made before 402(g)",
        FULL | {"ytd_deferrals_minor": 18_000_00, "ytd_catch_up_minor": 7_900_00, "adp_limit_minor": 10_000_00},
        (0, 0, 100_00, 0),
        ["adp", "catch_up"],
    ),
    ("no catch-up in the plan", FULL | {"allows_catch_up": False}, (200_00, 0, 0, 0), ["402g", "catch_up"]),
    (
        "the plan stops at 401(a)(17) pay",
        {"capped_pay": True, "ytd_compensation_minor": 358_000_00},
        (200_00, 0, 0, 0),
        ["401a17"],
    ),
    ("most plans do not", {"ytd_compensation_minor": 358_000_00}, (500_00, 0, 0, 0), []),
    (
        "415(c) is 100 % of pay",
        {"birth_date": "1990-06-01", "ytd_compensation_minor": 1_000_00, "ytd_additions_minor": 5_800_00},
        (200_00, 0, 0, 0),
        ["415c", "catch_up"],
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


AFTER_TAX = [
    ("after-tax", {"after_tax_rate": "5%", "has_after_tax": True}, 250_00, []),
    ("the plan has none", {"after_tax_rate": "5%"}, 0, ["no_after_tax"]),
    (
        "415(c) cuts it after the deferral",
        {"after_tax_flat_minor": 900_00, "has_after_tax": True, "ytd_additions_minor": 71_000_00},
        500_00,
        ["415c"],
    ),
    (
        "net pay cuts it before the deferral",
        {"after_tax_flat_minor": 900_00, "has_after_tax": True, "net_pay_minor": 800_00},
        300_00,
        ["net_pay"],
    ),
    (
        "catch-up leaves 415(c) alone",
        HIGH | {"after_tax_flat_minor": 900_00, "has_after_tax": True, "ytd_additions_minor": 71_000_00},
        800_00,
        ["402g", "415c"],
    ),
]


@pytest.mark.parametrize(("changes", "amount", "limited"), [c[1:] for c in AFTER_TAX], ids=[c[0] for c in AFTER_TAX])
def test_after_tax(changes: dict[str, Any], amount: int, limited: list[str]) -> None:
    result = defer(**changes)["result"]
    assert (result["after_tax_minor"], result["total_minor"]) == (amount, 500_00)
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


def test_r18_catch_up_comes_once_402g_is_used_up() -> None:
    deferred, found = 0, []
    for _ in range(26):
        result = defer(**FULL | {"ytd_deferrals_minor": deferred, "pretax_rate": "0", "pretax_flat_minor": 1_250_00})
        deferred += result["result"]["total_minor"]
        found.append(result["result"]["catch_up_pretax_minor"])
    assert deferred == 24_500_00 + 8_000_00
    assert found[:19] == [0] * 19
    assert found[19:] == [500_00] + [1_250_00] * 6


def test_age_and_wages_are_asked_for_only_when_they_matter() -> None:
    assert defer()["needs"] == []
    assert defer(ytd_deferrals_minor=24_300_00)["needs"] == ["birth_date"]
    over_50 = {"ytd_deferrals_minor": 24_300_00, "birth_date": "1970-06-01"}
    assert defer(**over_50)["needs"] == ["prior_wages_minor"]
    assert defer(**over_50, ytd_roth_minor=300_00)["needs"] == []
    assert defer(**over_50, pretax_rate="0", roth_rate="10%")["needs"] == []
    assert defer(capped_pay=True)["needs"] == ["ytd_compensation_minor"]


def test_the_reasons_say_why() -> None:
    reasons = {one["rule"]: one for one in defer(**HIGH)["explanation"]["reasons"]}
    assert reasons["catch_up"]["inputs"] == {
        "age_on_31_december": 56, "limit_minor": 8_000_00, "left_minor": 8_000_00,
    }  # fmt: skip
    assert reasons["roth_catch_up"]["inputs"]["deemed_minor"] == 300_00
    assert "other_employers" in str(reasons["own_employer_only"]["needed"])
    assert reasons["own_employer_only"]["outcome"] == "unknown"


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
    plan=st.builds(
        DeferralPlan,
        allows_catch_up=st.booleans(),
        has_roth=st.booleans(),
        has_after_tax=st.booleans(),
        roth_catch_up_only=st.booleans(),
        deemed_roth=st.booleans(),
        max_rate=st.none() | st.fractions(0, 1, max_denominator=20),
        max_year_minor=st.none() | st.integers(0, 3_000_000),
        adp_limit_minor=st.none() | st.integers(0, 3_000_000),
    ),
    opted_out=st.booleans(),
)
def test_no_year_ever_exceeds_its_limits(
    pays: list[int], rates: tuple[Fraction, Fraction], birth: date, plan: DeferralPlan, opted_out: bool
) -> None:
    deferrals = additions = caught_up = roth = paid = 0
    election = DeferralElection(*rates, after_tax_rate=Fraction(1, 20), roth_opt_out=opted_out)
    most = catch_up_limit(birth, LIMITS) * plan.allows_catch_up
    for pay in pays:
        found = deferral(
            compensation_minor=pay,
            election=election,
            ytd=YearToDate(deferrals, additions, roth, caught_up, paid),
            limits=LIMITS,
            birth_date=birth,
            plan=plan,
        ).required()
        catch_up = found.catch_up_pretax_minor + found.catch_up_roth_minor
        assert found.total_minor == found.pretax_minor + found.roth_minor + catch_up
        assert found.total_minor + found.after_tax_minor <= pay
        assert min(found.model_dump(exclude={"limited_by"}).values()) >= 0
        if catch_up:
            assert set(found.limited_by) & {"402g", "plan", "adp", "415c"}
        deferrals += found.total_minor
        caught_up += catch_up
        roth += found.roth_minor + found.catch_up_roth_minor
        additions += found.total_minor - catch_up + found.after_tax_minor
        paid += pay
        if plan.roth_catch_up_only:
            assert roth >= caught_up
    limits = (LIMITS.deferral_minor, plan.max_year_minor, plan.adp_limit_minor)
    assert deferrals - caught_up <= min(one for one in limits if one is not None)
    assert caught_up <= most
    assert additions <= min(LIMITS.additions_minor, paid)
