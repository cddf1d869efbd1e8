"""Months begun or ended midway, under every method."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.periods import FOREVER, Month
from benehub.rules.premium.proration import ProrationMethod, ProrationRule, month_fraction, prorate
from benehub.rules.registry import calculate

FULL, NONE, WASH, DAILY = (
    ProrationMethod.FULL_MONTH,
    ProrationMethod.NONE_FIRST_MONTH,
    ProrationMethod.WASH,
    ProrationMethod.DAILY,
)

CASES = [
    ("P11 wash on or before", 100_00, "2021-01", "2021-01-08", None, {"start_method": "wash"}, 100_00),
    ("P13 full month", 612_50, "2026-04", "2026-04-17", None, {}, 612_50),
    ("P14 daily", 612_50, "2026-04", "2026-04-17", None, {"start_method": "daily"}, 285_83),
    ("wash day itself", 100_00, "2026-04", "2026-04-15", None, {"start_method": "wash"}, 100_00),
    ("after the wash day", 100_00, "2026-04", "2026-04-16", None, {"start_method": "wash"}, 0),
    (
        "other wash day",
        100_00,
        "2026-04",
        "2026-04-02",
        None,
        {"start_method": "wash", "start_wash_day": 1},
        0,
    ),
    (
        "none in the first month",
        100_00,
        "2026-04",
        "2026-04-02",
        None,
        {"start_method": "none_first_month"},
        0,
    ),
    (
        "begun on the first",
        100_00,
        "2026-04",
        "2026-04-01",
        None,
        {"start_method": "none_first_month"},
        100_00,
    ),
    ("before it begins", 100_00, "2026-03", "2026-04-01", None, {}, 0),
    ("after it ended", 100_00, "2026-05", "2026-01-01", "2026-05-01", {}, 0),
    ("ended, full month", 100_00, "2026-04", "2026-01-01", "2026-04-03", {}, 100_00),
    ("ended on the wash day", 100_00, "2026-04", "2026-01-01", "2026-04-16", {"end_method": "wash"}, 0),
    ("ended after it", 100_00, "2026-04", "2026-01-01", "2026-04-17", {"end_method": "wash"}, 100_00),
    ("ended daily", 100_00, "2026-04", "2026-01-01", "2026-04-16", {"end_method": "daily"}, 50_00),
    (
        "none in the last month",
        100_00,
        "2026-04",
        "2026-01-01",
        "2026-04-30",
        {"end_method": "none_first_month"},
        0,
    ),
    ("P14 in thirtieths", 612_50, "2026-04", "2026-04-17", None, {"start_method": "thirtieths"}, 285_83),
    ("thirtieths in February", 300_00, "2026-02", "2026-02-16", None, {"start_method": "thirtieths"}, 150_00),
    ("thirtieths on the 31st", 300_00, "2026-05", "2026-05-31", None, {"start_method": "thirtieths"}, 0),
    ("ended in thirtieths", 300_00, "2026-05", "2026-01-01", "2026-05-21", {"end_method": "thirtieths"}, 200_00),
    (
        "twelve months over 365 days",
        365_00,
        "2026-05",
        "2026-05-22",
        None,
        {"start_method": "anniversary_daily"},
        120_00,
    ),
    (
        "a newborn by a method of its own",
        100_00,
        "2026-04",
        "2026-04-02",
        None,
        {"start_method": "full_month", "newborn_method": "none_first_month", "event": "newborn"},
        0,
    ),
    (
        "an enrollment is no birth",
        100_00,
        "2026-04",
        "2026-04-02",
        None,
        {"start_method": "full_month", "newborn_method": "none_first_month"},
        100_00,
    ),
    (
        "begun and ended in one month, by its own method",
        90_00,
        "2026-04",
        "2026-04-11",
        "2026-04-21",
        {"start_method": "full_month", "end_method": "full_month", "same_month_method": "daily"},
        30_00,
    ),
    (
        "both within the month",
        90_00,
        "2026-04",
        "2026-04-11",
        "2026-04-21",
        {"start_method": "daily", "end_method": "daily"},
        30_00,
    ),
]


@pytest.mark.parametrize(
    ("monthly", "month", "start", "end", "extra", "expected"),
    [c[1:] for c in CASES],
    ids=[c[0] for c in CASES],
)
def test_case(monthly: int, month: str, start: str, end: str | None, extra: dict[str, object], expected: int) -> None:
    payload = {"monthly_minor": monthly, "month": month, "cover_start": start, "cover_end": end, **extra}
    assert calculate("premium.proration", payload)["result"]["amount_minor"] == expected


def test_p15_a_year_whose_premium_changes_midway_is_charged_by_the_day() -> None:
    annual = [("2017-01-01", 365_00), ("2017-05-03", 730_00), ("2017-09-02", 1_095_00)]
    given = {"annual": [{"from_day": day, "annual_minor": minor} for day, minor in annual]}
    found = calculate("premium.proration", given)
    assert found["result"]["after_each_minor"] == [365_00, 608_00, 729_00]
    assert found["result"]["amount_minor"] == 729_00
    with pytest.raises(DataError, match="not in the order"):
        calculate("premium.proration", {"annual": given["annual"][::-1]})


def test_what_a_month_needs_is_asked_for() -> None:
    assert calculate("premium.proration", {})["needs"] == ["monthly_minor", "month"]


@given(
    month=st.builds(Month, st.just(2026), st.integers(1, 12)),
    day=st.integers(2, 28),
    method=st.sampled_from([DAILY, ProrationMethod.THIRTIETHS]),
)
def test_an_end_and_the_start_after_it_make_one_month(month: Month, day: int, method: ProrationMethod) -> None:
    handed_over = date(month.year, month.month, day)
    rule = ProrationRule(method, method)
    before = month_fraction(month, date(2025, 1, 1), handed_over, rule)
    assert before + month_fraction(month, handed_over, FOREVER, rule) == 1


def test_p14_keeps_the_raw_value() -> None:
    found = prorate(
        monthly_minor=612_50, month=Month(2026, 4), cover_start=date(2026, 4, 17), rule=ProrationRule(DAILY)
    )
    assert found.required().fraction == Fraction(14, 30)
    assert found.explanation.steps[-1].raw == "85750/3"


def test_without_a_first_day_it_is_asked_for() -> None:
    answer = calculate("premium.proration", {"monthly_minor": 100, "month": "2026-04"})
    assert answer["needs"] == ["cover_start"]


def test_a_wash_day_is_a_day_of_a_month() -> None:
    with pytest.raises(ConfigError, match="wash day"):
        ProrationRule(start_wash_day=0)


@settings(max_examples=80, deadline=None)
@given(
    start=st.dates(date(2026, 1, 1), date(2026, 6, 30)),
    days=st.integers(1, 120),
    methods=st.tuples(st.sampled_from(list(ProrationMethod)), st.sampled_from(list(ProrationMethod))),
)
def test_a_month_is_charged_between_nothing_and_all(
    start: date, days: int, methods: tuple[ProrationMethod, ProrationMethod]
) -> None:
    rule = ProrationRule(*methods)
    months = [Month(2026, n) for n in range(1, 13)]
    parts = [month_fraction(month, start, start + timedelta(days=days), rule) for month in months]
    assert all(0 <= part <= 1 for part in parts)
    if methods == (DAILY, DAILY):
        assert sum(part * month.days for part, month in zip(parts, months, strict=True)) == days
    if methods == (FULL, FULL):
        touched = sum(month.first < start + timedelta(days=days) and start < month.end for month in months)
        assert sum(parts) == touched


@pytest.mark.parametrize("method", [FULL, NONE, WASH, DAILY])
def test_a_whole_month_is_whole_under_every_method(method: ProrationMethod) -> None:
    rule = ProrationRule(method, method)
    assert month_fraction(Month(2026, 4), date(2026, 4, 1), FOREVER, rule) == 1
    assert month_fraction(Month(2026, 4), date(2026, 1, 9), date(2026, 5, 1), rule) == 1
