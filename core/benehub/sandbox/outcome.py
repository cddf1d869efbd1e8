"""What the demo tells at the end: found against planted, custody, clearing accounts, artefacts, the report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from sqlalchemy import func, select

from benehub import dispatch, ledger, reconcile
from benehub.hours import format_hours, is_leave
from benehub.identity import people as identity
from benehub.money import format_minor
from benehub.periods import Month
from benehub.sandbox.story.truth import Fault
from benehub.store import Session
from benehub.store.tables import attempt, confirmation, intake_batch, intake_page, obligation, payload
from benehub.store.tables import dispatch as dispatch_table
from benehub.views.clearing import Clearing, clearing
from benehub.views.statement import language, statement
from benehub.views.statement.pdf import pdf

if TYPE_CHECKING:
    from benehub.sandbox.demo import Run

KINDS = {"enrollment.change": "834", "premium.remit": "820", "contribution.deposit": "180"}
PREVENTED = ("APPLIED_BUT_500", "RATE_LIMITED")
"""What went wrong at a vendor and was put right before it did harm."""
BY_REFERENCE = ("LATE", "PREMIUM_AT_RISK", "ROW_QUARANTINED", "FILE_REJECTED")


@dataclass(frozen=True, slots=True)
class Line:
    """A difference as the report shows it."""

    fault: Fault
    plan: str
    at_stake: int
    unit: str
    cause: str
    action: str
    id: str


@dataclass(frozen=True)
class DemoReport:
    """The outcome of a demo run."""

    planted: dict[Fault, str]
    found: dict[Fault, list[Line]]
    pending: int
    custody: dict[str, int]
    clearing: list[Clearing]
    stations: list[tuple[str, str]]
    verification: ledger.Verification
    artefacts: list[str]
    folder: str
    seconds: float

    @property
    def precision(self) -> float:
        """The part of what was found that was planted."""
        return len(self.found.keys() & self.planted.keys()) / len(self.found) if self.found else 0.0

    @property
    def recall(self) -> float:
        """The part of what was planted that was found."""
        return len(self.found.keys() & self.planted.keys()) / len(self.planted) if self.planted else 0.0

    @property
    def ok(self) -> bool:
        """Everything planted was found, nothing else, every balance is explained, the ledger verifies."""
        settled = all(not account.unexplained for account in self.clearing)
        return self.found.keys() == self.planted.keys() and self.verification.ok and settled and self.custody_balances

    @property
    def custody_balances(self) -> bool:
        """Rows in are applied, unchanged, quarantined or superseded."""
        counts = self.custody
        parts = ("applied", "unchanged", "quarantined", "superseded")
        return counts.get("rows", 0) == sum(counts.get(name, 0) for name in parts)

    def as_json(self) -> dict[str, Any]:
        """The same as data."""
        return {
            "ok": self.ok,
            "planted": [asdict(fault) | {"told": told} for fault, told in sorted(self.planted.items())],
            "found": [
                asdict(fault) | {"differences": [line.id for line in lines]}
                for fault, lines in sorted(self.found.items())
            ],
            "missed": [asdict(fault) for fault in sorted(self.planted.keys() - self.found.keys())],
            "unexpected": [asdict(fault) for fault in sorted(self.found.keys() - self.planted.keys())],
            "precision": self.precision,
            "recall": self.recall,
            "expected_variances": self.pending,
            "custody": self.custody,
            "clearing_accounts": {
                one.account: {
                    "name": one.name, "balance_minor": one.balance, "unexplained_minor": one.unexplained,
                    "items": {item.name: item.amount for item in one.items},
                }
                for one in self.clearing
            },
            "ledger": {"entries": self.verification.entries, "legs": self.verification.legs,
                       "verified": self.verification.ok, "head": self.verification.head},
            "artefacts": self.artefacts,
            "seconds": round(self.seconds, 2),
        }  # fmt: skip

    def render(self) -> Group:
        """The report a person reads."""
        return Group(
            _stations(self.stations),
            _differences("Differences: cause and next action", _only(self.found, PREVENTED, False), self.planted),
            _differences("What was prevented", _only(self.found, PREVENTED, True), {}),
            _accounts(self.clearing),
            _verdict(self),
        )


def collect(run: Run, folder: Path, kept: bool, seconds: float) -> DemoReport:
    """Ask the hub what it found, write the artefacts, and only then look at what was planted."""
    with run.hub.store.read(run.employer) as session:
        found, pending = _found(session)
        _handled(session, run, found)
        accounts = clearing(session, run.hub.book(session), Month(2026, 10))
        stations = _stations_told(session, run.custody)
        verification = ledger.verify(session)
        artefacts = _artefacts(session, folder / "artefacts")
        artefacts.append(_statement(session, run, folder / "artefacts"))
    report = DemoReport(
        dict(run.plot.truth.faults), found, pending, run.custody, accounts, stations, verification, artefacts,
        str(folder) if kept else "", seconds,
    )  # fmt: skip
    _write_report(report, folder / "artefacts")
    return report


def _found(session: Session) -> tuple[dict[Fault, list[Line]], int]:
    members = identity.people(session)
    found: dict[Fault, list[Line]] = {}
    pending = 0
    for row in reconcile.listed(session):
        if row.state == "pending":
            pending += 1
            continue
        if row.type in BY_REFERENCE:
            who = row.reference.rpartition("/")[2]
        else:
            who = members[row.person_id].member_id if row.person_id else row.reference
        fault = Fault(row.type, who)
        line = Line(fault, row.plan or "", row.at_stake, row.unit, row.cause, row.action, row.difference_id)
        found.setdefault(fault, []).append(line)
    return found, pending


def _handled(session: Session, run: Run, found: dict[Fault, list[Line]]) -> None:
    """What went wrong at a vendor and was put right without anybody: told by attempts and waits."""
    rows = session.rows(
        select(dispatch_table.c.dispatch_id)
        .join(
            attempt,
            (attempt.c.employer_id == dispatch_table.c.employer_id)
            & (attempt.c.dispatch_id == dispatch_table.c.dispatch_id),
        )
        .where(*session.where(dispatch_table, state="sent"), attempt.c.detail == "read back")
    )
    for row in sorted(rows, key=lambda one: str(one.dispatch_id)):
        fault = Fault("APPLIED_BUT_500")
        line = Line(fault, "", 0, "", "payroll answered 500 after it had applied the write",
                    "nothing to do: it was read back and settled, not sent again", row.dispatch_id)  # fmt: skip
        found.setdefault(fault, []).append(line)
    if run.rate_limited:
        fault = Fault("RATE_LIMITED")
        found[fault] = [
            Line(fault, "", 0, "", f"a vendor asked to wait {run.rate_limited} times",
                 "nothing to do: the hub waited as told", "")
        ]  # fmt: skip


def _stations_told(session: Session, custody: dict[str, int]) -> list[tuple[str, str]]:
    """Money and lives by station."""
    lives = {
        row.plan: row.lives
        for row in session.rows(
            select(obligation.c.kind.label("plan"), func.count().label("lives"))
            .where(obligation.c.employer_id == session.employer)
            .group_by(obligation.c.kind)
        )
    }
    sent = session.rows(
        select(
            dispatch_table.c.operation,
            func.count().label("n"),
            func.sum(dispatch_table.c.worth_minor).label("worth"),
        )
        .where(*session.where(dispatch_table, state="sent"))
        .group_by(dispatch_table.c.operation)
        .order_by(dispatch_table.c.operation)
    )
    confirmed = session.rows(
        select(confirmation.c.kind, func.count().label("n"), func.sum(confirmation.c.amount).label("amount"))
        .where(*session.where(confirmation, current=1))
        .group_by(confirmation.c.kind)
        .order_by(confirmation.c.kind)
    )
    told = [("intake", ", ".join(f"{count:,} {name}" for name, count in custody.items()))]
    told += [("obligations", f"{count:,} {kind}") for kind, count in sorted(lives.items())]
    told += [
        ("dispatch", f"{row.n:,} {row.operation}" + (f", {_money(int(row.worth))}" if row.worth else ""))
        for row in sent
    ]
    told += [("confirmed", f"{row.n:,} {row.kind}" + (f", {_money(int(row.amount))}" if row.amount else ""))
             for row in confirmed]  # fmt: skip
    return told


def _artefacts(session: Session, folder: Path) -> list[str]:
    """Everything that left or came as a file, under a name that says its kind."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    rows = session.rows(
        select(dispatch_table)
        .where(dispatch_table.c.employer_id == session.employer, dispatch_table.c.file_name != "")
        .order_by(dispatch_table.c.seq)
    )
    for row in rows:
        kind = KINDS[row.operation]
        name = f"{row.control:04d}_{kind}.{'csv' if kind == '180' else 'x12'}"
        (folder / name).write_bytes(dispatch.frozen_bytes(session, row))
        names.append(name)
    for number, row in enumerate(_received(session), 1):
        stem = row.name.rpartition("/")[2]
        kind = {"acknowledgement": "999", "invoice_line": "invoice", "credit": "credits", "roster": "roster"}[
            row.stream
        ]
        name = f"in{number:02d}_{'ta1' if stem.endswith('.ta1') else kind}{Path(stem).suffix}"
        (folder / name).write_bytes(session.unseal(row.payload_sealed, "payload"))
        names.append(name)
    return names


def _statement(session: Session, run: Run, folder: Path) -> str:
    """One employee's statement, as the employee would get it."""
    found = statement(session, run.hub.book(session), run.hub.plugins, "E00001", session.today())
    (folder / "statement.pdf").write_bytes(pdf(found, language("en")))
    return "statement.pdf"


def _received(session: Session) -> Sequence[Any]:
    return session.rows(
        select(intake_page.c.name, intake_batch.c.stream, payload.c.payload_sealed)
        .join(
            intake_batch,
            (intake_batch.c.employer_id == intake_page.c.employer_id)
            & (intake_batch.c.batch_id == intake_page.c.batch_id),
        )
        .join(
            payload,
            (payload.c.employer_id == intake_page.c.employer_id)
            & (payload.c.payload_hash == intake_page.c.payload_hash),
        )
        .where(
            intake_page.c.employer_id == session.employer,
            intake_batch.c.stream.in_(("acknowledgement", "invoice_line", "credit", "roster")),
        )
        .order_by(intake_batch.c.seq, intake_page.c.page_no)
    )


def _write_report(report: DemoReport, folder: Path) -> None:
    (folder / "report.json").write_text(json.dumps(report.as_json(), indent=2) + "\n")
    with (folder / "report.txt").open("w") as file:
        Console(file=file, width=110).print(report.render())
    report.artefacts.extend(("report.json", "report.txt"))


def _stations(told: list[tuple[str, str]]) -> Table:
    table = Table(title="Money and lives by station", title_justify="left", header_style="bold")
    table.add_column("station")
    table.add_column("what passed")
    last = ""
    for station, text in told:
        table.add_row("" if station == last else station, text)
        last = station
    return table


def _only(found: dict[Fault, list[Line]], types: Sequence[str], wanted: bool) -> dict[Fault, list[Line]]:
    return {fault: lines for fault, lines in found.items() if (fault.type in types) is wanted}


def _differences(title: str, found: dict[Fault, list[Line]], planted: dict[Fault, str]) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold", show_lines=True)
    for name in ("type", "who", "at stake", "cause", "next action"):
        table.add_column(name, justify="right" if name == "at stake" else "left", overflow="fold")
    for fault, lines in sorted(found.items()):
        stake = sum(line.at_stake for line in lines)
        mark = "[green]✓[/green] " if fault in planted or fault.type in PREVENTED else "[red]?[/red] "
        amount = "" if not stake else (f"{format_hours(stake)} h" if is_leave(lines[0].unit) else _money(stake))
        table.add_row(mark + fault.type, fault.member, amount, lines[0].cause, lines[0].action)
    for fault, told in sorted(planted.items()):
        if fault not in found and fault.type not in PREVENTED:
            table.add_row(f"[red]missed[/red] {fault.type}", fault.member, "", told, "")
    return table


def _accounts(accounts: list[Clearing]) -> Table:
    table = Table(title="Clearing accounts: every balance is named", title_justify="left", header_style="bold")
    for name in ("account", "balance", "made of", "unexplained"):
        table.add_column(name, justify="right" if name in ("balance", "unexplained") else "left", overflow="fold")
    for one in accounts:
        items = "\n".join(f"{_money(item.amount)}  {item.name}" for item in one.items) or "-"
        rest = "[green]0.00[/green]" if not one.unexplained else f"[red]{_money(one.unexplained)}[/red]"
        table.add_row(f"{one.account} {one.name}", _money(one.balance), items, rest)
    return table


def _verdict(report: DemoReport) -> Panel:
    hit = len(report.found.keys() & report.planted.keys())
    lines = [
        f"{hit} of {len(report.planted)} planted faults found, {len(report.found) - hit} things reported that were not "
        f"planted; {report.pending} variances the rules explain.",
        f"Ledger: {report.verification.entries:,} entries, {report.verification.legs:,} legs, "
        + ("verified." if report.verification.ok else f"NOT verified: {report.verification.problems[0]}"),
        f"Custody: {report.custody.get('rows', 0):,} rows in, all accounted for."
        if report.custody_balances
        else "Custody does NOT balance.",
        f"{len(report.artefacts)} artefacts "
        + (f"in {report.folder}/artefacts" if report.folder else "written (`benehub demo --keep` leaves them)")
        + f"; {report.seconds:.1f} s.",
        *_to_the_pages(report.folder),
    ]
    style = "green" if report.ok else "red"
    return Panel("\n".join(lines), title="reconciled" if report.ok else "not reconciled", border_style=style)


def _to_the_pages(folder: str) -> list[str]:
    """What somebody types to see this in a browser, the first user included."""
    if not folder:
        return ["To see it in a browser, run `benehub demo --keep`: it ends with what to type."]
    return [
        "To see it in a browser:",
        f"  cd {folder}",
        "  benehub init --admin you@example.com --password-file -    (type a password of 12 characters or more)",
        "  benehub up    (open http://127.0.0.1:8080, sign in, and scan the picture with an authenticator app)",
    ]


def _money(minor: int) -> str:
    text = format_minor(abs(minor))
    whole, _, cents = text.partition(".")
    return f"{'-' if minor < 0 else ''}{int(whole):,}.{cents}"
