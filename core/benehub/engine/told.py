"""What the job engine kept of a job's steps, read without starting it: when each ran, how long, why it failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from dbos import DBOSClient
from sqlalchemy.exc import DBAPIError

from benehub.crypto import mask
from benehub.errors import BenehubError
from benehub.store import Store, iso


@dataclass(frozen=True, slots=True)
class StepTold:
    """One step that has ended; one that was not reached, or is being run, is not there."""

    number: int
    name: str
    started_at: str
    millis: int | None
    """How long it took; None where the engine has not kept it."""
    error_class: str
    error: str
    mend: str


def steps_of(store: Store, name: str, key: str) -> list[StepTold]:
    """The steps of a flow's job, in order; none where the engine has never run or has forgotten it."""
    client = DBOSClient(system_database_url=store.url, lazy=True, retry_connection_errors=False)
    try:
        found = client.list_workflow_steps(f"{name}:{key}", load_output=True)
    except DBAPIError:
        return []  # its tables are made when it is first started
    finally:
        client.destroy()
    return [
        _told(step["function_id"], step["function_name"], step["started_at_epoch_ms"], step["completed_at_epoch_ms"],
              step["error"])
        for step in found
    ]  # fmt: skip


def _told(number: int, name: str, began: int | None, ended: int | None, error: Exception | None) -> StepTold:
    started = "" if began is None else iso(datetime.fromtimestamp(began / 1000, UTC))
    millis = None if began is None or ended is None else ended - began
    kind = "" if error is None else type(error).__name__
    what = mask(str(error)) if isinstance(error, BenehubError) else ""
    mend = mask(error.mend) if isinstance(error, BenehubError) else ""
    return StepTold(number, name, started, millis, kind, what, mend)
