"""How much of an employee's share each pay date of the year takes, so that the year sums exactly.

The entitlement is the employee's share of every coverage month. Months of the same amount that follow each
other are spread over their pay dates with one running rounding (worked cases D01, D11), so no cent is won or
lost. After a change the same function is called with what was taken so far, and spreads what remains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Annotated

from pydantic import Field

from benehub.periods import Month
from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Day, Minor, MonthText, RuleModel, explain, money_step
from benehub.rules.deduction.calendar import (
    DeductionMethod,
    DeductionRule,
    PayDay,
    Timing,
    coverage_month,
    deduction_days,
)
from benehub.rules.registry import calculator

NAME = "deduction.schedule"
VERSION = "1"
MAX_PAY_DATES = 110
"""Two years of weekly pay."""


class MonthShare(RuleModel):
    """The employee's share of one coverage month."""

    month: MonthText
    amount_minor: Minor


class PayDateInput(RuleModel):
    """One pay date; a holiday takes nothing."""

    day: Day
    holiday: bool = False


class TakenInput(RuleModel):
    """What a pay date before the change has taken; without a month, the one its timing gives."""

    pay_date: Day
    amount_minor: Minor
    month: MonthText | None = None


class ScheduleInput(RuleModel):
    """The shares of the coverage months, the real pay dates, and the plan's schedule."""

    shares: Annotated[tuple[MonthShare, ...], Field(min_length=1, max_length=24)]
    pay_dates: Annotated[tuple[PayDateInput, ...], Field(max_length=MAX_PAY_DATES)] = ()
    method: DeductionMethod = DeductionMethod.EVERY_PAY
    per_month: Annotated[int, Field(strict=True, ge=1, le=5)] = 2
    timing: Timing = Timing.CURRENT
    taken: Annotated[tuple[TakenInput, ...], Field(max_length=MAX_PAY_DATES)] = ()
    change_from: Day | None = None
    """First pay date that may still be set; earlier ones are past and stand in `taken`."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"


class DeductionLine(RuleModel):
    """What one pay date takes for one coverage month."""

    pay_date: date
    month: MonthText
    amount_minor: int


class Schedule(RuleModel):
    """All lines still to be taken; with what was taken before they sum to the shares exactly."""

    lines: tuple[DeductionLine, ...]
    holidays: tuple[date, ...]
    """Pay dates on which nothing is taken."""
    entitlement_minor: int
    taken_minor: int


@dataclass(slots=True)
class _Run:
    """Months spread together: what they still owe, and the pay dates that can take it."""

    months: list[Month]
    entitled: int
    owed: int
    days: list[tuple[date, Month]] = field(default_factory=list)
    """Each with the coverage month it pays for."""


def deduction_schedule(
    *,
    shares: Mapping[Month, int],
    pay_days: Sequence[PayDay],
    rule: DeductionRule,
    taken: Sequence[tuple[date, int, Month | None]] = (),
    change_from: date | None = None,
    currency: str = "USD",
) -> Calculation[Schedule]:
    """The amount of every pay date from `change_from` on (minor units), with its coverage month.

    What months owe that have no pay date left goes to the next months that have: spread over them for
    EVERY_PAY, as a line of its own on their first pay date for PER_MONTH (worked case D05). Without any pay
    date the answer needs `pay_dates`.
    """
    if not shares:
        return Calculation(None, explain(NAME, VERSION, {"shares": shares}), ("shares",))
    taking, holidays = deduction_days(pay_days, rule)
    if change_from is not None:
        taking = [day for day in taking if day >= change_from]
        holidays = [day for day in holidays if day >= change_from]
    runs = _runs(shares, rule.method)
    _subtract(runs, taken, rule.timing)
    _assign(runs, taking, rule)
    total, gone = sum(shares.values()), sum(amount for _, amount, _ in taken)
    inputs = {
        "shares": shares,
        "method": rule.method,
        "per_month": rule.per_month if rule.method is DeductionMethod.PER_MONTH else None,
        "timing": rule.timing,
        "pay_dates": taking,
        "taken_minor": gone,
        "change_from": change_from,
    }
    if any(run.owed and not run.days for run in runs):
        return Calculation(None, explain(NAME, VERSION, inputs), ("pay_dates",))
    lines, steps = _lines(runs, currency)
    assert sum(line.amount_minor for line in lines) + gone == total, "the schedule does not sum to the shares"
    result = Schedule(lines=tuple(lines), holidays=tuple(holidays), entitlement_minor=total, taken_minor=gone)
    told = money_step("remaining: entitlement less taken", total - gone, total - gone, currency)
    return Calculation(result, explain(NAME, VERSION, inputs, (told, *steps)))


def _runs(shares: Mapping[Month, int], method: DeductionMethod) -> list[_Run]:
    runs: list[_Run] = []
    previous: tuple[Month, int] | None = None
    for month in sorted(shares):
        amount = shares[month]
        together = previous == (month.plus(-1), amount) and method is DeductionMethod.EVERY_PAY
        if together:
            runs[-1].months.append(month)
            runs[-1].entitled += amount
            runs[-1].owed += amount
        else:
            runs.append(_Run([month], amount, amount))
        previous = (month, amount)
    return runs


def _subtract(runs: list[_Run], taken: Sequence[tuple[date, int, Month | None]], timing: Timing) -> None:
    by_month = {month: run for run in runs for month in run.months}
    for pay_date, amount, named in taken:
        month = named or coverage_month(pay_date, timing)
        # money taken for a month that is no longer owed (retro end) is set against the nearest run
        run = by_month.get(month) or (runs[0] if month < runs[0].months[0] else runs[-1])
        run.owed -= amount


def _assign(runs: list[_Run], taking: Sequence[date], rule: DeductionRule) -> None:
    """Give each run the pay dates of its months, then place what runs without pay dates still owe."""
    by_month = {month: run for run in runs for month in run.months}
    for day in taking:
        month = coverage_month(day, rule.timing)
        run = by_month.get(month)
        # months without a share (waived, ended) take nothing from anybody
        if run is not None and run.entitled:
            run.days.append((day, month))
    served = [index for index, run in enumerate(runs) if run.days]
    for index, run in enumerate(runs):
        if not run.owed or run.days:
            continue
        near = next((other for other in served if other > index), served[-1] if served else None)
        if near is None:
            run.days = [(day, run.months[-1]) for day in taking[:1]]
        elif rule.method is DeductionMethod.EVERY_PAY:
            runs[near].owed += run.owed
            run.owed = 0
        else:
            # a month's own line is kept apart, so that its coverage month still comes to zero
            run.days = [(runs[near].days[0 if near > index else -1][0], run.months[-1])]


def _lines(runs: list[_Run], currency: str) -> tuple[list[DeductionLine], list[Step]]:
    lines: list[DeductionLine] = []
    steps: list[Step] = []
    for run in runs:
        if not run.days or not run.owed:
            continue
        n = len(run.days)
        for (day, month), amount in zip(run.days, shares_of(run.owed, n), strict=True):
            lines.append(DeductionLine(pay_date=day, month=month, amount_minor=amount))
        label = f"{run.months[0]} to {run.months[-1]} over {n} pay dates (half_up, running)"
        steps.append(money_step(label, Fraction(run.owed, n), run.owed, currency))
    lines.sort(key=lambda line: (line.pay_date, line.month))
    return lines, steps


def shares_of(total: int, n: int) -> list[int]:
    """All n parts of `total` by running half-up rounding: the same as `cumulative_share` for k = 1..n."""
    sign, twice = (-1 if total < 0 else 1), 2 * abs(total)
    # whole-number half-up: this runs for every employee, plan and pay date
    marks = [sign * ((twice * k + n) // (2 * n)) for k in range(n + 1)]
    return [after - before for before, after in pairwise(marks)]


@calculator(NAME, "What each pay date takes of an employee's share.", ScheduleInput, Schedule, VERSION)
def compute(given: ScheduleInput) -> Calculation[Schedule]:
    """Run on validated input."""
    return deduction_schedule(
        shares={share.month: share.amount_minor for share in given.shares},
        pay_days=[PayDay(pay.day, pay.holiday) for pay in given.pay_dates],
        rule=DeductionRule(given.method, given.per_month, given.timing),
        taken=[(taken.pay_date, taken.amount_minor, taken.month) for taken in given.taken],
        change_from=given.change_from,
        currency=given.currency,
    )
