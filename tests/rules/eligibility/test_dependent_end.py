"""When a child's cover ends, in every wording."""

from __future__ import annotations

from datetime import date

import pytest

from benehub.rules.eligibility.dependent_end import EndRule, birthday, dependent_end, remaining_tier
from benehub.rules.registry import calculate

BIRTH = "2000-11-10"
CASES = [
    ("day before", {"rule": "day_before_birthday", "large_us_employer": False}, "2026-11-09"),
    ("E18 large employer", {"rule": "day_before_birthday"}, "2026-11-30"),
    ("E18 end of month", {"rule": "end_of_month"}, "2026-11-30"),
    ("calendar year", {"rule": "end_of_calendar_year"}, "2026-12-31"),
    ("plan year from July", {"rule": "end_of_plan_year", "plan_year_first_month": 7}, "2027-06-30"),
    ("plan year from December", {"rule": "end_of_plan_year", "plan_year_first_month": 12}, "2026-11-30"),
    ("disabled", {"rule": "end_of_month", "disabled_evidence_until": "2028-03-31"}, "2028-03-31"),
]


@pytest.mark.parametrize(("extra", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_last_day(extra: dict[str, object], expected: str) -> None:
    answer = calculate("eligibility.dependent-end", {"birth_date": BIRTH, **extra})
    assert answer["result"]["last_day"] == expected


def test_e19_tax_exclusion_ends_with_2011() -> None:
    found = dependent_end(birth_date=date(1985, 12, 10), rule=EndRule.END_OF_MONTH).required()
    assert found.tax_free_until == date(2011, 12, 31)


def test_the_end_is_half_open_and_the_family_is_told_in_time() -> None:
    found = dependent_end(birth_date=date(2000, 11, 10), rule=EndRule.END_OF_MONTH).required()
    assert found.coverage_end == date(2026, 12, 1)
    assert found.notice_dates == (date(2026, 9, 1), date(2026, 10, 1), date(2026, 10, 31))


def test_why_the_wording_was_not_the_last_word() -> None:
    found = dependent_end(birth_date=date(2000, 11, 10), rule=EndRule.DAY_BEFORE_BIRTHDAY).required()
    assert found.extended == "large_employer"


def test_born_on_a_leap_day() -> None:
    assert birthday(date(2000, 2, 29), 26) == date(2026, 3, 1)
    assert birthday(date(2000, 2, 29), 28) == date(2028, 2, 29)


def test_without_a_birth_date_it_is_asked_for() -> None:
    found = dependent_end(birth_date=None, rule=EndRule.END_OF_MONTH)
    assert found.result is None
    assert found.needs == ("birth_date",)


@pytest.mark.parametrize(
    ("tier", "stay", "after"),
    [
        ("FAM", ["spouse"], "ES"),
        ("FAM", ["spouse", "child"], "FAM"),
        ("FAM", ["child", "foster"], "EC"),
        ("EC", [], "EE"),
        ("ES", ["spouse", "child"], "ES"),  # a tier narrower than the family is never widened
        ("EC", ["domestic_partner"], "EC"),
        ("EE", ["child"], "EE"),
    ],
)
def test_the_tier_of_those_who_stay(tier: str, stay: list[str], after: str) -> None:
    assert remaining_tier(tier, stay) == after


def test_no_birth_date_is_told_in_a_step() -> None:
    steps = dependent_end(birth_date=date(2000, 11, 10), rule=EndRule.END_OF_MONTH).explanation.steps
    assert "2000" not in str(steps)
