"""The schedules of an employer, as people ask for them: what, when next, and how the last run went."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from benehub.store import Session
from benehub.store.tables import connection, run, schedule

PREFIX = "schedule."
"""What the flow of a schedule's run begins with; its subject is the schedule's name, a stroke and the time meant."""
STUCK = "cannot be started"
"""How the note of a schedule is known that cannot be started."""


def schedules(session: Session) -> list[dict[str, Any]]:
    """All schedules by name, each with its connection's mode and the state of its last run."""
    query = (
        select(schedule, connection.c.mode, run.c.state.label("run_state"))
        .join_from(
            schedule,
            connection,
            (connection.c.employer_id == schedule.c.employer_id)
            & (connection.c.connection_id == schedule.c.connection_id),
            isouter=True,
        )
        .join(run, (run.c.employer_id == schedule.c.employer_id) & (run.c.run_id == schedule.c.last_run), isouter=True)
        .where(schedule.c.employer_id == session.employer)
        .order_by(schedule.c.name)
    )
    return [_plain(row) for row in session.rows(query)]


def overdue(session: Session, before: str) -> int:
    """How many schedules have been due since before a moment: no worker has looked since."""
    rows = session.rows(
        select(schedule.c.name).where(*session.where(schedule, state="on"), schedule.c.next_at < before)
    )
    return len(rows)


def _plain(row: Row[Any]) -> dict[str, Any]:
    return {
        "name": row.name,
        "flow": row.flow,
        "connection": row.connection_id or "",
        "options": row.options,
        "when": row.cron or f"every {_interval(row.every_s)}",
        "cron": row.cron,
        "every": _interval(row.every_s) if row.every_s else "",
        "zone": row.zone,
        "closed_days": row.closed_days,
        "blackouts": row.blackouts,
        "jitter_s": row.jitter_s,
        "catch_up": row.catch_up,
        "state": "connection paused" if row.state == "on" and row.mode == "paused" else row.state,
        "next_at": row.next_at if row.state == "on" else None,
        "last_at": row.last_at,
        "last_run": row.last_run,
        "last_state": row.run_state,
        "note": row.note,
    }


def _interval(seconds: int) -> str:
    for size, unit in ((86400, "d"), (3600, "h")):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds // 60}m"
