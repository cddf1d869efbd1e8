"""A scheduled push while worker processes are killed at random moments, and the count of what came of it.

The vendor is a server of its own that outlives every worker: it keeps what it holds, counts each effect, and answers
some calls late, twice or with an error after it has done what was asked. Moments and victims are drawn from a seed.

Run as a program it is where workers come from: everything is loaded once, and each worker is a fork of that.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pluggy
from sqlalchemy import select

from benehub import hookspecs, ledger
from benehub.cli.logs import configure
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Connector
from benehub.connect.http import VendorClient
from benehub.crypto import Vault
from benehub.flows import Hub, bind, job_schedules
from benehub.flows.job_schedules import When
from benehub.flows.onboarding import connect, load_plan_book
from benehub.flows.schedulable import Wanted
from benehub.flows.worker import run_worker
from benehub.hookspecs import hookimpl
from benehub.store import iso, open_store
from benehub.store.tables import dispatch, entry, obligation, run, schedule

_FAKES = Path(__file__).resolve().parent.parent / "flows" / "fakehub.py"
_spec = importlib.util.spec_from_file_location("chaos_fakehub", _FAKES)
assert _spec is not None and _spec.loader is not None
fakehub = importlib.util.module_from_spec(_spec)
sys.modules["chaos_fakehub"] = fakehub
_spec.loader.exec_module(fakehub)

LATER: datetime = fakehub.NOW + timedelta(hours=19)
"""The workers' day: the schedule is due since an hour."""

LATENCY = 0.01
"""Seconds the vendor takes for an answer."""


class Quiet(ThreadingHTTPServer):
    """A server to whom it is nothing new that who asked is dead."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


class Server:
    """The vendor: `GET` tells what it holds, `POST` has an effect each time."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.held: dict[str, Any] = {}
        self.effects: list[str] = []
        self.calls = 0
        self.lock = threading.Lock()
        self.http = Quiet(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def answer(self, method: str, path: str, body: bytes) -> int:
        """The status; 500 is said as often after the effect as before it."""
        time.sleep(LATENCY)
        with self.lock:
            self.calls += 1
            fault = self.chance.random() if method == "POST" else 1
            if fault < 0.04:
                return 500
            if fault < 0.06:
                return 429
            if method == "POST":
                self.held[path] = json.loads(body)
                self.effects.append(path)
            return 500 if fault < 0.10 else 200

    def close(self) -> None:
        """Stop serving."""
        self.http.shutdown()
        self.http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._say("GET", b"")

            def do_POST(self) -> None:
                self._say("POST", self.rfile.read(int(self.headers["content-length"])))

            def _say(self, method: str, body: bytes) -> None:
                status = server.answer(method, self.path, body)
                said = json.dumps(server.held.get(self.path, {}) if method == "GET" else {"id": self.path}).encode()
                with contextlib.suppress(OSError):  # who asked may be dead
                    self.send_response(status)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", str(len(said)))
                    self.end_headers()
                    self.wfile.write(said)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler


class Payroll(fakehub.FakeConnector):  # type: ignore[name-defined,misc]  # loaded by its path
    """The vendor over a real network; it can be asked what it holds."""

    name = "chaos"
    guards: ClassVar[Mapping[str, Guard]] = {"deduction.set": Guard.READ_BACK}

    def client(self, settings: Any, secret: Mapping[str, str], **wiring: Any) -> VendorClient:
        """Waits are cut short: nothing here needs them."""
        return VendorClient(settings.folder, sleep=lambda seconds: time.sleep(min(seconds, 0.02)))


class Plugin:
    """Brings the connector."""

    @hookimpl
    def register_connectors(self) -> list[type[Connector]]:
        """The one."""
        return [Payroll]


def make_hub(url: str, now: datetime) -> Hub:
    """A hub on the database, without its engine."""
    manager = pluggy.PluginManager("benehub")
    manager.add_hookspecs(hookspecs)
    manager.register(Plugin())
    store = open_store(url, Vault({"k1": b"k" * 32}), lambda: now)
    return Hub(store, manager)


def set_up(url: str, vendor: str, employers: list[str], people: int) -> None:
    """Employers with their people's cover, and a push that is due at each of them."""
    hub = bind(make_hub(url, fakehub.NOW))
    hub.store.migrate()
    hub.engine.start()
    for employer in employers:
        load_plan_book(hub, fakehub.BOOK.replace("id: acme", f"id: {employer}"), "book")
        one = {"connector": "chaos", "settings": {"folder": vendor}}
        connect(hub, employer, {"hris": one, "payroll": one, "carrier": one})
        fakehub.feed(people)
        for connection, stream in (("hris", "employee"), ("hris", "election"), ("payroll", "payroll_person")):
            hub.start_flow("sync", employer, f"{connection}/{stream}", connection, stream, "1", False)
        hub.start_flow("coverage", employer, "1", "2026-10-01")
        job_schedules.add(hub, employer, "push", Wanted("deductions.push"), When(cron="0 6 * * *"))
    hub.engine.stop()
    hub.store.close()


@dataclass
class Nursery:
    """Workers by pid; each is a fork of one program that has loaded everything."""

    url: str
    log: Path
    alive: list[int] = field(default_factory=list)
    born: int = 0
    program: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        words = [sys.executable, __file__, self.url]
        with self.log.open("a") as errors:
            self.program = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )

    def bear(self) -> None:
        """One more worker, under a name that none had before."""
        assert self.program.stdin is not None and self.program.stdout is not None
        self.born += 1
        self.program.stdin.write(f"w{self.born}\n")
        self.program.stdin.flush()
        self.alive.append(int(self.program.stdout.readline()))

    def kill(self, pid: int) -> None:
        """As a power cut does; gone when this returns."""
        os.kill(pid, signal.SIGKILL)
        self.alive.remove(pid)
        with contextlib.suppress(ProcessLookupError):
            while True:
                os.kill(pid, 0)
                time.sleep(0.002)

    def close(self) -> None:
        """End all of them, and the program."""
        for pid in list(self.alive):
            with contextlib.suppress(ProcessLookupError):
                self.kill(pid)
        self.program.kill()
        self.program.communicate()


@dataclass
class Report:
    """What a run of chaos came to."""

    store: str
    seed: int
    obligations: int
    runs: int = 0
    kills: int = 0
    calls: int = 0
    effects: int = 0
    duplicates: int = 0
    """Effects at the vendor, or pending entries in the ledger, beyond one an obligation."""
    losses: int = 0
    """Obligations that are neither confirmed with an effect at the vendor nor held."""
    held: int = 0
    broken: list[str] = field(default_factory=list)
    """What does not hold of ledger, obligations and runs."""
    seconds: float = 0

    def __str__(self) -> str:
        told = {
            "seed": self.seed, "obligations": self.obligations, "runs": self.runs, "kills": self.kills,
            "calls": self.calls, "effects": self.effects, "duplicates": self.duplicates, "losses": self.losses,
            "held": self.held, "broken": len(self.broken), "seconds": round(self.seconds),
        }  # fmt: skip
        return f"{self.store:<10} " + "  ".join(f"{name} {value:<3}" for name, value in told.items())


@contextlib.contextmanager
def stage(url: str, seed: int, employers: list[str], people: int) -> Iterator[tuple[Server, Nursery]]:
    """The vendor, the database set up, and where workers come from."""
    server = Server(seed)
    with tempfile.TemporaryDirectory() as folder:
        nursery = Nursery(url, Path(folder) / "errors")  # it loads while the database is set up
        try:
            set_up(url, server.url, employers, people)
            yield server, nursery
        finally:
            nursery.close()
            server.close()


def chaos(url: str, seed: int, workers: int, employers: int, people: int, kills: int) -> Report:
    """Kill `kills` of the workers at moments of the vendor's traffic, then see to it that all is done; count."""
    began, chance = time.monotonic(), random.Random(seed)
    names = [f"employer{number}" for number in range(1, employers + 1)]
    report = Report(url.partition(":")[0].partition("+")[0], seed, employers * people)
    with stage(url, seed, names, people) as (server, nursery):
        for _ in range(workers):
            nursery.bear()
        # A person costs three calls or more: all moments lie before the last of them.
        traffic = employers * people * 2
        for moment in sorted(chance.sample(range(1, traffic), kills)):
            if not until(lambda moment=moment: server.calls >= moment, 120):  # type: ignore[misc]  # bound at once
                break
            time.sleep(chance.random() * 3 * LATENCY)
            nursery.kill(chance.choice(nursery.alive))
            report.kills += 1
            nursery.bear()
        hub = make_hub(url, LATER)
        finish(hub, names)
        count(hub, names, server, report)
        hub.store.close()
    report.seconds = time.monotonic() - began
    return report


def until(ready: Any, seconds: int) -> bool:
    """Wait; gives whether it came."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def finish(hub: Hub, employers: list[str]) -> None:
    """Let the schedules run until nothing is open: what is to be tried again by the next run needs one."""
    for turn in range(6):
        if not until(lambda: all(ended(hub, one) for one in employers), 120):
            return
        waiting = [one for one in employers if states(hub, one).keys() - {"confirmed", "held"}]
        if not waiting:
            return
        for employer in waiting:
            with hub.store.write(employer) as session:
                moment = iso(LATER - timedelta(minutes=30 - turn))
                session.change(schedule, {"name": "push"}, slot_at=moment, next_at=moment)


def ended(hub: Hub, employer: str) -> bool:
    """Whether every run has ended and the schedule is not due."""
    with hub.store.read(employer) as session:
        runs = session.rows(select(run.c.state).where(*session.where(run), run.c.flow.like("schedule.%")))
        (row,) = session.rows(select(schedule.c.next_at).where(*session.where(schedule)))
    return bool(runs) and all(one.state != "running" for one in runs) and row.next_at > iso(LATER)


def states(hub: Hub, employer: str) -> Counter[str]:
    """Obligations by state."""
    with hub.store.read(employer) as session:
        return Counter(row.state for row in session.rows(select(obligation.c.state).where(*session.where(obligation))))


def count(hub: Hub, employers: list[str], server: Server, report: Report) -> None:
    """What the vendor holds, what the ledger says and what the obligations say: one each, or held and counted."""
    report.calls, report.effects = server.calls, len(server.effects)
    report.duplicates = len(server.effects) - len(server.held)
    for employer in employers:
        found = states(hub, employer)
        report.held += found["held"]
        with hub.store.read(employer) as session:
            runs = session.rows(select(run.c.state).where(*session.where(run), run.c.flow.like("schedule.%")))
            entries = session.rows(
                select(entry.c.idempotency_key).where(*session.where(entry, status="pending", effective_date=PAY_DATE))
            )
            sent = session.rows(select(dispatch.c.state).where(*session.where(dispatch)))
            if not ledger.verify(session).ok:
                report.broken.append(f"ledger of {employer}")
        report.runs += len(runs)
        keys = Counter(row.idempotency_key.rpartition("/r")[0] for row in entries)
        people = report.obligations // len(employers)
        report.duplicates += sum(number - 1 for number in keys.values())
        report.losses += people - found["confirmed"] - found["held"] + max(people - len(keys), 0)
        if Counter(row.state for row in sent) != Counter({"sent": found["confirmed"], "held": found["held"]}):
            report.broken.append(f"dispatches of {employer}")
        if any(row.state != "done" for row in runs) and not found["held"]:
            report.broken.append(f"runs of {employer}: {Counter(row.state for row in runs)}")
    report.losses += max(report.obligations - report.held - len(server.held), 0)


PAY_DATE = datetime(2026, 10, 15).date()  # noqa: DTZ001 - a day, no moment


def main(url: str) -> None:
    """Fork a worker for each name that is read."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    configure()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            hub = make_hub(url, LATER)
            run_worker(hub, threading.Event(), line.strip(), 1)
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
