"""What was scheduled and deferred earlier in the year: the schedule goes on from there, never back over it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import func, select

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
        savings: what everybody saved for retirement before the month.
    """

    cut: date
    scheduled: dict[Key, list[tuple[date, int, Month]]] = field(default_factory=dict)
    opening: dict[Key, tuple[date, int]] = field(default_factory=dict)
    plans: dict[str, set[str]] = field(default_factory=dict)
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


def load(session: Session, month: Month) -> History:
    """The history of a month's year up to the first pay date that may still be set.

    A pay date that is past and was told what to take keeps it; one that nobody has looked at yet may be set,
    so that a month can be worked through afterwards too.
    """
    start = date(month.year, 1, 1)
    cut = _cut(session, month)
    scheduled: dict[Key, list[tuple[date, int, Month]]] = defaultdict(list)
    for row in session.rows(
        select(
            leg.c.person_id, leg.c.plan, leg.c.pay_date, leg.c.coverage_month, func.sum(leg.c.amount).label("amount")
        )
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.PAYROLL_CLEARING,
            leg.c.money_source == "employee",
            entry.c.type.in_(("deduction.expected", "deduction.expected.void")),
            leg.c.pay_date >= start,
            leg.c.pay_date < cut,
        )
        .group_by(leg.c.person_id, leg.c.plan, leg.c.pay_date, leg.c.coverage_month)
        .order_by(leg.c.pay_date)
    ):  # fmt: skip
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
                entry.c.effective_date >= start,
            )
            .group_by(leg.c.person_id, leg.c.plan, entry.c.effective_date)
        )
    }
    plans: dict[str, set[str]] = defaultdict(set)
    for person_id, plan in scheduled:
        plans[person_id].add(plan)
    return History(cut, dict(scheduled), opening, dict(plans), Savings(savings.load(session, start, month.first)))


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
