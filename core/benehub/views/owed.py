"""Obligations as people look through them: what is owed to whom and by when, the newest first."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Row, select, tuple_

from benehub.errors import DataError
from benehub.store import Session
from benehub.store.tables import obligation
from benehub.views.amounts import amount
from benehub.views.members import owed_word
from benehub.views.persons import find_person, member_ids


def listed(
    session: Session, limit: int = 50, before: tuple[int, str] | None = None, due_by: date | None = None,
    employee: str = "", **equal: str,
) -> list[dict[str, Any]]:  # fmt: skip
    """Obligations, the newest first.

    Args:
        before: only those after the one with this recorded number and id.
        due_by: only what is due on this day or earlier.
        employee: only of this person.
        equal: only those with this value of a column (state, kind, connection_id, plan, period, dispatch_id).

    Raises:
        DataError: no such person.
    """
    query = select(obligation).where(*session.where(obligation, **equal))
    if employee:
        query = query.where(obligation.c.person_id == find_person(session, employee).person_id)
    if due_by is not None:
        query = query.where(obligation.c.due_date <= due_by)
    if before is not None:
        query = query.where(tuple_(obligation.c.seq, obligation.c.obligation_id) < tuple_(*before))
    rows = session.rows(query.order_by(obligation.c.seq.desc(), obligation.c.obligation_id.desc()).limit(limit))
    members = member_ids(session, {row.person_id for row in rows if row.person_id})
    return [_told(row, members) for row in rows]


def one(session: Session, obligation_id: str) -> dict[str, Any]:
    """One obligation.

    Raises:
        DataError: there is none.
    """
    row = session.connection.execute(
        select(obligation).where(*session.where(obligation, obligation_id=obligation_id))
    ).first()
    if row is None:
        raise DataError(f"no obligation {obligation_id[:60]}", mend="List the obligations")
    return _told(row, member_ids(session, [row.person_id] if row.person_id else []))


def _told(row: Row[Any], members: dict[str, str]) -> dict[str, Any]:
    return {
        "obligation": row.obligation_id, "kind": row.kind, "key": row.business_key, "connection": row.connection_id,
        "employee": members.get(row.person_id or "", ""), "plan": row.plan or "", "period": row.period,
        "due_date": row.due_date, "send_by": row.send_by, "worth": amount(row.worth_minor, row.currency),
        "currency": row.currency, "state": owed_word(row.kind, row.state), "reason": row.reason,
        "dispatch": row.dispatch_id or "", "seq": row.seq,
    }  # fmt: skip
