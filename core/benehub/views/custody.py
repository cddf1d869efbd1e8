"""What was read: batches with their counts, and the rows of them that wait. Nothing sealed is opened."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, func, literal, or_, select, tuple_

from benehub.identity import strangers
from benehub.store import Session, acts
from benehub.store.tables import intake_batch, intake_page, intake_row, row_waits, waited

COUNTS = ("rows", "applied", "unchanged", "quarantined", "superseded", "gone")


def batches(
    session: Session, state: str = "", waiting: bool = False, connection_id: str = "", limit: int = 50, batch: str = ""
) -> list[dict[str, Any]]:
    """The newest batches, or this one; with `waiting`, only those that are held or have rows in quarantine.

    `unlinked` counts the people of the batch's connection whom nobody is linked to, as of now.
    """
    open_rows = _open_rows().scalar_subquery()
    query = select(intake_batch, open_rows.label("open")).where(intake_batch.c.employer_id == session.employer)
    if state:
        query = query.where(intake_batch.c.state == state)
    if connection_id:
        query = query.where(intake_batch.c.connection_id == connection_id)
    if batch:
        query = query.where(intake_batch.c.batch_id == batch)
    if waiting:
        query = query.where((intake_batch.c.state == "held") | (open_rows > 0))
    unknown = strangers.counted(session)
    return [
        _told(row) | {"unlinked": unknown.get(row.connection_id, 0)}
        for row in session.rows(query.order_by(intake_batch.c.seq.desc()).limit(limit))
    ]


def _told(row: Any) -> dict[str, Any]:
    return {
            "batch": row.batch_id, "connection": row.connection_id, "stream": row.stream, "state": row.state,
            "recorded_at": row.recorded_at, **{name: row._mapping[name] for name in COUNTS}, "open": int(row.open),
            "reason": row.reason,
    }  # fmt: skip


def opened(
    session: Session, connection_id: str, stream: str, state: str, waiting: bool, limit: int,
    before: tuple[str, str] | None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Batches in the order they were opened, the newest first; before (opened at, batch) of another."""
    batch = intake_batch.c
    open_rows = _open_rows()
    given = {"connection_id": connection_id, "stream": stream, "state": state}
    query = select(intake_batch, open_rows.scalar_subquery().label("open")).where(
        *session.where(intake_batch, **{name: value for name, value in given.items() if value})
    )
    if waiting:
        query = query.where((batch.state == "held") | open_rows.with_only_columns(literal(1)).exists())
    if before:
        query = query.where(tuple_(batch.recorded_at, batch.batch_id) < tuple_(*before))
    query = query.order_by(batch.recorded_at.desc(), batch.batch_id.desc()).limit(limit)
    return [_told(row) for row in session.rows(query)]


def left_out(session: Session, batch_id: str, what: str, limit: int, after: int) -> list[dict[str, Any]]:
    """Rows of a batch that were not applied, by number: those that wait, are settled or superseded; or all of them.

    Each with why it waits, why it waited at first, and how often it was tried again in vain.
    """
    row = intake_row.c
    of = {"waits": row_waits, "settled": (row.outcome == "quarantined") & row.resolved_seq.is_not(None),
          "superseded": row.outcome == "superseded"}  # fmt: skip
    query = _rows().where(*session.where(intake_row, batch_id=batch_id))
    query = query.where(row.row_no > after, *([of[what]] if what else []))
    return [
        {"row": one.row_no, "what": "superseded" if one.outcome == "superseded" else
         "waits" if one.resolved_seq is None else "settled", **_why(one)}
        for one in session.rows(query.order_by(row.row_no).limit(limit))
    ]  # fmt: skip


def _rows() -> Select[*tuple[Any, ...]]:
    """Rows as they stand, each with the reason for which it waited at first where that was another one."""
    row = intake_row.c
    first = (
        select(waited.c.reason)
        .where(waited.c.employer_id == row.employer_id, waited.c.batch_id == row.batch_id,
               waited.c.row_no == row.row_no)
        .order_by(waited.c.try_no).limit(1).scalar_subquery()
    )  # fmt: skip
    names = (row.row_no, row.outcome, row.resolved_seq, row.reason, row.tries, row.tried_at)
    return select(*names, first.label("first"))


def _why(row: Row[Any]) -> dict[str, Any]:
    """Why a row waits or waited last, why at first, how often it was tried again in vain, and when last."""
    return {"reason": row.reason, "first_reason": row.reason if row.first is None else row.first, "tries": row.tries,
            "tried_at": row.tried_at}  # fmt: skip


def _open_rows() -> Select[int]:
    return (
        select(func.count())
        .select_from(intake_row)
        .where(
            intake_row.c.employer_id == intake_batch.c.employer_id,
            intake_row.c.batch_id == intake_batch.c.batch_id,
            row_waits,
        )
    )


def details(session: Session, batch_id: str, limit: int = 200) -> dict[str, list[dict[str, Any]]]:
    """Pages of a batch, its rows in quarantine, and what persons did to it; what waits comes first."""
    pages = session.rows(
        select(intake_page).where(*session.where(intake_page, batch_id=batch_id)).order_by(intake_page.c.page_no)
    )
    return {
        "pages": [{"page": row.page_no, "name": row.name, "rows": row._mapping["rows"]} for row in pages],
        "quarantine": quarantined(session, batch_id, limit),
        "said": [{"at": one.at, "who": one.who, "what": one.what, "note": one.note} for one in acts(session, batch_id)],
    }


def quarantined(
    session: Session, batch_id: str, limit: int, after: tuple[bool, int] | None = None
) -> list[dict[str, Any]]:
    """Rows of a batch that wait, by number, then those that are settled; behind `after`, (open, row) of another.

    Each with why it waits, why it waited at first, and how often it was tried again in vain.
    """
    settled = intake_row.c.resolved_seq.is_not(None)
    query = _rows().where(*session.where(intake_row, batch_id=batch_id, outcome="quarantined"))
    if after:
        further = intake_row.c.row_no > after[1]
        query = query.where(or_(settled, further)) if after[0] else query.where(settled, further)
    rows = session.rows(query.order_by(settled, intake_row.c.row_no).limit(limit))
    return [{"row": row.row_no, "open": row.resolved_seq is None, **_why(row)} for row in rows]


def ever_quarantined(session: Session, batch_id: str) -> int:
    """How many rows of a batch wait in quarantine or have waited there."""
    mine = session.where(intake_row, batch_id=batch_id, outcome="quarantined")
    return int(session.connection.execute(select(func.count()).select_from(intake_row).where(*mine)).scalar_one())
