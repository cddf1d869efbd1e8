"""Who is near the year's deferral limit, and whose late contribution has been put right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlalchemy import select

from benehub.ledger import accounts as chart
from benehub.legal import limit
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import difference, entry, leg
from benehub.views.contributions import deferred
from benehub.views.notices.notice import Notice

NEAR_PERCENT = 90
"""From which part of the limit on it is told."""

FIXED_DAYS = 31
"""How long after it was put right a late deposit is still worth a word."""


def limits_near(session: Session, book: PlanBook, day: date) -> Iterator[Notice]:
    """Who has deferred 90 % of the year's 402(g) limit; only this employer's contributions are seen."""
    if book.employer.country != "US" or not book.retirement_plans():
        return
    most = limit("us", "402g", day).value
    for person_id, minor in sorted(deferred(session, day.year).items()):
        if minor * 100 >= most * NEAR_PERCENT:
            values = {"deferred_minor": minor, "limit_minor": most, "year": day.year}
            yield Notice("limit_near", person_id, str(day.year), date(day.year, 12, 31), values)


def deposits_fixed(session: Session, book: PlanBook, day: date) -> Iterator[Notice]:
    """Everybody whose contribution of a pay date was late, once that difference is resolved."""
    for row in session.rows(
        select(difference)
        .where(*session.where(difference, relation="retirement", type="LATE", state="resolved"))
        .order_by(difference.c.difference_id)
    ):
        fixed = session.day_of(row.last_seen)
        pay_date = row.reference.rpartition("/")[2]
        if not 0 <= (day - fixed).days <= FIXED_DAYS or len(pay_date) != 10:
            continue
        people = [row.person_id] if row.person_id else _contributors(session, row.plan, date.fromisoformat(pay_date))
        for person_id in people:
            values = {"plan": row.plan or "", "pay_date": pay_date}
            yield Notice("deposit_fixed", person_id, f"{row.plan}/{pay_date}", day, values, (row.difference_id,))


def _contributors(session: Session, plan: str | None, pay_date: date) -> list[str]:
    rows = session.rows(
        select(leg.c.person_id)
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.DEPOSIT_TRANSIT,
            leg.c.plan == plan,
            leg.c.pay_date == pay_date,
            leg.c.person_id.is_not(None),
            entry.c.type == "contribution.deposited",
        )
        .distinct()
        .order_by(leg.c.person_id)
    )
    return [row.person_id for row in rows]
