"""A hub's database for the cases: SQLite in the case's folder, one employer, the example plan book."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benehub import planbook
from benehub.crypto import Vault
from benehub.store import Session, Store, open_store
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
