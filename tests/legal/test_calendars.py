"""The banks' calendars agree with the schedules as published, and with the rule of law worked out here on its own."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from benehub.errors import ConfigError
from benehub.legal import bank_holidays

PUBLISHED = {
    2025: "0101 0120 0217 0526 0619 0704 0901 1013 1111 1127 1225",
    2026: "0101 0119 0216 0525 0619 0907 1012 1111 1126 1225",
    2027: "0101 0118 0215 0531 0705 0906 1011 1111 1125",
    2028: "0117 0221 0529 0619 0704 0904 1009 1123 1225",
}
"""Holiday schedule of the Federal Reserve Banks (frbservices.org), month and day."""
TARGET = {
    2024: "0101 0329 0401 0501 1225 1226",
    2025: "0101 0418 0421 0501 1225 1226",
    2026: "0101 0403 0406 0501 1225",
    2027: "0101 0326 0329",
}
"""Closing days of TARGET that are weekdays: New Year, Good Friday, Easter Monday, 1 May, 25 and 26 December."""
YEARS = list(PUBLISHED)


def days_of(year: int, text: str) -> frozenset[date]:
    return frozenset(date(year, int(word[:2]), int(word[2:])) for word in text.split())


def nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def by_rule(year: int) -> set[date]:
    fixed = [date(year, *day) for day in [(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)]]
    last_of_may = max(date(year, 5, day) for day in range(25, 32) if date(year, 5, day).weekday() == 0)
    floating = [nth(year, *rule) for rule in [(1, 0, 3), (2, 0, 3), (9, 0, 1), (10, 0, 2), (11, 3, 4)]]
    kept = {day + timedelta(days=day.weekday() == 6) for day in fixed if day.weekday() != 5}
    return {*kept, *floating, last_of_may}


@pytest.mark.parametrize("year", YEARS)
def test_days_are_those_published(year: int) -> None:
    assert bank_holidays("us", [year]) == days_of(year, PUBLISHED[year])


@pytest.mark.parametrize("year", range(2022, 2051))
def test_days_follow_the_rule(year: int) -> None:
    assert bank_holidays("us", [year]) == by_rule(year)


def test_a_holiday_on_a_saturday_is_not_kept_on_the_friday() -> None:
    days = bank_holidays("us", [2026, 2027, 2028])
    assert days.isdisjoint({date(2026, 7, 3), date(2027, 12, 24), date(2027, 12, 31), date(2028, 11, 10)})


def test_a_holiday_on_a_sunday_is_kept_on_the_monday() -> None:
    assert {date(2027, 7, 5), date(2022, 12, 26), date(2022, 6, 20)} <= bank_holidays("us", [2022, 2027])


@pytest.mark.parametrize("year", TARGET)
@pytest.mark.parametrize("country", ["de", "FR", "bg"])
def test_euro_countries_close_with_target(country: str, year: int) -> None:
    assert bank_holidays(country, [year]) == days_of(year, TARGET[year])


def test_no_day_is_a_weekend() -> None:
    years = range(2000, 2051)
    assert all(day.weekday() < 5 for country in ("us", "de") for day in bank_holidays(country, years))


@pytest.mark.parametrize("year", [0, 1999, 2051, 20260])
def test_a_year_beyond_the_calendars_is_an_error(year: int) -> None:
    with pytest.raises(ConfigError, match=f"known for {year}.*from 2000 to 2050"):
        bank_holidays("us", [2026, year])


@pytest.mark.parametrize("country", ["zz", "", "../us", "gb"])
def test_a_country_without_a_calendar_is_an_error(country: str) -> None:
    with pytest.raises(ConfigError, match=r"no bank calendar is known for .*Use us or a euro country"):
        bank_holidays(country, [2026])
