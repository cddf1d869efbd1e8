"""Which pay dates take a deduction, and for which coverage month, on the real pay calendar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby

from benehub.errors import ConfigError
from benehub.periods import Month


class DeductionMethod(StrEnum):
    """EVERY_PAY takes from each pay date; PER_MONTH from the first k of a month, others are holidays."""

    EVERY_PAY = "every_pay"
    PER_MONTH = "per_month"


class Timing(StrEnum):
    """Which coverage month a pay date pays for: the next, its own, or the one before."""

    IN_ADVANCE = "in_advance"
    CURRENT = "current"
    ARREARS = "arrears"


class SpareCents(StrEnum):
    """Who takes the cents that a division leaves over. The sum is exact with each of them.

    RUNNING spreads them by cumulative rounding; AT_START and AT_END give one to each of the first or last pay
    dates; LAST_PAY lets the last pay date take all of them.
    """

    RUNNING = "running"
    AT_START = "at_start"
    AT_END = "at_end"
    LAST_PAY = "last_pay"


PAYS_A_YEAR = (12, 24, 26, 27, 48, 52, 53)
"""How many deductions a year can be agreed on."""

_SHIFT = {Timing.IN_ADVANCE: 1, Timing.CURRENT: 0, Timing.ARREARS: -1}


@dataclass(frozen=True, slots=True)
class DeductionRule:
    """A plan's schedule; `per_month` is k of PER_MONTH.

    `pays_a_year` n makes EVERY_PAY take from the first n pay dates of a calendar year and rest on the further
    ones (26 of 27, 24 of 26, 48 of 52); None takes from all there are.

    Raises:
        ConfigError: PER_MONTH without a k from 1 to 5, or a number of deductions that no year has.
    """

    method: DeductionMethod = DeductionMethod.EVERY_PAY
    per_month: int = 2
    timing: Timing = Timing.CURRENT
    spare: SpareCents = SpareCents.RUNNING
    pays_a_year: int | None = None

    def __post_init__(self) -> None:
        if self.method is DeductionMethod.PER_MONTH and not 1 <= self.per_month <= 5:
            raise ConfigError(f"{self.per_month} deductions a month", where="deduction: per_month", mend="Use 1 to 5")
        if self.pays_a_year is not None and self.pays_a_year not in PAYS_A_YEAR:
            raise ConfigError(
                f"{self.pays_a_year} deductions a year",
                where="deduction: pays_a_year",
                mend=f"Use one of {', '.join(map(str, PAYS_A_YEAR))}, or leave it out for all pay dates",
            )


@dataclass(frozen=True, slots=True, order=True)
class PayDay:
    """One real pay date of the pay group; on a `holiday` nothing is taken whatever the plan says."""

    day: date
    holiday: bool = False


def coverage_month(pay_date: date, timing: Timing) -> Month:
    """The coverage month a pay date pays for."""
    return Month.of(pay_date).plus(_SHIFT[timing])


def deduction_days(pay_days: Iterable[PayDay], rule: DeductionRule) -> tuple[Sequence[date], Sequence[date]]:
    """The pay dates that take a deduction, and the holidays, both in order (worked cases D02, D03, D04)."""
    taking: list[date] = []
    holidays: list[date] = []
    monthly = rule.method is DeductionMethod.PER_MONTH
    most = rule.per_month if monthly else rule.pays_a_year
    # sorted puts a holiday after the plain entry of the same day, so the holiday wins
    closed = {pay.day: pay.holiday for pay in sorted(pay_days)}
    for _, group in groupby(closed.items(), key=lambda pay: (pay[0].year, pay[0].month if monthly else 0)):
        for position, (day, holiday) in enumerate(group, start=1):
            late = most is not None and position > most
            (holidays if holiday or late else taking).append(day)
    return taking, holidays
