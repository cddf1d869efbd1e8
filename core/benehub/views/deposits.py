"""What has to reach a vendor by when, and when it did: remittances and deposits against their deadlines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from benehub.periods import Month
from benehub.store import Session
from benehub.store.tables import dispatch, obligation
from benehub.views.money_path import in_transit

KINDS = ("contribution.deposit", "premium.remit", "account.deposit", "earnings.deposit", "payment.order")
"""Obligations that are money."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """One payment that is owed; `standing` is late, due, sent, accepted, arrived or refused.

    Accepted is a payment of premiums whose file the carrier took, and whose money nobody has confirmed yet. Refused is
    one that was sent and came back.
    """

    obligation: str
    kind: str
    connection: str
    plan: str
    period: str
    due: date
    send_by: date
    minor: int
    currency: str
    sent_at: str
    dispatch: str
    standing: str
    on_time: bool | None
    """Whether it left in time; None while it has not left."""
    seq: int
    """Its number in the recorded order."""


def deposits(
    session: Session, month: Month, limit: int | None = None, after: tuple[date, int] | None = None
) -> list[Deposit]:  # fmt: skip
    """Every payment due in a month or for it, the earliest deadline first.

    Args:
        session: of the employer.
        month: the month.
        limit: so many at most; None for all.
        after: due day and number in the recorded order, behind which the list begins.
    """
    day, seq = obligation.c.due_date, obligation.c.seq
    behind = [(day > after[0]) | ((day == after[0]) & (seq > after[1]))] if after else []
    rows = session.rows(
        select(obligation, dispatch.c.sent_at, dispatch.c.ack_state)
        .outerjoin(
            dispatch,
            (dispatch.c.employer_id == obligation.c.employer_id) & (dispatch.c.dispatch_id == obligation.c.dispatch_id),
        )
        .where(
            obligation.c.employer_id == session.employer,
            obligation.c.kind.in_(KINDS),
            obligation.c.state.not_in(("replaced", "canceled")),
            obligation.c.period.startswith(str(month), autoescape=True)
            | ((obligation.c.due_date >= month.first) & (obligation.c.due_date < month.end)),
            *behind,
        )
        .order_by(day, seq)
        .limit(limit)
    )
    today, found = session.today(), list[Deposit]()
    on_the_way = in_transit(session, {row.dispatch_id for row in rows if row.kind == "premium.remit" and row.sent_at})
    for row in rows:
        sent = row.sent_at or ""
        standing = _standing(row, today, on_the_way)
        on_time = None if not sent else session.day_of(sent) <= row.due_date
        found.append(
            Deposit(
                row.obligation_id, row.kind, row.connection_id, row.plan or "", row.period, row.due_date, row.send_by,
                int(row.worth_minor), row.currency, sent, row.dispatch_id or "", standing, on_time, row.seq,
            )
        )  # fmt: skip
    return found


def _standing(row: Row[Any], today: date, on_the_way: Mapping[str, int]) -> str:
    if row.state not in ("sent", "confirmed"):
        came_back = row.state == "refused" and row.sent_at
        return "refused" if came_back else "late" if row.due_date < today else "due"
    if row.kind != "premium.remit":
        return "arrived" if row.state == "confirmed" else "sent"
    # Its money has arrived once it was posted and nothing of it is in transit; a file that was accepted is none.
    if on_the_way.get(row.dispatch_id) == 0:
        return "arrived"
    return "accepted" if row.state == "confirmed" else "sent"
