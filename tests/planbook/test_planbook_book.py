"""What flows ask of a plan book: plans, codes, rates, pay dates, and the rules' own value types."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction

import pytest

from benehub import planbook
from benehub.errors import DataError
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.records import Tier
from benehub.rules.deduction.calendar import DeductionMethod, Timing
from benehub.rules.eligibility.entry_rule import EntryGrid, EntryRule, WaitUnit
from benehub.rules.retirement.match_formula import MatchTier

Changed = Callable[..., str]


@pytest.fixture(scope="module")
def book(example: str) -> PlanBook:
    return planbook.load(example, "book.yaml")


def test_version_is_twelve_hexadecimal_digits(book: PlanBook) -> None:
    assert len(book.version) == 12
    int(book.version, 16)


def test_plans_are_found_by_id_and_kind(book: PlanBook) -> None:
    assert book.plan("ppo").vendor == "northstar"
    assert [plan.id for plan in book.insurance_plans()] == ["ppo", "hdhp", "dental", "vision"]
    assert [plan.id for plan in book.retirement_plans()] == ["401k"]
    with pytest.raises(DataError, match="'gold' is not in the plan book"):
        book.plan("gold")
    with pytest.raises(DataError, match="leave policy"):
        book.leave_policy("sick")


@pytest.mark.parametrize(
    ("code", "plan", "part"),
    [
        ("MED-PPO", "ppo", "employee"),
        ("401K", "401k", "pretax"),
        ("401K-ROTH", "401k", "roth"),
        ("401K-MATCH", "401k", "match"),
    ],
)
def test_codes_lead_to_plan_and_part(book: PlanBook, code: str, plan: str, part: str) -> None:
    found = book.by_code(code)
    assert found is not None and (found[0].id, found[1]) == (plan, part)


def test_a_code_of_no_plan_is_none(book: PlanBook) -> None:
    assert book.by_code("FED-TAX") is None


@pytest.mark.parametrize(("month", "cents"), [("2026-01", 61250), ("2026-12", 61250), ("2027-01", 65500)])
def test_rates_are_those_of_the_month(book: PlanBook, month: str, cents: int) -> None:
    assert book.plan("ppo").rates_minor(Month.parse(month))[Tier.EE] == cents


def test_a_month_without_rates_is_a_data_error(book: PlanBook) -> None:
    with pytest.raises(DataError, match="no rates for 2025-12"):
        book.plan("ppo").rates_minor(Month(2025, 12))


def test_plans_hand_out_the_rules_own_types(book: PlanBook) -> None:
    ppo, hdhp, vision = book.plan("ppo"), book.plan("hdhp"), book.plan("vision")
    rule = ppo.eligibility_rule()
    assert rule.entry == EntryRule(30, WaitUnit.DAYS, EntryGrid.FIRST_OF_MONTH, us_medical=True)
    assert (rule.classes, rule.min_hours_minor, rule.open_to) == (("full_time",), 3000, None)
    assert ppo.contribution_rule().percent == Fraction(4, 5)
    assert hdhp.contribution_rule().percent_dependents == Fraction(1, 2)
    assert vision.contribution_rule().defined_minor[Tier.FAM] == 1000
    assert vision.deduction_rule().timing is Timing.IN_ADVANCE
    assert book.plan("dental").deduction_rule().method is DeductionMethod.EVERY_PAY
    assert book.plan("dental").proration_rule().start_wash_day == 15
    match = book.plan("401k").match
    assert match is not None
    assert match.rule().tiers == (
        MatchTier(up_to=Fraction(3, 100), rate=Fraction(1)),
        MatchTier(up_to=Fraction(5, 100), rate=Fraction(1, 2)),
    )


def test_pay_dates_leave_weekends_and_bank_holidays(book: PlanBook) -> None:
    dates = book.pay_dates("semimonthly", 2026)
    assert len(dates) == 24
    assert dates[2] == date(2026, 2, 13)  # 15 February 2026 is a Sunday
    assert dates[-1] == date(2026, 12, 31)
    assert len(book.pay_dates("biweekly", 2026)) == 26
    assert all(day.weekday() < 5 for day in dates)


def test_a_pay_date_on_new_year_is_paid_in_the_year_before(changed: Changed) -> None:
    text = changed("first_pay_date: 2026-01-09", "first_pay_date: 2026-01-02")
    book = planbook.load(text, "book.yaml")
    # 1 January 2027 is a Friday and a bank holiday: paid on Thursday, and 27 pay dates fall in 2026
    assert book.pay_dates("biweekly", 2026)[-1] == date(2026, 12, 31)
    assert len(book.pay_dates("biweekly", 2026)) == 27
    assert book.pay_dates("biweekly", 2027)[0] == date(2027, 1, 15)


def test_listed_pay_dates_win_over_the_rule(changed: Changed) -> None:
    text = changed("first_pay_date: 2026-01-09", "pay_dates: [2026-01-10, 2026-02-07]")
    assert planbook.load(text, "b").pay_dates("biweekly", 2026) == (date(2026, 1, 10), date(2026, 2, 7))


def test_carriers_without_terms_get_the_defaults(book: PlanBook) -> None:
    assert book.terms("northstar").pay_policy == "pay_as_billed"
    assert book.terms("unheard").grace_days == 31


def test_a_plan_year_begins_on_the_anniversary_of_the_plans_first_day(book: PlanBook) -> None:
    plan = book.plan("ppo").model_copy(update={"effective_from": date(2024, 7, 1)})
    begins = [plan.plan_year_start(Month(*month)) for month in ((2024, 7), (2026, 6), (2026, 7), (2026, 12))]
    assert begins == [date(2024, 7, 1), date(2025, 7, 1), date(2026, 7, 1), date(2026, 7, 1)]
