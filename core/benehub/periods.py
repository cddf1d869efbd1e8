"""Time as the hub sees it: half-open intervals, calendar months, business days, one injected clock.

Business facts carry dates; the recorded order carries aware datetimes. Nothing else in benehub asks the
machine what time it is: `Clock` is handed in.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from benehub.errors import DataError

FOREVER = date(9999, 12, 31)
"""The open end of an interval that has no end yet."""

Clock = Callable[[], datetime]
"""Gives the current aware UTC datetime."""


def system_clock() -> datetime:
    """The only place that reads the machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """One calendar month, as text `2026-11`."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """From `YYYY-MM`.

        Raises:
            DataError: not a month, or none of the years 1900 to 2199: a slip, for which no calendar is known.
        """
        if re.fullmatch(r"(19|2[01])[0-9]{2}-(0[1-9]|1[0-2])", text) is None:
            raise DataError(f"not a month: {text!r}", mend="Write it as YYYY-MM, e.g. 2026-11")
        return cls(int(text[:4]), int(text[5:]))

    @classmethod
    def of(cls, day: date) -> Month:
        """The month that holds `day`."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month, 1)

    @property
    def days(self) -> int:
        """Number of days in it."""
        return calendar.monthrange(self.year, self.month)[1]

    @property
    def last(self) -> date:
        """Its last day."""
        return date(self.year, self.month, self.days)

    @property
    def end(self) -> date:
        """The first day after it (half-open end)."""
        return self.plus(1).first

    def plus(self, months: int) -> Month:
        """The month `months` later (or earlier, when negative)."""
        index = self.year * 12 + self.month - 1 + months
        return Month(index // 12, index % 12 + 1)


@dataclass(frozen=True, slots=True)
class Interval:
    """Half-open `[start, end)`."""

    start: date
    end: date = FOREVER

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise DataError(f"interval ends {self.end} before it starts {self.start}", mend="Swap or mend the dates")

    def covers(self, day: date) -> bool:
        """Whether `day` lies in it."""
        return self.start <= day < self.end

    def overlaps(self, other: Interval) -> bool:
        """Whether one day lies in both."""
        return self.start < other.end and other.start < self.end


def parse_date(text: str, *, where: str = "") -> date:
    """A date from ISO `YYYY-MM-DD` (a time after it is left out) or US `MM/DD/YYYY`.

    Raises:
        DataError: neither, or no such day.
    """
    bare = text.strip()
    us = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", bare)
    iso = re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?", bare)
    try:
        if us:
            return date(int(us[3]), int(us[1]), int(us[2]))
        return date.fromisoformat(iso[1] if iso else "")
    except ValueError:
        raise DataError("not a date", where=where, mend="Write it as YYYY-MM-DD or MM/DD/YYYY") from None


def add_months(day: date, months: int) -> date:
    """The same day `months` later, or the last day of that month where it has no such day."""
    month = Month.of(day).plus(months)
    return date(month.year, month.month, min(day.day, month.days))


def age_on(birth: date, day: date) -> int:
    """Completed years of age on `day` (born 29 February: a year older on 1 March)."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def business_days(start: date, holidays: frozenset[date]) -> Iterator[date]:
    """The business days strictly after `start`, without end: weekdays that are no bank holiday."""
    day = start
    while True:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in holidays:
            yield day


def nth_business_day(start: date, n: int, holidays: frozenset[date]) -> date:
    """The n-th business day strictly after `start` (n from 1)."""
    days = business_days(start, holidays)
    for _ in range(n - 1):
        next(days)
    return next(days)


def business_day_before(day: date, n: int, holidays: frozenset[date]) -> date:
    """The n-th business day strictly before `day` (n from 1)."""
    found = 0
    while found < n:
        day -= timedelta(days=1)
        if day.weekday() < 5 and day not in holidays:
            found += 1
    return day
