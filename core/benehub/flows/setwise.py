"""Amounts of everybody at once, as rows in the order of their people: a month's premiums, a pay date's deductions.

The same rules as the explained way, each put once to every distinct question (`facts.pricing`, `flows.schedules`);
facts are read part by part, so memory does not grow with the number of people. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from benehub import facts
from benehub.facts.pricing import Prices, lacking
from benehub.flows import history
from benehub.flows.money import pay_calendar
from benehub.flows.schedules import Schedules
from benehub.periods import Interval, Month
from benehub.planbook import PlanBook
from benehub.store import Session


class PremiumRow(NamedTuple):
    """One person's premium in a plan and month, in minor units; the shares sum to it."""

    person_id: str
    plan: str
    premium_minor: int
    employer_minor: int
    employee_minor: int


class DeductionRow(NamedTuple):
    """What one pay date takes of a person's premium in a plan for a coverage month, in minor units."""

    person_id: str
    plan: str
    pay_date: date
    coverage_month: Month
    amount_minor: int


def premium_rows(session: Session, book: PlanBook, month: Month) -> Iterator[PremiumRow]:
    """The premium of every coverage of the month.

    Raises:
        DataError: a premium cannot be worked out; the message names whose, and what is not known.
    """
    prices = Prices(book)
    for worker in facts.workers_in_parts(session, Interval(month.first, month.end), elections=False):
        for timeline in worker.coverages.values():
            if not book.plan(timeline[-1].data["plan"]).insured:
                continue
            for plan, amounts in prices.amounts(worker, timeline, month):
                if amounts.needs:
                    raise lacking(amounts.needs, worker, plan, month)
                yield PremiumRow(worker.person_id, plan.id, *amounts[:3])


def deduction_rows(session: Session, book: PlanBook, pay_date: date) -> Iterator[DeductionRow]:
    """What the pay date takes of everybody's premiums, arrears and corrections of earlier months left out.

    Raises:
        DataError: a premium cannot be worked out; the message names whose, and what is not known.
    """
    month = Month.of(pay_date)
    calendar = pay_calendar(session, book, month.year)
    paid = {group for group, periods in calendar.items() if any(one.pay_date == pay_date for one in periods)}
    past = history.load(session, month)
    schedules = Schedules(Prices(book))
    window = Interval(date(month.year, 1, 1), month.end)
    for worker in facts.workers_in_parts(session, window, elections=False):
        if worker.pay_group not in paid:
            continue
        for plan, _, line in schedules.lines(worker, calendar[worker.pay_group], month, past):
            if line.pay_date == pay_date:
                yield DeductionRow(worker.person_id, plan.id, pay_date, line.month, line.amount_minor)
