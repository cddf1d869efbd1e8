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
from benehub.flows.expected import shares_in
from benehub.flows.history import History
from benehub.flows.money import own_pay_days, pay_calendar
from benehub.periods import Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.planbook.parts.deduction import DeductionTerms
from benehub.rules.deduction.calendar import DeductionMethod, DeductionRule, PayDay
from benehub.rules.deduction.schedule import Taking, deduction_takings, paying_days
from benehub.store import Session

KEPT = 20_000
"""Schedules of a plan and month held at once, each what it takes in that month; beyond it all are forgotten, so
memory stays flat."""
_SHIFT = {"in_advance": 1, "current": 0, "arrears": -1}

Taken = Sequence[tuple[date, int, Month | None]]


class _PlanMonth:
    """How a plan's shares are taken on the pay dates of a month, with what was worked out before."""

    def __init__(self, plan: Plan, terms: DeductionTerms, month: Month) -> None:
        self.plan = plan
        self.terms = terms
        self.rule: DeductionRule = plan.deduction_rule()
        self.every_pay = self.rule.method is DeductionMethod.EVERY_PAY
        whole_year = [Month(month.year, number) for number in range(1, 13)]
        self.paid_for = whole_year if self.every_pay else [month.plus(_SHIFT[self.rule.timing.value])]
        self.first, self.end = month.first, month.end
        self._known: dict[Any, Sequence[Taking]] = {}
        self._days: dict[Any, Sequence[tuple[date, Month]]] = {}

    def takings(
        self, shares: tuple[int, ...], days: _Days, cut: date, taken: Taken = (), change_from: date | None = None
    ) -> Sequence[Taking]:
        """What the pay dates of the month that may still be set take."""
        key = (shares, days.key, cut, tuple(taken), change_from)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            whole = self.whole(shares, days, taken, change_from)
            found = self._known[key] = [
                one for one in whole if one.pay_date >= cut and self.first <= one.pay_date < self.end
            ]
        return found

    def whole(
        self, shares: tuple[int, ...], days: _Days, taken: Taken = (), change_from: date | None = None
    ) -> Sequence[Taking]:
        """What all pay dates of the time take."""
        if days.key not in self._days:
            self._days[days.key] = paying_days(days.read(), self.rule)
        return deduction_takings(
            shares=dict(zip(self.paid_for, shares, strict=True)), days=self._days[days.key], rule=self.rule,
            taken=taken, change_from=change_from,
        )  # fmt: skip


class _Days(NamedTuple):
    """A worker's own pay dates: what tells them from those of others of a run, and how to read them."""

    key: tuple[str, date | None, date | None]
    read: Callable[[], Sequence[PayDay]]


class Schedules:
    """The schedules of a run, each distinct one worked out once."""

    def __init__(self, prices: Prices) -> None:
        self.prices = prices
        self._plans: dict[Month, dict[str, _PlanMonth | None]] = {}

    def lines(
        self, worker: Worker, periods: Sequence[PayPeriod], month: Month, past: History
    ) -> Iterator[tuple[Plan, DeductionTerms, Taking]]:
        """What the pay dates of a month that may still be set take of a worker's premiums.

        Raises:
            DataError: a premium cannot be worked out; the message has a handle of whose, and what is not known.
        """
        plans = self._plans.setdefault(month, {})
        days = _own_days(worker, periods)
        for timeline in worker.coverages.values():
            for plan_id in sorted({fact.data["plan"] for fact in timeline}):
                if plan_id not in plans:
                    plans[plan_id] = self._plan_month(plan_id, month)
                plan = plans[plan_id]
                if plan is not None:
                    for line in self._of_plan(plan, worker, timeline, days, past):
                        yield plan.plan, plan.terms, line

    def _plan_month(self, plan_id: str, month: Month) -> _PlanMonth | None:
        plan = self.prices.book.plan(plan_id)
        return None if plan.deduction is None or not plan.insured else _PlanMonth(plan, plan.deduction, month)

    def _of_plan(
        self, plan: _PlanMonth, worker: Worker, timeline: Sequence[Fact], days: _Days, past: History
    ) -> Sequence[Taking]:
        key = (worker.person_id, plan.plan.id)
        shares = shares_in(self.prices, plan.plan, worker, timeline, plan.paid_for)
        taken = _taken(plan, key, shares, past)
        if not taken:
            # Without anything taken the year's schedule runs from its first pay date, as it did before we looked.
            return plan.takings(shares, days, past.cut) if any(shares) else ()
        if plan.every_pay and key not in past.opening:
            # Without an opening balance, the year is taken to have run as scheduled until the hub began to count.
            taken = [*((one.pay_date, one.amount_minor, one.month) for one in plan.whole(shares, days)
                       if one.pay_date < taken[0][0]), *taken]  # fmt: skip
        return plan.takings(shares, days, past.cut, taken, past.cut)


def _taken(plan: _PlanMonth, key: tuple[str, str], shares: tuple[int, ...], past: History) -> Taken:
    """What counts as taken before the first pay date that may still be set."""
    if key not in past.scheduled and key not in past.opening:
        return ()
    if plan.every_pay:
        return past.taken(key, dict(zip(plan.paid_for, shares, strict=True)))
    return [line for line in past.scheduled.get(key, ()) if line[2] in plan.paid_for]


def _own_days(worker: Worker, periods: Sequence[PayPeriod]) -> _Days:
    """The worker's own pay dates; the same for all of a group who are there all the time."""
    left, hired = worker.terminated_on, worker.hired
    hired_within = hired if periods and hired > periods[0].end else None
    key = (worker.pay_group, hired_within, left if left and periods and left < periods[-1].start else None)
    return _Days(key, lambda: own_pay_days(worker, periods))


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
        DataError: a premium cannot be worked out; the message has a handle of whose, and what is not known.
    """
    month = Month.of(pay_date)
    calendar = pay_calendar(session, book, month.year)
    paid = {group for group, periods in calendar.items() if any(one.pay_date == pay_date for one in periods)}
    before = history.start(session, month)
    schedules = Schedules(Prices(book))
    window = Interval(date(month.year, 1, 1), month.end)
    for part in facts.parts_of_workers(session, window, elections=False):
        past = history.of_part(session, before, month, part.which)
        for worker in part.workers:
            if worker.pay_group in paid:
                for plan, _, line in schedules.lines(worker, calendar[worker.pay_group], month, past):
                    if line.pay_date == pay_date:
                        yield DeductionRow(worker.person_id, plan.id, pay_date, line.month, line.amount_minor)
