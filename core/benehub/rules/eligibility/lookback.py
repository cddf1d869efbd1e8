"""Who is full-time in which month, by the look-back or the monthly method of the Affordable Care Act.

A full-time result is never shortened: where a new employee's own period and the standard one overlap, either of
them makes the month full-time. Hours that nobody told are never taken for hours not worked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from benehub.errors import ConfigError, DataError
from benehub.legal import limit
from benehub.periods import Month, add_months
from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Day, MonthText, RuleModel, exact, explain
from benehub.rules.eligibility.hours import ExcludedSpan, HoursSpan, Measured, Timesheet
from benehub.rules.eligibility.lookback_terms import (
    FullTimeTest,
    InitialStart,
    LookbackTerms,
    Method,
    Window,
    check_lookback,
    initial_window,
    latest_stability,
    month_weeks,
    standard_windows,
)
from benehub.rules.registry import calculator

NAME = "eligibility.lookback"
VERSION = "1"
CITATION = "26 CFR 54.4980H-3(c), (d)"
ONE_DAY = timedelta(days=1)


class Category(StrEnum):
    """What is expected of a new employee on the day of hire."""

    FULL_TIME = "full_time"
    VARIABLE_HOUR = "variable_hour"
    SEASONAL = "seasonal"
    PART_TIME = "part_time"


class MonthStatus(StrEnum):
    """What an employee is in a month; MEASURING is a new employee's first measurement and administration."""

    FULL_TIME = "full_time"
    NOT_FULL_TIME = "not_full_time"
    MEASURING = "measuring"
    NEEDS_DATA = "needs_data"
    NOT_EMPLOYED = "not_employed"


class LookbackInput(LookbackTerms):
    """The employee, the hours, the months asked about, and how the employer measures."""

    hire_date: Day | None = None
    """First day of employment."""
    terminated_on: Day | None = None
    """Last day of employment; empty while employed."""
    category: Category = Category.VARIABLE_HOUR
    """What was expected on the day of hire: full_time (judged month by month until the first full standard period
    counts), or variable_hour, seasonal, part_time (measured first)."""
    hours: tuple[HoursSpan, ...] = ()
    """Hours by day, week, pay period or month, without overlap; a span without hours is told with 0."""
    excluded: tuple[ExcludedSpan, ...] = ()
    """Special unpaid leave and school breaks: left out of averages."""
    first_pay_period: Day | None = None
    """First day of the first pay period on or after the hire (where the initial measurement begins with it)."""
    from_month: MonthText | None = None
    """First month asked about; that of the hire when left out."""
    to_month: MonthText | None = None
    """Last month asked about; when left out the last one of the hours told and of the initial stability period."""


class MeasuredPeriod(RuleModel):
    """A measurement with its result and the months it holds for; all last days are inclusive."""

    kind: str
    """initial, standard or monthly."""
    measurement_start: date
    measurement_end: date
    """Last day measured."""
    admin_start: date | None
    admin_end: date | None
    """Last day of the administrative period; empty where there is none."""
    stability_start: date
    stability_end: date
    """Last day for which the result holds."""
    status: MonthStatus
    hours_minor: int
    """Hours of service told, in hundredths, cut off."""
    days: int
    """Days that count: without special unpaid leave and school breaks."""
    average_minor: int | None
    """Average hours a week in hundredths, cut off; empty where no day counts."""


class PersonMonth(RuleModel):
    """One month of the employee."""

    month: MonthText
    status: MonthStatus
    source: str
    """The period that produced it: initial, standard, monthly; empty while nobody is employed."""
    measurement_start: date | None
    measurement_end: date | None
    """Last day of the measurement behind it."""


class Lookback(RuleModel):
    """The months asked about and every measurement behind them."""

    months: tuple[PersonMonth, ...]
    periods: tuple[MeasuredPeriod, ...]


@dataclass(frozen=True, slots=True)
class _Result:
    """A window with what was found in it; `to` is the first day after the months it holds for."""

    window: Window
    measured: Measured
    status: MonthStatus
    to: date

    def holds(self, month: Month) -> bool:
        return self.window.stability <= month.first < self.to


def lookback(given: LookbackInput) -> Calculation[Lookback]:
    """Status of every month asked about; hours that would be needed are named by their days.

    Raises:
        ConfigError: the periods are outside the bounds of the law.
        DataError: spans overlap, employment ends before it begins, months run backwards.
    """
    check_lookback(given)
    sheet = Timesheet(given.hours, given.excluded)
    inputs = given.model_dump(mode="json", exclude={"hours", "excluded"}) | {"spans_of_hours": len(given.hours)}
    needs = _needs(given)
    if needs or given.hire_date is None:
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), needs)
    _check(given, given.hire_date)
    first = given.from_month or Month.of(given.hire_date)
    own = _own_window(given, given.hire_date)
    last = given.to_month or _last_month(sheet, given, own, first)
    results = list(_results(given, given.hire_date, sheet, own, first, last))
    months: list[PersonMonth] = []
    used: list[_Result] = []
    undecided: list[_Result] = []
    month = first
    while month <= last:
        status, result = _month(given, given.hire_date, sheet, results, month)
        months.append(_person_month(month, status, result))
        if result is not None and status is MonthStatus.NEEDS_DATA:
            undecided.append(result)
        if result is not None and result not in used:
            used.append(result)
        month = month.plus(1)
    # a stranger to the months asked about is shown only where it is the employee's own period
    shown = [one for one in results if one in used or one.window.kind == "initial"]
    shown += [one for one in used if one not in results]
    periods = tuple(_period(one) for one in shown)
    steps = tuple(_step(one) for one in shown)
    lacking = [one.measured.missing for one in undecided]
    return Calculation(
        Lookback(months=tuple(months), periods=periods),
        explain(NAME, VERSION, inputs, steps, citation=CITATION),
        tuple(dict.fromkeys(_hours_needed(one) for one in lacking)),
    )


def _needs(given: LookbackInput) -> tuple[str, ...]:
    if given.hire_date is None:
        return ("hire_date",)
    pays = given.initial_start is InitialStart.FIRST_OF_PAY_PERIOD and given.method is Method.LOOK_BACK
    if pays and given.category is not Category.FULL_TIME and given.first_pay_period is None:
        return ("first_pay_period",)
    return ()


def _hours_needed(missing: tuple[date, date] | None) -> str:
    return "hours" if missing is None else f"hours from {missing[0]} to {missing[1]}"


def _check(given: LookbackInput, hired: date) -> None:
    if given.terminated_on is not None and given.terminated_on < hired:
        raise DataError("terminated_on lies before hire_date", where=NAME, mend="Mend one of them")
    if given.from_month is not None and given.to_month is not None and given.to_month < given.from_month:
        raise DataError("to_month lies before from_month", where=NAME, mend="Swap them")
    latest = max(Month.of(hired).end, hired + timedelta(days=31))
    if given.first_pay_period is not None and not hired <= given.first_pay_period <= latest:
        raise DataError(
            "first_pay_period is not the first one on or after the hire",
            where=NAME,
            mend=f"Give a day from {hired} to {latest}",
        )


def _own_window(given: LookbackInput, hired: date) -> Window | None:
    if given.method is Method.MONTHLY or given.category is Category.FULL_TIME:
        return None
    window = initial_window(given, hired, given.first_pay_period)
    if window is not None and window.stability > latest_stability(hired):
        raise ConfigError(
            f"initial measurement and administration end after {latest_stability(hired) - ONE_DAY}",
            where="look-back: initial_admin",
            mend="Shorten one of them, or begin the measurement earlier",
        )
    return window


def _last_month(sheet: Timesheet, given: LookbackInput, own: Window | None, first: Month) -> Month:
    ends = [first.first if sheet.last is None else sheet.last - ONE_DAY]
    if own is not None:
        ends.append(add_months(own.stability, given.stability_months) - ONE_DAY)
    return max(first, Month.of(max(ends)))


def _results(
    given: LookbackInput, hired: date, sheet: Timesheet, own: Window | None, first: Month, last: Month
) -> Iterator[_Result]:
    """Every measurement whose result can hold in the months: the employee's own, and full standard ones."""
    # years after the hire only standard periods speak, and the hours of the first year need not be told again
    if own is not None and add_months(own.stability, given.stability_months + 24) > first.first:
        measured, status = _judge(given, sheet, own, given.first_months)
        yield _Result(own, measured, status, _own_end(given, own, status))
    if given.method is Method.MONTHLY:
        return
    for window in standard_windows(given, first.first, last.end):
        left = given.terminated_on is not None and given.terminated_on < window.to - ONE_DAY
        if window.start < hired or left:
            continue
        measured, status = _judge(given, sheet, window, given.measurement_months)
        months = given.measurement_months if status is MonthStatus.NOT_FULL_TIME else given.stability_months
        yield _Result(window, measured, status, add_months(window.stability, months))


def _own_end(given: LookbackInput, own: Window, status: MonthStatus) -> date:
    """A new employee who is not full-time stays so for a month more than measured, and never past the standard one."""
    if status is not MonthStatus.NOT_FULL_TIME:
        return add_months(own.stability, given.stability_months)
    ends_in = next(
        one for one in standard_windows(given, own.start, add_months(own.to, 24)) if one.start < own.to <= one.to
    )
    return min(add_months(own.stability, given.first_months + 1), max(ends_in.stability, own.stability))


def _judge(given: LookbackInput, sheet: Timesheet, window: Window, months: int) -> tuple[Measured, MonthStatus]:
    """Whether the hours of a measurement period average to full-time."""
    measured = sheet.add_up(window.start, window.to)
    if given.full_time_test is FullTimeTest.WEEKLY:
        least = Fraction(_least("aca_full_time_week_hours", window) * measured.days, 7)
    else:
        share = Fraction(measured.days, (window.to - window.start).days)
        least = _least("aca_full_time_month_hours", window) * months * share
    if measured.days == 0:
        return measured, MonthStatus.NEEDS_DATA
    return measured, _status(measured, least)


def _status(measured: Measured, least: Fraction | int) -> MonthStatus:
    """Hours told that reach the bound are enough, whatever is still missing; below it, missing hours decide."""
    if measured.hours >= least:
        return MonthStatus.FULL_TIME
    return MonthStatus.NOT_FULL_TIME if measured.missing is None else MonthStatus.NEEDS_DATA


def _least(key: str, window: Window) -> int:
    """A legal number of hours in hundredths."""
    return limit("us", key, window.start).value * 100


def _month(
    given: LookbackInput, hired: date, sheet: Timesheet, results: Sequence[_Result], month: Month
) -> tuple[MonthStatus, _Result | None]:
    """The status of one month and the measurement that produced it."""
    left = given.terminated_on is not None and given.terminated_on < month.first
    if hired >= month.end or left:
        return MonthStatus.NOT_EMPLOYED, None
    if given.method is Method.MONTHLY:
        single = _single(given, hired, sheet, month)
        return single.status, single
    holding = [one for one in results if one.holds(month)]
    for status in (MonthStatus.FULL_TIME, MonthStatus.NEEDS_DATA, MonthStatus.NOT_FULL_TIME):
        # the newest measurement of that status speaks for the month
        for one in reversed(holding):
            if one.status is status:
                return status, one
    own = next((one for one in results if one.window.kind == "initial"), None)
    if own is None:
        single = _single(given, hired, sheet, month)
        return single.status, single
    # between the own stability period and the first standard one the status runs on
    return (MonthStatus.MEASURING if month.first < own.window.stability else own.status), own


def _single(given: LookbackInput, hired: date, sheet: Timesheet, month: Month) -> _Result:
    """A month on its own: 130 hours, or 30 for each of its whole weeks; leave without pay is not left out."""
    start, end = month_weeks(given, month)
    window = Window("monthly", start, end, month.first)
    after = end if given.terminated_on is None else min(end, given.terminated_on + ONE_DAY)
    measured = sheet.add_up(max(start, hired), max(after, max(start, hired)), exclude=False)
    least = _least("aca_full_time_month_hours", window)
    if given.weekly_rule.value != "none":
        least = _least("aca_full_time_week_hours", window) * ((end - start).days // 7)
    return _Result(window, measured, _status(measured, least), month.end)


def _person_month(month: Month, status: MonthStatus, result: _Result | None) -> PersonMonth:
    return PersonMonth(
        month=month,
        status=status,
        source="" if result is None else result.window.kind,
        measurement_start=None if result is None else result.window.start,
        measurement_end=None if result is None else result.window.to - ONE_DAY,
    )


def _period(one: _Result) -> MeasuredPeriod:
    window, measured = one.window, one.measured
    admin = window.kind != "monthly" and window.stability > window.to
    return MeasuredPeriod(
        kind=window.kind,
        measurement_start=window.start,
        measurement_end=window.to - ONE_DAY,
        admin_start=window.to if admin else None,
        admin_end=window.stability - ONE_DAY if admin else None,
        stability_start=window.stability,
        stability_end=one.to - ONE_DAY,
        status=one.status,
        hours_minor=int(measured.hours),
        days=measured.days,
        average_minor=int(measured.hours * 7 / measured.days) if measured.days else None,
    )


def _step(one: _Result) -> Step:
    window, measured = one.window, one.measured
    average = exact(measured.hours * 7 / measured.days / 100) if measured.days else "no day counts"
    return Step(
        label=f"{window.kind} measurement {window.start} to {window.to - ONE_DAY}, {measured.days} days",
        raw=f"{exact(measured.hours / 100)} hours, {average} a week",
        value=f"{one.status.value} from {window.stability} to {one.to - ONE_DAY}",
    )


@calculator(
    NAME,
    "Who is full-time in which month, by look-back or month by month.",
    LookbackInput,
    Lookback,
    VERSION,
    example={
        "hire_date": "2025-06-01",
        "category": "variable_hour",
        "standard_start": "2025-10-15",
        "hours": [
            {"start": "2025-06-01", "end": "2025-12-01", "hours_minor": 78000},
            {"start": "2025-12-01", "end": "2026-06-01", "hours_minor": 80000, "paid_leave_minor": 4000},
        ],
        "from_month": "2026-06",
        "to_month": "2026-08",
    },
)
def compute(given: LookbackInput) -> Calculation[Lookback]:
    """Run on validated input.

    Raises:
        ConfigError: the periods are outside the bounds of the law.
        DataError: spans overlap, employment ends before it begins, months run backwards.
    """
    return lookback(given)
