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
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pluggy
from dbos import DBOSClient
from sqlalchemy import select, update

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
from benehub.store.tables import dispatch, entry, intake_batch, leg, obligation, person, run, schedule

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

PATIENCE = 1.0
"""Seconds a worker waits for one."""

PAY_DATE, PAID = date(2026, 10, 15), date(2026, 9, 15)
"""The next pay date, which is pushed for, and the last one, whose contributions are deposited."""

DROPPED = 0
"""Stands for the status of an answer that never comes: the connection is cut."""

DELIVERY = 0.03
"""Seconds that a file takes to its folder, and as many until that is known."""

JUMP = 7200
"""Seconds by which a worker's clock may be off, either way."""


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
        for operation in FILES.values():
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


def make_hub(url: str, now: datetime) -> Hub:
    """A hub on the database, without its engine."""
    manager = pluggy.PluginManager("benehub")
    manager.add_hookspecs(hookspecs)
    manager.register(Plugin())
    store = open_store(url, Vault({"k1": b"k" * 32}), lambda: now)
    return Hub(store, manager)


def set_up(url: str, vendor: str, boxes: Path, employers: list[str], people: int) -> None:
    """Employers with their people's cover; a push, a carrier's file and the month's premiums are due at each."""
    hub = bind(make_hub(url, fakehub.NOW))
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

FILES = {"file": "enrollment.change", "remittance": "premium.remit", "deposit": "contribution.deposit"}
"""What leaves as a file by those of them that send one."""

POSTED = {"premium.remit": "premium.remitted", "contribution.deposit": "contribution.deposited"}
"""The entry that a file of money makes for each person once it has left."""


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
        """One more worker, under a name that none had before, with a clock of its own."""
        assert self.program.stdin is not None and self.program.stdout is not None
        self.born += 1
        off = self.chance.choice((0, self.chance.randint(-JUMP // 2, JUMP)))
        self.program.stdin.write(f"w{self.born} {off}\n")
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
            "stalls": self.stalls, "restarts": self.restarts, "files": self.files,
            "calls": self.calls, "effects": self.effects, "duplicates": self.duplicates, "losses": self.losses,
            "held": self.held, "files held": self.files_held, "broken": len(self.broken),
            "seconds": round(self.seconds),
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


def chaos(url: str, seed: int, plan: Plan, restart: Callable[[], None] = lambda: None) -> Report:
    """Harm workers and database at moments of the vendor's traffic, then see to it that all is done; count."""
    began = time.monotonic()
    names = [f"employer{number}" for number in range(1, plan.employers + 1)]
    report = Report(url.partition(":")[0].partition("+")[0], seed, plan.employers * plan.people, people=plan.people)
    with stage(url, seed, names, plan.people) as (server, nursery, boxes):
        for _ in range(plan.workers):
            nursery.bear()
        harm(random.Random(seed), plan, server, nursery, report, restart)
        hub = make_hub(url, LATER)
        finish(hub, names, nursery)
        count(hub, names, server, report)
        count_files(hub, names, boxes, report)
        look_at_jobs(hub, report)
        hub.store.close()
    report.seconds = time.monotonic() - began
    return report


def harm(
    chance: random.Random, plan: Plan, server: Server, nursery: Nursery, report: Report, restart: Callable[[], None]
) -> None:
    """Kills, stalls and restarts, in an order by chance; each waits for its moment."""
    kinds = ["kill"] * plan.kills + ["stall"] * plan.stalls + ["restart"] * plan.restarts
    chance.shuffle(kinds)
    # A person costs three calls or more: all moments lie before the last of them.
    moments = sorted(chance.sample(range(1, plan.employers * plan.people * 2), len(kinds)))
    for kind, moment in zip(kinds, moments, strict=True):
        if not until(lambda moment=moment: server.calls >= moment, 120, nursery):
            return
        time.sleep(chance.random() * 3 * LATENCY)
        if kind == "restart":
            restart()
            report.restarts += 1
        elif kind == "stall":
            nursery.stall(chance.choice(nursery.alive), chance.random() * 2)
            report.stalls += 1
        else:
            nursery.kill(chance.choice(nursery.alive))
            report.kills += 1
            nursery.bear()


def until(ready: Any, seconds: int, nursery: Nursery) -> bool:
    """Wait, with workers at work meanwhile; gives whether it came."""
    end = time.monotonic() + seconds
    while not ready():
        nursery.tend()
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def finish(hub: Hub, employers: list[str], nursery: Nursery) -> None:
    """Let the schedules run until nothing is open: what is to be tried again by the next run needs one."""
    for turn in range(8):
        if not until(lambda: all(ended(hub, one) for one in employers), 120, nursery):
            return
        waiting = [one for one in employers if unsettled(hub, one)]
        if not waiting:
            return
        for employer in waiting:
            with hub.store.write(employer) as session:
                moment = iso(LATER - timedelta(minutes=30 - turn))
                session.connection.execute(
                    update(schedule).where(*session.where(schedule)).values(slot_at=moment, next_at=moment)
                )


def ended(hub: Hub, employer: str) -> bool:
    """Whether every run has ended and no schedule is due."""
    with hub.store.read(employer) as session:
        runs = session.rows(select(run.c.state).where(*session.where(run), run.c.flow.like("schedule.%")))
        rows = session.rows(select(schedule.c.next_at).where(*session.where(schedule)))
    due = iso(LATER)
    return len(runs) >= len(DUE) and all(one.state != "running" for one in runs) and all(r.next_at > due for r in rows)


def failed(hub: Hub, employer: str) -> bool:
    """Whether the last run of a schedule did not end well."""
    with hub.store.read(employer) as session:
        rows = session.rows(
            select(run.c.state)
            .join(schedule, (schedule.c.employer_id == run.c.employer_id) & (schedule.c.last_run == run.c.run_id))
            .where(*session.where(schedule))
        )
    return any(row.state == "failed" for row in rows)


def unsettled(hub: Hub, employer: str) -> bool:
    """Whether another run has something to do."""
    return bool(states(hub, employer).keys() - {"confirmed", "held"} or failed(hub, employer) or unfiled(hub, employer))


def unfiled(hub: Hub, employer: str) -> set[str]:
    """Kinds of file that have not left and are not held: what is paid may have been asked for before it was owed."""
    with hub.store.read(employer) as session:
        rows = session.rows(
            select(dispatch.c.operation).where(*session.where(dispatch), dispatch.c.state != "prepared")
        )
    return set(FILES.values()) - {row.operation for row in rows}


def states(hub: Hub, employer: str) -> Counter[str]:
    """Obligations towards payroll by state."""
    mine = obligation.c.connection_id == "payroll"
    with hub.store.read(employer) as session:
        rows = session.rows(select(obligation.c.state).where(*session.where(obligation), mine))
    return Counter(row.state for row in rows)


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
            sent = session.rows(select(dispatch.c.state).where(*session.where(dispatch, connection_id="payroll")))
            accrued = session.rows(select(entry.c.entry_id).where(*session.where(entry, type="premium.accrued")))
            if not ledger.verify(session).ok:
                report.broken.append(f"ledger of {employer}")
        report.runs += len(runs)
        keys = Counter(row.idempotency_key.rpartition("/r")[0] for row in entries)
        people = report.people
        report.duplicates += sum(number - 1 for number in keys.values())
        report.losses += people - found["confirmed"] - found["held"] + max(people - len(keys), 0)
        if Counter(row.state for row in sent) != Counter({"sent": found["confirmed"], "held": found["held"]}):
            report.broken.append(f"dispatches of {employer}")
        report.losses += max(people - len(accrued), 0)
        if failed(hub, employer):
            report.broken.append(f"runs of {employer}: {Counter(row.state for row in runs)}")
        report.duplicates += max(len(accrued) - people, 0)
    report.losses += max(report.obligations - report.held - len(server.held), 0)


def count_files(hub: Hub, employers: list[str], boxes: Path, report: Report) -> None:
    """Every person stands in one file of each kind, once; what it pays is posted once; custody balances."""
    for employer in employers:
        for operation in FILES.values():
            count_kind(hub, employer, operation, boxes / employer / operation, report)
        with hub.store.read(employer) as session:
            batches = session.rows(select(intake_batch).where(*session.where(intake_batch)))
        for one in batches:
            parts = one.applied + one.unchanged + one.quarantined + one.superseded
            if one.state != "applied" or one._mapping["rows"] != parts:
                report.broken.append(f"custody of {employer}: {one.batch_id}")


def count_kind(hub: Hub, employer: str, operation: str, box: Path, report: Report) -> None:
    """The file is sent, or held since its delivery broke off; a file of money is posted when it is sent, else not."""
    people = report.people
    told = Counter(line for file in box.glob("*.txt") for line in file.read_text().split())
    report.files += len(told)
    report.duplicates += sum(number - 1 for number in told.values())
    with hub.store.read(employer) as session:
        sent = session.rows(select(dispatch).where(*session.where(dispatch, operation=operation)))
        posted = Counter(
            (row.person_id, row.plan)
            for row in session.rows(
                select(leg.c.entry_id, leg.c.person_id, leg.c.plan)
                .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
                .where(*session.where(entry, type=POSTED.get(operation, ""), status="posted"))
                .distinct()
            )
        )
    held = [row for row in sent if row.state == "held" and row.reason.startswith("delivery broke off")]
    report.files_held += len(held)
    report.losses += max(people - len(told) - sum(int(row._mapping["items"]) for row in held), 0)
    if not sent or any(row.state != "sent" for row in sent if row not in held):
        report.broken.append(f"{operation} of {employer}: {[row.state for row in sent]}")
    wanted = sum(int(row._mapping["items"]) for row in sent if row.state == "sent") if operation in POSTED else 0
    report.duplicates += sum(number - 1 for number in posted.values())
    report.losses += max(wanted - len(posted), 0)
    if len(posted) > wanted:
        report.broken.append(f"{operation} of {employer}: {len(posted)} posted, {wanted} sent")


PERSONAL = re.compile(r"90011\d{4}|Alder")
"""Numbers and names of the story's people."""


def look_at_jobs(hub: Hub, report: Report) -> None:
    """No job is stuck, and none holds personal data."""
    client = DBOSClient(system_database_url=hub.store.url)
    try:
        jobs = client.list_workflows()
        kept = [str((one.input, one.output, one.error)) for one in jobs]
        kept += [str(step) for one in jobs for step in client.list_workflow_steps(one.workflow_id)]
    finally:
        client.destroy()
    stuck = [one.workflow_id for one in jobs if one.status not in ("SUCCESS", "ERROR")]
    report.broken += [f"stuck: {job}" for job in stuck]
    if any(PERSONAL.search(text) for text in kept):
        report.broken.append("personal data in the job tables")


def main(url: str) -> None:
    """Fork a worker for each name that is read."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    configure()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            name, off = line.split()
            try:
                hub = make_hub(url, LATER + timedelta(seconds=int(off)))
                run_worker(hub, threading.Event(), name, 1)
            finally:
                os._exit(1)  # the database went away: whoever started it starts another one
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
