"""An employer whose hub answers calls: over a loopback port where a real client speaks, else in process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient
from sqlalchemy import select

from benehub import plugins
from benehub.api.app import create_app
from benehub.crypto import Vault
from benehub.flows import Hub, bind
from benehub.flows.onboarding import connect, load_plan_book
from benehub.store import Store, open_store
from benehub.store.tables import intake_batch, intake_row

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
BOOK = """
employer: {id: acme, name: Acme}
roles: {hris: idp, payroll: idp}
pay_groups:
  monthly: {frequency: monthly, days: [last]}
plans:
  - id: ppo
    name: PPO
    benefit_type: medical
    carrier: carrier
    effective_from: 2026-01-01
    rates: [{from: 2026-01-01, tiers: {EE: 500.00}}]
    employer_contribution: {scheme: percent_of_tier, percent: 80%}
    deduction: {code: MED, tax_class: pretax, method: per_month, per_month: 1}
carriers:
  carrier: {pay_policy: pay_as_enrolled}
"""
TOKEN = "tok-for-tests"


class Desk:
    """A hub with a clock that is set, and what is in its books."""

    def __init__(self, url: str) -> None:
        self.now = NOW
        self.store: Store = open_store(url, Vault({"k1": b"k" * 32}), lambda: self.now)
        self.store.migrate()
        self.wired: dict[str, dict[str, Any]] = {}
        self.hub = Hub(self.store, plugins.build(load_strangers=False), lambda _, name: self.wired.get(name, {}))
        load_plan_book(self.hub, BOOK, "book")

    def connect(self, name: str, connector: str, **settings: Any) -> None:
        """A connection."""
        connect(self.hub, "acme", {name: {"connector": connector, "settings": settings}})

    def start(self) -> None:
        """The job engine."""
        bind(self.hub).engine.start()

    def flow(self, name: str, *arguments: Any) -> Any:
        """Run a flow as a new job."""
        return self.hub.start_flow(name, "acme", f"{name} {time.monotonic_ns()}", *arguments)

    def call(self) -> TestClient:
        """A caller, in process."""
        return TestClient(create_app(self.hub), raise_server_exceptions=False)

    def rows(self, query: Any) -> list[Any]:
        """All rows of a query."""
        with self.store.read("acme") as session:
            return list(session.rows(query))

    def batches(self) -> list[Any]:
        """All batches; each balances."""
        found = self.rows(select(intake_batch).order_by(intake_batch.c.seq))
        for row in found:
            if row.state == "applied":
                assert row.rows == row.applied + row.unchanged + row.quarantined + row.superseded
        return found

    def waiting(self) -> list[str]:
        """Why rows wait in quarantine."""
        query = select(intake_row.c.reason).where(
            intake_row.c.outcome == "quarantined", intake_row.c.resolved_seq.is_(None)
        )
        return [row.reason for row in self.rows(query)]


@contextmanager
def _opened(url: str) -> Iterator[Desk]:
    made = Desk(url)
    made.connect("idp", "scim_inbound", token="env:SCIM_TOKEN", default_class="full_time")
    yield made
    if hasattr(made.hub, "engine"):
        made.hub.engine.stop()
    made.store.close()


@pytest.fixture
def desk(db_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An employer `acme` with a connection `idp` that a SCIM client writes to."""
    monkeypatch.setenv("SCIM_TOKEN", TOKEN)
    with _opened(db_url) as made:
        yield made


@pytest.fixture
def sqlite_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The same on SQLite alone."""
    monkeypatch.setenv("SCIM_TOKEN", TOKEN)
    with _opened(f"sqlite:///{tmp_path / 'hub.db'}") as made:
        yield made


@pytest.fixture
def served() -> Callable[[Hub], Any]:
    """served(hub): its address on a free loopback port, within a block."""

    @contextmanager
    def serve(hub: Hub) -> Iterator[str]:
        config = uvicorn.Config(create_app(hub), host="127.0.0.1", port=0, log_config=None, access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(60)

    return serve
