"""Of the rows of a batch with one key only the last that is fit to be applied is: the older ones are superseded.

Only rows whose key comes more than once are looked into for that; all others are checked once, as they are applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from benehub.errors import DataError
from benehub.intake.packing import Waiting, opened
from benehub.intake.staging import validate
from benehub.intake.told import in_chunks, keys
from benehub.store import Session
from benehub.store.tables import intake_chunk, intake_row

LATER = "a later row has its key"
"""Why a row is superseded."""


def supersede(session: Session, batch_id: str, stream: str) -> None:
    """Write down which rows a later one supersedes, before any of the batch is applied.

    A row that is no record of the stream supersedes none: it waits in quarantine, and what was told before it holds.
    """
    value, _ = keys(session, intake_chunk)
    mine = session.where(intake_chunk, batch_id=batch_id)
    rows = session.rows(in_chunks(session).where(*mine).group_by(value).having(func.count() > 1))
    twice = {row.row_key for row in rows}
    if not twice:
        return
    later: set[str] = set()
    holding = in_chunks(session, intake_chunk.c.row_no).where(*mine, session.among(value, twice))
    for number in sorted({row.row_no for row in session.rows(holding)}, reverse=True):
        sealed = select(intake_chunk.c.rows_sealed).where(*mine, intake_chunk.c.row_no == number)
        told = opened(session, session.connection.execute(sealed).scalar_one())
        older: list[dict[str, Any]] = []
        for row in reversed([one for one in told if one.key in twice]):
            if row.key in later:
                older.append({"batch_id": batch_id, "row_no": row.row_no, "row_key": row.key, "outcome": "superseded",
                              "reason": LATER})  # fmt: skip
            elif _fit(stream, row):
                later.add(row.key)
        session.add(intake_row, older)


def _fit(stream: str, row: Waiting) -> bool:
    """Whether the row says something that counts: that the vendor deleted it does."""
    if row.deleted:
        return True
    try:
        validate(stream, row.data)
    except DataError:
        return False
    return True


def superseded_numbers(session: Session, batch_id: str, rows: Sequence[Waiting]) -> set[int]:
    """The numbers of those of these rows, which follow each other, that are superseded."""
    found = session.rows(
        select(intake_row.c.row_no).where(
            *session.where(intake_row, batch_id=batch_id, outcome="superseded"),
            intake_row.c.row_no.between(rows[0].row_no, rows[-1].row_no),
        )
    )
    return {row.row_no for row in found}
