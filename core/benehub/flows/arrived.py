"""Follows a deposit to its end: its file has arrived once nothing of its pay date is on its way to the trust any more.

A recordkeeper credits a participant's pay date, not a file, so the files of a pay date arrive together.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import case, func, select

from benehub import obligations
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.reconcile.earnings import ON_THE_WAY
from benehub.store import Session
from benehub.store.tables import leg, obligation

ARRIVED = "all of its pay date is credited"
"""Why a deposit counts as confirmed."""

_LOST_EARNINGS = "earnings.deposit"
_KINDS = ("contribution.deposit", _LOST_EARNINGS)
_DEPOSITED = ("contribution.deposited", "earnings.deposited")


def confirm(session: Session, connection_id: str, month: Month) -> int:
    """Confirm each file to a recordkeeper of which nothing is on its way; gives how many were not before.

    What the recordkeeper takes back is on its way again, and so is what waits for it.
    """
    files = session.rows(
        select(obligation.c.obligation_id, obligation.c.kind, obligation.c.plan, obligation.c.business_key,
               obligation.c.state, obligation.c.reason)
        .where(*session.where(obligation, connection_id=connection_id, period=str(month)),
               obligation.c.kind.in_(_KINDS), obligation.c.state.in_(("sent", "confirmed")))
    )  # fmt: skip
    if not files:
        return 0
    there = {earnings: _arrived(session, month, earnings) for earnings in (False, True)}
    now, again = list[str](), list[str]()
    for one in files:
        day = date.fromisoformat(one.business_key.removeprefix(f"{one.kind}/{one.plan}/")[:10])
        arrived = (one.plan, day) in there[one.kind == _LOST_EARNINGS]
        if arrived and one.state == "sent":
            now.append(one.obligation_id)
        elif not arrived and (one.state, one.reason) == ("confirmed", ARRIVED):
            again.append(one.obligation_id)
    obligations.mark(session, now, "confirmed", ARRIVED)
    obligations.mark(session, again, "sent", "not all of its pay date is credited any more")
    return len(now)


def _arrived(session: Session, month: Month, earnings: bool) -> set[tuple[str, date]]:
    """Plans and pay dates of which something was deposited, and of no participant and source less was credited."""
    mine = leg.c.posted_as.in_(ON_THE_WAY) if earnings else leg.c.posted_as.not_in(ON_THE_WAY)
    keys = (leg.c.plan, leg.c.pay_date)
    lines = (
        select(*keys, func.sum(leg.c.amount).label("left"),
               func.max(case((leg.c.posted_as.in_(_DEPOSITED), 1), else_=0)).label("deposited"))
        .where(leg.c.employer_id == session.employer, leg.c.account == chart.DEPOSIT_TRANSIT, mine,
               leg.c.pay_date >= month.first, leg.c.pay_date < month.end)
        .group_by(*keys, leg.c.person_id, leg.c.money_source)
        .subquery()
    )  # fmt: skip
    rows = session.rows(
        select(lines.c.plan, lines.c.pay_date)
        .group_by(lines.c.plan, lines.c.pay_date)
        .having((func.min(lines.c.left) >= 0) & (func.max(lines.c.deposited) == 1))
    )
    return {(row.plan, row.pay_date) for row in rows}
