"""The runs table: what ran, in which process, and how it ended. The first end of a run is its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, update

from benehub.crypto import mask
from benehub.errors import BenehubError, DataError, NeedsPersonError
from benehub.store import Session
from benehub.store.acts import acts, note_act
from benehub.store.events import note_event
from benehub.store.locks import WAITING, alive, is_held, sign_of_life
from benehub.store.tables import run

RETRIED = "retried"
"""What a run counts that goes on by a person's word, until it counts what it did."""

START = "start"
"""What it is called among the acts on a run that a person has started it."""


@dataclass(frozen=True, slots=True)
class By:
    """Whose word starts a run, and by which permissions he may."""

    user: str
    permissions: tuple[str, ...]


def begin(session: Session, flow: str, key: str, executor: str, by: By | None = None) -> str:
    """The run of this flow and key; one that is there already is left as it is, and whose it is too."""
    run_id = session.id("run", flow, key)
    if _found(session, run_id) is None:
        session.add(
            run,
            [
                {"run_id": run_id, "flow": flow, "subject": key[:120], "executor": executor, "state": "running",
                 "counts": {}, "error": "", "error_class": "", "mend": "", "started_at": session.now(),
                 "ended_at": None}
            ],
        )  # fmt: skip
        if by is not None:
            note_act(session, run_id, by.user, START, " ".join(by.permissions))
    return run_id


def started_by(session: Session, run_id: str) -> By | None:
    """Who has started a run; None where a schedule or a command did, or there is none."""
    return next((By(row.who, tuple(row.note.split())) for row in acts(session, run_id) if row.what == START), None)


def take(session: Session, run_id: str, executor: str) -> None:
    """The run goes on in this process."""
    session.change(run, {"run_id": run_id}, executor=executor)


def again(session: Session, run_id: str, executor: str) -> str:
    """A run that has not come to a good end is running again; gives its flow.

    Raises:
        DataError: there is none, it is done, or it is running.
    """
    row = _known(session, run_id)
    if row.state == "done":
        raise DataError(f"run {run_id} is done", mend="Start the command anew; what is done already is not done twice")
    if row.state == "running" and row.executor == WAITING:
        raise DataError(f"run {run_id} waits for a worker", mend="Start one: benehub worker; or cancel it")
    if row.state == "running" and is_held(session.connection, sign_of_life(row.executor)):
        raise DataError(f"run {run_id} is running", mend="Wait for it, or cancel it: benehub runs cancel RUN")
    session.change(run, {"run_id": run_id}, state="running", error="", error_class="", mend="", ended_at=None,
                   executor=executor, counts={**row.counts, RETRIED: 1})  # fmt: skip
    return str(row.flow)


def cancel(session: Session, run_id: str) -> str:
    """A run ends here; gives its flow.

    Raises:
        DataError: there is none, or it has ended.
    """
    row = _known(session, run_id)
    if row.state not in ("running", "failed", "held"):
        raise DataError(f"run {run_id} is {row.state}", mend="Only what has not come to an end is canceled")
    session.change(run, {"run_id": run_id}, state="canceled", ended_at=session.now())
    note_event(session, "run.ended", [run_id], session.now())
    return str(row.flow)


def end(session: Session, run_id: str, counts: dict[str, Any]) -> bool:
    """A run has come to a good end; gives whether that is news."""
    return _end(session, run_id, {"state": "done", "counts": counts, "error": ""})


def fail(session: Session, run_id: str, error: BenehubError, state: str = "") -> bool:
    """A run has stopped: held where a person has to decide, else failed, unless `state` says otherwise.

    What it had counted before stays.
    """
    state = state or ("held" if isinstance(error, NeedsPersonError) else "failed")
    told = {"error": mask(str(error))[:2000], "error_class": type(error).__name__, "mend": mask(error.mend)[:2000]}
    return _end(session, run_id, {"state": state, **told})


def count(session: Session, run_id: str, counts: dict[str, Any]) -> None:
    """What a run has counted so far; stays when it stops."""
    session.change(run, {"run_id": run_id}, counts=counts)


def flow_of(session: Session, run_id: str) -> str:
    """The flow of a run.

    Raises:
        DataError: there is none.
    """
    return str(_known(session, run_id).flow)


def retried(session: Session, run_id: str) -> bool:
    """Whether a person let a run go on that has counted nothing since."""
    row = _found(session, run_id)
    return row is not None and RETRIED in row.counts


def put_off(session: Session, run_id: str) -> None:
    """Its schedule has taken the run's time as one to come: it does nothing, however often it begins."""
    session.change(run, {"run_id": run_id}, put_off=1)


def was_put_off(session: Session, run_id: str) -> bool:
    """Whether its schedule has put the run off."""
    row = _found(session, run_id)
    return row is not None and bool(row.put_off)


def unfinished(session: Session, run_id: str) -> str:
    """The flow of a run that waits or runs; empty for any other, and where there is none."""
    row = _found(session, run_id)
    return str(row.flow) if row is not None and row.state == "running" else ""


def interrupted(session: Session) -> list[Row[Any]]:
    """The runs of all employers whose process is gone: with employer, flow and run."""
    columns = run.c.employer_id, run.c.flow, run.c.run_id, run.c.executor
    rows = session.rows(select(*columns).where(run.c.state == "running", run.c.executor != WAITING))
    living = alive(session.connection, {str(row.executor) for row in rows})
    return [row for row in rows if row.executor not in living]


def _end(session: Session, run_id: str, values: dict[str, Any]) -> bool:
    done = session.connection.execute(
        update(run).where(*session.where(run, run_id=run_id, state="running")).values(**values, ended_at=session.now())
    )
    if done.rowcount:
        note_event(session, "run.ended", [run_id], session.now())
    return done.rowcount > 0


def _found(session: Session, run_id: str) -> Row[Any] | None:
    return session.connection.execute(select(run).where(*session.where(run, run_id=run_id))).first()


def _known(session: Session, run_id: str) -> Row[Any]:
    row = _found(session, run_id)
    if row is None:
        raise DataError(f"no run {run_id[:60]}", mend="See `benehub runs list`")
    return row
