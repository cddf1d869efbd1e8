"""HRIS sync into SQLite, first load and unchanged load: the whole way in, beside a raw upsert and a row-hash loop."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = 500
COLUMNS = (
    "employee_number", "first_name", "last_name", "birth_date", "sex", "ssn", "email", "address1", "city", "state",
    "zip_code", "country", "hire_date", "employment_class", "weekly_hours", "pay_group", "department", "location",
    "marital_status",
)  # fmt: skip


def employee(number: int) -> dict[str, Any]:
    """A made-up employee; his SSN was never issued."""
    values = (
        f"{number:06d}", "Ann", f"Alder {number}", "1990-01-01", "F", f"9{number:08d}", f"a{number}@example.org",
        f"{number} Main St", "Denver", "CO", f"{10000 + number % 80000}", "US", "2024-01-01", "full_time", 40,
        "biweekly", f"D{number % 40}", f"L{number % 9}", "single",
    )  # fmt: skip
    return {"id": f"v{number}", **dict(zip(COLUMNS, values, strict=True))}


def prepare(folder: Path, size: int) -> None:
    """What the vendor would answer, page by page, and both databases."""
    from bench_hub import make_hub

    pages = [
        json.dumps([employee(number) for number in range(start, min(start + PAGE, size))])
        for start in range(0, size, PAGE)
    ]
    (folder / "pages.jsonl").write_text("\n".join(pages), encoding="utf-8")
    make_hub(folder, "bench_hris").close()
    database = sqlite3.connect(folder / "bare.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute(f"CREATE TABLE employee (id PRIMARY KEY, hash, {', '.join(COLUMNS)})")
    database.close()


def payloads(folder: Path) -> Iterator[bytes]:
    """The pages, as if they came from the vendor."""
    with (folder / "pages.jsonl").open("rb") as file:
        yield from file


def ours(folder: Path, size: int) -> Iterator[Any]:
    """The flow's own steps: read into custody, check whole, apply in chunks, close."""
    import pluggy
    from bench_hub import open_hub
    from pydantic import BaseModel

    from benehub import hookimpl, hookspecs
    from benehub.connect.connector import Connector, Incoming, Kind, Page
    from benehub.flows import sync
    from benehub.flows.hub import Hub

    class NoSettings(BaseModel):
        """None."""

    class BenchHris(Connector):
        """Reads the prepared pages."""

        name, kind = "bench_hris", Kind.HRIS
        Settings = NoSettings

        def read(self, stream: str, link: Any, cursor: str | None) -> Iterator[Page]:
            """One page after the other."""
            for payload in payloads(folder):
                rows = [Incoming(row.pop("id"), row) for row in json.loads(payload)]
                yield Page(stream, rows, payload, full=True)

    class Plugin:
        """Registers it."""

        @hookimpl
        def register_connectors(self) -> list[type[Connector]]:
            """The one connector."""
            return [BenchHris]

    manager = pluggy.PluginManager("benehub")
    manager.add_hookspecs(hookspecs)
    manager.register(Plugin())
    store = open_hub(folder)
    hub = Hub(store, manager)
    with store.read("acme") as session:
        hub.book(session)
    yield
    counts = {}
    for run in ("first", "second"):
        batch, _ = sync.read(hub, "acme", "bench_hris", "employee", run, True)
        counts[run] = sync.apply(hub, "acme", batch)
        if run == "first":
            yield
    store.close()
    yield {"loaded": counts["first"]["applied"], "unchanged": counts["second"]["unchanged"]}


def bare(folder: Path, size: int) -> Iterator[Any]:
    """Parse and upsert everything; then parse, hash and write what differs (nothing does)."""
    database = sqlite3.connect(folder / "bare.db", isolation_level=None)
    database.execute("PRAGMA synchronous=NORMAL")
    names = ("id", "hash", *COLUMNS)
    upsert = f"INSERT INTO employee VALUES ({', '.join('?' * len(names))}) ON CONFLICT (id) DO UPDATE SET " + ", ".join(
        f"{name} = excluded.{name}" for name in names[1:]
    )

    def digest(row: dict[str, Any]) -> str:
        return hashlib.sha256(json.dumps(row, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def values(row: dict[str, Any], found: str) -> tuple[Any, ...]:
        return (row["id"], found, *(row[name] for name in COLUMNS))

    yield
    database.execute("BEGIN IMMEDIATE")
    loaded = 0
    for payload in payloads(folder):
        rows = [values(row, digest(row)) for row in json.loads(payload)]
        database.executemany(upsert, rows)
        loaded += len(rows)
    database.execute("COMMIT")
    yield
    known = dict(database.execute("SELECT id, hash FROM employee"))
    database.execute("BEGIN IMMEDIATE")
    unchanged = 0
    for payload in payloads(folder):
        changed = []
        for row in json.loads(payload):
            found = digest(row)
            if known.get(row["id"]) == found:
                unchanged += 1
            else:
                changed.append(values(row, found))
        database.executemany(upsert, changed)
    database.execute("COMMIT")
    database.close()
    yield {"loaded": loaded, "unchanged": unchanged}
