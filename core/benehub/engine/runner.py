"""Runs flows as DBOS workflows on the hub's own database."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions, SetWorkflowID, WorkflowStatus
from dbos import error as dbos_error
from sqlalchemy import Connection

from benehub.engine.away import wait_for_it
from benehub.engine.dozing import doze
from benehub.engine.recovery import Watch, new_executor
from benehub.errors import ConfigError, DataError, NeedsPersonError
from benehub.store import Store
from benehub.store.locks import LISTENING, alive

P = ParamSpec("P")
R = TypeVar("R")

APPLICATION_VERSION = "2"
"""Raised only when work that the older code began could not go on with the new one; what waits goes to the newest."""

APPLICATION, WORKFLOW = "benehub", "benehub.flow"
"""How the job engine knows us, and the one workflow that runs every flow."""

CANCELED = (dbos_error.DBOSWorkflowCancelledError, dbos_error.DBOSAwaitedWorkflowCancelledError)

QUEUE = "benehub"
"""Where flows wait that nobody waits for: one at a time for each employer and connection, in the order of coming."""

AT_ONCE = 4
"""Waiting flows that one worker has in hand at most."""

POLL_SECONDS = 0.25
"""Pause between two looks into the queue; while nothing waits `dozing` puts them off."""

TAKEN_SECONDS = 3.0
"""How long what is retried waits where no worker lives: one whose sign of life was lost takes nothing after that."""

OPEN = ("PENDING", "ENQUEUED", "DELAYED")
"""What the job engine calls a job that will still go on by itself."""

MOST_ATTEMPTS = 20
"""How often a job is taken up again after its process died; one that always dies at the same place ends there."""

GIVEN_UP = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
"""What it calls a job that was taken up so often in vain: it goes on by a person's word alone."""

ENDED_WELL = "SUCCESS"
"""What it calls a job that is done: it can be run again by no word."""

STOP_SECONDS = 5
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


class Ending(BaseException):
    """This process was asked to end, or others may have its work: the job stays as it is and goes on in another one.

    Not an `Exception`, which the job engine would write down as the end of the job.
    """


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
        self._listens = False
        self._cut_at: float | None = None
        self._active: set[str] = set()
        self._lock = threading.Lock()
        self._workflow: Callable[..., Any] | None = None
        self._client: DBOSClient | None = None
        """Writes into transactions of others; it has no connection of its own."""

    @property
    def stopping(self) -> bool:
        """Whether what flows raise may come from the engine's own end: they go on in another process."""
        return self._cut_at is not None and time.monotonic() >= self._cut_at

    def goes_on(self) -> bool:
        """Whether a step at hand may begin more: not where its run was canceled, or this process is `ending`."""
        if not self.in_job():
            return True
        if self.ending:
            return False
        status = DBOS.get_workflow_status(str(DBOS.workflow_id))
        return status is None or status.status != "CANCELLED"

    @staticmethod
    def in_job() -> bool:
        """Whether this thread carries out a job of an engine: only that can be canceled, or go on elsewhere."""
        return bool(DBOS.workflow_id)

    @property
    def ending(self) -> bool:
        """Whether this process was asked to end, or the database forgot that it lives: others may have its work."""
        return self._cut_at is not None or self.watch.lost.is_set()

    @property
    def running(self) -> bool:
        """Whether it is started."""
        return self._running

    def start(self, listen: bool = False) -> None:
        """Launch; work that a dead process left pending goes on in the background.

        Args:
            listen: also take flows from the queue, as a worker does; else only what is run here, and what the dead
                have left of such.

        Raises:
            ConfigError: a living process has this one's name.
        """
        with self._lock:
            if self._running:
                return
            wait_for_it()
            self.watch.appear(listen)
            config: DBOSConfig = {
                "name": APPLICATION,
                "system_database_url": self._store.url,
                "executor_id": self.executor,
                "application_version": APPLICATION_VERSION,
                "log_level": os.environ.get("BENEHUB_ENGINE_LOG", "CRITICAL"),
                "notification_listener_polling_interval_sec": 0.2,
                # Its own events, streams and schedules are not used: by default it would look 100 times a second.
                "notification_coalesce_sec": 0.5,
                "scheduler_polling_interval_sec": 3600,
            }
            dbos = DBOS(config=config)
            DBOS.listen_queues([QUEUE] if listen else [])
            self._workflow, self._cut_at, self._listens = self._flow_workflow(), None, listen
            DBOS.launch()
            self._client = DBOSClient(system_database_url=self._store.url, lazy=True)
            if listen:
                DBOS.register_queue(
                    QUEUE, worker_concurrency=AT_ONCE, partition_concurrency=1, polling_interval_sec=POLL_SECONDS
                )
            doze(getattr(dbos, "background_thread_stop_events", ()), self._store, [QUEUE] if listen else [])
            self._running = True
            self.watch.begin()

    def _flow_workflow(self) -> Callable[..., Any]:
        flows, active = self._flows, self._active

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=MOST_ATTEMPTS)
        def run_flow(name: str, arguments: list[Any]) -> Any:
            job = str(DBOS.workflow_id)
            active.add(job)
            try:
                return flows[name].run(Steps(), *arguments)
            finally:
                active.discard(job)

        return run_flow

    def run(self, name: str, key: str, *arguments: Any) -> Any:
        """Run a flow to its end and give its result; the same name and key again gives the first result.

        Raises:
            ConfigError: no such flow, or the engine is not started.
            NeedsPersonError: it was canceled.
            BenehubError: whatever the flow raised.
        """
        workflow = self._known(name)
        try:
            with SetWorkflowID(f"{name}:{key}"):
                return workflow(name, list(arguments))
        except CANCELED:
            raise _canceled(name) from None

    def enqueue(self, connection: Connection, name: str, key: str, order: str, *arguments: Any) -> None:
        """Let a worker run a flow, once the caller's transaction is committed and only then.

        What waits belongs to no version of the code: a worker of the newest one that ever ran takes it.
        The same name and key again changes nothing.

        Args:
            connection: the caller's, on the hub's database, with a transaction that may write.
            order: flows of the same order go one at a time, in the order of coming.

        Raises:
            ConfigError: no such flow, or the engine is not started.
        """
        self._known(name)
        assert self._client is not None
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW, "workflow_id": f"{name}:{key}", "queue_name": QUEUE,
            "queue_partition_key": order, "application_name": APPLICATION,
        }  # fmt: skip
        self._client.enqueue_in_transaction(connection, options, name, list(arguments))

    def is_open(self, name: str, key: str) -> bool:
        """Whether the flow waits or runs, so that its end will come by itself."""
        self._started()
        status = DBOS.get_workflow_status(f"{name}:{key}")
        return status is not None and status.status in OPEN

    def ended_without_a_word(self, jobs: Sequence[str]) -> tuple[set[str], set[str]]:
        """Those of these jobs that died so often that nobody takes them up any more, and those that there are not."""
        self._started()
        if not jobs:
            return set(), set()
        found = DBOS.list_workflows(workflow_ids=list(jobs), load_input=False, load_output=False)
        given_up = {one.workflow_id for one in found if one.status == GIVEN_UP}
        return given_up, set(jobs) - {one.workflow_id for one in found}

    def again(self, name: str, key: str) -> Any:
        """Let a flow that failed, was canceled or broke off go on with its first arguments; gives its result.

        Steps that are done are not run again: it goes on with the one that failed.

        Raises:
            DataError: no such job, or one begun by a version of the code that its steps do not fit to any more; or one
                of its order was begun by such a version, whose process is gone: nobody here would ever end that.
            NeedsPersonError: it was canceled meanwhile.
            BenehubError: whatever the flow raised.
        """
        self._started()
        job = f"{name}:{key}"
        status = DBOS.get_workflow_status(job)
        if status is None:
            raise DataError(f"the job engine has no job {job}", mend="Start it anew by its own command")
        if status.app_version not in (None, APPLICATION_VERSION):
            raise DataError(
                f"the job was begun by version {status.app_version} of the flows; this is {APPLICATION_VERSION}",
                where=f"flow {name}",
                mend="Let a worker of that release end it, or cancel it and start its command anew",
            )
        if status.status == "CANCELLED":
            DBOS.resume_workflow(job)
        elif status.status not in ("PENDING", "ENQUEUED"):
            self._rewind(job, status)
        else:
            self.watch.look()
            self._let_it_begin(job, str(status.queue_partition_key))
        try:
            return DBOS.retrieve_workflow(job).get_result(polling_interval_sec=0.2)
        except CANCELED:
            raise _canceled(name) from None

    def _rewind(self, job: str, status: WorkflowStatus) -> None:
        """Let it go on with the step that failed: what came out of the queue in its place there, so that it goes beside
        no other one of its order; here where nobody takes it from there."""
        step, order = _failed_step(job), status.queue_partition_key
        if status.queue_name != QUEUE or not order:
            DBOS.rewind_workflow(job, start_step=step)
            return
        self._refuse_behind_the_stuck(order)
        DBOS.rewind_workflow(job, start_step=step, queue_name=QUEUE, queue_partition_key=order)
        self._let_it_begin(job, order)

    def _refuse_behind_the_stuck(self, order: str) -> None:
        """Nothing, where what is begun of this order will end: by this version, or by a process of another that lives
        or takes it up within the pause between two looks."""
        until = time.monotonic() + TAKEN_SECONDS
        while (stuck := self._stuck(order)) is not None:
            if time.monotonic() > until:
                job, run = stuck.workflow_id, stuck.workflow_id.partition(":")[2]
                raise DataError(
                    f"{job} stands before it: begun by version {stuck.app_version} of the flows, whose process is gone;"
                    f" this is {APPLICATION_VERSION}",
                    where=f"order {order}",
                    mend=f"Let a worker of that release end it, or cancel it: benehub runs cancel {run}",
                )
            time.sleep(POLL_SECONDS)

    def _stuck(self, order: str) -> WorkflowStatus | None:
        """What another version has begun of this order, in a process that is gone."""
        begun = [one for one in _begun(order) if one.app_version != APPLICATION_VERSION]
        with self._store.engine.connect() as connection:
            living = alive(connection, {one.executor_id or "" for one in begun})
        return next((one for one in begun if one.executor_id not in living), None)

    def _let_it_begin(self, job: str, order: str) -> None:
        """Until what waits in the queue is begun: a worker's part for as long as one lives, else out of the queue and
        here, since nobody knows when one comes. Both would begin it twice."""
        until = time.monotonic() + TAKEN_SECONDS
        while not self._listens and self._waits(job):
            nobody = self._store.lock(LISTENING)
            try:
                if not nobody.take() or _begun(order):
                    until = time.monotonic() + TAKEN_SECONDS
                elif time.monotonic() > until and self._waits(job):  # while the lock is ours nobody takes it
                    DBOS.resume_workflow(job)
            finally:
                nobody.release()
            time.sleep(POLL_SECONDS)

    def cancel(self, name: str, key: str) -> None:
        """Let a flow end before its next step, in whichever process it runs."""
        self._started()
        DBOS.cancel_workflow(f"{name}:{key}")

    def stop(self) -> None:
        """Let running steps end, then give everything back; a worker takes nothing more meanwhile."""
        with self._lock:
            if not self._running:
                return
            until = time.monotonic() + STOP_SECONDS
            if self._listens:
                self._cut_at = until
                self.watch.rest()
                DBOS.destroy(workflow_completion_timeout_sec=STOP_SECONDS)
            else:
                while self._active and time.monotonic() < until:
                    time.sleep(0.05)
                self._cut_at = time.monotonic()
                self.watch.rest()
                DBOS.destroy()
            if not self._active:  # else the sign of life goes with the process
                self.watch.leave()
            if self._client is not None:
                self._client.destroy()
            self._running, self._workflow, self._client = False, None, None

    @staticmethod
    def _waits(job: str) -> bool:
        status = DBOS.get_workflow_status(job)
        return status is not None and status.status == "ENQUEUED" and status.queue_name == QUEUE

    def can_run(self, name: str) -> None:
        """Nothing, where it is started and has the flow.

        Raises:
            ConfigError: no such flow, or the engine is not started.
        """
        self._known(name)

    def _known(self, name: str) -> Callable[..., Any]:
        if name not in self._flows:
            raise ConfigError(f"no flow {name!r}")
        return self._started()

    def _started(self) -> Callable[..., Any]:
        if self._workflow is None:
            raise ConfigError("the engine is not started", mend="Call start() first")
        return self._workflow


def _begun(order: str) -> list[WorkflowStatus]:
    """The flows of this order that are being carried out, or were when their process died."""
    pending = DBOS.list_workflows(status="PENDING", queue_name=QUEUE, load_input=False, load_output=False)
    return [one for one in pending if one.queue_partition_key == order]


def _failed_step(job: str) -> int:
    """The number of the first step that failed, or of the last one where the flow failed outside of its steps."""
    steps = DBOS.list_workflow_steps(job)
    failed = next((step["function_id"] for step in steps if step["error"] is not None), None)
    return failed or max((step["function_id"] for step in steps), default=1)


def _canceled(name: str) -> NeedsPersonError:
    return NeedsPersonError("the run was canceled", where=f"flow {name}", mend="Let it go on: benehub runs retry RUN")
