"""Statements that were made and kept: of which days, and what one of them says."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from sqlalchemy import func, select

from benehub.errors import DataError
from benehub.store import Session
from benehub.store.tables import kept_statement
from benehub.views.persons import find_person

SEALED = "statement"
"""What their content is sealed for."""


def days(session: Session, limit: int = 50) -> list[dict[str, Any]]:
    """The newest days of which statements were made, with how many, and when the last one was."""
    at = func.max(kept_statement.c.at).label("at")
    query = (
        select(kept_statement.c.day, func.count().label("many"), at)
        .where(*session.where(kept_statement))
        .group_by(kept_statement.c.day)
        .order_by(kept_statement.c.day.desc())
        .limit(limit)
    )
    return [{"day": str(row.day), "statements": int(row.many), "made_at": row.at} for row in session.rows(query)]


def kept(session: Session, employee: str, day: date | None = None) -> dict[str, Any]:
    """What an employee's statement of a day says, or the newest one; as it was made.

    Raises:
        DataError: no such employee, or no statement was made for him then.
    """
    who = find_person(session, employee)
    query = select(kept_statement).where(*session.where(kept_statement, person_id=who.subscriber_id))
    if day is not None:
        query = query.where(kept_statement.c.day == day)
    row = session.connection.execute(query.order_by(kept_statement.c.day.desc()).limit(1)).first()
    if row is None:
        when = "" if day is None else f" of {day}"
        raise DataError(f"no statement{when} was made for {who.member_id}", mend="Make them: benehub statements make")
    content: dict[str, Any] = json.loads(session.unseal(row.content_sealed, SEALED))
    return {"made_at": row.at, "language": row.language, **content}
