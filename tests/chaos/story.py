"""A scheduled push, files of cover and of money, and a month's premiums while workers are killed, and the count.

The vendor is a server of its own that outlives every worker: it keeps what it holds, counts each effect, and answers
some calls with an error, too late or not at all after it has done what was asked. Workers are killed, stalled and born
with clocks that jump; the database is restarted in mid-run. Moments and victims are drawn from a seed.

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pluggy
from sqlalchemy import select

from benehub import hookspecs, ledger
from benehub.cli.logs import configure
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Connector, FileOut
from benehub.connect.content import Content
from benehub.connect.files import FolderMailbox
from benehub.connect.http import Caps, VendorClient
from benehub.crypto import Vault
from benehub.flows import Hub, bind, job_schedules
from benehub.flows.job_schedules import When
from benehub.flows.onboarding import connect, load_plan_book
from benehub.flows.schedulable import Wanted
from benehub.flows.worker import run_worker
from benehub.hookspecs import hookimpl
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.store import iso, open_store
from benehub.store.tables import person, run, schedule


def _loaded(name: str, place: Path) -> ModuleType:
    """A module by its place: no folder of tests is on the path."""
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fakehub = _loaded("chaos_fakehub", Path(__file__).resolve().parent.parent / "flows" / "fakehub.py")
counting = _loaded("chaos_counting", Path(__file__).with_name("counting.py"))
ticking = _loaded("chaos_ticking", Path(__file__).with_name("ticking.py"))

LATER: datetime = fakehub.NOW + timedelta(hours=19)
"""The workers' day: the schedule is due since an hour."""

LATENCY = 0.01
"""Seconds the vendor takes for an answer."""

PATIENCE = 1.0
"""Seconds a worker waits for one."""

PAID = date(2026, 9, 15)
"""The last pay date, whose contributions are deposited."""

DROPPED = 0
"""Stands for the status of an answer that never comes: the connection is cut."""

DELIVERY = 0.03
"""Seconds that a file takes to its folder, and as many until that is known."""

JUMP = 7200
"""Seconds by which a worker's clock may be off, either way."""

STEADY = 1.5
"""Seconds after which a worker's clock jumps, where it does."""


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
        """The status; an error, or none at all, is said as often after the effect as before it."""
        time.sleep(LATENCY)
        status, late = self._decide(method, path, body)
        if late:
            time.sleep(PATIENCE * 1.3)
        return status

    def _decide(self, method: str, path: str, body: bytes) -> tuple[int, bool]:
        with self.lock:
            self.calls += 1
            fault = self.chance.random() if method == "POST" else 1
            if fault < 0.04:
                return 500, False
            if fault < 0.06:
                return 429, False
            if fault < 0.08:
                return DROPPED, False
            if method == "POST":
                self.held[path] = json.loads(body)
                self.effects.append(path)
            if fault < 0.12:
                return (500 if fault < 0.10 else DROPPED), False
            return 200, fault < 0.13

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
                if status == DROPPED:
                    self.close_connection = True
                    return
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
    concurrency: ClassVar[int] = 3

    def client(self, settings: Any, secret: Mapping[str, str], **wiring: Any) -> VendorClient:
        """Waits are cut short: nothing here needs them."""
        caps = Caps(idle_seconds=PATIENCE)
        return VendorClient(settings.folder, caps=caps, sleep=lambda seconds: time.sleep(min(seconds, 0.02)))


class Box(FolderMailbox):
    """A folder that takes its time: what is killed is often in the midst of a delivery."""

    def put(self, name: str, data: Content) -> None:
        """Deliver."""
        time.sleep(DELIVERY)
        super().put(name, data)
        time.sleep(DELIVERY)


class Carrier(fakehub.FakeConnector):  # type: ignore[name-defined,misc]  # loaded by its path
    """A carrier, or a recordkeeper, that takes files into a folder."""

    name = "chaos_carrier"
    guards: ClassVar[Mapping[str, Guard]] = {"deduction.set": Guard.NONE}

    def mailbox(self, settings: Any, secret: Mapping[str, str]) -> Box:
        """Its folder, with one for each kind of file."""
        box = Path(settings.folder)
        for operation in counting.FILES.values():
            (box / operation).mkdir(parents=True, exist_ok=True)
        return Box(box)

    def render(self, operation: str, items: Sequence[Any], envelope: Any, settings: Any) -> FileOut:
        """One line a person."""
        lines = "\n".join(item.content.get("member_id") or item.content["employee_number"] for item in items)
        return FileOut(f"{operation}/{envelope.control}.txt", lines.encode(), "834")


class Plugin:
    """Brings the connectors."""

    @hookimpl
    def register_connectors(self) -> list[type[Connector]]:
        """Both."""
        return [Payroll, Carrier]


def make_hub(url: str, clock: Callable[[], datetime]) -> Hub:
    """A hub on the database, without its engine."""
    manager = pluggy.PluginManager("benehub")
    manager.add_hookspecs(hookspecs)
    manager.register(Plugin())
    store = open_store(url, Vault({"k1": b"k" * 32}), clock)
    return Hub(store, manager)


def set_up(url: str, vendor: str, boxes: Path, employers: list[str], people: int) -> None:
    """Employers with their people's cover; a push, a carrier's file and the month's premiums are due at each."""
    hub = bind(make_hub(url, lambda: fakehub.NOW))
    hub.store.migrate()
    hub.engine.start()
    for employer in employers:
        load_plan_book(hub, BOOK.replace("id: acme", f"id: {employer}"), "book")
        one, partner = {"connector": "chaos", "settings": {"folder": vendor}}, carrier(boxes, employer)
        connect(hub, employer, {"hris": one, "payroll": one, "carrier": partner, "keeper": partner})
        fakehub.feed(people)
        for connection, stream in (("hris", "employee"), ("hris", "election"), ("payroll", "payroll_person")):
            hub.start_flow("sync", employer, f"{connection}/{stream}", connection, stream, "1", False)
        hub.start_flow("coverage", employer, "1", "2026-10-01")
        withhold(hub, employer)
        for name, wanted in DUE.items():
            job_schedules.add(hub, employer, name, wanted, When(cron="0 6 * * *"))
    hub.engine.stop()
    hub.store.close()


def withhold(hub: Hub, employer: str) -> None:
    """What payroll took for the retirement plan on its last pay date: it is owed to the recordkeeper."""
    entries = []
    with hub.store.write(employer) as session:
        for number, row in enumerate(session.rows(select(person.c.person_id).where(*session.where(person))), 1):
            dims = (row.person_id, "401k", "pretax", str(Month.of(PAID)), PAID)
            legs = (
                Leg(chart.PAYROLL_CLEARING, "USD", number * 100, *dims),
                Leg(chart.DEFERRAL_PAYABLE, "USD", -number * 100, *dims),
            )
            entries.append(NewEntry(f"withheld/{row.person_id}", "deduction.withheld", PAID, legs, "story"))
        ledger.record(session, entries)


BOOK: str = fakehub.BOOK.replace(
    "carriers:\n",
    """  - id: 401k
    name: 401k
    benefit_type: retirement
    recordkeeper: keeper
    effective_from: 2026-01-01
    coverage_end: last_day
    deferral: {pretax_code: 401K, roth_code: ROTH}
    match: {code: M, formula: basic}
carriers:
""",
)

DUE = {
    "push": Wanted("deductions.push"),
    "file": Wanted("enrollments.send", "carrier"),
    "premiums": Wanted("premiums.accrue", options={"month": "this"}),
    "remittance": Wanted("premiums.remit", "carrier", options={"month": "this"}),
    "deposit": Wanted("retirement.deposit", "keeper", options={"back": "30"}),
}
"""What is scheduled, by the schedule's name."""


def carrier(boxes: Path, employer: str) -> dict[str, Any]:
    """The carrier's connection: a folder of the employer's own."""
    return {"connector": "chaos_carrier", "settings": {"folder": str(boxes / employer)}}


@dataclass
class Nursery:
    """Workers by pid; each is a fork of one program that has loaded everything."""

    url: str
    log: Path
    chance: random.Random
    alive: list[int] = field(default_factory=list)
    born: int = 0
    stalled: list[threading.Thread] = field(default_factory=list)
    program: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        words = [sys.executable, __file__, self.url]
        with self.log.open("a") as errors:
            self.program = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )

    def bear(self) -> None:
        """One more worker, under a name that none had before, with a clock of its own that jumps once."""
        assert self.program.stdin is not None and self.program.stdout is not None
        self.born += 1
        off, then = (self.chance.choice((0, self.chance.randint(-JUMP // 2, JUMP))) for _ in range(2))
        self.program.stdin.write(f"w{self.born} {off} {then}\n")
        self.program.stdin.flush()
        self.alive.append(int(self.program.stdout.readline()))

    def kill(self, pid: int) -> None:
        """As a power cut does; gone when this returns."""
        self.alive.remove(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            while True:
                os.kill(pid, 0)
                time.sleep(0.002)

    def tend(self) -> None:
        """Put another one in the place of each that has ended by itself, as a service manager does."""
        for pid in list(self.alive):
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                self.alive.remove(pid)
                self.bear()

    def stall(self, pid: int, seconds: float) -> None:
        """Freeze a worker in whatever it does; it goes on later and finishes the call it was in."""

        def thaw() -> None:
            time.sleep(seconds)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
        self.stalled.append(threading.Thread(target=thaw))
        self.stalled[-1].start()

    def close(self) -> None:
        """End all of them, and the program."""
        for thread in self.stalled:
            thread.join()
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
    stalls: int = 0
    restarts: int = 0
    ticks: int = 0
    """Ticks that came twice, or not for days."""
    calls: int = 0
    effects: int = 0
    duplicates: int = 0
    """Effects at the vendor, or pending entries in the ledger, beyond one an obligation."""
    files: int = 0
    """People that files told of, each kind for itself."""
    people: int = 0
    """Of each employer."""
    losses: int = 0
    """Obligations that are neither confirmed with an effect at the vendor nor held."""
    held: int = 0
    files_held: int = 0
    """Files whose delivery a kill broke off: that they are not in the mailbox proves nothing, so a person decides."""
    broken: list[str] = field(default_factory=list)
    """What does not hold of ledger, obligations and runs."""
    seconds: float = 0

    def __str__(self) -> str:
        told = {
            "seed": self.seed, "obligations": self.obligations, "runs": self.runs, "kills": self.kills,
            "stalls": self.stalls, "restarts": self.restarts, "ticks": self.ticks,
            "files": self.files, "calls": self.calls, "effects": self.effects,
            "duplicates": self.duplicates, "losses": self.losses, "held": self.held,
            "files held": self.files_held, "broken": len(self.broken), "seconds": round(self.seconds),
        }  # fmt: skip
        return f"{self.store:<10} " + "  ".join(f"{name} {value:<3}" for name, value in told.items())


@contextlib.contextmanager
def stage(url: str, seed: int, employers: list[str], people: int) -> Iterator[tuple[Server, Nursery, Path]]:
    """The vendor, the database set up, where workers come from, and the carriers' folders."""
    server = Server(seed)
    with tempfile.TemporaryDirectory() as folder:
        boxes = Path(folder) / "boxes"
        nursery = Nursery(url, Path(folder) / "errors", random.Random(seed))  # it loads while the database is set up
        try:
            set_up(url, server.url, boxes, employers, people)
            yield server, nursery, boxes
        finally:
            nursery.close()
            server.close()


@dataclass(frozen=True)
class Plan:
    """How much of it."""

    workers: int
    employers: int
    people: int
    kills: int
    stalls: int = 1
    restarts: int = 0
    ticks: int = 2


def chaos(url: str, seed: int, plan: Plan, restart: Callable[[], None] = lambda: None) -> Report:
    """Harm workers and database at moments of the vendor's traffic, then see to it that all is done; count."""
    began = time.monotonic()
    names = [f"employer{number}" for number in range(1, plan.employers + 1)]
    report = Report(url.partition(":")[0].partition("+")[0], seed, plan.employers * plan.people, people=plan.people)
    with stage(url, seed, names, plan.people) as (server, nursery, boxes):
        hub = make_hub(url, lambda: LATER)
        ticks = ticking.Ticks(hub, names, LATER)
        for _ in range(plan.workers):
            nursery.bear()
        harm(random.Random(seed), plan, server, nursery, report, {"restart": restart, "twice": ticks.twice,
                                                                  "missed": ticks.missed})  # fmt: skip
        finish(hub, names, nursery, ticks)
        counting.count(hub, names, server, report)
        counting.count_files(hub, names, boxes, report)
        counting.look_at_jobs(hub, report)
        report.broken += [f"nobody asked for {one}" for name in names for one in ticks.unasked(name)]
        hub.store.close()
    report.seconds = time.monotonic() - began
    return report


def harm(
    chance: random.Random, plan: Plan, server: Server, nursery: Nursery, report: Report,
    others: Mapping[str, Callable[[], Any]],
) -> None:  # fmt: skip
    """Kills, stalls, restarts and wrong ticks, in an order by chance; each waits for its moment."""
    kinds = ["kill"] * plan.kills + ["stall"] * plan.stalls + ["restart"] * plan.restarts
    kinds += [("twice", "missed")[number % 2] for number in range(plan.ticks)]
    chance.shuffle(kinds)
    # A person costs three calls or more: all moments lie before the last of them.
    moments = sorted(chance.sample(range(1, plan.employers * plan.people * 2), len(kinds)))
    for kind, moment in zip(kinds, moments, strict=True):
        if not until(lambda moment=moment: server.calls >= moment, 120, nursery):
            return
        time.sleep(chance.random() * 3 * LATENCY)
        if kind == "stall":
            nursery.stall(chance.choice(nursery.alive), chance.random() * 2)
            report.stalls += 1
        elif kind == "kill":
            nursery.kill(chance.choice(nursery.alive))
            report.kills += 1
            nursery.bear()
        elif kind == "restart":
            others[kind]()
            report.restarts += 1
        else:
            report.ticks += others[kind]()


def until(ready: Any, seconds: int, nursery: Nursery) -> bool:
    """Wait, with workers at work meanwhile; gives whether it came."""
    end = time.monotonic() + seconds
    while not ready():
        nursery.tend()
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def finish(hub: Hub, employers: list[str], nursery: Nursery, ticks: Any) -> None:
    """Let the schedules run until nothing is open: what is to be tried again by the next run needs one."""
    for turn in range(8):
        if not until(lambda: all(ended(hub, one) for one in employers), 120, nursery):
            return
        waiting = [one for one in employers if counting.unsettled(hub, one)]
        if not waiting:
            return
        for employer in waiting:
            ticks.due(LATER - timedelta(minutes=30 - turn), employer)


def ended(hub: Hub, employer: str) -> bool:
    """Whether every run has ended and no schedule is due."""
    with hub.store.read(employer) as session:
        runs = session.rows(select(run.c.state).where(*session.where(run), run.c.flow.like("schedule.%")))
        rows = session.rows(select(schedule.c.next_at).where(*session.where(schedule)))
    due = iso(LATER)
    return len(runs) >= len(DUE) and all(one.state != "running" for one in runs) and all(r.next_at > due for r in rows)


def jumping(off: int, then: int) -> Callable[[], datetime]:
    """A clock that is off by so many seconds, and by others a while later."""
    born = time.monotonic()
    return lambda: LATER + timedelta(seconds=off if time.monotonic() < born + STEADY else then)


def main(url: str) -> None:
    """Fork a worker for each name that is read."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    configure()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            name, off, then = line.split()
            try:
                hub = make_hub(url, jumping(int(off), int(then)))
                run_worker(hub, threading.Event(), name, 1)
            finally:
                os._exit(1)  # the database went away: whoever started it starts another one
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
