"""What each pay date takes of the employees' shares: one schedule for all who owe the same on the same pay dates.

A schedule goes by the shares of the months, the worker's own pay dates, the plan's rule and what was taken so far;
each distinct such question is put to the explained rule once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from benehub import facts
from benehub.facts import Fact, PayPeriod, Worker
from benehub.facts.pricing import Prices
from benehub.flows import history
from benehub.flows.expected import employee_shares
from benehub.flows.history import History
from benehub.flows.money import own_pay_days, pay_calendar
from benehub.periods import Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.planbook.parts.deduction import DeductionTerms
from benehub.rules.deduction.calendar import DeductionMethod, DeductionRule, PayDay
from benehub.rules.deduction.schedule import DeductionLine, deduction_schedule
from benehub.store import Session

KEPT = 5_000
"""Schedules held at once; beyond it all are forgotten, so memory stays flat."""
_SHIFT = {"in_advance": 1, "current": 0, "arrears": -1}

Taken = Sequence[tuple[date, int, Month | None]]


class _Days(NamedTuple):
    """A worker's own pay dates: what tells them from those of others of a run, and how to read them."""

    key: tuple[str, date | None, date | None]
    read: Callable[[], Sequence[PayDay]]


class Schedules:
    """The schedules of a run, each distinct one worked out once."""

    def __init__(self, prices: Prices) -> None:
        self.prices = prices
        self._rules: dict[str, DeductionRule] = {}
        self._known: dict[Any, tuple[DeductionLine, ...]] = {}

    def lines(
        self, worker: Worker, periods: Sequence[PayPeriod], month: Month, past: History
    ) -> Iterator[tuple[Plan, DeductionTerms, DeductionLine]]:
        """What the pay dates of a month that may still be set take of a worker's premiums.

        Raises:
            DataError: a premium cannot be worked out; the message names whose, and what is not known.
        """
        for timeline in worker.coverages.values():
            for plan_id in sorted({fact.data["plan"] for fact in timeline}):
                plan = self.prices.book.plan(plan_id)
                if plan.deduction is None or not plan.insured:
                    continue
                for line in self._of_plan(plan, worker, timeline, periods, month, past):
                    if line.pay_date >= past.cut and month.first <= line.pay_date < month.end:
                        yield plan, plan.deduction, line

    def _of_plan(
        self, plan: Plan, worker: Worker, timeline: Sequence[Fact], periods: Sequence[PayPeriod], month: Month,
        past: History,
    ) -> Sequence[DeductionLine]:  # fmt: skip
        if plan.id not in self._rules:
            self._rules[plan.id] = plan.deduction_rule()
        rule = self._rules[plan.id]
        key = (worker.person_id, plan.id)
        every_pay = rule.method is DeductionMethod.EVERY_PAY
        months = [Month(month.year, number) for number in range(1, 13)]
        paid_for = months if every_pay else [month.plus(_SHIFT[rule.timing.value])]
        shares = employee_shares(self.prices, plan, worker, timeline, paid_for)
        taken: Taken
        if every_pay:
            taken = past.taken(key, shares)
        else:
            taken = [line for line in past.scheduled.get(key, ()) if line[2] in shares]
        if not taken and not any(shares.values()):
            return ()
        days = self._own_days(worker, periods)
        if every_pay and taken and key not in past.opening:
            # Without an opening balance, the year is taken to have run as scheduled until the hub began to count.
            whole = self._schedule(plan, shares, days)
            taken = [*((one.pay_date, one.amount_minor, one.month) for one in whole
                       if one.pay_date < taken[0][0]), *taken]  # fmt: skip
        # Without anything taken the year's schedule runs from its first pay date, as it did before we looked.
        return self._schedule(plan, shares, days, taken, past.cut if taken else None)

    def _own_days(self, worker: Worker, periods: Sequence[PayPeriod]) -> _Days:
        """The worker's own pay dates; the same for all of a group who are there all the time."""
        left = worker.terminated_on
        hired_within = worker.hired if periods and worker.hired > periods[0].end else None
        key = (worker.pay_group, hired_within, left if left and periods and left < periods[-1].start else None)
        return _Days(key, lambda: own_pay_days(worker, periods))

    def _schedule(
        self, plan: Plan, shares: dict[Month, int], days: _Days, taken: Taken = (), change_from: date | None = None
    ) -> tuple[DeductionLine, ...]:
        first = next(iter(shares))
        key = (plan.id, first.year, first.month, tuple(shares.values()), days.key, tuple(taken), change_from)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            answer = deduction_schedule(
                shares=shares, pay_days=days.read(), rule=self._rules[plan.id], taken=taken, change_from=change_from,
                currency=self.prices.book.employer.currency,
            )  # fmt: skip
            found = self._known[key] = answer.result.lines if answer.result is not None else ()
        return found


class DeductionRow(NamedTuple):
    """What one pay date takes of a person's premium in a plan for a coverage month, in minor units."""

    person_id: str
    plan: str
    pay_date: date
    coverage_month: Month
    amount_minor: int


def deduction_rows(session: Session, book: PlanBook, pay_date: date) -> Iterator[DeductionRow]:
    """What the pay date takes of everybody's premiums, arrears and corrections of earlier months left out.

    Facts are read part by part, so memory does not grow with the people; nothing is written.

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
