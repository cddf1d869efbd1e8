"""Deletes what is done and of no further use, so that a hub that runs for years does not grow with it.

Only what is about the work itself goes: runs that came to a good end, webhooks that were worked off, messages of
alarms that were told. Facts, the ledger, what was read and what left, alarms, differences and statements stay.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, select

from benehub.engine import Steps
from benehub.errors import DataError
from benehub.flows.hub import Hub
from benehub.store import iso
from benehub.store.tables import notification, run, schedule, webhook_delivery

LEAST = 30
"""Days that are kept at least: a vendor may send a webhook again for days, and it is known by the first one."""
AT_ONCE = 5000
"""Rows that one transaction deletes."""


def sweep(hub: Hub, steps: Steps, employer: str, keep: int = 90) -> dict[str, int]:
    """Delete what was done more than `keep` days ago; gives how many rows of each kind.

    Raises:
        DataError: fewer days than what must be kept.
    """
    if keep < LEAST:
        raise DataError(f"{keep} days are too few", where="keep", mend=f"Keep {LEAST} days or more")
    return {name: steps.step(name, _sweep, hub, employer, name, keep) for name in _GONE}


def _sweep(hub: Hub, employer: str, name: str, keep: int) -> int:
    """Delete one kind in bounded transactions."""
    table, key, condition = _GONE[name]
    gone = 0
    while True:
        with hub.store.write(employer) as session:
            before = iso(session.clock() - timedelta(days=keep))
            mine = select(table.c[key]).where(*session.where(table), condition(before)).limit(AT_ONCE)
            ids = [row[0] for row in session.rows(mine)]
            if ids:
                theirs = delete(table).where(*session.where(table), session.among(table.c[key], ids), condition(before))
                gone += session.connection.execute(theirs).rowcount
        if len(ids) < AT_ONCE:
            return gone


def _runs(before: str) -> ColumnElement[bool]:
    """Good ends, but for the last one of a schedule, by which it tells how it went."""
    last = select(schedule.c.last_run).where(
        schedule.c.employer_id == run.c.employer_id, schedule.c.last_run == run.c.run_id
    )
    return and_(run.c.state == "done", run.c.ended_at < before, ~last.exists())


def _webhooks(before: str) -> ColumnElement[bool]:
    return and_(webhook_delivery.c.state == "worked", webhook_delivery.c.worked_at < before)


def _told(before: str) -> ColumnElement[bool]:
    return and_(notification.c.state.in_(("told", "dropped")), notification.c.at < before)


_GONE: dict[str, tuple[Table, str, Any]] = {
    "runs": (run, "run_id", _runs),
    "webhooks": (webhook_delivery, "delivery_id", _webhooks),
    "messages": (notification, "seq", _told),
}
"""Kind -> its table, the column by which rows are taken, and what of them may go."""
