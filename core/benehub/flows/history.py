"""What was scheduled and deferred earlier in the year: the schedule goes on from there, never back over it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from benehub.facts.history import Which
from benehub.flows import savings
from benehub.flows.savings import Savings
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.store import Session
from benehub.store.tables import entry, leg

Key = tuple[str, str]
"""Person and plan."""


@dataclass(frozen=True, slots=True)
class History:
    """The year so far, as of a day: `cut` is the first pay date that may still be set.

    Args:
        scheduled: per person and plan, what earlier pay dates were told to take (pay date, amount, month).
        opening: per person and plan, the day the employer joined and the employee share owed on it.
        plans: per person, the plans of `scheduled`.
        told_since: the first pay date of the year that was told what to take, from anybody.
        savings: what everybody saved for retirement before the month.
    """

    cut: date
    scheduled: dict[Key, list[tuple[date, int, Month]]] = field(default_factory=dict)
    opening: dict[Key, tuple[date, int]] = field(default_factory=dict)
    plans: dict[str, set[str]] = field(default_factory=dict)
    told_since: date | None = None
    savings: Savings = field(default_factory=Savings)

    def taken(self, key: Key, shares: dict[Month, int]) -> list[tuple[date, int, Month | None]]:
        """What counts as taken before `cut`, for the deduction schedule.

        What was taken before the employer joined is the share of those months less what was still owed then.
        """
        found: list[tuple[date, int, Month | None]] = list(self.scheduled.get(key, ()))
        if key in self.opening:
            day, owed = self.opening[key]
            before = sum(amount for month, amount in shares.items() if month.end <= day)
            found.append((day - timedelta(days=1), before - owed, None))
        return found


def start(session: Session, month: Month) -> History:
    """What is everybody's of the history of a month's year, up to the first pay date that may still be set.

    A pay date that is past and was told what to take keeps it; one that nobody has looked at yet may be set,
    so that a month can be worked through afterwards too. What was scheduled comes part by part (`of_part`).
    """
    first, cut = date(month.year, 1, 1), _cut(session, month)
    lines = _scheduled(session, first, cut).subquery()
    told_since = session.connection.execute(select(func.min(lines.c.pay_date)).where(lines.c.amount != 0)).scalar()
    return History(cut, told_since=told_since, savings=Savings(savings.load(session, first, month.first)))


def of_part(session: Session, past: History, month: Month, which: Which | None = None) -> History:
    """`past` with what was scheduled for these people; for everybody where nobody is named."""
    first = date(month.year, 1, 1)
    scheduled: dict[Key, list[tuple[date, int, Month]]] = defaultdict(list)
    named = () if which is None else (which(leg.c.person_id),)
    for row in session.rows(_scheduled(session, first, past.cut, *named).order_by(leg.c.pay_date)):
        if row.amount:
            line = (row.pay_date, int(row.amount), Month.parse(row.coverage_month))
            scheduled[(row.person_id, row.plan)].append(line)
    opening = {
        (row.person_id, row.plan): (row.effective_date, int(row.amount))
        for row in session.rows(
            select(leg.c.person_id, leg.c.plan, entry.c.effective_date, func.sum(leg.c.amount).label("amount"))
            .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
            .where(
                leg.c.employer_id == session.employer,
                leg.c.account == chart.EMPLOYEE_SHARE_DUE,
                entry.c.type == "opening.share",
                entry.c.effective_date >= first,
                *named,
            )
            .group_by(leg.c.person_id, leg.c.plan, entry.c.effective_date)
        )
    }
    plans: dict[str, set[str]] = defaultdict(set)
    for person_id, plan in scheduled:
        plans[person_id].add(plan)
    return replace(past, scheduled=dict(scheduled), opening=opening, plans=dict(plans))


def _scheduled(session: Session, first: date, cut: date, *named: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """What pay dates before `cut` were told to take, by person, plan, pay date and month."""
    return (
        select(
            leg.c.person_id, leg.c.plan, leg.c.pay_date, leg.c.coverage_month, func.sum(leg.c.amount).label("amount")
        )
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.PAYROLL_CLEARING,
            leg.c.money_source == "employee",
            entry.c.type.in_(("deduction.expected", "deduction.expected.void")),
            leg.c.pay_date >= first,
            leg.c.pay_date < cut,
            *named,
        )
        .group_by(leg.c.person_id, leg.c.plan, leg.c.pay_date, leg.c.coverage_month)
    )  # fmt: skip


def _cut(session: Session, month: Month) -> date:
    told = session.connection.execute(
        select(func.max(entry.c.effective_date)).where(
            entry.c.employer_id == session.employer,
            entry.c.type == "deduction.expected",
            entry.c.effective_date < min(session.today(), month.end),
            entry.c.effective_date >= date(month.year, 1, 1),
        )
    ).scalar()
    return month.first if told is None else max(month.first, told + timedelta(days=1))
