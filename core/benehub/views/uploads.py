"""Tables uploaded by hand: which there are, from which sources they may come, and what stands in their columns."""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import select

from benehub import connections
from benehub.crypto import mask
from benehub.formats.rows import Table
from benehub.money import shape
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import intake_batch, upload

LOOKED = 2_000
"""Rows whose words are collected."""
MAX_WORDS = 30
MAX_DIGITS = 3
"""Digits that a word has at most, as `EE1` or the code `001`: an SSN or a date has more, and so has most pay."""
_DATE: Final = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}(?![^T ])")


def uploads(session: Session, limit: int = 50, before: int = 0, only: str = "") -> list[dict[str, Any]]:
    """Uploads with what became of them, the newest first.

    Args:
        before: only those of a smaller `seq`; 0 for the newest.
        only: id of the one that is asked for; empty for all.
    """
    query = (
        select(upload.c.upload_id, upload.c.source, upload.c.stream, upload.c.name, upload.c.state, upload.c.at,
               upload.c.who, upload.c.seq, upload.c.batch_id, intake_batch.c.state.label("batch_state"),
               intake_batch.c.rows, intake_batch.c.quarantined)
        .outerjoin(intake_batch, (intake_batch.c.employer_id == upload.c.employer_id)
                   & (intake_batch.c.batch_id == upload.c.batch_id))
        .where(*session.where(upload))
        .order_by(upload.c.seq.desc())
        .limit(limit)
    )  # fmt: skip
    if before:
        query = query.where(upload.c.seq < before)
    if only:
        query = query.where(upload.c.upload_id == only)
    return [dict(row._mapping) for row in session.rows(query)]


def sources(session: Session, book: PlanBook) -> list[str]:
    """Names a file may come from: those of uploads so far, and what the plan book names and nothing reads yet."""
    rows = connections.listed(session)
    known = {row.connection_id for row in rows}
    mine = {row.connection_id for row in rows if dict(row.settings).get("place", {}).get("uploads")}
    named = {str(name) for name in book.roles.model_dump().values() if isinstance(name, str) and name}
    named |= {plan.vendor for plan in book.plans if plan.vendor}
    return sorted(mine | (named - known))


def decided(session: Session, source: str, stream: str) -> dict[str, Any]:
    """How this source's table was read last; empty for one that is new."""
    row = connections.find(session, source)
    return {} if row is None else dict(row.settings.get("streams", {}).get(stream, {}))


def samples(table: Table) -> dict[str, str]:
    """The shape of the first filled cell of each column: enough to know it by, and no value."""
    found: dict[str, str] = {}
    for number, row in enumerate(table.rows):
        for name, cell in zip(table.header, row.cells, strict=True):
            if cell.strip() and name not in found:
                found[name] = shape(cell.strip()[:24])
        if len(found) == len(table.header) or number >= LOOKED:
            break
    return found


def words_in(table: Table, heading: str) -> list[str] | None:
    """The different words of a column; None where they are many, or any cell is rather a number or a date.

    Whoever maps a column of SSNs, dates or amounts to a field that counts words is told none of its cells.
    """
    place = table.header.index(heading)
    cells = dict.fromkeys(cell for row in table.rows if (cell := row.cells[place].strip()))
    if any(sum(map(str.isdigit, cell)) > MAX_DIGITS for cell in cells):
        return None
    found = dict.fromkeys(cell for row in table.rows[:LOOKED] if (cell := row.cells[place].strip()))
    return list(found) if len(found) <= MAX_WORDS else None


def tells(heading: str) -> bool:
    """Whether a heading is rather somebody's cell: it holds an SSN or a bank number, or begins with a date."""
    return mask(heading) != heading or _DATE.match(heading.strip()) is not None
