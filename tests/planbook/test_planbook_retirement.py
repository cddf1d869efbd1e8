"""What a plan book can say of a retirement plan, and what it may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction

import pytest

from benehub import planbook
from benehub.errors import ConfigError
from benehub.planbook import Plan
from benehub.rules.retirement.entry import EntryDates, PlanEntry
from benehub.rules.retirement.match_formula import MatchPeriod, MatchTier

Changed = Callable[..., str]
TIERS = """      tiers:
        - {rate: 100%, up_to: 3%}
        - {rate: 50%, up_to: 5%}
"""
DEPOSIT = "    deposit:\n      standard_bank_days: 3"


def plan(text: str) -> Plan:
    return planbook.load(text, "book.yaml").plan("401k")


def test_a_book_of_yesterday_keeps_its_meaning(example: str) -> None:
    one = plan(example)
    assert one.match is not None and one.deferral is not None
    assert (one.match.period, one.match.true_up, one.match.matches_catch_up) == (MatchPeriod.PER_PAY, False, True)
    assert (one.vesting, one.entry, one.deferral.limit_year) == (None, None, None)
    assert one.deferral.rule().has_roth


@pytest.mark.parametrize(
    ("new", "tiers"),
    [
        ("      formula: enhanced\n", (MatchTier(Fraction(4, 100), Fraction(1)),)),
        ("      formula: qaca\n      safe_harbor: qaca\n      period: annual\n",
         (MatchTier(Fraction(1, 100), Fraction(1)), MatchTier(Fraction(6, 100), Fraction(1, 2)))),
    ],
)  # fmt: skip
def test_formulas_by_name(changed: Changed, new: str, tiers: tuple[MatchTier, ...]) -> None:
    match = plan(changed(TIERS, new)).match
    assert match is not None and match.rule().tiers == tiers


def test_a_fixed_amount_and_tiers_by_service(changed: Changed) -> None:
    fixed = plan(changed(TIERS, "      fixed: 25.00\n      period: monthly\n")).match
    assert fixed is not None and fixed.rule().fixed_minor == 25_00
    by_service = "      by_service: [{from_years: 1, tiers: [{rate: 50%, up_to: 6%}]}]\n"
    graded = plan(changed(TIERS, by_service)).match
    assert graded is not None and graded.rule().tiers_at(2) == (MatchTier(Fraction(6, 100), Fraction(1, 2)),)


def test_vesting_entry_and_limits(changed: Changed) -> None:
    said = "    vesting: {schedule: graded_6}\n    entry: {age: 21, service_months: 12, hours: 1000, dates: dual}\n"
    one = plan(changed(DEPOSIT, said + DEPOSIT).replace("catch_up: true", "catch_up: true\n      limit_rate: 75%"))
    assert one.vesting is not None and one.vesting.rule()[-1] == (6, Fraction(1))
    assert one.entry is not None and one.entry.rule() == PlanEntry(21, 12, 1000, EntryDates.DUAL)
    assert one.deferral is not None and one.deferral.rule().max_rate == Fraction(3, 4)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (TIERS, "", "twice or not at all"),
        (TIERS, TIERS + "      formula: basic\n", "twice or not at all"),
        (TIERS, "      formula: qaca\n      safe_harbor: basic\n", "falls short of the basic safe harbour"),
        (TIERS, "      fixed: 20.00\n      safe_harbor: basic\n", "only tiers can be a safe harbour"),
        (TIERS, "      fixed: 0.00\n", "fixed match is not above zero"),
        (TIERS, "      formula: basic\n      period: annual\n      true_up: true\n", "needs no true-up"),
        (TIERS, "      formula: golden\n", "formula"),
        (TIERS, TIERS + "      safe_harbor: basic\n    vesting: {schedule: graded_6}\n", "not vested in full after 0"),
        (TIERS, "      formula: qaca\n      safe_harbor: qaca\n    vesting: {schedule: cliff_3}\n", "after 2 years"),
        ("up_to: 5%", "up_to: 2%", "match tiers do not ascend"),
        ("catch_up: true", "catch_up: true\n      limit_rate: 75", "the plan's limit is no part of pay"),
        (DEPOSIT, "    vesting: {table: [{years: 4, vested: 100%}]}\n" + DEPOSIT, "too slow at 2 years"),
        (DEPOSIT, "    entry: {age: 25}\n" + DEPOSIT, "asks for 25"),
        (DEPOSIT, "    entry: {service_months: 6, hours: 500}\n" + DEPOSIT, "500 hours in 6 months"),
    ],
)
def test_what_a_plan_may_not_say_names_the_line(changed: Changed, old: str, new: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        planbook.load(changed(old, new), "book.yaml")
    assert "book.yaml:" in str(caught.value)


@pytest.mark.parametrize(
    ("terms", "day", "hours", "part"),
    [
        ("{schedule: graded_6}", date(2026, 2, 28), 40, Fraction(1, 5)),
        ("{schedule: graded_6}", date(2026, 3, 1), 40, Fraction(2, 5)),
        ("{schedule: cliff_3, method: hours}", date(2026, 3, 1), 40, Fraction(1)),
        ("{schedule: cliff_3, method: hours}", date(2026, 3, 1), 19, Fraction(0)),
        ("{table: [{years: 1, vested: 100%}]}", date(2023, 1, 1), 40, Fraction(0)),
    ],
)
def test_the_vested_part_on_a_day(changed: Changed, terms: str, day: date, hours: int, part: Fraction) -> None:
    vesting = plan(changed(DEPOSIT, f"    vesting: {terms}\n{DEPOSIT}")).vesting
    assert vesting is not None
    assert vesting.vested(date(2023, 3, 1), day, hours) == part
