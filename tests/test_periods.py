"""Time: months, half-open intervals, ages, business days."""

from __future__ import annotations

from datetime import UTC, date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import DataError
from benehub.periods import (
    FOREVER,
    Interval,
    Month,
    add_months,
    age_on,
    business_day_before,
    nth_business_day,
    parse_date,
    system_clock,
)

THANKSGIVING = frozenset({date(2026, 11, 26)})


def test_a_month() -> None:
    month = Month.parse("2028-02")
    assert (str(month), month.days, month.first, month.last, month.end) == (
        "2028-02", 29, date(2028, 2, 1), date(2028, 2, 29), date(2028, 3, 1),
    )  # fmt: skip
    assert Month.of(date(2028, 2, 29)) == month
    assert Month(2026, 12) < Month(2027, 1)
    assert [str(Month(2026, 1).plus(n)) for n in (-13, -1, 0, 11, 12)] == [
        "2024-12", "2025-12", "2026-01", "2026-12", "2027-01",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "0000-01", "2026-1", "26-01", "2026-01-01", "", "2026-01\n", "9999-12", "0001-01"]
)
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(DataError, match="not a month"):
        Month.parse(text)


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(-500, 500))
def test_months_there_and_back(day: date, months: int) -> None:
    assert Month.of(day).plus(months).plus(-months) == Month.of(day)
    moved = add_months(day, months)
    assert Month.of(moved) == Month.of(day).plus(months)
    assert moved.day == min(day.day, Month.of(moved).days)


def test_an_interval_is_half_open() -> None:
    march = Interval(date(2026, 3, 1), date(2026, 4, 1))
    assert [march.covers(day) for day in (date(2026, 2, 28), march.start, date(2026, 3, 31), march.end)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert not march.overlaps(Interval(march.end))
    assert march.overlaps(Interval(date(2026, 3, 31)))
    assert Interval(march.start).end == FOREVER
    assert not Interval(march.start, march.start).covers(march.start)
    with pytest.raises(DataError, match="before it starts"):
        Interval(march.end, march.start)


@pytest.mark.parametrize(
    "text",
    ["2026-02-28", " 2026-02-28 ", "02/28/2026", "2/28/2026", "2026-02-28T10:00:00Z", "2026-02-28 10:00"],
)
def test_dates(text: str) -> None:
    assert parse_date(text) == date(2026, 2, 28)


@pytest.mark.parametrize(
    "text",
    ["", "2026-02-30", "13/01/2026", "28.02.2026", "20260228", "2026-W09-6", "2026-2-28", "2026-02-289",
     "2026-02-28x", "1/1/26"],
)  # fmt: skip
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(DataError, match="row 2: not a date"):
        parse_date(text, where="row 2")


def test_age() -> None:
    leap = date(2000, 2, 29)
    assert [age_on(leap, day) for day in (date(2026, 2, 28), date(2026, 3, 1), date(2028, 2, 29))] == [
        25,
        26,
        28,
    ]
    assert age_on(date(1960, 11, 23), date(2026, 11, 22)) == 65
    assert age_on(date(1960, 11, 23), date(2026, 11, 23)) == 66


def test_business_days() -> None:
    wednesday = date(2026, 11, 25)
    assert nth_business_day(wednesday, 1, THANKSGIVING) == date(2026, 11, 27)
    assert nth_business_day(wednesday, 2, THANKSGIVING) == date(2026, 11, 30)
    assert nth_business_day(date(2026, 11, 28), 1, THANKSGIVING) == date(2026, 11, 30)
    assert business_day_before(date(2026, 11, 27), 1, THANKSGIVING) == wednesday
    assert business_day_before(date(2026, 11, 30), 2, THANKSGIVING) == wednesday


@given(st.dates(date(2026, 1, 1), date(2027, 1, 1)), st.integers(1, 20))
def test_business_days_there_and_back(day: date, n: int) -> None:
    later = nth_business_day(day, n, THANKSGIVING)
    assert later.weekday() < 5
    assert later not in THANKSGIVING
    assert business_day_before(later, n, THANKSGIVING) <= day


def test_the_clock_is_aware() -> None:
    assert system_clock().tzinfo is UTC
