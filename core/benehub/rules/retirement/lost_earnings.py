"""What a late deposit has cost its participants: the method of the Voluntary Fiduciary Correction Program.

Interest compounds daily at the rate of 26 U.S.C. 6621(a)(2), one segment a calendar quarter, with the days of
its calendar year (365 or 366). What a segment earns is added before the next; only the end is rounded. Where
the earnings are paid after the deposit was made good, they earn interest themselves. The plan may use the real
return of the investments instead.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.errors import DataError
from benehub.legal import limit
from benehub.money import Rounding, format_minor
from benehub.periods import Month
from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Day, Positive, Rate, RuleModel, exact, explain
from benehub.rules.registry import calculator

NAME = "retirement.lost-earnings"
VERSION = "1"
CITATION = "DOL Voluntary Fiduciary Correction Program, section 5(b); 26 U.S.C. 6621(a)(2), 6622"
LARGE_BP = 200
"""What 26 U.S.C. 6621(c)(1) adds: 5 points over the federal rate instead of 3."""
MICRO = 10**6
LAST_DAY = date(2050, 12, 31)
"""A later day is a typing error; the rates end long before."""


class EarningsBasis(StrEnum):
    """What the money would have earned.

    UNDERPAYMENT: the rate of 6621(a)(2), the program's own. LARGE_UNDERPAYMENT: that of 6621(c)(1), two points
    more, which the program asks for where profits above 100,000 are restored. ACTUAL_RETURN: the return the
    plan's investments really had over the time.
    """

    UNDERPAYMENT = "underpayment"
    LARGE_UNDERPAYMENT = "large_underpayment"
    ACTUAL_RETURN = "actual_return"


class LostEarningsInput(RuleModel):
    """One deposit that came late."""

    principal_minor: Positive
    """What was deposited late, in minor units."""
    loss_date: Day
    """The day the money should have been with the trust: earnings run from the day after."""
    recovery_date: Day
    """The day the trust received it; that day still earns."""
    final_payment_date: Day | None = None
    """The day the lost earnings are paid; empty: on the recovery date, so they earn nothing themselves."""
    basis: EarningsBasis = EarningsBasis.UNDERPAYMENT
    """What the money would have earned: underpayment (6621(a)(2)), large_underpayment or actual_return."""
    actual_return: Annotated[Rate, Field(gt=-1)] | None = None
    """The return of the investments from loss to recovery, e.g. "2.31%"; needed for actual_return only."""


class Segment(RuleModel):
    """The days of one calendar quarter."""

    start: date
    """Its first day does not earn: days run from the one after."""
    end: date
    days: int
    rate: Rate
    """Yearly rate of the quarter."""
    days_in_year: int
    earnings: str
    """What it adds, in whole currency to six decimals; nothing is rounded on the way."""


class LostEarnings(RuleModel):
    """What is owed to the plan on top of the late deposit, and what has to be reported."""

    lost_earnings_minor: int
    """On the principal, from loss to recovery; rounded once."""
    interest_minor: int
    """On the lost earnings, from recovery to their payment; rounded once."""
    total_minor: int
    """Lost earnings with their interest: what is still to be paid to the plan."""
    plan_receives_minor: int
    """Principal, lost earnings and interest together."""
    segments: tuple[Segment, ...]
    """The quarters from loss to recovery; empty with an actual return."""
    interest_segments: tuple[Segment, ...]
    """The quarters from recovery to final payment."""
    tasks: tuple[str, ...]
    """What has to be filed because of it."""


@dataclass(frozen=True, slots=True)
class Growth:
    """Minor units as an exact ratio, not reduced: reducing costs more than it saves."""

    over: int
    under: int

    @classmethod
    def of(cls, raw: Fraction) -> Growth:
        """From a short ratio; below zero nothing was lost."""
        return cls(max(0, raw.numerator), raw.denominator)

    def cents(self) -> int:
        """Minor units, half up."""
        return (2 * self.over + self.under) // (2 * self.under)

    def six(self) -> str:
        """Whole currency to six decimals, half up; the amounts are minor units of two places."""
        micro = (2 * self.over * MICRO + 100 * self.under) // (200 * self.under)
        return f"{micro // MICRO}.{micro % MICRO:06d}"


def lost_earnings(
    *,
    principal_minor: int,
    loss_date: date,
    recovery_date: date,
    final_payment_date: date | None = None,
    basis: EarningsBasis = EarningsBasis.UNDERPAYMENT,
    actual_return: Fraction | None = None,
) -> Calculation[LostEarnings]:
    """Lost earnings of one late deposit (worked cases V01, V03).

    Raises:
        DataError: the dates are out of order.
        ConfigError: the rate of a quarter is not loaded; the message names the ruling.
    """
    paid = final_payment_date or recovery_date
    _check(loss_date, recovery_date, paid)
    inputs = {
        "principal_minor": principal_minor,
        "loss_date": loss_date,
        "recovery_date": recovery_date,
        "final_payment_date": paid,
        "basis": basis,
        "actual_return": actual_return,
    }
    if basis is EarningsBasis.ACTUAL_RETURN and actual_return is None:
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), ("actual_return",))
    segments: tuple[Segment, ...] = ()
    if actual_return is not None and basis is EarningsBasis.ACTUAL_RETURN:
        raw = Growth.of(principal_minor * actual_return)
    else:
        segments, raw = _compound(principal_minor, loss_date, recovery_date, basis)
    lost = raw.cents()
    rate = EarningsBasis.UNDERPAYMENT if basis is EarningsBasis.ACTUAL_RETURN else basis
    later, interest_raw = _compound(lost, recovery_date, paid, rate)
    interest = interest_raw.cents()
    result = LostEarnings(
        lost_earnings_minor=lost,
        interest_minor=interest,
        total_minor=lost + interest,
        plan_receives_minor=principal_minor + lost + interest,
        segments=segments,
        interest_segments=later,
        tasks=_tasks(loss_date, paid) if recovery_date > loss_date else (),
    )
    steps = (
        *(_told(one, "earnings") for one in segments),
        _rounded("lost earnings", raw),
        *(_told(one, "interest") for one in later),
        *((_rounded("interest on lost earnings", interest_raw),) if later else ()),
    )
    return Calculation(result, explain(NAME, VERSION, inputs, steps, citation=CITATION))


def _check(loss: date, recovery: date, paid: date) -> None:
    if not loss <= recovery <= paid:
        raise DataError(
            f"the days are out of order: loss {loss}, recovery {recovery}, final payment {paid}",
            where="loss_date, recovery_date, final_payment_date",
            mend="The loss comes first, then the recovery, then the payment of the earnings",
        )
    if paid > LAST_DAY:
        raise DataError(f"{paid} is too far ahead", where="final_payment_date", mend="Check the date")


def _compound(principal: int, start: date, end: date, basis: EarningsBasis) -> tuple[tuple[Segment, ...], Growth]:
    """The segments from `start` (exclusive) to `end`, and what they earn in raw minor units."""
    over, under = principal, 1
    found: list[Segment] = []
    for first, last in _quarters(start, end):
        # the rate of the quarter the days lie in; the first day itself earns nothing
        points = limit("us", "underpayment_rate", last).value
        points += LARGE_BP if basis is EarningsBasis.LARGE_UNDERPAYMENT else 0
        year, days = 366 if isleap(last.year) else 365, (last - first).days
        whole = year * 10_000
        before = (over, under)
        over, under = over * (whole + points) ** days, under * whole**days
        earned = Growth(over - before[0] * whole**days, under)
        found.append(
            Segment(
                start=first,
                end=last,
                days=days,
                rate=Fraction(points, 10_000),
                days_in_year=year,
                earnings=earned.six(),
            )
        )
    return tuple(found), Growth(over - principal * under, under)


def _quarters(start: date, end: date) -> Iterator[tuple[date, date]]:
    """Pieces of `(start, end]`, each within one calendar quarter; a piece begins on the day the last one ended."""
    while start < end:
        after = start + timedelta(days=1)
        quarter_end = Month(after.year, (after.month - 1) // 3 * 3 + 3).last
        last = min(end, quarter_end)
        yield start, last
        start = last


def _told(one: Segment, what: str) -> Step:
    label = f"{what} {one.start} to {one.end}: {one.days} days at {exact(one.rate * 100)} % / {one.days_in_year}"
    return Step(label=label, raw=one.earnings, value=one.earnings, money="whole")


def _rounded(what: str, raw: Growth) -> Step:
    # the exact ratio has thousands of digits: six decimals of whole currency say enough
    label = f"{what} ({Rounding.HALF_UP.value})"
    return Step(label=label, raw=raw.six(), value=format_minor(raw.cents()), money="whole")


def _tasks(loss: date, paid: date) -> tuple[str, ...]:
    years = range(loss.year, paid.year + 1)
    return (
        *(f"Form 5330 for {year}: excise tax on the late deposit (26 U.S.C. 4975)" for year in years),
        *(f"Form 5500 for {year}: report the late deposit (Schedule H or I, line 4a)" for year in years),
    )


@calculator(
    NAME,
    "What a late deposit has cost its participants.",
    LostEarningsInput,
    LostEarnings,
    VERSION,
    example={
        "principal_minor": 1_000_000,
        "loss_date": "2003-12-23",
        "recovery_date": "2004-10-06",
        "final_payment_date": "2004-10-06",
    },
)
def compute(given: LostEarningsInput) -> Calculation[LostEarnings]:
    """Run on validated input.

    Raises:
        DataError: the dates are out of order.
        ConfigError: the rate of a quarter is not loaded.
    """
    return lost_earnings(
        principal_minor=given.principal_minor,
        loss_date=given.loss_date,
        recovery_date=given.recovery_date,
        final_payment_date=given.final_payment_date,
        basis=given.basis,
        actual_return=given.actual_return,
    )
