"""Rows that their connector could not translate, with the payload they came from: to be read again after a mend.

A file refused whole is one such row, `file`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from benehub.intake import told, tries
from benehub.intake.applying import in_quarantine
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import intake_batch, intake_page, intake_row, payload, seen

REFUSED = "file"
"""Key of the row that stands for a file refused whole."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page with rows that could not be translated; `rows` maps position in the page (from 0) to row number."""

    batch_id: str
    opened_seq: int
    connection_id: str
    stream: str
    page_no: int
    name: str
    size: int
    payload: bytes = field(repr=False)
    rows: dict[int, int]
    whole: bool
    """The file was refused whole."""


def leaves(session: Session, batch_id: str = "") -> list[Leaf]:
    """Every page, of one batch or of all, with open rows that were not translated."""
    query = (
        in_quarantine(session)
        .where(intake_batch.c.state == "applied")
        .order_by(intake_batch.c.opened_seq, intake_row.c.row_no)
    )
    if batch_id:
        query = query.where(intake_batch.c.batch_id == batch_id)
    open_rows: dict[str, list[Any]] = {}
    for row in session.rows(query.add_columns(intake_batch.c.opened_seq)):
        if json.loads(session.unseal(row.row_sealed, "intake_row")).get("problem"):
            open_rows.setdefault(row.batch_id, []).append(row)
    return [leaf for rows in open_rows.values() for leaf in _leaves(session, rows)]


def _leaves(session: Session, rows: Sequence[Any]) -> Iterable[Leaf]:
    first = rows[0]
    pages = session.rows(
        select(intake_page, payload.c.payload_sealed)
        .join(
            payload,
            (payload.c.employer_id == intake_page.c.employer_id)
            & (payload.c.payload_hash == intake_page.c.payload_hash),
        )
        .where(*session.where(intake_page, batch_id=first.batch_id))
        .order_by(intake_page.c.page_no)
    )
    start = 0
    for page in pages:
        mine = {row.row_no - start - 1: row for row in rows if start < row.row_no <= start + page.rows}
        start += page.rows
        if mine:
            yield Leaf(
                first.batch_id, int(first.opened_seq), first.connection_id, first.stream, page.page_no, page.name,
                page.rows, session.unseal(page.payload_sealed, "payload"), {at: row.row_no for at, row in mine.items()},
                any(row.row_key == REFUSED for row in mine.values()),
            )  # fmt: skip


def told_later(session: Session, leaf: Leaf, keys: Collection[str]) -> set[str]:
    """Those of the keys that are known while a read was begun since: that later word may be about them."""
    since = session.connection.execute(
        select(func.count())
        .select_from(intake_batch)
        .where(
            *session.where(intake_batch, connection_id=leaf.connection_id, stream=leaf.stream, state="applied"),
            intake_batch.c.seq > leaf.opened_seq,
            intake_batch.c.opened_seq > leaf.opened_seq,
            intake_batch.c.rows > 0,
        )
    ).scalar_one()
    if not since:
        return set()
    found: set[str] = set()
    wanted = sorted(keys)
    for start in range(0, len(wanted), CHUNK):
        rows = session.rows(
            select(seen.c.row_key).where(
                *session.where(seen, connection_id=leaf.connection_id, stream=leaf.stream),
                seen.c.row_key.in_(wanted[start : start + CHUNK]),
            )
        )
        found |= {row.row_key for row in rows}
    return found


def told_again(session: Session, connection_id: str, stream: str, opened_seq: int, keys: Collection[str]) -> set[str]:
    """Those of the keys that have come in again since a batch was begun: asked where each row comes by itself."""
    return told.since(session, connection_id, stream, opened_seq, sorted(keys))


def resolve(session: Session, batch_id: str, row_nos: Sequence[int]) -> int:
    """Rows in quarantine that have been dealt with; gives how many were open."""
    done = 0
    seq, _ = session.take_seq()
    for start in range(0, len(row_nos), CHUNK):
        done += session.connection.execute(
            intake_row.update()
            .where(
                *session.where(intake_row, batch_id=batch_id, outcome="quarantined"),
                intake_row.c.resolved_seq.is_(None),
                intake_row.c.row_no.in_(row_nos[start : start + CHUNK]),
            )
            .values(resolved_seq=seq)
        ).rowcount
    return done


def still(session: Session, batch_id: str, reasons: dict[int, str]) -> None:
    """Why rows wait as of now, after they were tried again."""
    tries.in_vain(session, batch_id, {row_no: tries.Why(reason) for row_no, reason in reasons.items()})
