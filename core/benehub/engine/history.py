"""The job engine's own tables, without starting it: makes them, finds jobs that ended long ago, and forgets them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from dbos import DBOS, DBOSClient
from sqlalchemy.exc import DBAPIError

from benehub.engine.runner import ENDED_WELL, GIVEN_UP
from benehub.store import Store, iso

PART = 500
"""Jobs that are looked at, or forgotten, at once."""


def make_tables(store: Store) -> None:
    """Create the job engine's tables, or bring them up to date; it does so itself at its first start."""
    DBOS.migrate(store.url)


def done_before(store: Store, moment: datetime, skip: int = 0) -> list[str]:
    """The jobs that came to a good end before a moment, the oldest first, `PART` at most.

    Args:
        skip: so many of them are passed over.
    """
    with _client(store) as client:
        found = client.list_workflows(
            status=ENDED_WELL,
            completed_before=iso(moment),
            load_input=False,
            load_output=False,
            limit=PART,
            offset=skip,
        )
    return [one.workflow_id for one in found]


def given_up(store: Store, jobs: Sequence[str]) -> set[str]:
    """Those of these jobs that died so often that nobody takes them up any more; none where the engine never ran."""
    if not jobs:
        return set()
    with _client(store) as client:
        try:
            found = client.list_workflows(workflow_ids=list(jobs), status=GIVEN_UP, load_input=False, load_output=False)
        except DBAPIError:
            return set()  # its tables are made when it is first started
    return {one.workflow_id for one in found}


def forget(store: Store, jobs: Sequence[str]) -> None:
    """Delete jobs with all that was kept of their steps."""
    with _client(store) as client:
        client.delete_workflows(list(jobs))


@contextmanager
def _client(store: Store) -> Iterator[DBOSClient]:
    client = DBOSClient(system_database_url=store.url, lazy=True, retry_connection_errors=False)
    try:
        yield client
    finally:
        client.destroy()
