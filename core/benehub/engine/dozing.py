"""Spares a process that has nothing to do the job engine's full looks into its queues.

A full look is several statements in a transaction, whether anything waits or not, and the engine's own option
(`polling_interval_sec`) is one figure for the busy and the idle hour. So one cheap statement asks before each look
whether anything waits there; where nothing does, the look is put off, for a while at most. What comes in meanwhile is
seen within half a second.

The engine has no door for that: the wait of the events by which it ends its threads is replaced, here and nowhere else.
Threads of another name than is known here wait as they always did.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing

from sqlalchemy.exc import SQLAlchemyError

from benehub.store import Store

IDLE_SECONDS = 10.0
"""Pause between two full looks while nothing waits: what comes due there without being put in is found by them."""

LOOK_SECONDS = 0.5
"""Pause between two askings meanwhile, at least."""

WORKER = "queue-worker-"
"""How the engine's thread of a queue is named, before the queue's name."""

KEEPER = "(queue_thread)"
"""How the name ends of the engine's thread that starts those of the queues."""

WAITING = {
    "sqlite": "SELECT 1 FROM workflow_status WHERE status = 'ENQUEUED' AND queue_name = ? LIMIT 1",
    "postgresql": "SELECT 1 FROM dbos.workflow_status WHERE status = 'ENQUEUED' AND queue_name = %s LIMIT 1",
}
"""Asked by the kind of database; the state is a literal, as in the condition of the engine's index."""


def doze(events: Iterable[threading.Event], store: Store, queues: Iterable[str]) -> None:
    """Let the engine's threads sleep on while nothing waits; `queues` are those that have a thread of their own."""
    wanted = {WORKER + name for name in queues}
    for event in events:
        vars(event)["wait"] = _Dozing(event.wait, store, wanted)


class _Dozing:
    """The wait of an event, put off in the threads of the queues."""

    def __init__(self, wait: Callable[[float | None], bool], store: Store, wanted: set[str]) -> None:
        self._wait, self._store, self._wanted = wait, store, wanted

    def __call__(self, timeout: float | None = None) -> bool:
        """Whether the event is set."""
        name = threading.current_thread().name
        if self._wait(timeout):
            return True
        if name.startswith(WORKER):
            queue = name.removeprefix(WORKER)
            return self._on(timeout, lambda: waits(self._store, queue))
        if name.endswith(KEEPER):
            return self._on(timeout, lambda: not self._wanted <= {one.name for one in threading.enumerate()})
        return False

    def _on(self, timeout: float | None, wanted: Callable[[], bool]) -> bool:
        until = time.monotonic() + IDLE_SECONDS
        while time.monotonic() < until and not wanted():
            if self._wait(max(timeout or 0, LOOK_SECONDS)):
                return True
        return False


def waits(store: Store, queue: str) -> bool:
    """Whether a job waits in a queue of the engine; True where the database cannot say."""
    driver = store.engine.dialect.loaded_dbapi
    assert driver is not None
    try:
        # On the driver's own connection: this is asked all day.
        with closing(store.engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(WAITING[store.engine.dialect.name], (queue,))
            return cursor.fetchone() is not None
    except (SQLAlchemyError, driver.Error):
        return True
