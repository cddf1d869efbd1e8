"""The year that ended, told to everybody who had money in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlalchemy import func, select

from benehub.ledger import accounts as chart
from benehub.ledger.arrears import FORGIVEN
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import entry, leg
from benehub.views.notices.notice import Notice

TELL_BY = (1, 31)
"""Month and day by which the total of the year before is told; it goes out in January."""

COST = (chart.BENEFIT_COST, chart.MATCH_EXPENSE)


def annual_totals(session: Session, book: PlanBook, day: date) -> Iterator[Notice]:
    """In January: what each employee paid in the year before and what the employer added."""
    if day.month != 1:
        return
    year, by = day.year - 1, date(day.year, *TELL_BY)
    own = -func.sum(leg.c.amount).filter(leg.c.account.in_((chart.EMPLOYEE_SHARE_DUE, chart.DEFERRAL_PAYABLE)))
    employer = func.sum(leg.c.amount).filter(leg.c.account.in_(COST))
    rows = session.connection.execute(
        select(leg.c.person_id, func.coalesce(own, 0).label("own"), func.coalesce(employer, 0).label("employer"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.person_id.is_not(None),
            entry.c.status == "posted",
            entry.c.effective_date >= date(year, 1, 1),
            entry.c.effective_date < date(year + 1, 1, 1),
            entry.c.type.not_like("premium.%") | leg.c.account.in_(COST),
            entry.c.type.not_like("contribution.%"),
            entry.c.type.not_in(FORGIVEN),
        )
        .group_by(leg.c.person_id)
        .order_by(leg.c.person_id)
    )
    for row in rows:
        if row.own or row.employer:
            values = {"year": year, "own_minor": int(row.own), "employer_minor": int(row.employer)}
            yield Notice("annual_total", row.person_id, str(year), by, values)
