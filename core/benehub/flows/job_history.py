"""Retention of what the job engine keeps of jobs: those that ended well are forgotten after a while.

Our own runs stay, with what they counted; what goes is the step-by-step record behind `runs show`. A job that is open,
or whose run may still be retried (failed, held, canceled, interrupted), is kept however old it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from benehub.engine import Steps, history
from benehub.flows.hub import Hub
from benehub.store.tables import run

DAYS = 90
"""How long it is kept unless said."""


def trim(hub: Hub, steps: Steps, employer: str, days: int) -> dict[str, int]:
    """Forget the jobs of all employers that ended well more than `days` ago; the engine's history is one for all."""
    return steps.step("trim", _trim, hub, days)


def _trim(hub: Hub, days: int) -> dict[str, int]:
    before = hub.store.clock() - timedelta(days=days)
    forgotten = kept = 0
    while jobs := history.done_before(hub.store, before, skip=kept):
        free = _free(hub, jobs)
        history.forget(hub.store, free)
        forgotten += len(free)
        kept += len(jobs) - len(free)
    return {"forgotten": forgotten, "kept": kept}


def _free(hub: Hub, jobs: Sequence[str]) -> list[str]:
    """Those of these jobs that nobody can ask for again: the run is done, or was deleted since (only such are)."""
    by_run = {job.rpartition(":")[2]: job for job in jobs}
    with hub.store.read("") as session:
        rows = session.rows(select(run.c.run_id).where(run.c.state != "done", session.among(run.c.run_id, by_run)))
    wanted = {str(row.run_id) for row in rows}
    return [job for run_id, job in by_run.items() if run_id not in wanted]
