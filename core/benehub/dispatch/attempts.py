"""Every attempt at a dispatch: opened before the vendor is called, closed with what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, select, update

from benehub.crypto import mask
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import attempt


def attempts(session: Session, dispatch_id: str) -> Sequence[Row[Any]]:
    """Every attempt, in order."""
    return session.rows(
        select(attempt).where(*session.where(attempt, dispatch_id=dispatch_id)).order_by(attempt.c.attempt_no)
    )


def open_all(session: Session, ids: Sequence[str]) -> dict[str, int]:
    """Note that an attempt at each of these dispatches begins; gives its number."""
    last = newest(session, ids)
    numbers = {one: last.get(one, 0) + 1 for one in ids}
    now = session.now()
    session.add(
        attempt,
        (
            {"dispatch_id": one, "attempt_no": number, "started_at": now, "outcome": "started", "detail": ""}
            for one, number in numbers.items()
        ),
    )
    return numbers


def close_all(session: Session, ends: Mapping[str, tuple[str, str]]) -> None:
    """Note how the newest attempt at each dispatch ended: outcome and detail; one never tried has none."""
    session.change_all(
        attempt,
        ("dispatch_id", "attempt_no"),
        [
            {"dispatch_id": one, "attempt_no": number, "outcome": ends[one][0], "detail": mask(ends[one][1])[:500]}
            for one, number in newest(session, list(ends)).items()
        ],
    )


DIED = "the process died during the attempt"
"""The detail of an attempt that another process found under way."""


def interrupted_at(session: Session, ids: Sequence[str]) -> list[str]:
    """When the newest attempt at each of these began, where whoever made it has not told its end."""
    last = newest(session, ids)
    mine, found = list(last), list[str]()
    for start in range(0, len(mine), CHUNK):
        part = session.among(attempt.c.dispatch_id, mine[start : start + CHUNK])
        rows = session.rows(select(attempt).where(attempt.c.employer_id == session.employer, part))
        found += [
            str(row.started_at)
            for row in rows
            if last[row.dispatch_id] == row.attempt_no and (row.outcome == "started" or row.detail == DIED)
        ]
    return found


def renew_all(session: Session, ids: Sequence[str]) -> None:
    """What is under way of these begins only now."""
    session.connection.execute(
        update(attempt)
        .where(
            attempt.c.employer_id == session.employer, attempt.c.dispatch_id.in_(ids), attempt.c.outcome == "started"
        )
        .values(started_at=session.now())
    )


def newest(session: Session, ids: Sequence[str]) -> dict[str, int]:
    """The number of the newest attempt by dispatch; those never tried are left out."""
    found: dict[str, int] = {}
    for start in range(0, len(ids), CHUNK):
        rows = session.rows(
            select(attempt.c.dispatch_id, func.max(attempt.c.attempt_no).label("number"))
            .where(
                attempt.c.employer_id == session.employer,
                session.among(attempt.c.dispatch_id, ids[start : start + CHUNK]),
            )
            .group_by(attempt.c.dispatch_id)
        )
        found |= {row.dispatch_id: row.number for row in rows}
    return found
