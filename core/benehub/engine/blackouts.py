"""Hours and days in which nothing starts by itself: a vendor's maintenance, the night, the days of a close.

A window is wall-clock time of the schedule's zone, written as people say it: `22:00-06:00`, `mon-fri 08:00-17:30`, or
`2026-12-24..2027-01-02` (whole days; the last one is open again).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from benehub.errors import DataError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(?:([a-z,-]+) )?([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
_DATES = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)")


@dataclass(frozen=True, slots=True)
class Blackout:
    """One window: hours that begin on some weekdays, or a span of days."""

    text: str
    """As it was written."""
    weekdays: frozenset[int] = frozenset()
    """Days on which it begins, Monday is 0."""
    start: time = time.min
    end: time = time.min
    """Not after `start`: it ends on the next day."""
    first: date | None = None
    last: date | None = None
    """Span of days [first, last)."""

    def span(self, wall: datetime) -> tuple[datetime, datetime] | None:
        """The window [from, to) that holds a wall-clock moment."""
        if self.first is not None and self.last is not None:
            begin, end = datetime.combine(self.first, time.min), datetime.combine(self.last, time.min)
            return (begin, end) if begin <= wall < end else None
        for day in (wall.date(), wall.date() - timedelta(days=1)):
            if day.weekday() in self.weekdays:
                begin = datetime.combine(day, self.start)
                end = datetime.combine(day + timedelta(days=self.end <= self.start), self.end)
                if begin <= wall < end:
                    return begin, end
        return None


def parse_blackout(text: str) -> Blackout:
    """A window as it is written.

    Raises:
        DataError: it is none.
    """
    bare = " ".join(text.lower().split())
    try:
        if (dates := _DATES.fullmatch(bare)) is not None:
            first, last = date.fromisoformat(dates[1]), date.fromisoformat(dates[2])
            if first < last:
                return Blackout(bare, first=first, last=last)
        elif (hours := _HOURS.fullmatch(bare)) is not None:
            start = time(int(hours[2]), int(hours[3]))
            end = time(int(hours[4]), int(hours[5])) if hours[4] else time.min
            return Blackout(bare, _weekdays(hours[1]), start, end)
    except ValueError:
        pass  # no such day: told below with all else that is no window
    raise DataError(
        f"no blackout window: {text[:40]!r}",
        mend="Write `22:00-06:00`, `mon-fri 08:00-17:30` or `2026-12-24..2027-01-02` (the last day is open again)",
    )


def _weekdays(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found |= {day % 7 for day in range(begin, end + 1 + 7 * (end < begin))}
    return frozenset(found)
