"""How much of an employee's share each pay date of the year takes, so that the year sums exactly.

The entitlement is the employee's share of every coverage month. Months of the same amount that follow each
other are spread over their pay dates so that no cent is won or lost (worked cases D01, D11); the plan says which
pay dates take the spare cents. After a change the same function is called with what was taken so far, and
spreads what remains. A percentage of pay is no entitlement: it is taken from every pay (D02).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, NamedTuple

from pydantic import Field

from benehub.errors import DataError
from benehub.money import Rounding
from benehub.periods import Month
from benehub.records.explanation import Step
from benehub.rules.base import (
    Calculation,
    Day,
    Minor,
    MonthText,
    Positive,
    Rate,
    RuleModel,
    explain,
    money_step,
    rounded_step,
)
from benehub.rules.deduction.calendar import (
    DeductionMethod,
    DeductionRule,
    PayDay,
    SpareCents,
    Timing,
    coverage_month,
    deduction_days,
)
from benehub.rules.registry import calculator

NAME = "deduction.schedule"
VERSION = "2"
CITATION = "the plan's deduction schedule; 26 CFR 1.125-4(f)(2) for changes of cost"
MAX_PAY_DATES = 110
"""Two years of weekly pay."""


class MonthShare(RuleModel):
    """The employee's share of one coverage month."""

    month: MonthText
    """Coverage month, YYYY-MM."""
    amount_minor: Minor
    """The employee's share of that month's premium, in minor units; zero where there is no cover."""


class PayDateInput(RuleModel):
    """One real pay date of the pay group."""

    day: Day
    """The pay date, YYYY-MM-DD, as payroll's calendar has it."""
    holiday: bool = False
    """True: nothing is taken on it whatever the plan says (no pay, or payroll's deduction holiday)."""
    pay_minor: Positive | None = None
    """Pay of this date that a percentage is taken of, in minor units; only for `rate`."""


class TakenInput(RuleModel):
    """What a pay date before the change has taken."""

    pay_date: Day
    """The pay date, YYYY-MM-DD."""
    amount_minor: Minor
    """What it took, in minor units; negative for a refund."""
    month: MonthText | None = None
    """Coverage month it was for; left out, the one that `timing` gives."""


class ScheduleInput(RuleModel):
    """The shares of the coverage months, the real pay dates, and the plan's schedule."""

    shares: Annotated[tuple[MonthShare, ...], Field(max_length=24)] = ()
    """The employee's share of each coverage month; left out only for a percentage (`rate`)."""
    pay_dates: Annotated[tuple[PayDateInput, ...], Field(max_length=MAX_PAY_DATES)] = ()
    """Every real pay date of the time; a year can have 27 biweekly ones."""
    method: DeductionMethod = DeductionMethod.EVERY_PAY
    """`every_pay` spreads over all pay dates; `per_month` takes from the first `per_month` dates of a month."""
    per_month: Annotated[int, Field(strict=True, ge=1, le=5)] = 2
    """Deductions a month with `per_month`; further pay dates of the month are holidays."""
    pays_a_year: Annotated[int, Field(strict=True)] | None = None
    """12, 24, 26, 27, 48, 52 or 53: with `every_pay`, only the first so many pay dates of a year take."""
    timing: Timing = Timing.CURRENT
    """Coverage month a pay date pays for: `in_advance` the next, `current` its own, `arrears` the one before."""
    spare_cents: SpareCents = SpareCents.RUNNING
    """Who takes the cents a division leaves: `running` rounding, one each `at_start` or `at_end`, or `last_pay`."""
    rate: Rate | None = None
    """Percentage of pay instead of an amount; taken from every pay date, also on deduction holidays."""
    taken: Annotated[tuple[TakenInput, ...], Field(max_length=MAX_PAY_DATES)] = ()
    """What the pay dates before `change_from` have taken."""
    change_from: Day | None = None
    """First pay date that may still be set; earlier ones are past and stand in `taken`."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    """ISO currency of all amounts."""


class DeductionLine(RuleModel):
    """What one pay date takes for one coverage month."""

    pay_date: date
    """The pay date."""
    month: MonthText
    """The coverage month it pays for."""
    amount_minor: int
    """Minor units; negative for a refund."""


class Schedule(RuleModel):
    """All lines still to be taken; with what was taken before they sum to the shares exactly."""

    lines: tuple[DeductionLine, ...]
    holidays: tuple[date, ...]
    """Pay dates on which nothing is taken."""
    entitlement_minor: int
    taken_minor: int


class Taking(NamedTuple):
    """What one pay date takes for one coverage month, in minor units; negative for a refund."""

    pay_date: date
    month: Month
    amount_minor: int


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
    days = [(day, coverage_month(day, rule.timing)) for day in taking]
    runs = _worked_out(shares, days, rule, taken)
    total, gone = sum(shares.values()), sum(amount for _, amount, _ in taken)
    inputs = {
        "shares": shares,
        "method": rule.method,
        "per_month": rule.per_month if rule.method is DeductionMethod.PER_MONTH else None,
        "pays_a_year": rule.pays_a_year,
        "timing": rule.timing,
        "spare_cents": rule.spare,
        "pay_dates": taking,
        "taken_minor": gone,
        "change_from": change_from,
    }
    if any(run.owed and not run.days for run in runs):
        return Calculation(None, explain(NAME, VERSION, inputs), ("pay_dates",))
    lines = [
        DeductionLine(pay_date=day, month=month, amount_minor=amount)
        for day, month, amount in _takings(runs, rule.spare)
    ]
    steps = [_told(run, rule.spare, currency) for run in runs if run.days and run.owed]
    assert sum(line.amount_minor for line in lines) + gone == total, "the schedule does not sum to the shares"
    result = Schedule(lines=tuple(lines), holidays=tuple(holidays), entitlement_minor=total, taken_minor=gone)
    told = money_step("remaining: entitlement less taken", total - gone, total - gone, currency)
    return Calculation(result, explain(NAME, VERSION, inputs, (told, *steps), citation=CITATION))


def paying_days(pay_days: Sequence[PayDay], rule: DeductionRule) -> tuple[tuple[date, Month], ...]:
    """The pay dates that take a deduction, each with the coverage month it pays for."""
    return tuple((day, coverage_month(day, rule.timing)) for day in deduction_days(pay_days, rule)[0])


def deduction_takings(
    *,
    shares: Mapping[Month, int],
    days: Sequence[tuple[date, Month]],
    rule: DeductionRule,
    taken: Sequence[tuple[date, int, Month | None]] = (),
    change_from: date | None = None,
) -> Sequence[Taking]:
    """The lines of `deduction_schedule` alone, for whoever needs no explanation; none where it needs something.

    `days` are those of `paying_days`, which many people share.
    """
    if change_from is not None:
        days = [one for one in days if one[0] >= change_from]
    runs = _worked_out(shares, days, rule, taken)
    return () if any(run.owed and not run.days for run in runs) else _takings(runs, rule.spare)


def _worked_out(
    shares: Mapping[Month, int], days: Sequence[tuple[date, Month]], rule: DeductionRule,
    taken: Sequence[tuple[date, int, Month | None]],
) -> list[_Run]:  # fmt: skip
    runs = _runs(shares, rule.method)
    if taken:
        _subtract(runs, taken, rule.timing)
    _assign(runs, days, rule)
    return runs


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


def _assign(runs: list[_Run], days: Sequence[tuple[date, Month]], rule: DeductionRule) -> None:
    """Give each run the pay dates of its months, then place what runs without pay dates still owe."""
    by_month = {month: run for run in runs for month in run.months}
    for day, month in days:
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
            run.days = [(day, run.months[-1]) for day, _ in days[:1]]
        elif rule.method is DeductionMethod.EVERY_PAY:
            runs[near].owed += run.owed
            run.owed = 0
        else:
            # a month's own line is kept apart, so that its coverage month still comes to zero
            run.days = [(runs[near].days[0 if near > index else -1][0], run.months[-1])]


def _takings(runs: list[_Run], spare: SpareCents) -> list[Taking]:
    return sorted(
        Taking(day, month, amount)
        for run in runs
        if run.days and run.owed
        for (day, month), amount in zip(run.days, shares_of(run.owed, len(run.days), spare), strict=True)
    )


def _told(run: _Run, spare: SpareCents, currency: str) -> Step:
    n = len(run.days)
    label = f"{run.months[0]} to {run.months[-1]} over {n} pay dates ({_SPARE_WORDS[spare]})"
    return money_step(label, Fraction(run.owed, n), run.owed, currency)


_SPARE_WORDS = {
    SpareCents.RUNNING: "half_up, running",
    SpareCents.AT_START: "down, spare cents one each at the start",
    SpareCents.AT_END: "down, spare cents one each at the end",
    SpareCents.LAST_PAY: "down, all spare cents on the last",
}


def shares_of(total: int, n: int, spare: SpareCents = SpareCents.RUNNING) -> list[int]:
    """All n parts of `total`, summing to it exactly; RUNNING is `cumulative_share` for k = 1..n."""
    sign, size = (-1 if total < 0 else 1), abs(total)
    if spare is SpareCents.RUNNING:
        # whole-number half-up: this runs for every employee, plan and pay date
        marks = [sign * ((2 * size * k + n) // (2 * n)) for k in range(n + 1)]
        return [after - before for before, after in pairwise(marks)]
    part, rest = divmod(size, n)
    if spare is SpareCents.LAST_PAY:
        return [sign * part] * (n - 1) + [sign * (part + rest)]
    more, less = [sign * (part + 1)] * rest, [sign * part] * (n - rest)
    return more + less if spare is SpareCents.AT_START else less + more


def percent_schedule(
    *, rate: Fraction, pay: Sequence[tuple[date, int | None]], timing: Timing = Timing.CURRENT, currency: str = "USD"
) -> Calculation[Schedule]:
    """A percentage of pay: taken from every pay date, holidays of fixed amounts included (worked case D02)."""
    inputs = {"rate": rate, "pay_dates": [day for day, _ in pay]}
    if not pay or any(amount is None for _, amount in pay):
        return Calculation(None, explain(NAME, VERSION, inputs), ("pay_dates.pay_minor" if pay else "pay_dates",))
    lines, steps = [], []
    for day, gross in sorted(pay):
        amount, told = rounded_step(f"{day}: rate x pay", rate * (gross or 0), Rounding.HALF_UP, currency)
        lines.append(DeductionLine(pay_date=day, month=coverage_month(day, timing), amount_minor=amount))
        steps.append(told)
    total = sum(line.amount_minor for line in lines)
    result = Schedule(lines=tuple(lines), holidays=(), entitlement_minor=total, taken_minor=0)
    return Calculation(result, explain(NAME, VERSION, inputs, tuple(steps), citation="the employee's own election"))


EXAMPLE = {
    "shares": [{"month": f"2026-{month:02d}", "amount_minor": 122_50} for month in (10, 11, 12)],
    "pay_dates": [{"day": day} for day in (
        "2026-10-02", "2026-10-16", "2026-10-30", "2026-11-13", "2026-11-27", "2026-12-11", "2026-12-24",
    )],
    "method": "every_pay",
}  # fmt: skip


@calculator(NAME, "What each pay date takes of an employee's share.", ScheduleInput, Schedule, VERSION, example=EXAMPLE)
def compute(given: ScheduleInput) -> Calculation[Schedule]:
    """Run on validated input.

    Raises:
        ConfigError: a number of deductions that no year has.
        DataError: a coverage month stands twice.
    """
    months = [share.month for share in given.shares]
    if len(set(months)) != len(months):
        raise DataError("a coverage month stands twice", where="shares.month", mend="Give each month one share")
    if given.rate is not None:
        return percent_schedule(
            rate=given.rate,
            pay=[(pay.day, pay.pay_minor) for pay in given.pay_dates],
            timing=given.timing,
            currency=given.currency,
        )
    return deduction_schedule(
        shares={share.month: share.amount_minor for share in given.shares},
        pay_days=[PayDay(pay.day, pay.holiday) for pay in given.pay_dates],
        rule=DeductionRule(given.method, given.per_month, given.timing, given.spare_cents, given.pays_a_year),
        taken=[(taken.pay_date, taken.amount_minor, taken.month) for taken in given.taken],
        change_from=given.change_from,
        currency=given.currency,
    )
