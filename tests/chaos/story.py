"""All that is told and all that is read by schedule while workers are killed, and the count.

The vendor (`vendor.py`) outlives every worker; its limit and its faults are in `door.py`. What it tells when it is read
(`books.py`) changes between two reads and in the midst of one. Workers are killed, stalled and born with clocks that
jump; the database is restarted in mid-run. Moments and victims are drawn from a seed.

Run as a program it is where workers come from: everything is loaded once, and each worker is a fork of that.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pluggy
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from benehub import hookspecs
from benehub.cli.logs import configure
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Connector, FileOut, Page
from benehub.connect.content import Content
from benehub.connect.files import FolderMailbox
from benehub.connect.http import Caps, VendorClient
from benehub.connect.limits import LimitBook
from benehub.crypto import Vault
from benehub.flows import Hub, bind, job_schedules
from benehub.flows.job_schedules import When
from benehub.flows.onboarding import connect, load_plan_book
from benehub.flows.schedulable import Wanted
from benehub.flows.worker import run_worker
from benehub.hookspecs import hookimpl
from benehub.store import iso, open_store
from benehub.store.tables import run, schedule


def _loaded(name: str, place: Path) -> ModuleType:
    """A module by its place: no folder of tests is on the path."""
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fakehub = _loaded("chaos_fakehub", Path(__file__).resolve().parent.parent / "flows" / "fakehub.py")
counting = _loaded("chaos_counting", Path(__file__).with_name("counting.py"))
accounted = _loaded("chaos_accounted", Path(__file__).with_name("accounted.py"))
book_of = _loaded("chaos_books", Path(__file__).with_name("books.py"))
door_of = _loaded("chaos_door", Path(__file__).with_name("door.py"))
vendor = _loaded("chaos_vendor", Path(__file__).with_name("vendor.py"))
ticking = _loaded("chaos_ticking", Path(__file__).with_name("ticking.py"))

LATER: datetime = fakehub.NOW + timedelta(hours=19)
"""The workers' day: the schedule is due since an hour."""

DELIVERY = 0.03
"""Seconds that a file takes to its folder, and as many until that is known."""

JUMP = 7200
"""Seconds by which a worker's clock may be off, either way."""

SLOWEST = LATER - timedelta(seconds=JUMP // 2)
"""The day of a worker whose clock is slow by the most: what is due to be done by any of them is due by that."""

SILENCE = 300
"""Seconds without a call to the vendor after which nothing is waited for any more: on a busy machine a lot is slow."""

STEADY = 1.5
"""Seconds after which a worker's clock jumps, where it does."""


class Settings(fakehub.VendorSettings):  # type: ignore[name-defined,misc]  # loaded by its path
    """Where the vendor answers, and where files to it lie."""

    url: str


class Networked(fakehub.FakeConnector):  # type: ignore[name-defined,misc]  # loaded by its path
    """A vendor over a real network."""

    Settings: ClassVar[type[Settings]] = Settings
    limit: ClassVar[int] = 0
    """Calls of the account in the vendor's period; 0: it is not minded, as while all is set up."""
    book: ClassVar[LimitBook] = LimitBook()

    def client(self, settings: Any, secret: Mapping[str, str], **wiring: Any) -> VendorClient:
        """A client whose own waits are cut short, so that what all workers share alone keeps the limit and the waits
        that the vendor asks for. One account, whichever employer and connection."""
        caps = Caps(connect_seconds=vendor.PATIENCE, idle_seconds=vendor.PATIENCE, exchange_seconds=5 * vendor.PATIENCE)
        limits = {"": self.book.window("chaos", "account", self.limit, door_of.PERIOD)} if self.limit else {}
        return VendorClient(
            settings.url, caps=caps, limits=limits, sleep=lambda seconds: time.sleep(min(seconds, 0.02))
        )

    def read(self, stream: str, link: Any, cursor: str | None) -> Iterator[Page]:
        """All of it, page by page."""
        return book_of.pages(link, stream)  # type: ignore[no-any-return]  # loaded by its path


class Payroll(Networked):
    """HRIS and payroll; it can be asked what it holds."""

    name = "chaos"
    streams: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("employee", "election", "payroll_person", "register_line"), "full"
    )
    guards: ClassVar[Mapping[str, Guard]] = {"deduction.set": Guard.READ_BACK}
    concurrency: ClassVar[int] = 3


class Box(FolderMailbox):
    """A folder that takes its time: what is killed is often in the midst of a delivery."""

    def put(self, name: str, data: Content) -> None:
        """Deliver."""
        time.sleep(DELIVERY)
        super().put(name, data)
        time.sleep(DELIVERY)


class Carrier(Networked):
    """A carrier, or a recordkeeper, that takes files into a folder and answers them."""

    name = "chaos_carrier"
    streams: ClassVar[Mapping[str, str]] = dict.fromkeys(("acknowledgement", "credit"), "full")
    guards: ClassVar[Mapping[str, Guard]] = {"deduction.set": Guard.NONE}

    def mailbox(self, settings: Any, secret: Mapping[str, str], **wiring: Any) -> Box:
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


def set_up(url: str, address: str, boxes: Path, employers: list[str]) -> None:
    """Employers with their people's cover; all that is told, and all that is read, is due at each."""
    hub = bind(make_hub(url, lambda: fakehub.NOW))
    hub.store.migrate()
    hub.engine.start()
    for employer in employers:
        load_plan_book(hub, BOOK.replace("id: acme", f"id: {employer}"), "book")
        one = {"connector": "chaos", "settings": {"url": address, "folder": str(boxes / employer)}}
        partner = {**one, "connector": "chaos_carrier"}
        connect(hub, employer, {"hris": one, "payroll": one, "carrier": partner, "keeper": partner})
        for connection, stream in (("hris", "employee"), ("hris", "election"), ("payroll", "payroll_person")):
            hub.start_flow("sync", employer, f"{connection}/{stream}", connection, stream, "1", False)
        hub.start_flow("coverage", employer, "1", "2026-10-01")
        for name, wanted in DUE.items():
            job_schedules.add(hub, employer, name, wanted, When(cron="0 6 * * *"))
    hub.engine.stop()
    hub.store.close()


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
    "people": Wanted("sync", "hris", options={"stream": "employee"}),
    "register": Wanted("payroll.results", "payroll"),
    "answers": Wanted("enrollments.acks", "carrier"),
    "credits": Wanted("retirement.credits", "keeper"),
}
"""What is scheduled, by the schedule's name."""


@dataclass
class Nursery:
    """Workers by pid; each is a fork of one program that has loaded everything."""

    url: str
    log: Path
    chance: random.Random
    limit: int
    frozen: list[tuple[float, float]]
    """From when to when one was stalled."""
    alive: list[int] = field(default_factory=list)
    born: int = 0
    stalled: list[threading.Thread] = field(default_factory=list)
    program: subprocess.Popen[str] = field(init=False)

    @property
    def jumps(self) -> Path:
        """A byte for each worker that has seen its clock jump."""
        return self.log.with_name("jumps")

    def __post_init__(self) -> None:
        words = [sys.executable, __file__, self.url, str(self.limit), str(self.jumps)]
        with self.log.open("a") as errors:
            self.program = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )

    def bear(self) -> None:
        """One more worker, under a name that none had before, with a clock of its own that jumps once."""
        assert self.program.stdin is not None and self.program.stdout is not None
        self.born += 1
        off, then = self.chance.sample((0, self.chance.randint(-JUMP // 2, -1), self.chance.randint(1, JUMP)), 2)
        self.program.stdin.write(f"w{self.born} {off} {then}\n")
        self.program.stdin.flush()
        self.alive.append(int(self.program.stdout.readline()))

    def kill(self, pid: int) -> bool:
        """As a power cut does; gone when this returns. Gives whether it was alive."""
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False  # by itself, as after a restart: somebody tends to that
        self.alive.remove(pid)
        with contextlib.suppress(ProcessLookupError):
            while True:
                os.kill(pid, 0)
                time.sleep(0.002)
        return True

    def tend(self) -> None:
        """Put another one in the place of each that has ended by itself, as a service manager does."""
        for pid in list(self.alive):
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                self.alive.remove(pid)
                self.bear()

    def stall(self, pid: int, seconds: float) -> bool:
        """Freeze a worker in whatever it does; it goes on later and finishes the call it was in. Gives whether it was
        alive."""
        began = time.monotonic()

        def thaw() -> None:
            time.sleep(seconds)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
            self.frozen.append((began, time.monotonic()))

        try:
            os.kill(pid, signal.SIGSTOP)
        except ProcessLookupError:
            return False
        self.stalled.append(threading.Thread(target=thaw))
        self.stalled[-1].start()
        return True

    def close(self) -> None:
        """End all of them, and the program."""
        for thread in self.stalled:
            thread.join()
        for pid in list(self.alive):
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
    read: Counter[str] = field(default_factory=Counter)
    """How often a flow that reads was at work when harm was done, by flow."""
    rows: int = 0
    facts: int = 0
    answers: int = 0
    kills: int = 0
    stalls: int = 0
    restarts: int = 0
    twice: int = 0
    """Ticks that came twice."""
    missed: int = 0
    """Ticks that did not come for days."""
    jumps: int = 0
    """Workers whose clock has jumped."""
    faults: Counter[str] = field(default_factory=Counter)
    """What the vendor did wrong, and how often, by kind."""
    most: int = 0
    """Calls that came to the vendor's door within its period, at most."""
    waited: int = 0
    """Waits for the limit of the account, in whichever worker."""
    early: int = 0
    """Calls that came while the vendor had asked all workers to wait."""
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
    overtaken: int = 0
    """Reads whose run failed; a later one has taken every row of them."""
    broken: list[str] = field(default_factory=list)
    """What does not hold of ledger, obligations and runs."""
    seconds: float = 0

    def __str__(self) -> str:
        told = {
            "seed": self.seed, "obligations": self.obligations, "runs": self.runs, "kills": self.kills,
            "stalls": self.stalls, "restarts": self.restarts, "twice": self.twice,
            "missed": self.missed, "jumps": self.jumps, "faults": self.faults.total(), "most": self.most,
            "waited": self.waited, "early": self.early,
            "reads harmed": self.read.total(), "rows": self.rows, "facts": self.facts, "answers": self.answers,
            "files": self.files, "calls": self.calls, "effects": self.effects,
            "duplicates": self.duplicates, "losses": self.losses, "held": self.held,
            "files held": self.files_held, "overtaken": self.overtaken, "broken": len(self.broken),
            "seconds": round(self.seconds),
        }  # fmt: skip
        return f"{self.store:<10} " + "  ".join(f"{name} {value:<3}" for name, value in told.items())


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
    limit: int = 30
    """Calls that the vendor lets all of them make in its period."""
    planted: bool = True
    """Whether each kind of the vendor's faults has to come; else what chance brings."""


@contextlib.contextmanager
def stage(url: str, seed: int, employers: list[str], plan: Plan) -> Iterator[tuple[Any, Nursery, Path]]:
    """The vendor, the database set up, where workers come from, and the carriers' folders."""
    with tempfile.TemporaryDirectory() as folder:
        boxes = Path(folder) / "boxes"
        faults = door_of.Faults(random.Random(seed), len(employers) * plan.people if plan.planted else 0)
        books = book_of.Books(fakehub, boxes, employers, plan.people, seed)
        server = vendor.Server(books, door_of.Door(plan.limit), faults)
        # Workers' program loads while the database is set up.
        nursery = Nursery(url, Path(folder) / "errors", random.Random(seed), plan.limit, server.door.frozen)
        try:
            set_up(url, server.url, boxes, employers)
            server.open()
            yield server, nursery, boxes
        finally:
            nursery.close()
            server.close()


def chaos(url: str, seed: int, plan: Plan, restart: Callable[[], bool] = lambda: False) -> Report:
    """Harm workers and database at moments of the vendor's traffic, then see to it that all is done; count."""
    began = time.monotonic()
    names = [f"employer{number}" for number in range(1, plan.employers + 1)]
    report = Report(url.partition(":")[0].partition("+")[0], seed, plan.employers * plan.people, people=plan.people)
    with stage(url, seed, names, plan) as (server, nursery, boxes):
        hub = make_hub(url, lambda: LATER)
        server.door.held_for = lambda: hub.store.windows.held()[1]
        ticks = ticking.Ticks(hub, names, LATER)
        for _ in range(plan.workers):
            nursery.bear()
        scene = Scene(hub, names, plan, server, nursery, ticks, report, random.Random(seed))
        scene.harm({"restart": restart, "twice": ticks.twice, "missed": ticks.missed})
        server.books.still = True
        scene.finish()
        counting.count(hub, names, server, report)
        counting.count_files(hub, names, boxes, report)
        accounted.count(hub, names, server.books, report)
        counting.look_at_jobs(hub, report)
        counting.count_harm(hub, server, nursery, report)
        report.broken += [f"nobody asked for {one}" for name in names for one in ticks.unasked(name)]
        hub.store.close()
    report.seconds = time.monotonic() - began
    return report


COUNTED = {"kill": "kills", "stall": "stalls", "restart": "restarts", "twice": "twice", "missed": "missed"}
"""Where the report counts them."""


@dataclass
class Scene:
    """What harm is done to, and sees to it that there is something at work to be harmed."""

    hub: Hub
    employers: list[str]
    plan: Plan
    server: Any
    nursery: Nursery
    ticks: Any
    report: Report
    chance: random.Random
    _rounds: int = 0
    _looked: float = 0

    def harm(self, others: Mapping[str, Callable[[], Any]]) -> None:
        """Kills, stalls, restarts and wrong ticks, in an order by chance; each waits for its moment.

        The first half comes while everything is due for the first time, the second while books that change are read
        again and again, and the answers to what has left.
        """
        plan = self.plan
        kinds = ["kill"] * plan.kills + ["stall"] * plan.stalls + ["restart"] * plan.restarts
        kinds += [("twice", "missed")[number % 2] for number in range(plan.ticks)]
        first, second = kinds[::2], kinds[1::2]
        self.chance.shuffle(first)
        self.chance.shuffle(second)
        # A person costs three calls or more: all moments lie before the last of them.
        moments = sorted(self.chance.sample(range(1, plan.employers * plan.people * 2), len(first)))
        for kind, moment in zip(first, moments, strict=True):
            if not self._until(lambda moment=moment: self.server.calls >= moment):
                return
            self._do(kind, others)
        self._until(self._idle)
        for kind in second:
            moment = self.server.calls + self.chance.randint(1, plan.employers * plan.people // 2)
            if not self._until(lambda moment=moment: self.server.calls >= moment or self._read_again()):
                return
            self._do(kind, others)

    def _do(self, kind: str, others: Mapping[str, Callable[[], Any]]) -> None:
        """Do harm; it is counted once it has hit somebody."""
        time.sleep(self.chance.random() * 3 * vendor.LATENCY)
        nursery, report = self.nursery, self.report
        if kind == "restart":  # one is the whole of a short run: let it hit
            self._until(lambda: self._reads() or self._read_again())
        if kind in ("kill", "stall", "restart"):
            report.read.update(accounted.reading(self.hub, self.employers))
        harm: dict[str, Callable[[], Any]] = {
            "kill": lambda: nursery.kill(self.chance.choice(nursery.alive)),
            "stall": lambda: nursery.stall(self.chance.choice(nursery.alive), self.chance.random() * 2),
            **others,
        }
        if self._until(harm[kind]):
            setattr(report, COUNTED[kind], getattr(report, COUNTED[kind]) + 1)
            if kind == "kill":
                nursery.bear()

    def _reads(self) -> bool:
        """Whether something that reads is at work."""
        time.sleep(0.02)  # a look costs a query an employer
        return bool(accounted.reading(self.hub, self.employers))

    def _read_again(self) -> bool:
        """Where nothing is at work any more, what reads is due once more; never true."""
        if self._idle():
            self._rounds += 1
            for employer in self.employers:
                self.ticks.due(SLOWEST - timedelta(minutes=50, seconds=-self._rounds), employer, accounted.READS)
        return False

    def _idle(self) -> bool:
        """Whether every run has ended, asked now and then; a database that is away says nothing."""
        if time.monotonic() < self._looked + 0.1:
            return False
        self._looked = time.monotonic()
        try:
            return all(ended(self.hub, one) for one in self.employers) and not counting.open_jobs(self.hub)
        except SQLAlchemyError:
            return False

    def _until(self, ready: Callable[[], bool]) -> bool:
        """Wait, with workers at work meanwhile; gives whether it came before nobody had called for long."""
        told, since, end = self.server.calls, time.monotonic(), time.monotonic() + 1200
        while not ready():
            self.nursery.tend()
            if self.server.calls > told:
                told, since = self.server.calls, time.monotonic()
            if time.monotonic() > min(since + SILENCE, end):
                return False
            time.sleep(0.005)
        return True

    def finish(self) -> None:
        """Let what reads run once more, then the schedules until nothing is open: what failed needs a next run."""
        for turn in range(9):
            if not self._until(self._idle):
                return
            waiting = [one for one in self.employers if not turn or counting.unsettled(self.hub, one)]
            waiting += [one for one in self.employers if accounted.behind(self.hub, one, self.server.books)]
            if not waiting:
                return
            for employer in set(waiting):
                names = accounted.READS if turn == 0 else ()
                self.ticks.due(SLOWEST - timedelta(minutes=30 - turn), employer, names)


def ended(hub: Hub, employer: str) -> bool:
    """Whether every run has ended and no schedule is due; what has just been put in has no run yet."""
    with hub.store.read(employer) as session:
        runs = session.rows(select(run.c.state).where(*session.where(run), run.c.flow.like("schedule.%")))
        rows = session.rows(select(schedule.c.next_at).where(*session.where(schedule)))
    due = iso(LATER)
    return len(runs) >= len(DUE) and all(one.state != "running" for one in runs) and all(r.next_at > due for r in rows)


class Jumping:
    """A clock that is off by so many seconds, and by others a while later; it says so the first time.

    Args:
        off: seconds at first.
        then: seconds after the jump.
        jumps: where the first moment after the jump leaves a byte.
    """

    def __init__(self, off: int, then: int, jumps: Path) -> None:
        self._off, self._then, self._jumps = off, then, jumps
        self._born = time.monotonic()

    def __call__(self) -> datetime:
        """Now."""
        if self._off != self._then and time.monotonic() >= self._born + STEADY:
            self._off = self._then
            with self._jumps.open("a") as told:
                told.write(".")
        return LATER + timedelta(seconds=self._off)


def main(url: str, limit: int, jumps: Path) -> None:
    """Fork a worker for each name that is read."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    configure()
    Networked.limit = limit
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            name, off, then = line.split()
            try:
                hub = make_hub(url, Jumping(int(off), int(then), jumps))
                run_worker(hub, threading.Event(), name, 1)
            finally:
                os._exit(1)  # the database went away: whoever started it starts another one
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
