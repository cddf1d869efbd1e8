"""Of the rows of a batch with one key only the last that is fit to be applied is: the older ones are superseded.

Only rows whose key comes more than once are looked into for that; all others are checked once, as they are applied.

A batch may be applied late: its run failed, and a person let it go on after another read. What that one has told is
newer, and stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from benehub.errors import DataError
from benehub.intake.absence import PERIODIC
from benehub.intake.packing import Waiting, opened
from benehub.intake.staging import validate
from benehub.intake.told import in_chunks, keys, listed, told_in
from benehub.store import Session
from benehub.store.tables import chunk_waits, intake_batch, intake_chunk, intake_row

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


def later(header: Row[Any]) -> list[ColumnElement[bool]]:
    """Conditions of the applied batches of its stream that were begun after a batch which is not applied yet."""
    one = intake_batch.c
    # The place at which a read was begun says it. Of batches from before that was kept it is the place of their end,
    # which is no proof by itself: the moment stands beside it. The end, which is later still, has the index used. Its
    # own place of now says nothing: who takes a broken-off read up moves it.
    return [one.connection_id == header.connection_id, one.stream == header.stream, one.state == "applied",
            one.seq > header.opened_seq, one.opened_seq > header.opened_seq,
            one.recorded_at >= header.recorded_at]  # fmt: skip


def is_overtaken(session: Session, header: Row[Any], *by: ColumnElement[bool]) -> bool:
    """Whether a read of its stream that was begun later is applied already; `by` says which ones count."""
    found = select(intake_batch.c.batch_id).where(*session.where(intake_batch), *later(header), *by).limit(1)
    return session.connection.execute(found).first() is not None


def supersede_overtaken(session: Session, header: Row[Any], rows: Sequence[Waiting]) -> set[int]:
    """Write down which rows a read begun later has told, and gives the numbers of all superseded ones of `rows`.

    All of them, where that read was whole; a whole one of what belongs to a period says nothing of rows that it does
    not tell.
    """
    batch = intake_batch.c
    read = session.connection.execute(
        select(func.max(batch.full_read).label("whole"), func.max(batch.seq).label("seq"))
        .where(*session.where(intake_batch), *later(header))
    ).one()  # fmt: skip
    whole = bool(read.whole) and header.stream not in PERIODIC
    if not whole and (read.seq or 0) > header.looked_seq:
        _supersede_told(session, header)
        session.change(intake_batch, {"batch_id": header.batch_id}, looked_seq=read.seq)
    older = superseded_numbers(session, header.batch_id, rows)
    if whole:
        _note(session, header, [(row.row_no, row.key) for row in rows if row.row_no not in older])
        older = {row.row_no for row in rows}
    return older


def _supersede_told(session: Session, header: Row[Any]) -> None:
    """Supersede which rows that still wait reads begun later have told, of those that were not looked into before.

    For all chunks at once: what those reads have told is gone through once, not for each chunk.
    """
    mine = [*session.where(intake_chunk, batch_id=header.batch_id), chunk_waits]
    fresh = intake_batch.c.seq > header.looked_seq
    wanted = in_chunks(session).where(*mine).correlate(None)
    since = {row.row_key for row in told_in(session, wanted, *later(header), fresh)}
    if not since:
        return
    known = session.rows(select(intake_row.c.row_no).where(*session.where(intake_row, batch_id=header.batch_id)))
    done = {row.row_no for row in known}
    chunk = intake_chunk.c
    for one in session.rows(select(chunk.row_no, chunk.row_keys, chunk.row_nos).where(*mine).order_by(chunk.row_no)):
        _note(session, header, [(no, key) for no, key in listed(one) if key in since and no not in done])


def _note(session: Session, header: Row[Any], rows: Sequence[tuple[int, str]]) -> None:
    session.add(intake_row, [
        {"batch_id": header.batch_id, "row_no": row_no, "row_key": key, "outcome": "superseded", "reason": TOLD_SINCE}
        for row_no, key in rows
    ])  # fmt: skip
