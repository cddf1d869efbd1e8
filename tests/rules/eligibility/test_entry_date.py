"""The first day of cover: worked cases, the 91st day, and wordings that are refused."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.rules.eligibility.entry_date import entry_date
from benehub.rules.eligibility.entry_rule import EntryGrid, EntryRule, WaitUnit, check_entry_rule
from benehub.rules.registry import calculate

CASES = [
    ("E01", {"start": "2026-01-19", "wait": 90}, "2026-04-19"),
    ("E03", {"start": "2026-10-16", "wait": 90, "orientation_months": 1}, "2027-02-14"),
    ("E16 on or after", {"start": "2026-05-02", "wait": 60, "grid": "first_of_month"}, "2026-07-01"),
    ("E16 strict", {"start": "2026-05-02", "wait": 60, "grid": "first_of_month_after"}, "2026-07-31"),
    ("E17", {"start": "2026-01-02", "wait": 60, "grid": "first_of_month"}, "2026-04-01"),
    (
        "strict without a limit",
        {"start": "2026-05-02", "wait": 60, "grid": "first_of_month_after", "us_medical": False},
        "2026-08-01",
    ),
    ("months", {"start": "2026-01-31", "wait": 1, "wait_unit": "months"}, "2026-02-28"),
    ("quarterly", {"start": "2026-02-01", "grid": "quarterly"}, "2026-04-01"),
    ("quarterly, on its day", {"start": "2026-04-01", "grid": "quarterly"}, "2026-04-01"),
    (
        "pay period",
        {
            "start": "2026-01-05",
            "wait": 10,
            "grid": "first_of_pay_period",
            "pay_period_starts": ["2026-01-05", "2026-01-19"],
        },
        "2026-01-19",
    ),
    ("E02 orientation", {"start": "2026-05-03", "orientation_months": 1}, "2026-06-03"),
    (
        "E04 hours, then the whole wait",
        {
            "start": "2026-01-06",
            "wait": 1200,
            "wait_unit": "hours",
            "hours_reached_on": "2026-12-15",
            "wait_after_hours": 90,
        },
        "2027-03-15",
    ),
    (
        "dates",
        {"start": "2026-02-01", "grid": "dates", "entry_dates": ["01-01", "07-01"], "us_medical": False},
        "2026-07-01",
    ),
    (
        "dates, next year",
        {"start": "2026-07-02", "grid": "dates", "entry_dates": ["07-01", "01-01"], "us_medical": False},
        "2027-01-01",
    ),
    ("fourth full month", {"start": "2026-02-01", "wait": 90, "large_employer": True}, "2026-05-01"),
    (
        "fourth full month with orientation",
        {"start": "2026-10-16", "wait": 90, "orientation_months": 1, "large_employer": True},
        "2027-02-01",
    ),
    (
        "hours",
        {"start": "2026-01-05", "wait": 1000, "wait_unit": "hours", "hours_reached_on": "2026-07-01"},
        "2026-07-01",
    ),
]


@pytest.mark.parametrize(("payload", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_worked_case(payload: dict[str, object], expected: str) -> None:
    assert calculate("eligibility.entry-date", payload)["result"]["entry_date"] == expected


def test_e03_the_orientation_ends_the_day_before_the_wait_starts() -> None:
    rule = EntryRule(wait=90, orientation_months=1)
    found = entry_date(start=date(2026, 10, 16), rule=rule).required()
    assert found.wait_starts - timedelta(days=1) == date(2026, 11, 15)


def test_orientation_in_a_short_month_lasts_to_its_end() -> None:
    found = entry_date(start=date(2026, 1, 30), rule=EntryRule(orientation_months=1)).required()
    assert found.wait_starts == date(2026, 3, 1)


def test_e16_the_clamp_is_told() -> None:
    rule = EntryRule(wait=60, grid=EntryGrid.FIRST_OF_MONTH_AFTER)
    found = entry_date(start=date(2026, 5, 2), rule=rule)
    assert found.required().clamped
    assert found.required().latest_legal == date(2026, 7, 31)
    assert [step.value for step in found.explanation.steps][-2:] == ["2026-08-01", "2026-07-31"]


def test_e16_how_often_the_strict_reading_breaks_the_limit() -> None:
    strict = EntryRule(wait=60, grid=EntryGrid.FIRST_OF_MONTH_AFTER)
    reading = EntryRule(wait=60, grid=EntryGrid.FIRST_OF_MONTH)
    starts = [date(2026, 1, 1) + timedelta(days=n) for n in range(1460)]
    assert sum(entry_date(start=day, rule=strict).required().clamped for day in starts) == 27
    assert not any(entry_date(start=day, rule=reading).required().clamped for day in starts)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (EntryRule(wait=90, grid=EntryGrid.FIRST_OF_MONTH), "91st-day limit on 96 %"),
        (EntryRule(wait=91), "91st-day limit on 100 %"),
        (EntryRule(wait=3, wait_unit=WaitUnit.MONTHS), "91st-day limit"),
        (EntryRule(wait=1201, wait_unit=WaitUnit.HOURS), "1201 hours"),
        (EntryRule(orientation_months=2), "orientation of 2 months"),
        (EntryRule(wait=-1), "negative"),
        (EntryRule(wait=60, grid=EntryGrid.FIRST_OF_MONTH_AFTER, clamp=False), "limit on 1 % of start dates"),
        (EntryRule(grid=EntryGrid.DATES), "go together"),
        (EntryRule(entry_dates=((1, 1),)), "go together"),
        (EntryRule(grid=EntryGrid.DATES, entry_dates=((1, 1),)), "91st-day limit"),
        (EntryRule(wait_after_hours=30), "no such condition"),
        (EntryRule(wait=1200, wait_unit=WaitUnit.HOURS, wait_after_hours=91), "91st-day limit on 100 %"),
    ],
)
def test_a_wording_that_cannot_be_kept_is_refused(rule: EntryRule, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_entry_rule(rule)


def test_excepted_benefits_may_wait_longer() -> None:
    check_entry_rule(EntryRule(wait=90, grid=EntryGrid.FIRST_OF_MONTH, us_medical=False))


@pytest.mark.parametrize(
    ("payload", "need"),
    [
        ({"start": "2026-01-05", "wait": 500, "wait_unit": "hours"}, "hours_reached_on"),
        ({"start": "2026-01-05", "grid": "first_of_pay_period"}, "pay_period_starts"),
    ],
)
def test_what_is_unknown_is_asked_for(payload: dict[str, object], need: str) -> None:
    answer = calculate("eligibility.entry-date", payload)
    assert answer["result"] is None
    assert answer["needs"] == [need]


@pytest.mark.parametrize(("day", "last"), [("2026-01-30", "2026-02-28"), ("2026-08-31", "2026-09-30")])
def test_e02_the_orientation_ends_with_the_next_month_where_it_has_no_such_day(day: str, last: str) -> None:
    found = calculate("eligibility.entry-date", {"start": day, "orientation_months": 1})["result"]
    assert found["orientation_ends"] == last


def test_a_wait_without_a_clamp_is_kept_where_it_never_breaks_the_limit() -> None:
    check_entry_rule(EntryRule(wait=60, grid=EntryGrid.FIRST_OF_MONTH, clamp=False))
    check_entry_rule(EntryRule(wait=30, grid=EntryGrid.FIRST_OF_MONTH_AFTER, clamp=False))


@pytest.mark.parametrize("text", ["02-29", "13-01", "7-1", ""])
def test_a_day_that_no_year_has_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="no day of each year"):
        calculate("eligibility.entry-date", {"start": "2026-01-05", "grid": "dates", "entry_dates": [text]})


def test_a_number_is_no_date() -> None:
    with pytest.raises(DataError, match="start: must be a date"):
        calculate("eligibility.entry-date", {"start": 20260105})


@settings(max_examples=60, deadline=None)
@given(
    start=st.dates(date(2024, 1, 1), date(2028, 12, 31)),
    wait=st.integers(0, 60),
    grid=st.sampled_from([EntryGrid.IMMEDIATE, EntryGrid.FIRST_OF_MONTH, EntryGrid.FIRST_OF_MONTH_AFTER]),
    orientation=st.integers(0, 1),
)
def test_medical_cover_never_starts_after_day_91(start: date, wait: int, grid: EntryGrid, orientation: int) -> None:
    found = entry_date(start=start, rule=EntryRule(wait, WaitUnit.DAYS, grid, orientation)).required()
    assert start <= found.entry_date <= found.wait_starts + timedelta(days=90)
