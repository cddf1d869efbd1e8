"""Runs flows as DBOS workflows on the hub's own database."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos import error as dbos_error

from benehub.engine.recovery import Watch, new_executor
from benehub.errors import ConfigError, DataError, NeedsPersonError
from benehub.store import Store

P = ParamSpec("P")
R = TypeVar("R")

APPLICATION_VERSION = "2"
"""Raised only when pending work of the older code could not go on with the new one."""

CANCELED = (dbos_error.DBOSWorkflowCancelledError, dbos_error.DBOSAwaitedWorkflowCancelledError)

STOP_SECONDS = 5.0
"""How long a process that ends waits for work that it has taken up; what is not done then goes on in another one."""


class Steps:
    """What a flow runs its steps through."""

    def step(self, name: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `function` once; after a crash its stored result is given back without running it again."""
        return DBOS.run_step({"name": name}, function, *args, **kwargs)


@dataclass(frozen=True, slots=True)
class Flow:
    """A named job: `run(steps, *args)`; arguments are plain JSON values without personal data."""

    name: str
    run: Callable[..., Any]


class Engine:
    """One process's job engine.

    Args:
        store: the hub's database; the engine's own tables live beside the ledger's.
        flows: every flow this process can run; pending ones of processes that died are taken up from `start` on.
        executor: the process's name, its own for as long as it lives; made up when none is given.
    """

    def __init__(self, store: Store, flows: dict[str, Flow], executor: str = "") -> None:
        self._flows = flows
        self._store = store
        self.executor = executor or new_executor()
        self.watch = Watch(store, self.executor, APPLICATION_VERSION)
        self._running = False
        self.stopping = False
        """What flows raise from now on may come from the engine's own end: they go on in another process."""
        self._lock = threading.Lock()
        self._workflow: Callable[..., Any] | None = None

    def start(self) -> None:
        """Launch; work that a dead process left pending goes on in the background.

        Raises:
            ConfigError: a living process has this one's name.
        """
        with self._lock:
            if self._running:
                return
            self.watch.appear()
            config: DBOSConfig = {
                "name": "benehub",
                "system_database_url": self._store.url,
                "executor_id": self.executor,
                "application_version": APPLICATION_VERSION,
                "log_level": os.environ.get("BENEHUB_ENGINE_LOG", "CRITICAL"),
                "notification_listener_polling_interval_sec": 0.2,
            }
            DBOS(config=config)
            flows = self._flows

            @DBOS.workflow(name="benehub.flow", max_recovery_attempts=20)
            def run_flow(name: str, arguments: list[Any]) -> Any:
                return flows[name].run(Steps(), *arguments)

            self._workflow, self.stopping = run_flow, False
            DBOS.launch()
            self._running = True
            self.watch.begin()

    def run(self, name: str, key: str, *arguments: Any) -> Any:
        """Run a flow to its end and give its result; the same name and key again gives the first result.

        Raises:
            ConfigError: no such flow, or the engine is not started.
            NeedsPersonError: it was canceled.
            BenehubError: whatever the flow raised.
        """
        if name not in self._flows:
            raise ConfigError(f"no flow {name!r}")
        workflow = self._started()
        try:
            with SetWorkflowID(f"{name}:{key}"):
                return workflow(name, list(arguments))
        except CANCELED:
            raise _canceled(name) from None

    def again(self, name: str, key: str) -> Any:
        """Let a flow that failed, was canceled or broke off go on with its first arguments; gives its result.

        Steps that are done are not run again: it goes on with the one that failed.

        Raises:
            DataError: no such job, or its result is no longer there.
            NeedsPersonError: it was canceled meanwhile.
            BenehubError: whatever the flow raised.
        """
        self._started()
        job = f"{name}:{key}"
        status = DBOS.get_workflow_status(job)
        if status is None:
            raise DataError(f"the job engine has no job {job}", mend="Start it anew by its own command")
        if status.status == "CANCELLED":
            DBOS.resume_workflow(job)
        elif status.status not in ("PENDING", "ENQUEUED"):
            DBOS.rewind_workflow(job, start_step=_failed_step(job))
        else:
            self.watch.look()
        try:
            return DBOS.retrieve_workflow(job).get_result(polling_interval_sec=0.2)
        except CANCELED:
            raise _canceled(name) from None

    def cancel(self, name: str, key: str) -> None:
        """Let a flow end before its next step, in whichever process it runs."""
        self._started()
        DBOS.cancel_workflow(f"{name}:{key}")

    def stop(self) -> None:
        """Let running steps end, then give everything back."""
        with self._lock:
            if not self._running:
                return
            until = time.monotonic() + STOP_SECONDS
            while (busy := self._busy()) and time.monotonic() < until:
                time.sleep(0.05)
            self.stopping = True
            self.watch.rest()
            DBOS.destroy()
            if not busy:  # else the sign of life goes with the process
                self.watch.leave()
            self._running = False
            self._workflow = None

    def _busy(self) -> bool:
        mine = DBOS.list_workflows(
            status="PENDING", executor_id=self.executor, limit=1, load_input=False, load_output=False
        )
        return bool(mine)

    def _started(self) -> Callable[..., Any]:
        if self._workflow is None:
            raise ConfigError("the engine is not started", mend="Call start() first")
        return self._workflow


def _failed_step(job: str) -> int:
    """The number of the first step that failed, or of the last one where the flow failed outside of its steps."""
    steps = DBOS.list_workflow_steps(job)
    failed = next((step["function_id"] for step in steps if step["error"] is not None), None)
    return failed or max((step["function_id"] for step in steps), default=1)


def _canceled(name: str) -> NeedsPersonError:
    return NeedsPersonError("the run was canceled", where=f"flow {name}", mend="Let it go on: benehub runs retry RUN")
