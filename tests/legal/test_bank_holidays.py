"""The loaded bank holidays agree with the rule of law, worked out here on its own."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from benehub.errors import ConfigError
from benehub.legal import bank_holidays

YEARS = [2025, 2026, 2027, 2028]


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
def test_loaded_days_follow_the_rule(year: int) -> None:
    assert bank_holidays("us", [year]) == by_rule(year)


def test_a_holiday_on_a_saturday_is_not_kept_on_the_friday() -> None:
    assert date(2026, 7, 3) not in bank_holidays("us", [2026])


def test_a_holiday_on_a_sunday_is_kept_on_the_monday() -> None:
    assert date(2027, 7, 5) in bank_holidays("us", [2027])


def test_no_loaded_day_is_a_weekend() -> None:
    assert all(day.weekday() < 5 for day in bank_holidays("us", YEARS))


def test_a_missing_year_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"loaded for 2040.*Add the year 2040 from: Federal Reserve"):
        bank_holidays("us", [2026, 2040])


def test_a_missing_country_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no legal tables are loaded for 'de'"):
        bank_holidays("de", [2026])
