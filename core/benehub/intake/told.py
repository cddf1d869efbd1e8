"""What the rows of a batch are called: a chunk keeps its keys in one list, so custody costs no row of a table a row.

Only what is not simply applied has a row of its own, with its outcome and reason (`intake_row`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple, cast

from sqlalchemy import Column, ColumnElement, FromClause, Row, Select, String, Table, column, func, select, true

from benehub.store import Session
from benehub.store.tables import intake_batch, intake_chunk, intake_row


class Outcome(NamedTuple):
    """What became of a row: `staged` while it waits, else applied, quarantined or superseded with the reason."""

    row_no: int
    key: str
    outcome: str
    reason: str = ""


def keys(session: Session, table: Table) -> tuple[Column[str], FromClause]:
    """Each key of a table's lists of keys, as a column, and what to select it from."""
    return _keys(table, session.connection.dialect.name == "sqlite")


@cache
def _keys(table: Table, sqlite: bool) -> tuple[Column[str], FromClause]:
    each = (func.json_each if sqlite else func.json_array_elements_text)(table.c.row_keys).table_valued(
        column("value", String)
    )
    return cast("Column[str]", each.c.value), table.join(each, true())


def in_chunks(session: Session, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Each key of rows that were not the same as last time, and further columns of its chunk."""
    value, source = keys(session, intake_chunk)
    return select(value.label("row_key"), *columns).select_from(source)


def of_batch(session: Session, batch_id: str, wanted: Collection[str]) -> set[str]:
    """Those of the keys that a batch has told as something else than last time, or that could not be used."""
    value, _ = keys(session, intake_chunk)
    rows = session.rows(
        in_chunks(session).where(*session.where(intake_chunk, batch_id=batch_id), session.among(value, wanted))
    )
    alone = session.rows(
        select(intake_row.c.row_key).where(
            *session.where(intake_row, batch_id=batch_id), session.among(intake_row.c.row_key, wanted)
        )
    )
    return {row.row_key for row in (*rows, *alone)}


def all_keys(session: Session, batch_id: str) -> set[str]:
    """Every key that a batch has told as something else than last time, or that could not be used."""
    rows = session.rows(in_chunks(session).where(*session.where(intake_chunk, batch_id=batch_id)))
    alone = session.rows(select(intake_row.c.row_key).where(*session.where(intake_row, batch_id=batch_id)))
    return {row.row_key for row in (*rows, *alone)}


def told_in(
    session: Session, wanted: Collection[str] | Select[Any] | None, *where: ColumnElement[bool]
) -> list[Row[Any]]:
    """Each key (`row_key`; only those `wanted`, where named) that batches have told, and not as it was, with the batch.

    `where` says of which batches; a row has `batch_id`, `state`, `seq` and `opened_seq` of its own.
    """
    return [row for query in _telling(session, wanted, where) for row in session.rows(query)]


def keys_told_in(session: Session, *where: ColumnElement[bool]) -> list[Select[Any]]:
    """The same as questions, each of keys alone, for another question to stand in."""
    return [query.with_only_columns(query.selected_columns.row_key) for query in _telling(session, None, where)]


def _telling(
    session: Session, wanted: Collection[str] | Select[Any] | None, where: Sequence[ColumnElement[bool]]
) -> Iterator[Select[*tuple[Any, ...]]]:
    value, source = keys(session, intake_chunk)
    for joined, table, key in ((source, intake_chunk, value), (intake_row, intake_row, intake_row.c.row_key)):
        mine = (intake_batch.c.employer_id == table.c.employer_id) & (intake_batch.c.batch_id == table.c.batch_id)
        batch = intake_batch.c
        query = (
            select(key.label("row_key"), batch.batch_id, batch.state, batch.seq, batch.opened_seq)
            .select_from(joined.join(intake_batch, mine))
            .where(*session.where(intake_batch), *where)
        )
        if isinstance(wanted, Select):
            query = query.where(key.in_(wanted))
        elif wanted is not None:
            query = query.where(session.among(key, wanted))
        yield query


def since(session: Session, connection_id: str, stream: str, opened_seq: int, wanted: Sequence[str]) -> set[str]:
    """Those of the keys that have come in again, and not as they were, in reads begun after a batch was."""
    batch = intake_batch.c
    rows = told_in(session, wanted, batch.connection_id == connection_id, batch.stream == stream,
                   batch.state == "applied", batch.seq > opened_seq, batch.opened_seq > opened_seq)  # fmt: skip
    return {row.row_key for row in rows}


def listed(chunk: Row[Any]) -> Iterator[tuple[int, str]]:
    """Number and key of each row of a chunk."""
    names = chunk.row_keys
    return zip(chunk.row_nos or range(chunk.row_no, chunk.row_no + len(names)), names, strict=True)


def outcomes(session: Session, batch_id: str) -> Iterator[Outcome]:
    """What became of each row of a batch, but of those that were the same as last time, in their order."""
    alone = {
        row.row_no: Outcome(row.row_no, row.row_key, row.outcome, row.reason)
        for row in session.rows(select(intake_row).where(*session.where(intake_row, batch_id=batch_id)))
    }
    query = select(intake_chunk).where(*session.where(intake_chunk, batch_id=batch_id))
    found = dict(alone)
    for chunk in session.rows(query.order_by(intake_chunk.c.row_no)):
        outcome = "applied" if chunk.rows_sealed is None else "staged"
        found |= {no: Outcome(no, key, outcome) for no, key in listed(chunk) if no not in alone}
    return iter(found[no] for no in sorted(found))
