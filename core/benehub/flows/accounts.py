"""Accounts of the employees' own (HSA, FSA, commuter): what each pay date takes, and what the employer puts in.

An amount elected for the year is spread over its pay dates to the cent. What past pay dates were told to take stays;
after a change, what is left of the year is spread over the pay dates that are left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from benehub.facts import Fact, Worker, in_force
from benehub.facts.account_tier import account_tier
from benehub.flows.history import History
from benehub.flows.money import PayPeriod, own_pay_days
from benehub.money import cumulative_share
from benehub.periods import Month
from benehub.planbook import Plan, PlanBook


@dataclass(frozen=True, slots=True)
class AccountLine:
    """What one pay date takes for one account: `part` is employee or employer."""

    plan: Plan
    part: str
    pay_date: date
    amount_minor: int


def account_lines(
    book: PlanBook, worker: Worker, periods: Sequence[PayPeriod], month: Month, past: History
) -> Iterator[AccountLine]:
    """The lines of a month's pay dates, employee's and employer's, for every account of one worker.

    Raises:
        DataError: the employer pays in by tier, and the tier of an account holder is not known.
    """
    year = [one.pay_date for one in periods]
    paid = [one.day for one in own_pay_days(worker, periods) if not one.holiday]
    for timeline in worker.coverages.values():
        for plan in [book.plan(name) for name in sorted({fact.data["plan"] for fact in timeline})]:
            if not plan.is_account:
                continue
            covers = [fact for fact in timeline if fact.data["plan"] == plan.id]
            told: dict[date, int] = {}
            for day, amount, _ in past.scheduled.get((worker.person_id, plan.id), ()):
                told[day] = told.get(day, 0) + amount
            own = employee_amounts(covers, year, paid, told, past.cut)
            given = _employer_amounts(
                book, plan, worker, covers, [day for day in paid if Month.of(day) == month], month
            )
            for part, amounts in (("employee", own), ("employer", given)):
                for day, amount in amounts.items():
                    if Month.of(day) == month and day >= past.cut and amount:
                        yield AccountLine(plan, part, day, amount)


def employee_amounts(
    covers: Sequence[Fact], year: Sequence[date], paid: Sequence[date], told: Mapping[date, int], cut: date
) -> dict[date, int]:
    """What each pay date takes from the employee, in minor units.

    Args:
        covers: the account's cover, in order.
        year: all pay dates of the group in the year: a yearly amount is spread over those that are left.
        paid: those of them on which the employee is paid.
        told: what pay dates before `cut` were told to take; before the first of them the year is taken to have run
            as elected.
        cut: the first pay date that may still be set.
    """
    held = [(day, fact) for day in paid if (fact := in_force(covers, day)) is not None]
    began = min(told, default=cut)
    amounts: dict[date, int] = {}
    # A new run of pay dates begins with each election, and where the past ends.
    for _, run in groupby(held, key=lambda pair: (pair[1].effective_from, pair[0] < cut)):
        days = list(run)
        left = [day for day in year if day >= days[0][0]]
        taken = sum(amounts.values())
        for day, fact in days:
            past = began <= day < cut
            amounts[day] = told.get(day, 0) if past else _one(fact, day, year, left, taken)
    return amounts


def _one(fact: Fact, day: date, year: Sequence[date], left: Sequence[date], taken: int) -> int:
    elected = int(fact.data.get("amount_minor") or 0)
    match fact.data.get("amount_per", "year"):
        case "pay":
            return elected
        case "month":
            mine = [one for one in year if Month.of(one) == Month.of(day)]
            return cumulative_share(elected, mine.index(day) + 1, len(mine))
    return cumulative_share(max(0, elected - taken), left.index(day) + 1, len(left))


def _employer_amounts(
    book: PlanBook, plan: Plan, worker: Worker, covers: Sequence[Fact], days: Sequence[date], month: Month
) -> dict[date, int]:
    """The employer's twelfth of the month, spread over those of its pay dates on which the account runs."""
    mine = [day for day in days if in_force(covers, day) is not None]
    yearly = {} if plan.account is None else plan.account.yearly_minor(book.employer.currency)
    if not mine or not yearly:
        return {}
    cover = in_force(covers, mine[0])
    tier = account_tier(worker, cover, mine[0], yearly)
    amount = cumulative_share(yearly[tier], month.month, 12)
    return {day: cumulative_share(amount, number, len(mine)) for number, day in enumerate(mine, 1)}
