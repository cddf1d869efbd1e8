"""What a flow works with: the store, the plugins, the engine, the plan book in force, and runs that tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pluggy
import structlog
from sqlalchemy import select

from benehub import planbook
from benehub.connections import Open, Wiring, no_wiring, open_connection
from benehub.crypto import mask
from benehub.engine import Engine
from benehub.errors import BenehubError, ConfigError, NeedsPersonError
from benehub.planbook import PlanBook
from benehub.store import Session, Store
from benehub.store.tables import plan_book, run

log = structlog.get_logger("benehub.flows")

MANY = 500
"""Rows a flow counts from which on the planner's statistics are refreshed."""

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
    engine: Engine = field(init=False)
    _books: dict[str, PlanBook] = field(default_factory=dict)

    def book(self, session: Session) -> PlanBook:
        """The plan book in force: the version recorded last.

        Raises:
            ConfigError: the employer has none.
        """
        row = session.connection.execute(
            select(plan_book.c.version, plan_book.c.content)
            .where(plan_book.c.employer_id == session.employer)
            .order_by(plan_book.c.seq.desc())
            .limit(1)
        ).first()
        if row is None:
            raise ConfigError(f"employer {session.employer} has no plan book", mend="Load one: benehub plan load FILE")
        if row.version not in self._books:
            self._books[row.version] = planbook.load(row.content, f"plan book {row.version}")
        return self._books[row.version]

    @contextmanager
    def open(self, employer: str, connection_id: str) -> Iterator[Open]:
        """An open connection, closed at the end."""
        with open_connection(self.store, self.plugins, employer, connection_id, self.wiring) as opened:
            yield opened

    def start_flow(self, name: str, employer: str, key: str, *arguments: Any) -> Any:
        """Run a flow to its end as a run of ours: what ran, what it counted and why it failed is kept.

        Raises:
            BenehubError: what the flow raised; it stands in the run too.
        """
        with self.store.write(employer) as session:
            run_id = _begin(session, name, f"{key}")
        try:
            result = self.engine.run(name, f"{employer}:{key}", employer, *arguments)
        except BenehubError as error:
            state = "held" if isinstance(error, NeedsPersonError) else "failed"
            with self.store.write(employer) as session:
                _end(session, run_id, state, {}, mask(str(error)))
            log.warning("run ended", run=run_id, flow=name, state=state, error=mask(str(error)))
            raise
        if isinstance(result, dict) and sum(n for n in result.values() if isinstance(n, int)) >= MANY:
            self.store.refresh_statistics()
        with self.store.write(employer) as session:
            _end(session, run_id, "done", result if isinstance(result, dict) else {}, "")
        return result


def _begin(session: Session, flow: str, subject: str) -> str:
    run_id = session.id("run", flow, subject)
    known = session.connection.execute(select(run.c.run_id).where(*session.where(run, run_id=run_id))).first()
    values: dict[str, Any] = {
        "state": "running", "counts": {}, "error": "", "started_at": session.now(), "ended_at": None,
    }  # fmt: skip
    if known is None:
        session.add(run, [{"run_id": run_id, "flow": flow, "subject": subject[:120], **values}])
    else:
        session.change(run, {"run_id": run_id}, **values)
    return run_id


def _end(session: Session, run_id: str, state: str, counts: dict[str, Any], error: str) -> None:
    session.change(run, {"run_id": run_id}, state=state, counts=counts, error=error[:2000], ended_at=session.now())
