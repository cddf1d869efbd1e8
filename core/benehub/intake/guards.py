"""Asks before a read does damage: too many people gone, too much changed, a field suddenly empty."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select

from benehub.intake.absence import absent
from benehub.planbook import Guards
from benehub.store import Session
from benehub.store.tables import intake_row, seen

Staged = list[tuple[frozenset[str] | None, Any]]

SMALL = 10
"""Below this many known rows a percentage says nothing; the guards stay silent."""


def check(session: Session, header: Row[Any], guards: Guards) -> str:
    """Why the batch must be held, or an empty text."""
    known = session.connection.execute(
        select(func.count()).where(
            *session.where(seen, connection_id=header.connection_id, stream=header.stream), seen.c.gone_seq.is_(None)
        )
    ).scalar_one()
    if known < SMALL:
        return ""
    staged = _staged(session, header)
    return _mass_removal(session, header, known, guards, staged) or _gone_empty(header, guards, staged)


def _mass_removal(session: Session, header: Row[Any], known: int, guards: Guards, staged: Staged) -> str:
    deleted = sum(1 for _, content in staged if content["deleted"])
    # Only what ends now: who left long ago and comes again with a new address is no removal.
    ended = sum(
        1
        for filled, content in staged
        if filled is not None and "termination_date" not in filled and content["data"].get("termination_date")
    )
    absent = _absent(session, header) if header.full_read else 0
    for count, what in ((deleted, "deleted"), (absent, "missing from a full read"), (ended, "ended")):
        if count > 1 and count * 100 > known * guards.mass_removal_percent:
            return f"{count} of {known} rows of {header.stream} are {what}, over {guards.mass_removal_percent} %"
    return ""


def _absent(session: Session, header: Row[Any]) -> int:
    """How many of the known rows did not come again; new rows do not make up for missing ones."""
    return int(
        session.connection.execute(select(func.count()).select_from(absent(session, header).subquery())).scalar_one()
    )


def _gone_empty(header: Row[Any], guards: Guards, staged: Staged) -> str:
    before: Counter[str] = Counter()
    emptied: Counter[str] = Counter()
    for filled, content in staged:
        if filled is None or content["deleted"]:
            continue
        now = {name for name, value in content["data"].items() if value not in (None, "", [])}
        for name in filled:
            before[name] += 1
            emptied[name] += name not in now
    for name, count in emptied.most_common():
        if count >= SMALL and count * 100 > before[name] * guards.field_empty_percent:
            return f"field {name} of {header.stream} was filled and is now empty in {count} of {before[name]} rows"
    return ""


def _same_row(header: Row[Any]) -> ColumnElement[bool]:
    return and_(
        seen.c.employer_id == intake_row.c.employer_id,
        seen.c.connection_id == header.connection_id,
        seen.c.stream == header.stream,
        seen.c.row_key == intake_row.c.row_key,
    )


def _staged(session: Session, header: Row[Any]) -> Staged:
    """Per waiting row: which fields were filled when it was last applied (None: never), and its content."""
    rows = session.rows(
        select(intake_row.c.row_no, intake_row.c.row_sealed, seen.c.filled)
        .outerjoin(seen, _same_row(header))
        .where(*session.where(intake_row, batch_id=header.batch_id, outcome="staged"))
    )
    return [
        (
            None if row.filled is None else frozenset(row.filled.split(",")) - {""},
            json.loads(session.unseal(row.row_sealed, "intake_row")),
        )
        for row in rows
    ]
