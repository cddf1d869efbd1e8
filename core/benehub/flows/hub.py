"""What a flow works with: the store, the plugins, the engine, the plan book in force, and runs that tell."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, TypeVar

import pluggy
import structlog
from sqlalchemy import Row, select

from benehub import planbook
from benehub.connect.connector import Connector
from benehub.connections import Open, Wiring, connectors, no_wiring, open_connection
from benehub.crypto import mask
from benehub.engine import Ending, Engine, history
from benehub.engine.told import StepTold, steps_of
from benehub.errors import BenehubError, ConfigError, DataError
from benehub.flows import runs
from benehub.planbook import Plan, PlanBook
from benehub.settings import ByApi
from benehub.store import Session, Store
from benehub.store.database import patiently
from benehub.store.locks import WAITING
from benehub.store.tables import plan_book

R = TypeVar("R")

log = structlog.get_logger("benehub.flows")

MANY = 500
"""Rows that flows have counted when the planner's statistics are refreshed first; then each time they have doubled."""

Progress = Callable[[str], None]
"""Told in a few words what a long flow is doing."""


def silent(_text: str) -> None:
    """No progress shown."""


@dataclass
class Hub:
    """Everything a flow needs; made once per process by a front."""

    store: Store
    plugins: pluggy.PluginManager
    wiring: Wiring = no_wiring
    progress: Progress = silent
    hook_hosts: frozenset[str] = frozenset()
    """Hosts inside the network that webhooks of ours may be sent to."""
    by_api: Mapping[str, Mapping[str, ByApi]] = field(default_factory=dict)
    """What connections that are set up by the API may name, by employer and connector; what is not there is refused."""
    public_url: str = ""
    """Address at which people reach the pages; empty: links are paths."""
    engine: Engine = field(init=False)
    _books: dict[str, tuple[tuple[int, str], PlanBook]] = field(default_factory=dict)
    """The book asked for last, by employer: it holds the text of all that came before it, which is there once so."""
    _without_job: set[str] = field(default_factory=set)
    """Jobs of interrupted runs that there were not at the last look."""
    _counted: int = 0
    _refreshed: int = 0

    def asked_to_end(self) -> Callable[[], bool]:
        """What tells, in any thread, whether this process was asked to end, or others may have its work.

        Then what this job has under way ends, and nothing else is begun. Where no job of the engine is carried out it
        never says so."""
        return (lambda: self.engine.ending) if hasattr(self, "engine") and self.engine.in_job() else (lambda: False)

    def goes_on(self) -> bool:
        """Whether the step at hand may begin more: not where its run was canceled, or the process is asked to end."""
        return not hasattr(self, "engine") or self.engine.goes_on()

    def book(self, session: Session) -> PlanBook:
        """The plan book in force: the version recorded last.

        Raises:
            ConfigError: the employer has none.
        """
        row = session.connection.execute(
            select(plan_book.c.version, plan_book.c.content, plan_book.c.seq)
            .where(plan_book.c.employer_id == session.employer)
            .order_by(plan_book.c.seq.desc())
            .limit(1)
        ).first()
        if row is None:
            raise ConfigError(f"employer {session.employer} has no plan book", mend="Load one: benehub plan load FILE")
        # A transaction that left nothing behind has its number taken by another: number and version tell a book.
        key = (int(row.seq), str(row.version))
        held = self._books.get(session.employer)
        if held is None or held[0] != key:
            book = planbook.load(row.content, f"plan book {row.version}")
            held = key, book.after(partial(_had, _before(session, key[0]), {}))
            self._books[session.employer] = held
        return held[1]

    @cached_property
    def connectors(self) -> dict[str, type[Connector]]:
        """All connectors by name.

        Raises:
            ConfigError: two packages bring one of the same name.
        """
        return connectors(self.plugins)

    @contextmanager
    def open(self, employer: str, connection_id: str) -> Iterator[Open]:
        """An open connection, closed at the end."""
        with open_connection(self.store, self.plugins, employer, connection_id, self.wiring) as opened:
            yield opened

    def start_flow(self, name: str, employer: str, key: str, *arguments: Any) -> Any:
        """Run a flow to its end as a run of ours: what ran, what it counted and why it failed is kept.

        The same name and key again is the same run, and gives its first result for as long as the job is kept.

        Raises:
            BenehubError: what the flow raised; it stands in the run too.
        """
        with self.store.write(employer) as session:
            run_id = runs.begin(session, name, key, self.engine.executor)
        return self._watched(employer, run_id, lambda: self.engine.run(name, run_id, run_id, employer, *arguments))

    def enqueue_flow(
        self, session: Session, name: str, key: str, order: str, *arguments: Any, by: runs.By | None = None
    ) -> str:  # fmt: skip
        """Let a worker run a flow as a run of ours, after others of the same order; gives the run.

        Run and job are one with whatever else the session's transaction writes: all of it is there, or nothing. The
        same name and key again is the same run: it changes nothing.

        Args:
            by: whose run it is, where a person starts it at a front.

        Raises:
            ConfigError: no such flow, or the engine is not started.
        """
        self.engine.can_run(name)  # else a run would wait for ever
        run_id, employer = runs.begin(session, name, key, WAITING, by), session.employer
        if runs.unfinished(session, run_id):
            order = f"{employer}/{order}"
            self.engine.enqueue(session.connection, name, run_id, order, run_id, employer, *arguments)
        return run_id

    def still_open(self, employer: str, run_id: str) -> bool:
        """Whether a run waits or runs; one that the job engine has given up is told as failed."""
        with self.store.read(employer) as session:
            flow = runs.unfinished(session, run_id)
        if not flow or self.engine.is_open(flow, run_id):
            return bool(flow)
        _, missing = self.engine.ended_without_a_word([f"{flow}:{run_id}"])
        mend = "Start it anew by its own command" if missing else "Let it go on: benehub runs retry RUN"
        gone = DataError("the job engine has ended it without a word", where=f"flow {flow}", mend=mend)
        with self.store.write(employer) as session:
            runs.fail(session, run_id, gone)
        return False

    def given_up(self, jobs: Sequence[str]) -> set[str]:
        """Those of these jobs that the job engine takes up no more."""
        return history.given_up(self.store, jobs)

    def tell_given_up(self) -> int:
        """Tell as failed the runs whose process is gone and that nobody takes up any more: their job died so often, or
        there was none at the look before either (the process died before it made one). Gives how many."""
        with self.store.read("") as session:
            rows = runs.interrupted(session)
        jobs = {f"{row.flow}:{row.run_id}": row for row in rows}
        gone, missing = self.engine.ended_without_a_word(list(jobs))
        gone |= missing & self._without_job
        self._without_job = missing
        return sum(not self.still_open(jobs[job].employer_id, jobs[job].run_id) for job in sorted(gone))

    def retry(self, employer: str, run_id: str) -> Any:
        """Let a run that failed, was held, canceled or interrupted go on where it stopped; gives its result.

        Raises:
            DataError: there is no such run, or nothing to be retried.
            BenehubError: what the flow raised; it stands in the run too.
        """
        with self.store.write(employer) as session:
            flow = runs.again(session, run_id, self.engine.executor)
        return self._watched(employer, run_id, lambda: self.engine.again(flow, run_id))

    def retry_beside(self, employer: str, run_id: str) -> None:
        """As `retry`, in a thread of its own: nobody waits, its end stands in the run.

        Raises:
            DataError: there is no such run, or nothing to be retried.
        """
        with self.store.write(employer) as session:
            flow = runs.again(session, run_id, self.engine.executor)

        def work() -> None:
            with suppress(BenehubError, Ending):  # it stands in the run, or goes on in another process
                self._watched(employer, run_id, lambda: self.engine.again(flow, run_id))

        threading.Thread(target=work, name=f"retry of {run_id}", daemon=True).start()

    def cancel(self, employer: str, run_id: str) -> None:
        """End a run before its next step; what it has done stays done.

        Raises:
            DataError: there is no such run, or it has ended.
        """
        with self.store.write(employer) as session:
            flow = runs.cancel(session, run_id)
        self.engine.cancel(flow, run_id)

    def steps(self, employer: str, run_id: str) -> list[StepTold]:
        """The steps of a run that have ended, in order, each with its time and why it failed.

        Raises:
            DataError: there is no such run.
        """
        with self.store.read(employer) as session:
            flow = runs.flow_of(session, run_id)
        return steps_of(self.store, flow, run_id)

    def carry_out(self, job: Callable[..., Any], run_id: str, employer: str, *arguments: Any) -> Any:
        """The flow itself, in whichever process it goes on: its run ends with it, even when nobody waits for it."""
        patiently(lambda: self._note(employer, lambda session: runs.take(session, run_id, self.engine.executor)))
        with structlog.contextvars.bound_contextvars(run=run_id, employer=employer):
            log.info("run goes on", executor=self.engine.executor)
            return self._watched(employer, run_id, lambda: job(employer, *arguments))

    def _note(self, employer: str, write: Callable[[Session], R]) -> R:
        with self.store.write(employer) as session:
            return write(session)

    def _watched(self, employer: str, run_id: str, work: Callable[[], Any]) -> Any:
        try:
            result = work()
        except BenehubError as error:
            if not self.engine.stopping:
                what, told = type(error).__name__, error
                if patiently(lambda: self._note(employer, lambda session: runs.fail(session, run_id, told))):
                    log.warning("run ended", run=run_id, error_class=what, error=mask(str(error)))
            raise
        counts = result if isinstance(result, dict) else {}
        if patiently(lambda: self._note(employer, lambda session: runs.end(session, run_id, counts))):
            log.info("run done", run=run_id)
            self._counted += sum(n for n in counts.values() if isinstance(n, int))
            if self._counted >= max(MANY, 2 * self._refreshed):
                self.store.refresh_statistics()
                self._refreshed = self._counted
        return result


def _before(session: Session, seq: int) -> Sequence[Row[Any]]:
    """The plan books that were in force before this one, the newest first."""
    return session.rows(
        select(plan_book.c.version, plan_book.c.content)
        .where(plan_book.c.employer_id == session.employer, plan_book.c.seq < seq)
        .order_by(plan_book.c.seq.desc())
    )


def _had(earlier: Sequence[Row[Any]], loaded: dict[str, PlanBook | None], plan_id: str) -> Plan | None:
    """The plan as the newest of these books had it; one that this release reads no more tells nothing."""
    for row in earlier:
        if plan_id not in row.content:
            continue
        if row.version not in loaded:
            loaded[row.version] = None
            with suppress(ConfigError):
                loaded[row.version] = planbook.load(row.content, f"plan book {row.version}")
        book = loaded[row.version]
        if book is not None and (found := book.find(plan_id)) is not None:
            return found
    return None
