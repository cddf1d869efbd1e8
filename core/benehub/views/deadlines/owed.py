"""Deadlines of obligations: what was worked out and has not left, as rows by the million are asked for, in sets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlalchemy import ColumnElement, func, select

from benehub.planbook.deadlines import closed_days
from benehub.rules.deadline.latest_safe import Level, last_days
from benehub.store.tables import obligation
from benehub.views.deadlines.deadline import Asked, Deadline

BY_LEDGER = ("contribution.deposit", "account.deposit", "premium.remit")
"""Kinds whose deadlines follow from what the ledger owes, whether or not a file was made: see `money`."""

STATES = ("open", "held", "refused")
"""What has not been done: still open, held for a person, or refused by the other side."""


def waiting(asked: Asked) -> list[ColumnElement[bool]]:
    """Conditions of the obligations whose deadlines are ours to meet."""
    return [
        obligation.c.employer_id == asked.session.employer,
        obligation.c.state.in_(STATES),
        obligation.c.kind.not_in(BY_LEDGER),
        obligation.c.connection_id.in_(sorted(asked.live)),
    ]


def bounds(asked: Asked) -> dict[str, dict[Level, date]]:
    """For each connection and alarm, the latest day to send that has come to that level."""
    closed = closed_days(asked.book, asked.today)
    return {
        one: last_days(asked.today, asked.now > asked.moment(one, asked.today), closed) for one in sorted(asked.live)
    }


def grouped(asked: Asked) -> Iterator[Deadline]:
    """Deadlines of obligations, those of a kind, connection, plan and day as one; its subject is the first of them."""
    keys = [obligation.c[name] for name in ("kind", "connection_id", "plan", "period", "due_date", "send_by")]
    rows = asked.session.rows(
        select(
            *keys, func.count().label("many"), func.sum(obligation.c.worth_minor).label("worth"),
            func.min(obligation.c.obligation_id).label("first"),
        )
        .where(*waiting(asked), obligation.c.send_by <= asked.until)
        .group_by(*keys)
        .order_by(obligation.c.send_by, obligation.c.kind)
    )  # fmt: skip
    for row in rows:
        yield asked.made(
            row.first, row.kind, row.connection_id, row.due_date, row.send_by, plan=row.plan, period=row.period,
            items=int(row.many), worth_minor=int(row.worth), mend=mend(row.kind),
        )  # fmt: skip


def mend(kind: str) -> str:
    """The command that meets an obligation of a kind."""
    return _MEND.get(kind, "benehub dispatches list")


_MEND = {
    "deduction.set": "benehub deductions push",
    "deduction.book": "benehub deductions push",
    "leave.take": "benehub leave handover",
    "enrollment.change": "benehub enrollments send",
    "enrollment.full": "benehub enrollments send --full",
    "notice.send": "benehub notices send",
    "earnings.deposit": "benehub retirement deposit-earnings",
    "payment.order": "benehub premiums remit",
}
