"""Takes up the work of processes that died. The one private call into the job engine stands here.

A process holds a lock in its own name for as long as it lives. Whoever finds pending work in another's name and gets
that lock knows that its owner is gone, and puts the work back; any process that is running takes it up from there,
once. No clock decides, so a slow process is never taken for a dead one.
"""

from __future__ import annotations

import os
import secrets
import threading

import structlog
from dbos import DBOS

from benehub.errors import ConfigError
from benehub.store import Store
from benehub.store.locks import LISTENING, sign_of_life

LOOK_SECONDS = 2.0
"""Pause between two looks for work of the dead."""

log = structlog.get_logger("benehub.engine")


def new_executor() -> str:
    """A name that no other process has or had."""
    return f"{os.getpid()}-{secrets.token_hex(8)}"


class Watch:
    """This process's sign of life, and its look-out for those that died.

    Args:
        store: the database all of them share.
        executor: this process's name.
        version: work of another version of the code is left alone.
    """

    def __init__(self, store: Store, executor: str, version: str) -> None:
        self._store = store
        self._executor = executor
        self._version = version
        self._lock = store.lock(sign_of_life(executor))
        self._over = threading.Event()
        self.lost = threading.Event()
        """Set once the sign of life was gone for a while: others may have taken up what this process works at."""
        self._thread: threading.Thread | None = None

    def appear(self, listens: bool = False) -> None:
        """Take the lock of this process's name.

        Args:
            listens: whether it is a worker, whose part what waits in the queue is.

        Raises:
            ConfigError: a living process has that name.
        """
        lock = self._store.lock(sign_of_life(self._executor), LISTENING if listens else "")
        if not lock.take():
            raise ConfigError(f"a process named {self._executor!r} is alive", mend="Start it under a name of its own")
        self._lock = lock
        self.lost.clear()

    def begin(self) -> None:
        """Look once now, then again and again in the background."""
        self.look()
        self._over.clear()
        self._thread = threading.Thread(target=self._keep_looking, name="benehub-watch", daemon=True)
        self._thread.start()

    def look(self) -> list[str]:
        """Put back what dead processes left; gives their names."""
        pending = DBOS.list_workflows(status="PENDING", app_version=self._version, load_input=False, load_output=False)
        dead = []
        for executor in sorted({one.executor_id or "" for one in pending} - {self._executor}):
            lock = self._store.lock(sign_of_life(executor))
            try:
                if lock.take():
                    _put_back(executor, self._version)
                    dead.append(executor)
            finally:
                lock.release(forget=executor in dead)
        return dead

    def rest(self) -> None:
        """Stop looking, before the job engine ends."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def leave(self) -> None:
        """Give the sign of life back: nothing is left that this process works at."""
        self._lock.release(forget=True)

    def _keep_looking(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            try:
                if not self._lock.stands():
                    self.lost.set()
                    log.warning("the sign of life was lost", executor=self._executor)
                    if not self._lock.take():
                        log.warning("another process is looking at our work", executor=self._executor)
                self.look()
            except Exception as error:
                # The database, or a lock's file, may be away for a while; what was missed is found by the next look.
                log.warning("no look for work of the dead", error_class=type(error).__name__)


def _put_back(executor: str, version: str) -> None:
    """Make a dead executor's pending work free to be taken up.

    The private call keeps the count of attempts and does nothing the second time. Should it go away, the public one
    does the same without the count.
    """
    recover = getattr(DBOS, "_recover_pending_workflows", None)
    if recover is not None:
        recover([executor])
        return
    for one in DBOS.list_workflows(status="PENDING", executor_id=executor, app_version=version, load_input=False):
        DBOS.resume_workflow(one.workflow_id, queue_name=one.queue_name)  # else it would lose its place in the order
