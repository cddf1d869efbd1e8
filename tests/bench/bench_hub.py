"""A hub's database for the cases: SQLite in the case's folder, one employer, the example plan book."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from benehub import planbook
from benehub.crypto import Vault
from benehub.store import Session, Store, guards, open_store
from benehub.store.tables import connection, employer, person, plan_book

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def open_hub(folder: Path) -> Store:
    """The database that `make_hub` made."""
    return open_store(f"sqlite:///{folder / 'hub.db'}", Vault({"k1": b"k" * 32}), lambda: NOW)


def make_hub(folder: Path, connector: str) -> Store:
    """A migrated database with the employer, its plan book and one connection, both named as `connector`."""
    text = (ROOT / "config" / "planbook.example.yaml").read_text(encoding="utf-8")
    book = planbook.load(text, "example")
    store = open_hub(folder)
    store.migrate()
    with store.write("acme") as session:
        row = {"name": "Acme", "country": "US", "currency": "USD"}
        session.add(employer, [{**row, "seq": 0, "recorded_at": "", "ledger_head": ""}])
        session.add(plan_book, [{"version": book.version, "content": text, "seq": session.take_seq()[0]}])
        session.add(connection, [{"connection_id": connector, "connector": connector, "settings": {}, "mode": "live"}])
    return store


def add_people(session: Session, count: int) -> list[str]:
    """Made-up persons; gives their ids."""
    first, _ = session.take_seq(count)
    # Made on the way: of millions there is no list but that of the ids.
    rows: Iterator[dict[str, Any]] = (
        {"person_id": f"per_{number}", "kind": "employee", "subscriber_id": f"per_{number}",
         "member_id": str(number), "seq": first + number}
        for number in range(count)
    )  # fmt: skip
    session.add(person, rows)
    return [f"per_{number}" for number in range(count)]


PART = 20_000
"""Entries, or rows, that go in with one transaction while a hub is filled."""


@contextmanager
def filling(store: Store) -> Iterator[None]:
    """Meanwhile the large tables have neither guards nor further indexes, so that millions of rows go in in minutes.

    The rows and the balances are those that the hub itself makes, for it makes them; afterwards all stands again as it
    was written down.
    """
    with store.write("acme") as session:
        made = session.connection.exec_driver_sql(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') AND sql <> ''"
            " AND tbl_name IN ('entry', 'leg', 'confirmation')"
        ).all()
        for kind, name, _ in made:
            session.connection.exec_driver_sql(f"DROP {kind} {name}")
    yield
    with store.write("acme") as session:
        session.connection.exec_driver_sql("PRAGMA cache_size=-1000000")
        for _, _, text in made:
            session.connection.exec_driver_sql(text)
        missing = guards.missing(session.connection)
    assert not missing, missing


def fill(store: Store, write: Callable[[Session, Iterator[Any]], object], rows: Iterator[Any]) -> None:
    """Write many rows part by part, each in a transaction of its own; the pages of a part stay in memory."""
    while part := list(islice(rows, PART)):
        with store.write("acme") as session:
            session.connection.exec_driver_sql("PRAGMA cache_size=-1000000")
            write(session, iter(part))
