"""HRIS sync into SQLite: first, unchanged and 1 % changed in full, and the changes alone, all read from a server.

The server is a process of its own, so that its CPU is nobody's. The peer does the bare minimum: download, parse, hash
and upsert. `bench_sync_peers` has what others offer for the same work.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

PAGE = 500
COLUMNS = (
    "employee_number", "first_name", "last_name", "birth_date", "sex", "ssn", "email", "address1", "city", "state",
    "zip_code", "country", "hire_date", "employment_class", "weekly_hours", "pay_group", "department", "location",
    "marital_status",
)  # fmt: skip
FIRST, AGAIN, CHANGED, SINCE = range(4)
"""The reads, in order: everybody, everybody unchanged, everybody with 1 % changed, and 1 % changed alone."""
NEW_NAME = {CHANGED: 7, SINCE: 11}
"""From which read on which employees (by the last two digits of their number) have another name."""

Get = Callable[[str], tuple[bytes, Any]]
"""A page as it came, and parsed."""


def employee(number: int, read: int = FIRST) -> dict[str, Any]:
    """A made-up employee as a read tells him; his SSN was never issued."""
    married = any(read >= since and number % 100 == digits for since, digits in NEW_NAME.items())
    values = (
        f"{number:06d}", "Ann", f"{'Birch' if married else 'Alder'} {number}", "1990-01-01", "F", f"9{number:08d}",
        f"a{number}@example.org", f"{number} Main St", "Denver", "CO", f"{10000 + number % 80000}", "US", "2024-01-01",
        "full_time", 40, "biweekly", f"D{number % 40}", f"L{number % 9}", "single",
    )  # fmt: skip
    return {"id": f"v{number}", **dict(zip(COLUMNS, values, strict=True))}


def told(size: int, read: int) -> Iterable[int]:
    """Whom a read tells."""
    return range(NEW_NAME[SINCE], size, 100) if read == SINCE else range(size)


class Vendor(BaseHTTPRequestHandler):
    """Answers `/employees?read=R&start=N` with the next page, and where the one after it starts."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    size = 0

    def do_GET(self) -> None:
        """One page."""
        query = parse_qs(urlsplit(self.path).query)
        read, start = int(query["read"][0]), int(query["start"][0])
        numbers = told(self.size, read)[start : start + PAGE]
        after = start + PAGE if start + PAGE < len(told(self.size, read)) else None
        body = json.dumps({"employees": [employee(number, read) for number in numbers], "next": after}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def served(size: int) -> Iterator[str]:
    """The address of a running server."""
    command = [sys.executable, __file__, str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def pages(get: Get, read: int) -> Iterator[tuple[bytes, Any]]:
    """Each page of a read as it came, and its employees."""
    start: int | None = 0
    while start is not None:
        payload, page = get(f"/employees?read={read}&start={start}")
        yield payload, page["employees"]
        start = page["next"]


def parsing(get: Callable[[str], bytes]) -> Get:
    """Gets a page and parses it, for a peer whose client does not."""

    def got(path: str) -> tuple[bytes, Any]:
        payload = get(path)
        return payload, json.loads(payload)

    return got


def state(names: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """What everybody has to come to: how many people there are, and how each is called."""
    lines = sorted(f"{number} {name}" for number, name in names)
    return {"employees": len(lines), "names": hashlib.sha256("\n".join(lines).encode()).hexdigest()}


def prepare(folder: Path, size: int) -> None:
    """Both databases, without anybody in them."""
    from bench_hub import make_hub

    make_hub(folder, "bench_hris").close()
    database = sqlite3.connect(folder / "bare.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute(f"CREATE TABLE employee (id PRIMARY KEY, hash, {', '.join(COLUMNS)})")
    database.close()


def hub_of(folder: Path, base: str) -> Any:
    """A hub whose one connection reads the server."""
    import pluggy
    from bench_hub import open_hub
    from pydantic import BaseModel

    from benehub import hookimpl, hookspecs
    from benehub.connect.connector import Connector, Incoming, Kind, Page
    from benehub.connect.http import VendorClient
    from benehub.connect.messages import read as reading
    from benehub.flows.hub import Hub

    class NoSettings(BaseModel):
        """None."""

    class BenchHris(Connector):
        """Reads page after page; its cursor is the number of the read."""

        name, kind = "bench_hris", Kind.HRIS
        Settings = NoSettings

        def client(self, settings: Any, secret: Any, **wiring: Any) -> VendorClient:
            """Of the server."""
            return VendorClient(base, **wiring)

        def read(self, stream: str, link: Any, cursor: str | None) -> Iterator[Page]:
            """One page after the other."""

            def get(path: str) -> tuple[bytes, Any]:
                answer = link.http().send(reading(path))
                return answer.body, answer.data

            number = self.number
            for payload, rows in pages(get, number):
                came = [Incoming(row.pop("id"), row) for row in rows]
                yield Page(stream, came, payload, cursor=str(number), full=cursor is None)

        number = FIRST

    class Plugin:
        """Registers it."""

        @hookimpl
        def register_connectors(self) -> list[type[Connector]]:
            """The one connector."""
            return [BenchHris]

    manager = pluggy.PluginManager("benehub")
    manager.add_hookspecs(hookspecs)
    manager.register(Plugin())
    hub = Hub(open_hub(folder), manager)
    return hub, BenchHris


def ours(folder: Path, size: int) -> Iterator[Any]:
    """The flow's own steps: read into custody, check whole, apply in chunks, close."""
    from sqlalchemy import func, select

    from benehub import facts
    from benehub.flows import sync
    from benehub.store.tables import fact

    with served(size) as base:
        hub, connector = hub_of(folder, base)
        with hub.store.read("acme") as session:
            hub.book(session)
        yield
        counts, recorded = [], []
        for read in (FIRST, AGAIN, CHANGED, SINCE):
            connector.number = read
            batch, _ = sync.read(hub, "acme", "bench_hris", "employee", str(read), read != SINCE)
            counts.append(sync.apply(hub, "acme", batch))
            with hub.store.read("acme") as session:
                recorded.append(session.connection.execute(select(func.count()).select_from(fact)).scalar_one())
            yield
        with hub.store.read("acme") as session:
            everybody = facts.as_of(session, "employee", session.today())
            found = state((one.data["employee_number"], one.data["last_name"]) for one in everybody)
        hub.store.close()
    few = len(told(size, SINCE))
    assert [one["applied"] for one in counts] == [size, 0, len(range(NEW_NAME[CHANGED], size, 100)), few], counts
    assert [one["unchanged"] for one in counts] == [0, size, size - counts[2]["applied"], 0], counts
    assert recorded[0] == recorded[1] == 2 * size, recorded
    yield found


def bare(folder: Path, size: int) -> Iterator[Any]:
    """Download, parse, hash and upsert what differs from the hashes known before, in one transaction a read."""
    import httpx

    try:
        from orjson import loads
    except ImportError:
        loads = json.loads
    database = sqlite3.connect(folder / "bare.db", isolation_level=None)
    database.execute("PRAGMA synchronous=NORMAL")
    names = ("id", "hash", *COLUMNS)
    upsert = f"INSERT INTO employee VALUES ({', '.join('?' * len(names))}) ON CONFLICT (id) DO UPDATE SET " + ", ".join(
        f"{name} = excluded.{name}" for name in names[1:]
    )

    def get(path: str) -> tuple[bytes, Any]:
        payload = client.get(path).content
        return payload, loads(payload)

    def digest(row: dict[str, Any]) -> str:
        return hashlib.sha256(json.dumps(row, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    with served(size) as base, httpx.Client(base_url=base) as client:
        yield
        for read in (FIRST, AGAIN, CHANGED, SINCE):
            known = dict(database.execute("SELECT id, hash FROM employee")) if read in (AGAIN, CHANGED) else {}
            database.execute("BEGIN IMMEDIATE")
            for _, rows in pages(get, read):
                changed = []
                for row in rows:
                    found = digest(row)
                    if known.get(row["id"]) != found:
                        changed.append((row["id"], found, *(row[name] for name in COLUMNS)))
                database.executemany(upsert, changed)
            database.execute("COMMIT")
            yield
    found = state(database.execute("SELECT employee_number, last_name FROM employee"))
    database.close()
    yield found


def dlt(folder: Path, size: int) -> Iterator[Any]:
    """dlt into SQLite."""
    from bench_sync_peers import with_dlt

    with served(size) as base:
        yield from with_dlt(folder, base)


def singer(folder: Path, size: int) -> Iterator[Any]:
    """A tap and a target of singer-sdk, into SQLite."""
    from bench_sync_peers import with_singer

    with served(size) as base:
        yield from with_singer(folder, base)


if __name__ == "__main__":
    Vendor.size = int(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
