"""Pages of people by the API with few and with many of them, in one process and turn by turn: is the p95 flat?

The same of searches: by the beginning of a name, and by a first and a last name.

As a case of `make bench` each side asks for `CALLS` pages. By itself, as by `make bench PEOPLE="--people 1000 10000"`,
it tells median and p95 of CPU time and, beside them, p95 on the wall:
python tests/bench/bench_api.py [--people 1000 100000] [--calls 300] [--urls URL URL]
The databases are SQLite, or those that `--urls` names, one a size (empty before): of PostgreSQL the CPU time holds the
client's share alone, so there the ratio is that of the wall.

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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Any

LIMIT = 50
CALLS = 50
MEASURED = 50_000
"""People from whom on figures mean something; fewer only show that it runs."""


def prepare(folder: Path, size: int) -> None:
    """A hub of so many employees, and one of a hundredth."""
    for people in (size, size // 100):
        fill(folder, people)


def ours(folder: Path, size: int) -> Iterator[Any]:
    """Pages anywhere in the list of many people."""
    return _pages(folder, size, calls_at(size))


def few(folder: Path, size: int) -> Iterator[Any]:
    """The same of few people."""
    return _pages(folder, size // 100, calls_at(size))


def calls_at(size: int) -> int:
    """Pages that each side asks for; a few where nothing is measured."""
    return CALLS if size >= MEASURED else 5


def _pages(folder: Path, people: int, calls: int) -> Iterator[Any]:
    client, chance = client_of(folder, people), random.Random(1)
    starts = [f"E{chance.randrange(people - LIMIT - 1):07d}" for _ in range(calls)]
    page_after(client, starts[0])
    yield
    for start in starts:
        page_after(client, start)
    yield calls


search_prepare = prepare


def search_ours(folder: Path, size: int) -> Iterator[Any]:
    """Searches among many people."""
    return _searches(folder, size, calls_at(size))


def search_few(folder: Path, size: int) -> Iterator[Any]:
    """The same among few."""
    return _searches(folder, size // 100, calls_at(size))


def _searches(folder: Path, people: int, calls: int) -> Iterator[Any]:
    client, chance = client_of(folder, people), random.Random(1)
    names = [named(chance.randrange(people)) for _ in range(calls)]
    found(client, names[0][0][:2])
    yield
    for first, _ in names:
        found(client, first[:2])
    yield None
    for first, last in names:
        found(client, f"{first} {last}")
    yield calls


SYLLABLES = ("ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "zu")


def named(number: int) -> tuple[str, str]:
    """First and last name of an employee: a hundred first names, a thousand last ones."""
    digits = f"{number % 100:02d}{(number * 7 + number // 100) % 1000:03d}"
    word = [SYLLABLES[int(digit)] for digit in digits]
    return "".join(word[:2]), "".join(word[2:])


@dataclass(frozen=True, slots=True)
class Took:
    """Microseconds of a call."""

    cpu: int
    wall: int


@contextmanager
def timed(into: list[Took]) -> Iterator[None]:
    """Adds what is done meanwhile."""
    began, worked = time.perf_counter_ns(), time.process_time_ns()
    yield
    into.append(Took((time.process_time_ns() - worked) // 1000, (time.perf_counter_ns() - began) // 1000))


def found(client: Any, text: str) -> Took:
    """The first page of a search; somebody is found."""
    took: list[Took] = []
    with timed(took):
        told = client.get("/api/v1/employers/acme/people", params={"limit": LIMIT, "search": text})
    if told.status_code != 200 or not told.json()["items"]:
        raise SystemExit(f"nobody is found by {text}: {told.text[:200]}")
    return took[0]


def _store(folder: Path, people: int, url: str = "") -> Any:
    from benehub.crypto import Vault
    from benehub.store import open_store

    return open_store(url or f"sqlite:///{folder / f'{people}.db'}", Vault({"k1": b"k" * 32}))


def fill(folder: Path, people: int, url: str = "") -> None:
    """A hub with so many employees."""
    from benehub.periods import FOREVER
    from benehub.store.tables import employer, fact, person

    store = _store(folder, people, url)
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
        first, recorded_at = session.take_seq(people)
        session.add(
            fact,
            (
                {"fact_id": f"fct_{n:020x}", "kind": "employee", "subject": f"per_{n:024d}", "fact_key": "",
                 "effective_from": date(2020, 1, 1), "effective_to": FOREVER, "seq": first + n, "source": "bench",
                 "data": dict(zip(("first_name", "last_name"), named(n), strict=True)), "recorded_at": recorded_at}
                for n in range(people)
            ),
        )  # fmt: skip
    store.refresh_statistics()
    store.close()


def client_of(folder: Path, people: int, url: str = "") -> Any:
    """A caller of that hub."""
    from fastapi.testclient import TestClient

    from benehub import plugins
    from benehub.access import Caller, Role
    from benehub.api.app import create_app
    from benehub.api.v1.limits import Limits
    from benehub.flows import Hub

    store = _store(folder, people, url)
    caller = Caller("usr_bench", "Bench", everywhere=frozenset({Role.OWNER}))
    app = create_app(Hub(store, plugins.build(load_strangers=False)), lambda _request: caller)
    app.state.limits = Limits(store.windows, 10**9)
    return TestClient(app)


def page_after(client: Any, start: str) -> Took:
    """The page behind a member id; the page is full."""
    from benehub.api.v1.paging import _digest

    path = "/api/v1/employers/acme/people"
    place = f'["{_digest(f"""["{path}", []]""")}","{start}"]'
    cursor = urlsafe_b64encode(place.encode()).decode().rstrip("=")
    took: list[Took] = []
    with timed(took):
        found = client.get(path, params={"limit": LIMIT, "cursor": cursor})
    if found.status_code != 200 or len(found.json()["items"]) != LIMIT:
        raise SystemExit(f"no page behind {start}: {found.text[:200]}")
    return took[0]


def measure(sizes: Sequence[int], calls: int, urls: Sequence[str] = ()) -> dict[str, dict[int, list[Took]]]:
    """What each call took, by kind of call and size."""
    chance = random.Random(1)

    def page(client: Any, size: int) -> Took:
        return page_after(client, f"E{chance.randrange(size - LIMIT - 1):07d}")

    def beginning(client: Any, size: int) -> Took:
        return found(client, named(chance.randrange(size))[1][:2])

    def both_names(client: Any, size: int) -> Took:
        return found(client, " ".join(named(chance.randrange(size))))

    kinds = {"page": page, "beginning of a name": beginning, "both names": both_names}
    with tempfile.TemporaryDirectory(prefix="benehub-bench-") as scratch:
        places = dict(zip_longest(sizes, urls, fillvalue=""))
        for size, url in places.items():
            fill(Path(scratch), size, url)
        clients = {size: client_of(Path(scratch), size, url) for size, url in places.items()}
        times: dict[str, dict[int, list[Took]]] = {kind: {size: [] for size in sizes} for kind in kinds}
        for number in range(calls + 20):
            for kind, call in kinds.items():
                for size, client in clients.items():
                    took = call(client, size)
                    if number >= 20:  # the first ones warm up
                        times[kind][size].append(took)
    return times


def at(values: Iterable[int], percent: int) -> float:
    """Milliseconds that so many in a hundred stay below."""
    ordered = sorted(values)
    return ordered[len(ordered) * percent // 100] / 1000


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description="p95 of a page of people, by how many there are")
    parser.add_argument("--people", type=int, nargs="+", default=[1000, 100_000])
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--urls", nargs="+", default=[])
    given = parser.parse_args()
    if given.urls and len(given.urls) != len(given.people):
        parser.error("as many addresses as sizes")
    for kind, taken in measure(given.people, given.calls, given.urls).items():
        for size, took in taken.items():
            cpu, wall = [one.cpu for one in took], [one.wall for one in took]
            sys.stdout.write(
                f"{kind}, {size:,} people: median {at(cpu, 50):.1f} ms, p95 {at(cpu, 95):.1f} ms of CPU,"
                f" {at(wall, 95):.1f} ms on the wall\n"
            )
        least, most = taken[min(taken)], taken[max(taken)]
        ratios = [
            at(many, 95) / at(few, 95)
            for many, few in (
                ([one.cpu for one in most], [one.cpu for one in least]),
                ([one.wall for one in most], [one.wall for one in least]),
            )
        ]
        sys.stdout.write(f"{kind}, p95 of the largest to the smallest: {ratios[0]:.2f}, on the wall {ratios[1]:.2f}\n")


if __name__ == "__main__":
    main()
