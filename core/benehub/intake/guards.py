"""Asks before a read does damage: too many people gone, too much changed, a field suddenly empty."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select

from benehub.intake.absence import absent
from benehub.planbook import Guards
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import intake_row, seen

SMALL = 10
"""Below this many known rows a percentage says nothing; the guards stay silent."""


@dataclass
class Tally:
    """What the waiting rows would do, counted while they stream by."""

    deleted: int = 0
    ended: int = 0
    before: Counter[str] = field(default_factory=Counter)
    """By field: rows known before in which it was filled."""
    emptied: Counter[str] = field(default_factory=Counter)
    """By field: those of them in which it is empty now."""

    def add(self, filled: frozenset[str] | None, content: Any) -> None:
        """Count one row; `filled` are the fields of its last application (None: it never was)."""
        self.deleted += content["deleted"]
        if filled is None:
            return
        now = {name for name, value in content["data"].items() if value not in (None, "", [])}
        # Only what ends now: who left long ago and comes again with a new address is no removal.
        self.ended += "termination_date" not in filled and "termination_date" in now
        if not content["deleted"]:
            self.before.update(filled)
            self.emptied.update(filled - now)


def check(session: Session, header: Row[Any], guards: Guards) -> str:
    """Why the batch must be held, or an empty text."""
    known = session.connection.execute(
        select(func.count()).where(
            *session.where(seen, connection_id=header.connection_id, stream=header.stream), seen.c.gone_seq.is_(None)
        )
    ).scalar_one()
    if known < SMALL:
        return ""
    tally = Tally()
    for filled, content in _staged(session, header):
        tally.add(filled, content)
    return _mass_removal(session, header, known, guards, tally) or _gone_empty(header, guards, tally)


def _mass_removal(session: Session, header: Row[Any], known: int, guards: Guards, tally: Tally) -> str:
    missing = _absent(session, header) if header.full_read else 0
    for count, what in (
        (tally.deleted, "deleted"), (missing, "missing from a full read"), (tally.ended, "ended")
    ):  # fmt: skip
        if count > 1 and count * 100 > known * guards.mass_removal_percent:
            return f"{count} of {known} rows of {header.stream} are {what}, over {guards.mass_removal_percent} %"
    return ""


def _absent(session: Session, header: Row[Any]) -> int:
    """How many of the known rows did not come again; new rows do not make up for missing ones."""
    return int(
        session.connection.execute(select(func.count()).select_from(absent(session, header).subquery())).scalar_one()
    )


def _gone_empty(header: Row[Any], guards: Guards, tally: Tally) -> str:
    for name, count in tally.emptied.most_common():
        if count >= SMALL and count * 100 > tally.before[name] * guards.field_empty_percent:
            return (
                f"field {name} of {header.stream} was filled and is now empty in {count} of {tally.before[name]} rows"
            )
    return ""


def _same_row(header: Row[Any]) -> ColumnElement[bool]:
    return and_(
        seen.c.employer_id == intake_row.c.employer_id,
        seen.c.connection_id == header.connection_id,
        seen.c.stream == header.stream,
        seen.c.row_key == intake_row.c.row_key,
    )


def _staged(session: Session, header: Row[Any]) -> Iterator[tuple[frozenset[str] | None, Any]]:
    """Per waiting row, chunk by chunk: which fields were filled when it was last applied (None: never), its content."""
    last = 0
    while True:
        rows = session.rows(
            select(intake_row.c.row_no, intake_row.c.row_sealed, seen.c.filled)
            .outerjoin(seen, _same_row(header))
            .where(*session.where(intake_row, batch_id=header.batch_id, outcome="staged"), intake_row.c.row_no > last)
            .order_by(intake_row.c.row_no)
            .limit(CHUNK)
        )
        if not rows:
            return
        for row in rows:
            filled = None if row.filled is None else frozenset(row.filled.split(",")) - {""}
            yield filled, json.loads(session.unseal(row.row_sealed, "intake_row"))
        last = rows[-1].row_no
