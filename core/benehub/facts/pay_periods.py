"""When people are paid: the pay periods of a year by pay group, as payroll tells them or by the plan book's rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from benehub.facts.history import timelines
from benehub.periods import Interval
from benehub.planbook import PlanBook
from benehub.store import Session


@dataclass(frozen=True, slots=True)
class PayPeriod:
    """One real pay date of a pay group; both days of the period inclusive."""

    pay_date: date
    start: date
    end: date


class _Calendar(dict[str, Sequence[PayPeriod]]):
    """Pay periods by group; one that the book no longer has is a `DataError` that says so."""

    def __init__(self, book: PlanBook, periods: Mapping[str, Sequence[PayPeriod]]) -> None:
        super().__init__(periods)
        self._book = book

    def __missing__(self, group: str) -> Sequence[PayPeriod]:
        self._book.pay_group(group)
        raise KeyError(group)


def pay_calendar(session: Session, book: PlanBook, year: int) -> Mapping[str, Sequence[PayPeriod]]:
    """Pay periods of the year by pay group: as payroll tells them, else by the plan book's rule.

    Asking it for a group that is not in the plan book raises `DataError`. A transaction that has written nothing since
    has it as it was.
    """
    now, known = session.touched, session.memo.get(("pay calendar", year))
    if known is not None and known[0] == now and known[1] is book:
        found: Mapping[str, Sequence[PayPeriod]] = known[2]
        return found
    session.memo["pay calendar", year] = now, book, (made := _calendar(session, book, year))
    return made


def _calendar(session: Session, book: PlanBook, year: int) -> Mapping[str, Sequence[PayPeriod]]:
    told: dict[str, list[PayPeriod]] = {group: [] for group in book.pay_groups}
    window = Interval(date(year, 1, 1), date(year + 1, 1, 1))
    for (group, key), segments in timelines(session, "pay_date", window).items():
        day = date.fromisoformat(key)
        if day.year == year and group in told:
            data = segments[-1].data
            told[group].append(
                PayPeriod(day, date.fromisoformat(data["period_start"]), date.fromisoformat(data["period_end"]))
            )
    return _Calendar(book, {
        group: sorted(periods, key=lambda period: period.pay_date) or _by_rule(book, group, year)
        for group, periods in told.items()
    })  # fmt: skip


def _by_rule(book: PlanBook, group: str, year: int) -> list[PayPeriod]:
    """Without a calendar from payroll a pay date is taken to pay for the days since the one before."""
    dates = book.pay_dates(group, year)
    before = (book.pay_dates(group, year - 1)[-1:] or (dates[0] - timedelta(days=14),))[0]
    periods = []
    for day in dates:
        periods.append(PayPeriod(day, before + timedelta(days=1), day))
        before = day
    return periods
