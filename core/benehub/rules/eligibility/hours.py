"""Hours of service as they were told (a day, a week, a pay period or a month at once), added up over any period.

Paid time off counts as hours of service; special unpaid leave and school breaks count neither as hours nor as
days (26 CFR 54.4980H-3(d)(6)). A span's hours lie evenly on its days that count: exact fractions, no rounding.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from pydantic import model_validator

from benehub.errors import DataError
from benehub.rules.base import Day, Positive, RuleModel

HOURS_A_DAY = 2400
"""A day has no more hundredths of an hour."""


class HoursSpan(RuleModel):
    """The hours of one day, week, pay period or month."""

    start: Day
    """First day of the span."""
    end: Day
    """First day after the span."""
    hours_minor: Positive
    """Hours worked in it, in hundredths."""
    paid_leave_minor: Positive = 0
    """Paid hours not worked (vacation, holiday, illness, jury duty), in hundredths; they count as hours of service."""

    @model_validator(mode="after")
    def _possible(self) -> HoursSpan:
        if self.end <= self.start:
            raise ValueError("end is not after start: it is the first day after the span")
        if self.hours_minor + self.paid_leave_minor > HOURS_A_DAY * (self.end - self.start).days:
            raise ValueError("more hours than the span has: hours are hundredths (4000 is 40 hours)")
        return self


class ExcludedSpan(RuleModel):
    """Days that are left out of an average."""

    start: Day
    """First day left out."""
    end: Day
    """First day that counts again."""
    kind: Literal["special_unpaid_leave", "school_break"] = "special_unpaid_leave"
    """special_unpaid_leave (FMLA, USERRA, jury duty) or school_break (at least four weeks, schools only)."""

    @model_validator(mode="after")
    def _possible(self) -> ExcludedSpan:
        if self.end <= self.start:
            raise ValueError("end is not after start: it is the first day that counts again")
        return self


@dataclass(frozen=True, slots=True)
class Measured:
    """A period's hours in exact hundredths, its days that count, and the first and last of them without hours told."""

    hours: Fraction
    days: int
    missing: tuple[date, date] | None


class Timesheet:
    """All hours told of one employee; periods are added up from it.

    Raises:
        DataError: two spans tell of the same day.
    """

    def __init__(self, spans: Iterable[HoursSpan], excluded: Iterable[ExcludedSpan] = ()) -> None:
        self._out = _merged([(one.start, one.end) for one in excluded])
        self._spans = sorted(spans, key=lambda one: one.start)
        for earlier, later in pairwise(self._spans):
            if later.start < earlier.end:
                raise DataError(
                    f"two spans of hours tell of {later.start}", where="hours", mend="Let one end where the next begins"
                )
        self._starts = [one.start for one in self._spans]

    @property
    def last(self) -> date | None:
        """First day after the last hours told."""
        return self._spans[-1].end if self._spans else None

    def add_up(self, start: date, end: date, exclude: bool = True) -> Measured:
        """What `[start, end)` holds; with `exclude`, days left out count neither as days nor as hours."""
        out = self._out if exclude else []
        hours, told_to, missing = Fraction(0), start, []
        for span in self._spans[max(0, bisect_right(self._starts, start) - 1) :]:
            if span.start >= end:
                break
            first, after = max(span.start, start), min(span.end, end)
            if first >= after:
                continue
            missing += _gap(told_to, first, out)
            told_to = after
            counted = _days(span.start, span.end, out)
            if counted:
                total = span.hours_minor + span.paid_leave_minor
                hours += Fraction(total * _days(first, after, out), counted)
        missing += _gap(told_to, end, out)
        return Measured(hours, _days(start, end, out), (missing[0], missing[-1]) if missing else None)


def _merged(spans: Sequence[tuple[date, date]]) -> list[tuple[date, date]]:
    """Spans in order, those that touch or overlap taken together."""
    merged: list[tuple[date, date]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _days(start: date, end: date, out: Sequence[tuple[date, date]]) -> int:
    """Days of `[start, end)` that are not left out."""
    left = sum(max(0, (min(end, after) - max(start, first)).days) for first, after in out)
    return (end - start).days - left


def _gap(start: date, end: date, out: Sequence[tuple[date, date]]) -> list[date]:
    """First and last day of `[start, end)` that counts; empty where none does."""
    days = [start + timedelta(days=n) for n in range((end - start).days)]
    counted = [day for day in days if not any(first <= day < after for first, after in out)]
    return [counted[0], counted[-1]] if counted else []
