"""What the world's vendors send when nobody makes a mistake: register, list bill and credits, line by line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from benehub.legal import bank_holidays
from benehub.periods import Month, nth_business_day
from benehub.testing.worlds import time_off
from benehub.testing.worlds.people import Employee
from benehub.testing.worlds.terms import CODES, COVERED, LIFE, MONTHS, PAY_DATES, PERIODS, PLANS, band_text

SOURCES = {"pretax": "EE_PRETAX", "roth": "EE_ROTH", "match": "ER_MATCH", "loan": "LOAN"}
HOLIDAYS = bank_holidays("US", (2026,))


@dataclass(slots=True)
class PayLine:
    """A line of the register; `part` is ours: employee, pretax, roth, match earning or nothing. Cents and minutes."""

    number: int
    pay_date: date
    kind: str
    code: str
    tax: str
    amount: int
    plan: str = ""
    part: str = ""
    minutes: int = 0
    check: str = ""
    """Which of the day's checks, where there are several."""
    reverses: str = ""
    plan_pay: int | None = None
    """The pay that payroll counted for the retirement plan, where it says so."""


@dataclass(slots=True)
class BillLine:
    """A line of the list bill that came in `billed`, for coverage month `month`; cents."""

    member: int
    billed: Month
    plan: str
    tier: str
    month: Month
    amount: int
    adjustment: bool = False
    volume: int | None = None
    band: str = ""
    dependents: int | None = None
    """What the bill says its price goes by; what it does not say is None or empty."""


@dataclass(slots=True)
class BalanceLine:
    """What payroll shows as left of leave at the end of a day."""

    number: int
    as_of: date
    minutes: int


@dataclass(slots=True)
class RosterLine:
    """A subscriber's cover on the carrier's roster; `last` is its last day."""

    member: int
    plan: str
    tier: str
    start: date
    last: date | None = None
    called: tuple[str, str, str] = ("Nobody", "Known", "")
    """Last name, first name and birth date of a member nobody here knows."""


@dataclass(slots=True)
class CreditLine:
    """A line of the recordkeeper's credits; cents."""

    number: int
    part: str
    pay_date: date
    traded: date
    amount: int
    kind: str = "CONTRIBUTION"


def register(people: Iterable[Employee]) -> Iterator[PayLine]:
    """Every check of every pay date."""
    for day in PAY_DATES:
        for one in people:
            if one.paid(day):
                yield from _check(one, day)


def _check(one: Employee, day: date) -> Iterator[PayLine]:
    yield PayLine(one.number, day, "earning", "REG", "", one.pay, part="earning")
    for plan, terms in PLANS.items():
        amount = one.takings(plan, Month.of(day)).get(day, 0)
        if amount:
            yield PayLine(one.number, day, "deduction", terms.code, "pretax", amount, plan, "employee")
    if one.source:
        code = CODES[one.source]
        yield PayLine(
            one.number, day, "deduction", code, one.source, one.deferral(), "401k", one.source, plan_pay=one.pay
        )  # fmt: skip
        yield PayLine(
            one.number, day, "employer", CODES["match"], "employer", one.match(), "401k", "match", plan_pay=one.pay
        )  # fmt: skip
    if one.loan:
        yield PayLine(one.number, day, "deduction", CODES["loan"], "posttax", one.loan, "401k", "loan")
    yield from _leave(one, day)


def _leave(one: Employee, day: date) -> Iterator[PayLine]:
    minutes = sum(asked.by_pay_date().get(day, 0) for asked in one.requests)
    if minutes:
        yield PayLine(one.number, day, "leave_taken", time_off.TAKEN, "", 0, minutes=minutes)
    first, last = PERIODS[day]
    if one.left is not None and first <= one.left <= last and one.opening:
        left = one.opening + time_off.earned(day)
        yield PayLine(
            one.number, day, "leave_payout", time_off.PAYOUT, "", time_off.worth(one.pay, left), minutes=left
        )  # fmt: skip


def bill(people: Iterable[Employee]) -> Iterator[BillLine]:
    """Everybody's cover, billed in its own month."""
    for month in MONTHS:
        for one in people:
            for plan in COVERED:
                found = one.cover(plan, month)
                if found is not None:
                    line = BillLine(one.number, month, plan, found[0], month, one.premium(plan, month))
                    if plan == LIFE:
                        line.volume, line.band = one.volume, band_text(one.band)
                    elif plan == "ppo":
                        line.dependents = len(one.family(found[0]))
                    yield line


def roster(people: Iterable[Employee]) -> Iterator[RosterLine]:
    """Everybody's cover as the carrier has it on the day of the comparison."""
    for one in people:
        for plan in COVERED:
            now, before = one.cover(plan, MONTHS[1]), one.cover(plan, MONTHS[0])
            if found := now or before:
                yield RosterLine(one.number, plan, found[0], found[1], None if now else MONTHS[0].last)


def credits(lines: Sequence[PayLine]) -> Iterator[CreditLine]:
    """What payroll took and gave, with the trust on the next bank day."""
    sums: dict[tuple[int, str, date], int] = defaultdict(int)
    for line in lines:
        if line.part in SOURCES:
            sums[line.number, line.part, line.pay_date] += line.amount
    for (number, part, day), amount in sums.items():
        yield CreditLine(number, part, day, traded(day), amount)


def traded(pay_date: date, days: int = 1) -> date:
    """The day the trust had the money of a pay date."""
    return nth_business_day(pay_date, days, HOLIDAYS)
