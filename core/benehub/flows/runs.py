"""The runs table: what ran, in which process, and how it ended. The first end of a run is its end."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, update

from benehub.errors import DataError
from benehub.store import Session
from benehub.store.locks import is_held, sign_of_life
from benehub.store.tables import run


def begin(session: Session, flow: str, key: str, executor: str) -> str:
    """The run of this flow and key; one that is there already is left as it is."""
    run_id = session.id("run", flow, key)
    if _found(session, run_id) is None:
        session.add(
            run,
            [
                {"run_id": run_id, "flow": flow, "subject": key[:120], "executor": executor, "state": "running",
                 "counts": {}, "error": "", "started_at": session.now(), "ended_at": None}
            ],
        )  # fmt: skip
    return run_id


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
    if row.state == "running" and is_held(session.connection, sign_of_life(row.executor)):
        raise DataError(f"run {run_id} is running", mend="Wait for it, or cancel it: benehub runs cancel RUN")
    session.change(run, {"run_id": run_id}, state="running", error="", ended_at=None, executor=executor)
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
    return str(row.flow)


def end(session: Session, run_id: str, state: str, counts: dict[str, Any], error: str) -> bool:
    """How a run ended; gives whether that is news."""
    done = session.connection.execute(
        update(run)
        .where(*session.where(run, run_id=run_id, state="running"))
        .values(state=state, counts=counts, error=error[:2000], ended_at=session.now())
    )
    return done.rowcount > 0


def _found(session: Session, run_id: str) -> Row[Any] | None:
    return session.connection.execute(select(run).where(*session.where(run, run_id=run_id))).first()


def _known(session: Session, run_id: str) -> Row[Any]:
    row = _found(session, run_id)
    if row is None:
        raise DataError(f"no run {run_id[:60]}", mend="See `benehub runs list`")
    return row
