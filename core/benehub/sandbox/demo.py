"""The demo: one employer's month through the whole loop, on real code paths, faults included.

HRIS -> ledger -> payroll -> insurer -> recordkeeper -> reconciled. The hub sees settings, HTTP and files; what was
planted is compared only after the hub has said what it found.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benehub import planbook, plugins
from benehub.crypto import Vault
from benehub.flows import Hub, bind
from benehub.flows.onboarding import connect, load_plan_book
from benehub.identity import people as identity
from benehub.ledger import accounts as chart
from benehub.sandbox.mailbox import SftpAddress, serve_sftp
from benehub.sandbox.outcome import DemoReport, collect
from benehub.sandbox.staying import Sweep, answering, pause
from benehub.sandbox.story.people import population
from benehub.sandbox.story.plot import HEADER, Plot
from benehub.sandbox.story.world import (
    SECRETS,
    World,
    build,
    connections,
    election_rows,
    opening_rows,
    period,
)
from benehub.settings import new_key, read_keys
from benehub.store import Store, open_store
from benehub.store.tables import entry, leg

EMPLOYEES = 250
PERIOD = "2026-10"
OPENING_HEADER = ("Employee Number", "Kind", "Plan", "As of", "Amount")
Progress = Callable[[str], None]
Stay = Callable[[DemoReport, Sweep], None]


class StoryClock:
    """The clock of the story: it stands where the plot has put it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 9, 30, 20, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def to(self, month: int, day: int, hour: int = 8) -> None:
        """Move on to a day of 2026."""
        self.now = datetime(2026, month, day, hour, tzinfo=UTC)


@dataclass
class Run:
    """One run of the demo: hub, world and clock together."""

    hub: Hub
    employer: str
    world: World
    plot: Plot
    clock: StoryClock
    progress: Progress
    custody: dict[str, int] = field(default_factory=dict)
    rate_limited: int = 0

    def flow(self, name: str, *arguments: Any) -> Any:
        """Run a flow; its key carries the story's moment."""
        key = f"{self.clock.now:%Y%m%dT%H}/{'/'.join(map(str, arguments))}"
        return self.hub.start_flow(name, self.employer, key, *arguments)

    def sync(self, connection_id: str, *streams: str, full: bool = False) -> None:
        """Read streams of a connection and add up custody."""
        for stream in streams:
            run_key = f"{self.clock.now:%Y%m%dT%H}/{connection_id}/{stream}"
            done = self.flow("sync", connection_id, stream, run_key, full)
            self.rate_limited += done.pop("rate_limited", 0)
            for name, count in done.items():
                if isinstance(count, int):
                    self.custody[name] = self.custody.get(name, 0) + count

    def decide(self) -> None:
        """Facts have changed: coverage, premiums, expected deductions and leave follow."""
        self.flow("coverage", self.clock.now.date().isoformat())
        self.flow("premiums.accrue", PERIOD)
        self.flow("deductions.expect", PERIOD)


def run_demo(
    seed: int = 7,
    keep: Path | None = None,
    url: str | None = None,
    progress: Progress = lambda text: None,
    employees: int = EMPLOYEES,
    stay: Stay | None = None,
) -> DemoReport:
    """Run the month and say what was found.

    Args:
        seed: changes people, amounts and who is hit.
        keep: folder that stays, with settings, database and artefacts; a temporary one otherwise.
        url: another database than a SQLite file in the folder.
        progress: told in a few words what is going on.
        employees: how many people work there.
        stay: is given the report and what sweeps the vendors' mailboxes; they answer until it returns.
    """
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="benehub-") as temporary:
        folder = keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        root = Path(temporary) / "vendors"
        with (
            _environment(SECRETS),
            serve_sftp(root, user="benehub", password=SECRETS["BENEHUB_DEMO_SFTP"]) as sftp,
        ):
            run = _open(seed, folder, root, url, sftp, progress, employees)
            try:
                _month(run)
                pause(run)
                report = collect(run, folder, keep is not None, time.perf_counter() - started)
                if stay is not None:
                    run.hub.engine.stop()
                    with answering(run, sftp, folder) as sweep:
                        stay(report, sweep)
                return report
            finally:
                run.hub.engine.stop()
                run.hub.store.close()


def _open(
    seed: int,
    folder: Path,
    root: Path,
    url: str | None,
    sftp: SftpAddress,
    progress: Progress,
    employees: int,
) -> Run:
    clock = StoryClock()
    text = files("benehub.sandbox.story").joinpath("planbook.yaml").read_text()
    book = planbook.load(text, "planbook.yaml")
    manager = plugins.build(load_strangers=False)
    world = build(manager, root, book, population(seed, employees))
    store = _store(folder, url, clock)
    transports = world.transports()

    def wiring(_employer: str, connection_id: str) -> Mapping[str, Any]:
        found = transports.get(connection_id)
        return {} if found is None else {"transport": found, "sleep": lambda _seconds: None}

    hub = bind(Hub(store, manager, wiring))
    hub.engine.start()
    employer, _ = load_plan_book(hub, text, "planbook.yaml")
    connect(hub, employer, connections(root, sftp, world.payroll.company))
    return Run(hub, employer, world, Plot(world, seed), clock, progress)


def _store(folder: Path, url: str | None, clock: StoryClock) -> Store:
    key_file = folder / "benehub.keys"
    if not key_file.exists():
        key_file.touch(mode=0o600)
        key_file.write_text(new_key())
        (folder / "benehub.toml").write_text('db = "sqlite:///benehub.db"\nsecret_key = "file:benehub.keys"\n')
    store = open_store(url or f"sqlite:///{folder / 'benehub.db'}", Vault(*read_keys(key_file.read_text())), clock)
    store.migrate()
    return store


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _month(run: Run) -> None:
    """The month, day by day."""
    _onboard(run)
    _first_days(run)
    _middle(run)
    _end(run)


def _onboard(run: Run) -> None:
    run.progress("30 Sep: the employer joins; what its vendors hold is adopted, nothing is written")
    people = list(run.world.people.values())
    rows = [row for person in people for row in election_rows(person, date(2026, 1, 1), "open_enrollment")]
    run.world.drop_file("elections_2026-01-01.csv", HEADER, rows)
    run.sync("hris", "employee", "compensation", "dependent", "leave_request", full=True)
    run.sync("elections", "election")
    run.flow("coverage", "2026-09-30")
    run.world.drop_file("opening_2026-10-01.csv", OPENING_HEADER, opening_rows(run.world.book, people))
    run.sync("elections", "opening_balance")
    run.world.carrier.write_roster(date(2026, 9, 30))
    run.sync("carrier", "roster")
    run.flow("adopt")
    run.sync("payroll", "pay_calendar", "payroll_person", "payroll_benefit", full=True)


def _first_days(run: Run) -> None:
    run.clock.to(10, 1)
    run.progress("1 Oct: hires, leavers, a marriage, a raise; the change file goes to the carrier")
    run.plot.first_of_october()
    run.sync("hris", "employee", "compensation", "dependent")
    run.sync("payroll", "payroll_person", full=True)
    run.sync("elections", "election")
    run.decide()
    run.flow("leave.accrue", PERIOD)
    _enroll(run)
    run.progress("2 Oct: deductions are pushed, payroll runs, the register is read")
    _pay(run, "biweekly", date(2026, 10, 2))
    run.clock.to(10, 5)
    _results(run)
    run.clock.to(10, 6)
    run.progress("6 Oct: contributions are deposited")
    run.plot.trust()
    _deposit(run, date(2026, 10, 2))


def _middle(run: Run) -> None:
    run.clock.to(10, 12)
    run.progress("12 Oct: a birth, later hires, a new deferral rate; the next change file")
    run.plot.middle_of_october()
    run.sync("hris", "employee", "compensation", "dependent")
    run.sync("payroll", "payroll_person", full=True)
    run.sync("elections", "election")
    run.sync("recordkeeper", "deferral_change")
    run.decide()
    _enroll(run)
    run.clock.to(10, 14)
    run.progress("15 and 16 Oct: both pay groups are paid")
    run.flow("leave.accrue", PERIOD)
    run.plot.pay_out(_owed(run))
    _push(run, "semimonthly", date(2026, 10, 15))
    _push(run, "biweekly", date(2026, 10, 16))
    run.plot.before_payroll()
    run.sync("hris", "leave_request", full=True)
    run.flow("leave.handover", "payroll", "biweekly", "2026-10-16")
    for group, day in (("semimonthly", date(2026, 10, 15)), ("biweekly", date(2026, 10, 16))):
        run.plot.run_payroll(group, day, *period(group, day))
    run.clock.to(10, 19)
    _results(run)
    _deposit(run, date(2026, 10, 15))
    run.plot.late()
    _deposit(run, date(2026, 10, 16))


def _end(run: Run) -> None:
    run.clock.to(10, 26)
    run.progress("26 Oct: the carrier's bill and roster are read")
    run.plot.bill()
    run.sync("carrier", "invoice_line", "roster")
    run.flow("reconcile", PERIOD, ["premium"])
    run.clock.to(10, 28)
    run.progress("28 Oct: the premium is remitted")
    run.flow("premiums.remit", "carrier", PERIOD)
    run.world.carrier.collect()
    run.clock.to(10, 29)
    run.progress("30 Oct: the third biweekly pay date")
    _pay(run, "semimonthly", date(2026, 10, 30))
    run.clock.to(10, 29, 12)
    _pay(run, "biweekly", date(2026, 10, 30))
    run.clock.to(11, 2)
    _results(run)
    run.clock.to(11, 3)
    _deposit(run, date(2026, 10, 30))
    run.clock.to(11, 6)
    run.world.keeper.write_credit_report()
    run.sync("recordkeeper", "credit")
    run.flow("retirement.credits", "recordkeeper", PERIOD)
    run.sync("carrier", "acknowledgement")
    run.flow("enrollments.acks", "carrier")
    run.progress("9 Nov: everything is compared")
    run.clock.to(11, 9)
    run.flow("reconcile", PERIOD, [])


def _enroll(run: Run) -> None:
    run.flow("enrollments.send", "carrier", run.clock.now.date().isoformat())
    run.world.carrier.collect()
    run.sync("carrier", "acknowledgement")
    run.flow("enrollments.acks", "carrier")


def _push(run: Run, group: str, day: date) -> None:
    run.flow("deductions.push", "payroll", group, day.isoformat())


def _pay(run: Run, group: str, day: date) -> None:
    _push(run, group, day)
    run.plot.run_payroll(group, day, *period(group, day))


def _results(run: Run) -> None:
    run.sync("payroll", "register_line")
    run.flow("payroll.results", "payroll", PERIOD)


def _deposit(run: Run, day: date) -> None:
    run.flow("retirement.deposit", "401k", day.isoformat())
    run.world.keeper.collect(run.clock.now.date())


def _owed(run: Run) -> dict[str, tuple[date, int, int]]:
    """The pay-out list the benefits office hands to payroll: what the ledger expects on final checks."""
    with run.hub.store.read(run.employer) as session:
        persons = identity.people(session)
        rows = session.rows(
            select(leg.c.person_id, leg.c.pay_date, leg.c.account, leg.c.amount)
            .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
            .where(
                leg.c.employer_id == session.employer,
                entry.c.type == "leave.payout_expected",
                leg.c.account.in_((chart.LEAVE_LIABILITY, chart.LEAVE_SOURCE)),
            )
        )
        found: dict[tuple[str, date], dict[str, int]] = {}
        for row in rows:
            found.setdefault((persons[row.person_id].member_id, row.pay_date), {})[row.account] = row.amount
    return {
        member: (day, parts[chart.LEAVE_SOURCE], parts[chart.LEAVE_LIABILITY]) for (member, day), parts in found.items()
    }
