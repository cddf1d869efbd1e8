"""Premium payments that have left and that neither bank nor carrier has confirmed: on their way until a day, no more.

One that comes back is reversed, one that arrives is confirmed; of one that nobody tells of, the money is neither with
the employer nor with the carrier. It travels for the carrier's bank days, from the later of the day it left and the day
it is due, and for ten days more nobody need have spoken. After that somebody has to ask.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import case, func, or_, select

from benehub import obligations
from benehub.ledger import accounts as chart
from benehub.ledger.balances import concerns
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile.bill import IN_FLIGHT
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.store import Session
from benehub.store.tables import dispatch, entry, leg


@dataclass(frozen=True, slots=True)
class Flight:
    """One payment on its way; minor units.

    Args:
        key: its business key. `month`: the coverage month it is of.
        amount: what is in transit of it by the month's books; `open`: what is by now, whatever month confirmed it.
        left: the day on which it left. `clear_by`: the day by which it has to be confirmed.
    """

    dispatch_id: str
    key: str
    carrier: str
    month: str
    unit: str
    amount: int
    open: int
    left: date
    clear_by: date


def flights(session: Session, book: PlanBook, month: Month) -> list[Flight]:
    """The payments whose money is in transit, by the books of a month or by now."""
    rows = session.rows(
        select(
            dispatch.c.dispatch_id, dispatch.c.business_key, dispatch.c.connection_id, leg.c.unit,
            func.sum(case((concerns(month), leg.c.amount), else_=0)).label("amount"),
            func.sum(leg.c.amount).label("open"), func.min(entry.c.effective_date).label("left"),
        )
        .join(leg, (leg.c.employer_id == dispatch.c.employer_id) & (leg.c.batch == dispatch.c.dispatch_id))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            *session.where(dispatch, operation="premium.remit", state="sent"),
            leg.c.account == chart.CARRIER_TRANSIT, leg.c.posted_as.is_not(None),
        )
        .group_by(dispatch.c.dispatch_id, dispatch.c.business_key, dispatch.c.connection_id, leg.c.unit)
        .having(or_(func.sum(case((concerns(month), leg.c.amount), else_=0)) != 0, func.sum(leg.c.amount) != 0))
        .order_by(dispatch.c.business_key, dispatch.c.dispatch_id)
    )  # fmt: skip
    owed = obligations.by_ids(session, [session.id("obl", row.business_key) for row in rows])
    due = {row.business_key: row.due_date for row in owed if row.due_date is not None}
    found = []
    for row in rows:
        travels = timedelta(days=book.terms(row.connection_id).transit_bank_days)
        clear_by = max(row.left, due.get(row.business_key, row.left)) + travels + IN_FLIGHT
        of = row.business_key.split("/")[2]
        found.append(
            Flight(row.dispatch_id, row.business_key, row.connection_id, of, row.unit, int(row.amount), int(row.open),
                   row.left, clear_by)
        )  # fmt: skip
    return found


def compare(session: Session, book: PlanBook, names: Collection[str], month: Month) -> Iterator[Finding]:
    """Payments to these carriers that should have been confirmed by now, of this month of cover and earlier ones."""
    for one in flights(session, book, month):
        if one.carrier in names and one.open and one.month <= str(month) and session.today() > one.clear_by:
            yield Finding(
                # Of the payment's own month: it is the same difference in every later month until it is confirmed.
                Relation.PREMIUM, Type.REMITTED_NOT_CONFIRMED, one.month, f"{one.carrier}/{one.dispatch_id}",
                "carrier", "finance",
                f"a payment that left on {one.left} should have been confirmed by {one.clear_by}",
                "Ask the bank and the carrier whether it arrived, and say so; what came back is paid again",
                expected=-one.open, actual=0, unit=one.unit,
            )  # fmt: skip
