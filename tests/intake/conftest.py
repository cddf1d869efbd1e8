"""A hub with connections and a plan book, and rows to feed it with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benehub import intake, planbook
from benehub.connect.connector import Incoming, Page
from benehub.intake import Counts
from benehub.planbook import PlanBook
from benehub.store import Store
from benehub.store.tables import connection

CONNECTIONS = ("hris", "payroll", "carrier", "summit")


@dataclass
class Desk:
    """Reads rows into custody and applies them, as the flow does, one transaction a station."""

    store: Store
    book: PlanBook
    appliers: Mapping[str, Any] = field(default_factory=lambda: intake.APPLIERS)
    runs: int = 0

    def stage(
        self, stream: str, rows: Sequence[Incoming], *, connection: str = "hris", run: str = "", **page: Any
    ) -> str:
        """Stage one page; gives the batch."""
        self.runs += 1
        with self.store.write("acme") as session:
            batch_id = intake.open_batch(session, connection, stream, run or f"run {self.runs}")
            # Every read has a payload of its own: what is in it is the connector's business.
            intake.stage(session, batch_id, Page(stream, rows, f"payload {self.runs}".encode(), **page))
        return batch_id

    def check(self, batch_id: str) -> None:
        """Look at the batch whole."""
        with self.store.read("acme") as session:
            intake.check_whole(session, batch_id, self.book)

    def apply(self, batch_id: str) -> Counts:
        """Apply what is staged, chunk by chunk, and close the batch."""
        while self.chunk(batch_id):
            continue
        with self.store.write("acme") as session:
            return intake.finish(session, batch_id)

    def chunk(self, batch_id: str) -> int:
        """Apply one chunk."""
        with self.store.write("acme") as session:
            return intake.apply_chunk(session, batch_id, self.book, self.appliers)

    def take(self, stream: str, *rows: Incoming, **more: Any) -> Counts:
        """Stage, check, apply."""
        batch_id = self.stage(stream, rows, **more)
        self.check(batch_id)
        return self.apply(batch_id)

    def redrive(self, batch_id: str = "") -> Counts:
        """Try quarantined rows again."""
        with self.store.write("acme") as session:
            return intake.redrive(session, self.book, self.appliers, batch_id)


@pytest.fixture(scope="session")
def book(root: Path) -> PlanBook:
    """The example plan book."""
    return planbook.load((root / "config" / "planbook.example.yaml").read_text(), "example")


@pytest.fixture
def desk(store: Store, book: PlanBook) -> Desk:
    """Where rows come in, at an employer with four connections."""
    with store.write("acme") as session:
        session.add(
            connection,
            [{"connection_id": name, "connector": "x", "settings": {}, "mode": "live"} for name in CONNECTIONS],
        )
    return Desk(store, book)


Person = Callable[..., Incoming]


@pytest.fixture
def person() -> Person:
    """person(7, last_name="Bell"): the row of employee v7, number 1007, SSN 900110007."""

    def person(number: int, **changed: Any) -> Incoming:
        data = {
            "employee_number": str(1000 + number), "first_name": "Ann", "last_name": f"Alder {number}",
            "birth_date": "1990-01-01", "ssn": f"90011{number:04d}", "hire_date": "2024-01-01",
            "pay_group": "biweekly", "email": f"a{number}@example.org",
        }  # fmt: skip
        return Incoming(f"v{number}", {**data, **changed}, row=number)

    return person
