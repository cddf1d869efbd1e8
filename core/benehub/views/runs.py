"""What ran: the runs table, as people ask it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, tuple_

from benehub.errors import DataError
from benehub.store import Session
from benehub.store.locks import WAITING, is_held, sign_of_life
from benehub.store.tables import run as run_table

INTERRUPTED = "interrupted"
"""Told of a run whose process died, until another one has taken it up."""

QUEUED = "queued"
"""Told of a run that waits until a worker has time for it."""

NAMING = ("problems",)
"""Counts of runs of an earlier version that named people: whoever sees runs may see none."""

OUTCOME = "outcome"
"""Of what a run counts what it found out for whoever may ask for that: the run itself tells it to nobody."""

_RUNNING = ("running", INTERRUPTED, QUEUED)
"""How a run is told that has not ended."""


def runs(
    session: Session, state: str = "", flow: str = "", limit: int = 50, before: tuple[str, str] | None = None
) -> list[dict[str, Any]]:
    """The newest runs, or those of a state or flow; those that come after the run with this start and id, if given."""
    query = select(run_table).where(run_table.c.employer_id == session.employer)
    if state:
        query = query.where(run_table.c.state == ("running" if state in _RUNNING else state))
    if flow:
        query = query.where(run_table.c.flow == flow)
    if before is not None:
        query = query.where(tuple_(run_table.c.started_at, run_table.c.run_id) < tuple_(*before))
    query = query.order_by(run_table.c.started_at.desc(), run_table.c.run_id.desc())
    if state not in _RUNNING:
        query = query.limit(limit)
    found = [_plain(session, row) for row in session.rows(query)]
    return [one for one in found if state in ("", one["state"])][:limit]


def part(
    session: Session, state: str = "", flow: str = "", after: str = "", limit: int = 50
) -> tuple[list[dict[str, Any]], str]:
    """Runs behind a place of the list, the newest first, and the place of the last one where more follow."""
    at, _, name = after.partition("~")
    found = runs(session, state, flow, limit + 1, (at, name) if after else None)
    last = f"{found[limit - 1]['started_at']}~{found[limit - 1]['run']}" if len(found) > limit else ""
    return found[:limit], last


def flows(session: Session) -> list[str]:
    """The flows that have run, by name."""
    query = select(run_table.c.flow).where(*session.where(run_table)).distinct().order_by(run_table.c.flow)
    return [str(row.flow) for row in session.rows(query)]


def run(session: Session, run_id: str) -> dict[str, Any]:
    """One run.

    Raises:
        DataError: there is none of this id.
    """
    row = session.connection.execute(select(run_table).where(*session.where(run_table, run_id=run_id))).first()
    if row is None:
        raise DataError(f"no run {run_id[:60]}", mend="See `benehub runs list`")
    return _plain(session, row)


def _plain(session: Session, row: Row[Any]) -> dict[str, Any]:
    return {
        "run": row.run_id,
        "flow": row.flow,
        "subject": row.subject,
        "state": _told(session, row),
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "counts": {name: one for name, one in row.counts.items() if name not in (*NAMING, OUTCOME)},
        "error": row.error,
        "error_class": row.error_class,
        "mend": row.mend,
    }


def _told(session: Session, row: Row[Any]) -> str:
    if row.state != "running":
        return str(row.state)
    if row.executor == WAITING:
        return QUEUED
    return "running" if is_held(session.connection, sign_of_life(row.executor)) else INTERRUPTED
