"""The one tick under all schedules: a query finds what is due, and each of it becomes one run in the queue.

A run's key is its schedule and the time that was due, so two ticks at once, or one that died half-way, make one run.
After an outage a schedule runs once, however many of its times have passed. What comes due where nothing may start (its
blackouts, closed days) waits for the end of that. While nothing is due nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog
from sqlalchemy import Row, select
from sqlalchemy.exc import SQLAlchemyError

from benehub.crypto import mask
from benehub.errors import BenehubError, DataError, RetriableError
from benehub.flows import job_schedules, runs
from benehub.flows.hub import Hub
from benehub.flows.schedulable import PREFIX
from benehub.store import Session, iso
from benehub.store.locks import WAITING
from benehub.store.tables import connection, schedule

AT_ONCE = 500
"""Schedules that one tick starts at most, the oldest first; the rest is the next tick's."""

LATE = timedelta(minutes=10)
"""What is later than this was missed: no worker was there."""

Outcome = Literal["started", "passed_over", "put_off", "stopped"]
"""What became of a time that was due."""

log = structlog.get_logger("benehub.flows")


@dataclass(slots=True)
class Ticked:
    """What a tick found."""

    started: int = 0
    """Runs that wait in the queue now."""
    passed_over: int = 0
    """Times that were due and started nothing, each with its reason on the schedule."""
    put_off: int = 0
    """Times that were due where nothing may start: they come at the end of that."""
    stopped: int = 0
    """Schedules that could not be started, each with its reason on the schedule; they are tried again later."""

    def note(self, what: Outcome) -> None:
        """Count one."""
        setattr(self, what, getattr(self, what) + 1)


def tick(hub: Hub, over: Callable[[], bool] = lambda: False) -> Ticked:
    """Start what is due, until it is over. The engine has to be started.

    One process ticks at a time; another one that comes meanwhile has nothing to do.
    """
    done = Ticked()
    lock = hub.store.lock("schedules' tick")
    if not lock.take():
        return done
    try:
        for row in due(hub):
            if over():
                break
            done.note(_tried(hub, row))
    finally:
        lock.release()
    return done


def due(hub: Hub) -> list[Row[Any]]:
    """The schedules of all employers that are due, the oldest first, each with its connection's mode."""
    mine = (connection.c.employer_id == schedule.c.employer_id) & (
        connection.c.connection_id == schedule.c.connection_id
    )
    with hub.store.read("") as session:
        query = (
            select(schedule, connection.c.mode)
            .join_from(schedule, connection, mine, isouter=True)
            .where(schedule.c.state == "on", schedule.c.next_at <= iso(hub.store.clock()))
            .order_by(schedule.c.next_at)
            .limit(AT_ONCE)
        )
        return list(session.rows(query))


def _tried(hub: Hub, row: Row[Any]) -> Outcome:
    """Start one; whatever is wrong with it alone holds up no other one, now or at the next tick."""
    try:
        return _start(hub, row)
    except (SQLAlchemyError, RetriableError):
        raise  # the database: it is so for all of them
    except Exception as error:
        # Its text may repeat a value where the error is none of ours.
        reason = mask(str(error)) if isinstance(error, BenehubError) else type(error).__name__
    log.warning("schedule cannot be started", employer=row.employer_id, schedule=row.name, error=reason)
    with hub.store.write(row.employer_id) as session:
        job_schedules.set_back(session, row, reason)
    return "stopped"


def _start(hub: Hub, row: Row[Any]) -> Outcome:
    """Put the run of a time that is due into the queue, where it may start now.

    The run, its job and the schedule's next time are one transaction.
    """
    employer, flow, key = row.employer_id, f"{PREFIX}{row.flow}", f"{row.name}/{row.slot_at}"
    missed = row.mode != "paused" and row.catch_up == "skip" and _late(hub, row)
    note = _why_not(hub, row, missed)
    with hub.store.write(employer) as session:
        run_id = None
        if missed:
            run_id = _missed(session, flow, key)
        elif not note:
            if (opens := job_schedules.put_off(session, row)) is not None:
                log.info("schedule put off", employer=employer, schedule=row.name, until=opens)
                return "put_off"
            # A flow without a connection works on the hub's own books: those go one at a time, too.
            order = row.connection_id or "-"
            run_id = hub.enqueue_flow(session, flow, key, order, row.connection_id or "", row.options, key)
        job_schedules.move_on(session, row, run_id, note)
    if note:
        log.warning("schedule passed over", employer=employer, schedule=row.name, reason=note)
        return "passed_over"
    log.info("schedule started", employer=employer, schedule=row.name, run=run_id)
    return "started"


def _why_not(hub: Hub, row: Row[Any], missed: bool) -> str:
    """Why a time that is due starts nothing; empty where it does."""
    if row.mode == "paused":
        return f"{row.slot_at}: connection {row.connection_id} is paused"
    if missed:
        return f"{row.slot_at}: missed, and this schedule does not catch up"
    if row.last_run and row.last_at != row.slot_at and hub.still_open(row.employer_id, row.last_run):
        return f"{row.slot_at}: the run before ({row.last_run}) is not done yet"
    return ""


def _late(hub: Hub, row: Row[Any]) -> bool:
    return hub.store.clock() - datetime.fromisoformat(row.next_at) > LATE


def _missed(session: Session, flow: str, key: str) -> str:
    """A run that never ran, so that it is seen: nobody took it up, and nobody will."""
    error = DataError("no worker was there at its time", where=f"flow {flow}",
                      mend="Run it now if it is needed: benehub schedule run-now")  # fmt: skip
    run_id = runs.begin(session, flow, key, WAITING)
    runs.fail(session, run_id, error, "canceled")
    return run_id
