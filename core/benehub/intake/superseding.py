"""Of the rows of a batch with one key only the last that is fit to be applied is: the older ones are superseded.

Only rows whose key comes more than once are looked into for that; all others are checked once, as they are applied.

A batch may be applied late: its run failed, and a person let it go on after another read. What that one has told is
newer, and stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select

from benehub.errors import DataError
from benehub.intake.absence import PERIODIC
from benehub.intake.packing import Waiting, opened
from benehub.intake.staging import validate
from benehub.intake.told import in_chunks, keys, told_in
from benehub.store import Session
from benehub.store.tables import intake_batch, intake_chunk, intake_row

LATER = "a later row has its key"
"""Why a row is superseded."""

TOLD_SINCE = "a read that was begun later has told it"
"""Why a row of a batch that is applied late is superseded."""


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


def _later(header: Row[Any]) -> list[Any]:
    """Conditions of the applied batches of its stream that were begun after a batch which is not applied yet."""
    one = intake_batch.c
    # What was begun later has a later place, too; the place alone is no proof, for it is taken anew at the end.
    return [one.connection_id == header.connection_id, one.stream == header.stream, one.state == "applied",
            one.seq > header.seq, one.recorded_at > header.recorded_at]  # fmt: skip


def is_overtaken(session: Session, header: Row[Any]) -> bool:
    """Whether a read of its stream that was begun later is applied already."""
    mine = session.where(intake_batch)
    found = select(intake_batch.c.batch_id).where(*mine, *_later(header)).limit(1)
    return session.connection.execute(found).first() is not None


def supersede_overtaken(session: Session, header: Row[Any], rows: Sequence[Waiting]) -> set[int]:
    """Write down which of these rows a read begun later has told, and gives their numbers: all, where it was whole.

    A whole read of what belongs to a period says nothing of rows that it does not tell.
    """
    reads = session.rows(select(intake_batch.c.full_read).where(*session.where(intake_batch), *_later(header)))
    if not reads:
        return set()
    since = {row.row_key for row in told_in(session, {row.key for row in rows}, *_later(header))}
    whole = header.stream not in PERIODIC and any(read.full_read for read in reads)
    gone = [row for row in rows if whole or row.key in since]
    session.add(intake_row, [
        {"batch_id": header.batch_id, "row_no": row.row_no, "row_key": row.key, "outcome": "superseded",
         "reason": TOLD_SINCE}
        for row in gone
    ])  # fmt: skip
    return {row.row_no for row in gone}
