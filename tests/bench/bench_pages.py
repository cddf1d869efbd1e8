"""How long *Today* and *Reconcile* take with 100,000 employees and 50,000 open differences, beside a hundredth of them.

As a case of `make bench` each page is one phase, asked for once in a process that has shown it before. By itself,
`python tests/bench/bench_pages.py`, it tells median and p95: the pages are asked for as a browser does, one after the
other, through the whole application; the database is SQLite, or what `--url` names (empty before). Beside the time on
the wall stands the CPU time of this process, which a busy machine does not change (of PostgreSQL it holds the client's
share alone).
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench_hub import NOW, ROOT, add_people
from fastapi.testclient import TestClient

from benehub import planbook, plugins
from benehub.access import Caller, Role
from benehub.api.app import create_app
from benehub.crypto import Vault
from benehub.flows import Hub
from benehub.reconcile import Type
from benehub.store import Store, iso, open_store
from benehub.store.tables import connection, difference, employer, plan_book

RELATIONS = ("payroll", "premium", "retirement", "leave")
OWNERS = ("payroll", "carrier", "recordkeeper", "finance")
PAGES = {
    "today": "today",
    "reconcile": "reconcile",
    "... one comparison": "reconcile?relation=premium",
    "... by type and owner": "reconcile?type=RATE_DIFF&owner=carrier",
    "... by text": "reconcile?text=row+{last}",
    "... the oldest": "reconcile?order=age",
    "... in the middle": "reconcile?after=5000.dif_m",
    "one difference": "reconcile/differences/dif_{half:08d}",
}


def fill(store: Store, people: int, differences: int) -> None:
    """An employer with so many people and open differences."""
    text = (ROOT / "config" / "planbook.example.yaml").read_text(encoding="utf-8")
    book = planbook.load(text, "example")
    store.migrate()
    with store.write("acme") as session:
        row = {"name": "Acme", "country": "US", "currency": "USD"}
        session.add(employer, [{**row, "seq": 0, "recorded_at": "", "ledger_head": ""}])
        session.add(plan_book, [{"version": book.version, "content": text, "seq": session.take_seq()[0]}])
        names = ("hris", "payroll", "carrier")
        session.add(connection, [{"connection_id": n, "connector": n, "settings": {}, "mode": "live"} for n in names])
        ids = add_people(session, people)
        made = random.Random(7)
        types, plans = [one.value for one in Type], [plan.id for plan in book.plans]
        session.add(difference, (_row(n, made, ids, types, plans) for n in range(differences)))
    store.refresh_statistics()


def _row(number: int, made: random.Random, ids: list[str], types: list[str], plans: list[str]) -> dict[str, Any]:
    at, stake = iso(NOW), made.randrange(1, 10_000)
    return {
        "difference_id": f"dif_{number:08d}", "relation": made.choice(RELATIONS), "type": made.choice(types),
        "content_key": f"key {number}", "period": f"2026-{made.randrange(6, 12):02d}", "person_id": made.choice(ids),
        "plan": made.choice(plans), "reference": f"row {number}", "side": "carrier",
        "severity": made.choice(("high", "medium")), "owner": made.choice(OWNERS), "cause": "billed at another rate",
        "action": "ask the carrier", "expected": 100, "actual": 100 + stake, "at_stake": stake, "unit": "USD",
        "clear_by": None, "state": "discrepancy", "work_step": "", "times_seen": 1, "first_seq": number,
        "last_seq": number, "first_seen": at, "last_seen": at,
    }  # fmt: skip


def prepare(folder: Path, size: int) -> None:
    """Two hubs: one of so many employees and half as many open differences, and one of a hundredth."""
    for name, people in (("many", size), ("few", size // 100)):
        store = _open(f"sqlite:///{folder / name}.db")
        fill(store, people, people // 2)
        store.close()


def ours(folder: Path, size: int) -> Iterator[Any]:
    """Each page once, of many people."""
    return _each(folder / "many.db", size // 2)


def few(folder: Path, size: int) -> Iterator[Any]:
    """The same pages of few people."""
    return _each(folder / "few.db", size // 200)


def _each(path: Path, differences: int) -> Iterator[Any]:
    store = _open(f"sqlite:///{path}")
    client, paths = _client(store), [one.format(last=differences - 1, half=differences // 2) for one in PAGES.values()]
    for one in paths:  # the first time templates and plan book are read
        _shown(client, one)
    yield
    for one in paths:
        _shown(client, one)
        yield len(paths)
    store.close()


def _open(url: str) -> Store:
    return open_store(url, Vault({"k1": b"k" * 32}), lambda: NOW)


def _client(store: Store) -> TestClient:
    caller = Caller("usr_1", "Ann", everywhere=frozenset({Role.OWNER}))
    return TestClient(create_app(Hub(store, plugins.build(load_strangers=False)), lambda _request: caller))


def _shown(client: TestClient, path: str) -> None:
    answer = client.get(f"/e/acme/{path}")
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code}")


def measure(store: Store, differences: int, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds of each page, each round: on the wall, and of CPU."""
    client = _client(store)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in PAGES}
    for number in range(rounds + 1):
        for name, path in PAGES.items():
            begun, worked = time.perf_counter(), time.process_time()
            _shown(client, path.format(last=differences - 1, half=differences // 2))
            if number:  # the first time templates and plan book are read
                wall, cpu = time.perf_counter() - begun, time.process_time() - worked
                taken[name].append((wall * 1000, cpu * 1000))
    return taken


def main() -> None:
    """Make the database, ask for the pages, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--differences", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--url", default="")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = _open(asked.url or f"sqlite:///{Path(folder) / 'hub.db'}")
        fill(store, asked.people, asked.differences)
        taken = measure(store, asked.differences, asked.rounds)
        store.close()
    told = [f"{asked.people:,} people, {asked.differences:,} open differences; milliseconds"]
    for name, rounds in taken.items():
        walls, cpus = ([one[side] for one in rounds] for side in (0, 1))
        told.append(f"{name:22} {_figures(walls)}   CPU {_figures(cpus)}")
    sys.stdout.write("\n".join([*told, ""]))


def _figures(values: list[float]) -> str:
    p95 = statistics.quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
    return f"median {statistics.median(values):7.1f}  p95 {p95:7.1f}"


if __name__ == "__main__":
    main()
