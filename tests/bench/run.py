"""Measures what the hub costs beside a bare peer doing the same work in the same run: `make bench`.

CPU seconds and memory of one machine say little about another, a ratio says more. So each side of a case runs
in a child process of its own, sides taking turns, and the smallest CPU time of each side counts. Nothing here
passes or fails by time; a case fails only when the two sides do not come to the same answer.

A side is a generator: up to its first `yield` it gets ready, up to each further one it does a phase of the work,
and with the last it gives its answer (or a function that works it out off the clock). This runner imports nothing
but the standard library: a child's peak memory starts from that of the process that started it.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MAX_SECONDS = 300
"""A side that takes longer is ended; at a larger size than the case's own it has as much more."""


PEERS = "BENEHUB_BENCH_PEERS"
"""Names a Python that has the peers which are no part of this environment."""


@dataclass(frozen=True)
class Case:
    """One piece of work: its module, how much of it, the peers, and what is aimed at against each.

    `aims` are of each peer by phase; empty where none is set. `shares` says of each peer that it does one in so
    many units, because all of them would take too long: its CPU time is taken that many times. A peer in `up_to` is
    left out beyond that size. Sides of a case that `reads` change nothing, so they share what was prepared. A peer
    that is `apart` (with the package it needs) runs in a Python that has it. A case of `once` is not repeated. A
    phase does one in `parts` of the work. `least` is how many seconds a unit takes at least, by what it waits for: then
    the wall clock is told as a multiple of that. `full` are its sizes, each once, with `--full`.
    """

    name: str
    module: str
    unit: str
    size: int
    quick: int
    peers: tuple[str, ...]
    phases: tuple[str, ...] = ("",)
    aims: tuple[tuple[str, ...], ...] = ()
    prefix: str = ""
    shares: tuple[int, ...] = ()
    up_to: tuple[tuple[str, int], ...] = ()
    reads: bool = False
    apart: tuple[tuple[str, str], ...] = ()
    once: bool = False
    parts: tuple[int, ...] = ()
    least: tuple[float, ...] = ()
    full: tuple[int, ...] = ()

    def peers_at(self, size: int) -> tuple[str, ...]:
        """The peers that are measured at a size."""
        limits = dict(self.up_to)
        return tuple(peer for peer in self.peers if size <= limits.get(peer, size))


READS = ("first load", "unchanged load", "1 % changed", "incremental")

CASES = (
    Case(
        "834 writing", "bench_x12", "member", 10_000, 50, ("elements", "fstrings", "join"),
        aims=(("<= 0.6",), ("",), ("",)), prefix="write_",
    ),
    Case("834 reading", "bench_x12", "member", 10_000, 50, ("split",), aims=(("<= 5",),), prefix="read_"),
    Case(
        "834 raw segments", "bench_x12", "member", 10_000, 50, ("split", "pyx12"), aims=(("<= 2",), ("",)),
        prefix="raw_",
    ),
    Case("834 beside a judge", "bench_x12", "member", 1_000, 50, ("pyx12",), prefix="judged_"),
    Case("ledger append", "bench_ledger", "entry", 5_000, 40, ("core", "executemany"), aims=(("<= 2",), ("",))),
    Case(
        "HRIS sync", "bench_sync", "employee", 20_000, 120, ("bare", "dlt", "singer"), READS,
        (("<= 2", "<= 1.3", "", "<= 0.5 s"), ("<= 0.35", "", "", ""), ("", "", "", "")),
        apart=(("dlt", "dlt"), ("singer", "singer_sdk")),
    ),
    Case(
        "HRIS sync, large", "bench_sync", "employee", 200_000, 120, ("bare",), READS,
        (("<= 2", "<= 1.3", "", "<= 0.5 s"),), once=True,
    ),
    Case("payroll comparison", "bench_payroll", "line", 25_000, 80, ("sql",)),
    Case(
        "everybody's amounts", "bench_setwise", "employee", 3_000, 100, ("each", "rows"), ("premiums", "deductions"),
        up_to=(("each", 10_000),), reads=True,
    ),
    Case(
        "salaries all different", "bench_setwise", "employee", 3_000, 100, ("each", "rows"),
        ("premiums", "deductions"), prefix="apart_", up_to=(("each", 10_000),), reads=True,
    ),
    Case(
        "contributions from CSV", "bench_contributions", "row", 100_000, 2_000, ("polars", "duckdb", "datacompy"),
        aims=(("<= 1.3",), ("",), ("<= 0.5",)), prefix="csv_", reads=True,
        apart=(("duckdb", "duckdb"), ("datacompy", "datacompy")),
    ),
    Case(
        "contributions from CSV, large", "bench_contributions", "row", 1_000_000, 2_000,
        ("polars", "duckdb", "datacompy"), aims=(("<= 1.3",), ("",), ("<= 0.5",)), prefix="csv_", reads=True,
        apart=(("duckdb", "duckdb"), ("datacompy", "datacompy")), once=True, full=(1_000_000, 5_000_000),
    ),
    Case(
        "contributions in the database", "bench_contributions", "row", 100_000, 2_000, ("merge",), aims=(("<= 1.3",),),
        prefix="db_", reads=True, full=(1_000_000, 5_000_000),
    ),
    Case(
        "ledger balances", "bench_balances", "leg", 200_000, 2_000, ("sums",),
        ("one account", "all", "as of a day", "as known"), (("1 ms", "50 ms", "1 s", "1 s"),), reads=True,
        full=(10_000_000,),
    ),
    Case("HTTP, 1 thread", "bench_http", "call", 1_000, 20, ("httpx",), prefix="one_"),
    Case("HTTP, 16 threads", "bench_http", "call", 2_000, 32, ("httpx",), aims=(("1 ms each",),), prefix="many_"),
    Case(
        "sending", "bench_sending", "call", 10_000, 100, ("calls", "httpx"),
        ("1 at once", "8 at once", "64 at once"), (("wall 1.3",) * 3, ("",) * 3), parts=(50, 5, 1),
        least=(0.05, 0.05 / 8, 0.05 / 64), once=True,
    ),
    Case(
        "834 checking", "bench_x12_check", "member", 10_000, 50, ("pyx12", "split"),
        aims=(("<= 0.1",), ("",)), prefix="check_", shares=(20, 1),
    ),
    Case(
        "834 checking, large", "bench_x12_check", "member", 50_000, 50, ("pyx12", "split"),
        aims=(("<= 0.1",), ("",)), prefix="check_", shares=(20, 1),
    ),
    Case(
        "page", "bench_pages", "employee", 100_000, 1_000, ("few",),
        ("Today", "Reconcile", "one comparison", "type and owner", "text", "oldest", "middle", "one difference"),
        aims=(("200 ms",) * 8,), reads=True,
    ),
    Case("API, people", "bench_api", "employee", 100_000, 10_000, ("few",), aims=(("<= 1.2",),), reads=True),
    Case(
        "API, search", "bench_api", "employee", 100_000, 10_000, ("few",), ("one word", "both names"),
        aims=(("<= 1.2", "<= 2"),), prefix="search_", reads=True,
    ),
    Case("--help", "bench_help", "call", 10, 1, ("typer",), aims=(("<= 1.5",),), reads=True),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A line of the table: one phase of a case against one peer. CPU in seconds, memory in MiB."""

    case: str
    size: int
    unit: str
    peer: str
    ours_cpu: float
    peer_cpu: float
    ours_mib: int
    peer_mib: int
    ours_grew_mib: int
    aim: str
    ours_wall: float = 0
    """Of the least that waiting alone takes; 0 where a case does not wait."""
    peer_wall: float = 0

    @property
    def ratio(self) -> float:
        """Ours over the peer's."""
        return self.ours_cpu / max(self.peer_cpu, 1e-6)


def used() -> tuple[float, int]:
    """CPU seconds so far of this process and of those it has waited for, and its own peak memory in KiB."""
    usage, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = usage.ru_maxrss // 1024 if sys.platform == "darwin" else usage.ru_maxrss
    return sum(one.ru_utime + one.ru_stime for one in (usage, children)), peak


def child(module: str, side: str, size: int, folder: Path) -> None:
    """Do one side and print what it took."""
    function = getattr(importlib.import_module(module), side)
    if side.endswith("prepare"):
        function(folder, size)
        return
    steps: Iterator[Any] = function(folder, size)
    next(steps)
    (before, start), phases, told = used(), [], None
    began = time.monotonic()
    for told in steps:  # noqa: B007 - the last one is the answer
        (after, peak), ended = used(), time.monotonic()
        phases.append({"cpu": after - before, "peak_kib": peak, "wall": ended - began})
        before, began = used()[0], time.monotonic()
    answer = told() if callable(told) else told
    sys.stdout.write(json.dumps({"start_kib": start, "phases": phases, "answer": answer}))


def python_with(package: str) -> str | None:
    """A Python that has a package: the one named in BENEHUB_BENCH_PEERS, or this one; None where neither has it."""
    for one in (os.environ.get(PEERS), sys.executable):
        if one and not subprocess.run([one, "-c", f"import {package}"], capture_output=True, check=False).returncode:
            return one
    return None


def start(
    module: str,
    side: str,
    size: int,
    folder: Path,
    seconds: float = MAX_SECONDS,
    python: str = sys.executable,
    quick: bool = False,
) -> Any:
    """Run `child` in a process of its own; in this one where nothing is measured."""
    if quick and python == sys.executable:
        with io.StringIO() as told, redirect_stdout(told):
            child(module, side, size, folder)
            text = told.getvalue()
        return json.loads(text) if text else None
    command = [python, __file__, "--child", module, side, "--size", str(size), "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode:
        raise SystemExit(f"{module}.{side} failed:\n{done.stderr}")
    return json.loads(done.stdout) if done.stdout else None


def measure(case: Case, size: int, repeat: int, scratch: Path, quick: bool = False) -> list[Row]:
    """All rows of a case; refuses when the sides come to different answers."""
    prepared = scratch / case.prefix / case.module
    prepared.mkdir(parents=True)
    seconds = MAX_SECONDS * max(1.0, size / case.size)
    start(case.module, f"{case.prefix}prepare", size, prepared, seconds, quick=quick)
    pythons = {peer: python_with(package) for peer, package in case.apart}
    for peer in (peer for peer, python in pythons.items() if python is None):
        sys.stdout.write(f"{case.name}: {peer} is left out, no Python has it (see docs/bench.md)\n")
    peers = tuple(peer for peer in case.peers_at(size) if pythons.get(peer, sys.executable))
    sides = ("ours", *peers)
    taken: dict[str, list[Any]] = {side: [] for side in sides}
    for _ in range(1 if case.once else repeat):
        for side in sides:
            work = prepared if case.reads else scratch / "work"
            if not case.reads:
                shutil.copytree(prepared, work)
            taken[side].append(
                start(
                    case.module, f"{case.prefix}{side}", size, work, seconds, pythons.get(side) or sys.executable, quick
                )
            )
            if not case.reads:
                shutil.rmtree(work)
    # A side that only reads has no answer; finding nothing is one.
    told = [(side, one["answer"]) for side, runs in taken.items() for one in runs]
    answers = {side: json.dumps(answer) for side, answer in told if answer is not None}
    if len(set(answers.values())) > 1:
        raise SystemExit(f"{case.name}: the sides do not agree: {answers}")
    return [_row(case, size, taken, number, phase, peer) for number, phase in enumerate(case.phases) for peer in peers]


def _row(case: Case, size: int, taken: dict[str, list[Any]], number: int, phase: str, peer: str) -> Row:
    done = size // case.parts[number] if case.parts else size

    def cpu(side: str) -> float:
        return float(min(one["phases"][number]["cpu"] for one in taken[side]))

    def wall(side: str) -> float:
        least = case.least[number] * done if case.least else 0
        return float(min(one["phases"][number]["wall"] for one in taken[side])) / least if least else 0

    def mib(side: str) -> int:
        return int(min(one["phases"][number]["peak_kib"] for one in taken[side])) // 1024

    grew = min(one["phases"][number]["peak_kib"] - one["start_kib"] for one in taken["ours"]) // 1024
    at = case.peers.index(peer)
    aim = case.aims[at][number] if case.aims else ""
    share = case.shares[at] if case.shares else 1
    name = f"{case.name}, {phase}" if phase else case.name
    return Row(
        name, done, case.unit, peer, cpu("ours"), cpu(peer) * share, mib("ours"), mib(peer), grew, aim, wall("ours"),
        wall(peer),
    )  # fmt: skip


HEAD = ("case", "peer", "ours s", "us each", "peer s", "ratio", "aim", "MiB", "grew", "peer MiB", "wall", "peer wall")


def _short(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.2f}"


def _wall(times: float) -> str:
    return f"{times:.2f}" if times else "-"


def table(rows: Sequence[Row]) -> str:
    """The rows in columns."""
    lines = [
        (
            f"{row.case} ({row.size:,})", row.peer, f"{row.ours_cpu:.3f}", f"{row.ours_cpu / row.size * 1e6:.1f}",
            f"{row.peer_cpu:.3f}", _short(row.ratio), row.aim or "-", f"{row.ours_mib}", f"{row.ours_grew_mib}",
            f"{row.peer_mib}", _wall(row.ours_wall), _wall(row.peer_wall),
        )
        for row in rows
    ]  # fmt: skip
    widths = [max(len(line[column]) for line in (HEAD, *lines)) for column in range(len(HEAD))]
    shown = []
    for line in (HEAD, *lines):
        left = [part.ljust(width) for part, width in zip(line[:2], widths[:2], strict=True)]
        right = [part.rjust(width) for part, width in zip(line[2:], widths[2:], strict=True)]
        shown.append("  ".join([*left, *right]))
    return "\n".join(shown)


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description="CPU and memory of benehub beside bare peers")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: shows that it runs, measures nothing")
    parser.add_argument("--full", action="store_true", help="the large sizes, once: up to 10 million, for hours")
    parser.add_argument("--repeat", type=int, default=2, help="runs of each side; the smallest CPU time counts")
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    parser.add_argument("--json", type=Path, help="write the rows to this file as well")
    parser.add_argument("--size", type=int, help="how much of the work, instead of each case's own size")
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child[0], given.child[1], given.size, Path(given.folder))
        return
    rows: list[Row] = []
    for case in (case for case in CASES if given.only in case.name):
        sizes = (case.quick,) if given.quick else case.full if given.full else (given.size or case.size,)
        for size in sizes:
            with tempfile.TemporaryDirectory(prefix="benehub-bench-") as scratch:
                rows += measure(
                    case, size, 1 if given.quick or given.full else given.repeat, Path(scratch), given.quick
                )
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "load": load}
    sys.stdout.write(f"{table(rows)}\n\nPython {machine['python']}, {machine['cores']} cores, load {load}\n")
    if given.json:
        content = {"machine": machine, "rows": [{**asdict(row), "ratio": round(row.ratio, 3)} for row in rows]}
        given.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
