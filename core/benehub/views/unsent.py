"""What is owed to vendors and has not left, and how those whom a dispatch told of were answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, and_, func, or_, select

from benehub import dispatch as outbox
from benehub.connect.exchange import Acks
from benehub.errors import DataError
from benehub.store import Session
from benehub.store.tables import dispatch, obligation, person
from benehub.views.members import MemberStatus, of_dispatch


def owed(session: Session, kind: str = "", after: str = "", limit: int = 50) -> tuple[Sequence[Row[Any]], str]:
    """Open and held obligations by the day by which they must leave, each with its `member_id`; and the last's place.

    Raises:
        DataError: a place that is none.
    """
    query = (
        select(
            obligation.c.obligation_id, obligation.c.kind, obligation.c.connection_id, obligation.c.plan,
            obligation.c.period, obligation.c.due_date, obligation.c.send_by, obligation.c.worth_minor,
            obligation.c.currency, obligation.c.state, obligation.c.reason, obligation.c.dispatch_id,
            person.c.member_id,
        )
        .join(
            person,
            (person.c.employer_id == obligation.c.employer_id) & (person.c.person_id == obligation.c.person_id),
            isouter=True,
        )
        .where(obligation.c.employer_id == session.employer, obligation.c.state.in_(("open", "held")))
    )  # fmt: skip
    if kind:
        query = query.where(obligation.c.kind == kind)
    if after:
        day, name = _place(after)
        same = and_(obligation.c.send_by == day, obligation.c.obligation_id > name)
        query = query.where(or_(obligation.c.send_by > day, same))
    rows = session.rows(query.order_by(obligation.c.send_by, obligation.c.obligation_id).limit(limit + 1))
    last = f"{rows[limit - 1].send_by}~{rows[limit - 1].obligation_id}" if len(rows) > limit else ""
    return rows[:limit], last


def _place(after: str) -> tuple[date, str]:
    day, _, name = after.partition("~")
    try:
        return date.fromisoformat(day), name
    except ValueError:
        raise DataError("that is no place in the list", mend="Begin at its beginning") from None


def operations(session: Session) -> tuple[list[str], list[str]]:
    """The operations by which anything was to leave, and the connections that it was for."""
    rows = session.rows(
        select(dispatch.c.operation, dispatch.c.connection_id, func.count())
        .where(*session.where(dispatch))
        .group_by(dispatch.c.operation, dispatch.c.connection_id)
    )
    return sorted({row.operation for row in rows}), sorted({row.connection_id for row in rows})


def answered(session: Session, dispatch_id: str) -> list[MemberStatus]:
    """How far each member of whom this dispatch was the newest word has come; those refused first.

    Raises:
        DataError: no such dispatch.
    """
    outbox.get(session, dispatch_id)
    return of_dispatch(session, dispatch_id, Acks(ta1_hours=None, syntax_hours=None, report_days=None))
