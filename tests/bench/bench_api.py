"""Pages of people by the API with few and with many of them, in one process and turn by turn: is the p95 flat?

As a case of `make bench` each side asks for `CALLS` pages. By itself it tells p95 on the wall:
python tests/bench/bench_api.py [--people 1000 100000] [--calls 300]

Calls are made in process, so that only the hub's own time counts. Each round asks every database for the same page,
anywhere in the list; the ratio is of the largest to the smallest.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

LIMIT = 50
CALLS = 50


def prepare(folder: Path, size: int) -> None:
    """A hub of so many employees, and one of a hundredth."""
    for people in (size, size // 100):
        fill(folder, people)


def ours(folder: Path, size: int) -> Iterator[Any]:
    """Pages anywhere in the list of many people."""
    return _pages(folder, size)


def few(folder: Path, size: int) -> Iterator[Any]:
    """The same of few people."""
    return _pages(folder, size // 100)


def _pages(folder: Path, people: int) -> Iterator[Any]:
    client, chance = client_of(folder, people), random.Random(1)
    starts = [f"E{chance.randrange(people - LIMIT - 1):07d}" for _ in range(CALLS)]
    page_after(client, starts[0])
    yield
    for start in starts:
        page_after(client, start)
    yield CALLS


def _store(folder: Path, people: int) -> Any:
    from benehub.crypto import Vault
    from benehub.store import open_store

    return open_store(f"sqlite:///{folder / f'{people}.db'}", Vault({"k1": b"k" * 32}))


def fill(folder: Path, people: int) -> None:
    """A hub with so many employees."""
    from benehub.store.tables import employer, person

    store = _store(folder, people)
    store.migrate()
    row = {"name": "Acme", "country": "US", "currency": "USD", "seq": 0, "recorded_at": "", "ledger_head": ""}
    with store.write("acme") as session:
        session.add(employer, [row])
    with store.write("acme") as session:
        session.add(
            person,
            (
                {"person_id": f"per_{n:024d}", "kind": "employee", "subscriber_id": f"per_{n:024d}",
                 "member_id": f"E{n:07d}", "seq": n}
                for n in range(people)
            ),
        )  # fmt: skip
    store.close()


def client_of(folder: Path, people: int) -> Any:
    """A caller of that hub."""
    from fastapi.testclient import TestClient

    from benehub import plugins
    from benehub.access import Caller, Role
    from benehub.api.app import create_app
    from benehub.api.v1.limits import Limits
    from benehub.flows import Hub

    store = _store(folder, people)
    caller = Caller("usr_bench", "Bench", everywhere=frozenset({Role.OWNER}))
    app = create_app(Hub(store, plugins.build(load_strangers=False)), lambda _request: caller)
    app.state.limits = Limits(store.windows, 10**9)
    return TestClient(app)


def page_after(client: Any, start: str) -> int:
    """Microseconds for the page behind a member id; the page is full."""
    from benehub.api.v1.paging import _digest

    path = "/api/v1/employers/acme/people"
    place = f'["{_digest(f"""["{path}", []]""")}","{start}"]'
    cursor = urlsafe_b64encode(place.encode()).decode().rstrip("=")
    began = time.perf_counter_ns()
    found = client.get(path, params={"limit": LIMIT, "cursor": cursor})
    took = time.perf_counter_ns() - began
    if found.status_code != 200 or len(found.json()["items"]) != LIMIT:
        raise SystemExit(f"no page behind {start}: {found.text[:200]}")
    return took // 1000


def measure(sizes: Sequence[int], calls: int) -> dict[int, tuple[int, int]]:
    """Median and p95 of each size, in microseconds."""
    chance = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="benehub-bench-") as scratch:
        for size in sizes:
            fill(Path(scratch), size)
        clients = {size: client_of(Path(scratch), size) for size in sizes}
        times: dict[int, list[int]] = {size: [] for size in sizes}
        for number in range(calls + 20):
            for size, client in clients.items():
                took = page_after(client, f"E{chance.randrange(size - LIMIT - 1):07d}")
                if number >= 20:  # the first ones warm up
                    times[size].append(took)
    return {size: (sorted(one)[len(one) // 2], sorted(one)[len(one) * 95 // 100]) for size, one in times.items()}


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description="p95 of a page of people, by how many there are")
    parser.add_argument("--people", type=int, nargs="+", default=[1000, 100_000])
    parser.add_argument("--calls", type=int, default=300)
    given = parser.parse_args()
    found = measure(given.people, given.calls)
    for size, (median, p95) in found.items():
        sys.stdout.write(f"{size:>9,} people: median {median / 1000:.1f} ms, p95 {p95 / 1000:.1f} ms\n")
    ratio = found[max(found)][1] / found[min(found)][1]
    sys.stdout.write(f"p95 of the largest to the smallest: {ratio:.2f}\n")


if __name__ == "__main__":
    main()
