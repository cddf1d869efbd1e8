"""Previews: the real steps of a flow run in one transaction that is taken back at the end.

So a preview cannot differ from what happens: it is the same code on the same data. Nothing is sent, plugins
are told nothing, and nothing is left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, ParamSpec, TypeVar

import pluggy
from sqlalchemy import Connection

from benehub import connections, hookspecs
from benehub.connect.connector import Connector
from benehub.flows.hub import Hub
from benehub.store import Session, Store
from benehub.store.scratch import scratch_sqlite

P = ParamSpec("P")
R = TypeVar("R")

COPIED_BYTES: Final = 2 << 30
"""Up to which size an SQLite database is copied for what is tried: some seconds, and as much room beside it."""


class DirectSteps:
    """Steps that simply run; what a flow calls `step` on outside the engine."""

    def step(self, name: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `function` here and now."""
        return function(*args, **kwargs)


@dataclass(frozen=True)
class _TakenBack(Store):
    """A store whose transactions are all parts of one, which its owner takes back."""

    only: Connection | None = None

    @contextmanager
    def write(self, employer: str) -> Iterator[Session]:
        assert self.only is not None
        session = Session(self.only, employer, self.vault, self.clock)
        yield session
        session.flush_deferred()
        session.flush_seq()

    @contextmanager
    def read(self, employer: str) -> Iterator[Session]:
        with self.write(employer) as session:
            yield session


class _Quiet:
    """The one plugin of a rehearsal: it brings the connectors and hears nothing."""

    def __init__(self, known: list[type[Connector]]) -> None:
        self._known = known

    @hookspecs.hookimpl
    def register_connectors(self) -> list[type[Connector]]:
        """All connectors there are."""
        return self._known


@contextmanager
def _tried_on(store: Store) -> Iterator[Connection]:
    """What is written to and taken back: of SQLite, which has one writer, a copy, so that nobody waits for a look.

    One that is larger than `COPIED_BYTES`, or has no room beside it, is written to itself, as PostgreSQL is, which
    keeps others waiting for rows of this employer alone."""
    with scratch_sqlite(store.engine, COPIED_BYTES) as copy:
        if copy is not None:
            yield copy
            return
    with store.engine.connect().execution_options(benehub_write=True) as connection:
        yield connection


@contextmanager
def rehearsal(hub: Hub) -> Iterator[Hub]:
    """A hub on which everything may be tried; whatever it wrote is taken back at the end.

    Raises:
        RetriableError: the copy that it is tried on cannot be made now.
    """
    quiet = pluggy.PluginManager("benehub")
    quiet.add_hookspecs(hookspecs)
    quiet.register(_Quiet(list(connections.connectors(hub.plugins).values())), name="rehearsal")
    store = hub.store
    with _tried_on(store) as connection:
        transaction = connection.begin()
        try:
            trial = _TakenBack(store.url, store.engine, store.vault, store.clock, connection)
            yield Hub(trial, quiet, hub.wiring, hub.progress)
        finally:
            transaction.rollback()
