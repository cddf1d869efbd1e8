"""Everybody's leave of one policy as events: what stood at the start, pay dates and hours worked, leave taken and paid.

A replay of them is the balance in exact fractions; the ledger holds the same in whole minutes. What the hub never
saw is not made up: a history begins with the opening balance, or with the first leave that was accrued.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select

from benehub import facts
from benehub.facts import PayPeriod, Worker
from benehub.ledger import accounts as chart
from benehub.periods import FOREVER, Interval
from benehub.planbook import LeavePolicy, PlanBook
from benehub.rules.leave.policy import AccrualMethod, Policy
from benehub.rules.leave.replay import Event, EventKind, Replay, replay
from benehub.rules.leave.urlaub_claim import Claim, Person, claim
from benehub.store import Session
from benehub.store.tables import confirmation, entry, leg

OPENING = "opening.leave"
ACCRUED = "leave.accrued"
TAKEN = "leave.taken"
PAID = "leave.paid"
CARRIED_IN = "leave.carried_in"
LAPSED = "leave.lapsed"
_EVENTS = {
    OPENING: EventKind.OPENING, TAKEN: EventKind.USE, PAID: EventKind.PAYOUT, CARRIED_IN: EventKind.ADJUST,
    LAPSED: EventKind.ADJUST,
}  # fmt: skip
"""Types of entries that are events of a replay; what else stands in the ledger comes out of one."""
GRANT = "urlaub/"
"""How the key of a German year's grant begins."""


@dataclass(frozen=True, slots=True)
class Booked:
    """What the ledger holds of one person and policy: posted minutes by event and day, the older first."""

    events: Sequence[tuple[str, date, int]] = ()
    opened: date | None = None
    """Day of the first opening balance: nothing before it counts."""
    first: date | None = None
    """Day of the first accrual."""


@dataclass(frozen=True)
class History:
    """One employee's leave of one policy."""

    worker: Worker
    policy: LeavePolicy
    rule: Policy
    employments: Sequence[tuple[date, date]]
    events: Sequence[Event]
    since: date
    scheduled: frozenset[date] = frozenset()
    """Pay dates whose hours are the scheduled ones, for the register tells none."""
    periods: Mapping[date, PayPeriod] = field(default_factory=dict)

    def to(self, day: date) -> Replay:
        """The balance at the end of `day`."""
        return replay(self.rule, self.employments, self.events, day, self.since)


def histories(
    session: Session,
    book: PlanBook,
    policy: LeavePolicy,
    until: date,
    begin: date | None = None,
    people: Sequence[str] | None = None,
) -> Iterator[History]:
    """The history up to `until` of everyone with this leave.

    Args:
        session: of the employer.
        book: the plan book in force.
        policy: which leave.
        until: last day that is asked for.
        begin: first day for those of whom nothing is booked yet; without it they are left out.
        people: only of these; everybody when left out.

    Raises:
        ConfigError: a statutory policy, or a legal number, is not loaded.
    """
    booked = _booked(session, policy)
    worked = _worked(session, book) if policy.by_hours_worked else {}
    years: dict[int, Mapping[str, Sequence[PayPeriod]]] = {}
    rule = policy.rule(until)
    for worker in facts.workers(session, Interval(date.min, until + timedelta(days=1)), people=people):
        mine = booked.get(worker.person_id, Booked())
        since = mine.opened or min((day for day in (mine.first, begin) if day is not None), default=None)
        if since is None:
            continue
        for year in range(since.year, until.year + 1):
            if year not in years:
                years[year] = facts.pay_calendar(session, book, year)
        spans = employments(worker)
        periods = [
            (one, len(calendar))
            for year in range(since.year, until.year + 1)
            for calendar in (years[year][worker.pay_group],)
            for one in calendar
            if since <= one.pay_date <= until and _employed(spans, one)
        ]
        told = worked.get(worker.person_id, {})
        events = [*_past(mine), *_earning(rule, worker, periods, told), *_grants(policy, worker, spans, until)]
        if rule.full_time_hours:
            events += _schedules(worker)
        by_hours = rule.method is AccrualMethod.PER_HOUR
        scheduled = {one.pay_date for one, _ in periods if by_hours and one.pay_date not in told}
        yield History(
            worker, policy, rule, spans, events, since, frozenset(scheduled), {one.pay_date: one for one, _ in periods}
        )


def employments(worker: Worker) -> list[tuple[date, date]]:
    """First day and first day no longer employed of each employment; a later one ends what it would overlap."""
    ends: dict[date, date] = {}
    for fact in worker.employments:
        start = date.fromisoformat(fact.data["hire_date"])
        ends[start] = max(fact.effective_to, ends.get(start, fact.effective_to))
    starts = sorted(ends)
    following = [*starts[1:], FOREVER]
    return [(start, min(ends[start], after)) for start, after in zip(starts, following, strict=True)]


def _booked(session: Session, policy: LeavePolicy) -> dict[str, Booked]:
    types = [name for one in (*_EVENTS, ACCRUED) for name in (one, f"{one}.reversed")]
    rows = session.rows(
        select(leg.c.person_id, entry.c.type, entry.c.effective_date, func.sum(leg.c.amount).label("minutes"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.LEAVE_AVAILABLE,
            leg.c.plan == policy.id,
            entry.c.status == "posted",
            entry.c.type.in_(types),
        )
        .group_by(leg.c.person_id, entry.c.type, entry.c.effective_date)
    )
    sums: dict[str, dict[tuple[str, date], int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        sums[row.person_id][(row.type.removesuffix(".reversed"), row.effective_date)] += int(row.minutes)
    found = {}
    for person_id, by_day in sums.items():
        kept = sorted((kind, day, minutes) for (kind, day), minutes in by_day.items() if minutes)
        first = {name: min((day for kind, day, _ in kept if kind == name), default=None) for name in (OPENING, ACCRUED)}
        events = [one for one in kept if one[0] != ACCRUED]
        found[person_id] = Booked(events, first[OPENING], first[ACCRUED])
    return found


def _past(booked: Booked) -> Iterator[Event]:
    for kind, day, minutes in booked.events:
        sign = -1 if kind in (TAKEN, PAID) else 1
        hours = Fraction(sign * minutes, 60)
        if hours >= 0 or kind in (OPENING, CARRIED_IN, LAPSED):
            yield Event(day, _EVENTS[kind], hours, key=f"{kind}/{day}")
        else:
            yield Event(day, EventKind.ADJUST, -hours, key=f"{kind}/{day}")  # taken back by payroll


def _worked(session: Session, book: PlanBook) -> dict[str, dict[date, int]]:
    """Minutes worked by person and pay date, where payroll's register tells them."""
    found: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for row in session.rows(
        select(confirmation.c.person_id, confirmation.c.pay_date, confirmation.c.detail).where(
            *session.where(confirmation, kind="register_line", connection_id=book.roles.payroll, current=1),
            confirmation.c.part == "earning",
            confirmation.c.person_id.is_not(None),
        )
    ):
        minutes = int(row.detail.get("minutes") or 0)
        if minutes:
            found[row.person_id][row.pay_date] += minutes
    return found


def _earning(
    rule: Policy, worker: Worker, periods: Sequence[tuple[PayPeriod, int]], told: Mapping[date, int]
) -> Iterator[Event]:
    for one, count in periods:
        dates: dict[str, Any] = {"period_start": one.start, "period_end": one.end + timedelta(days=1)}
        if rule.method is AccrualMethod.PER_PAY:
            yield Event(one.pay_date, EventKind.PAY, pays_in_year=count, key=f"pay/{one.pay_date}", **dates)
        elif rule.method is AccrualMethod.PER_HOUR:
            scheduled = Fraction(int(worker.employment.data["weekly_hours"]) * 52, count)
            hours = Fraction(told[one.pay_date], 60) if one.pay_date in told else scheduled
            yield Event(one.pay_date, EventKind.WORK, hours, key=f"pay/{one.pay_date}", **dates)


def _schedules(worker: Worker) -> Iterator[Event]:
    for fact in worker.employments:
        hours = Fraction(int(fact.data["weekly_hours"]))
        yield Event(fact.effective_from, EventKind.SCHEDULE, hours, key=f"schedule/{fact.effective_from}")


def _grants(policy: LeavePolicy, worker: Worker, spans: Sequence[tuple[date, date]], until: date) -> Iterator[Event]:
    if policy.germany is None:
        return
    hired, employed_to = spans[-1]
    for year in range(hired.year, until.year + 1):
        found = german_claim(policy, worker, hired, employed_to, year)
        hours = found.total * policy.day_hours
        if hours:
            yield Event(max(date(year, 1, 1), hired), EventKind.ADJUST, hours, key=f"{GRANT}{year}")


def german_claim(policy: LeavePolicy, worker: Worker, hired: date, employed_to: date, year: int) -> Claim:
    """The claim of one leave year, with the longer leave of young people."""
    terms = policy.germany
    assert terms is not None  # callers ask for German policies only
    birth = worker.identity.get("birth_date")
    person = Person(hired, employed_to, Fraction(terms.days_per_week), date.fromisoformat(birth) if birth else None)
    return claim(person, year, Fraction(terms.agreed_days), terms.extra_rule)


def _employed(spans: Sequence[tuple[date, date]], one: PayPeriod) -> bool:
    return any(start <= one.end and end > one.start for start, end in spans)
