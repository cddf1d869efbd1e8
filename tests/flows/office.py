"""An employer with its HRIS, a folder of files and a carrier, all behind the real connectors and their simulators."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from benehub import facts, intake, ledger, plugins
from benehub.crypto import Vault
from benehub.facts import Fact
from benehub.flows import Hub, bind
from benehub.flows.onboarding import connect, load_plan_book
from benehub.identity import people
from benehub.intake import Counts
from benehub.periods import FOREVER, Interval
from benehub.sandbox.http import as_transport
from benehub.sandbox.mailbox import make_folders
from benehub.sandbox.story.world import partner
from benehub.store import open_store
from benehub.store.tables import fact, intake_batch, intake_row, person
from benehub_connectors.bamboohr.simulator import BambooSimulator
from benehub_connectors.carrier_x12.settings import PartnerSettings
from benehub_connectors.carrier_x12.simulator import CarrierSimulator

MORNING = datetime(2026, 10, 1, 6, tzinfo=UTC)
HEADER = "No,First,Last,Born,Sex,SSN,Hired,Group"
ANN = "1001,Ann,Alder,1980-02-03,F,900110001,2025-03-01,monthly"
BEN = "1002,Ben,Böhm,1990-07-09,M,900110002,2025-01-05,monthly"
STREAMS = {
    "employee": {
        "pattern": "census*.csv",
        "columns": {
            "employee_number": "No", "first_name": "First", "last_name": "Last", "birth_date": "Born", "sex": "Sex",
            "ssn": "SSN", "hire_date": "Hired", "pay_group": "Group",
        },
    },
    "election": {
        "pattern": "elections*.csv",
        "columns": {"employee": "No", "plan": "Plan", "tier": "Tier", "effective_from": "From"},
    },
    "opening_balance": {
        "pattern": "opening*.csv",
        "columns": {"employee": "No", "kind": "Kind", "plan": "Plan", "as_of": "As of", "amount": "Amount"},
    },
}  # fmt: skip


class Office:
    """An employer with its HRIS, a folder of files and a carrier, all behind the real connectors."""

    def __init__(self, root: Path, book: str) -> None:
        self.root, self.book = root, book
        self.now = datetime(2026, 10, 1, 12, tzinfo=UTC)
        self.hris = BambooSimulator()
        make_folders(root, "drop", "carrier")
        place = {"folder": str(root / "carrier")}
        self.carrier = CarrierSimulator(
            root / "carrier", PartnerSettings.model_validate(partner(place)), {"ppo": dict.fromkeys(("EE",), 50000)}
        )
        transport = as_transport(self.hris)
        store = open_store(f"sqlite:///{root / 'hub.db'}", Vault({"k1": b"k" * 32}), lambda: self.now)
        store.migrate()

        def wiring(_employer: str, name: str) -> dict[str, Any]:
            return {"transport": transport, "sleep": lambda _seconds: None} if name == "hris" else {}

        self.hub: Hub = bind(Hub(store, plugins.build(load_strangers=False), wiring))
        self.hub.engine.start()
        self.runs = 0
        load_plan_book(self.hub, book, "book")
        bamboo = {"company": "acme", "base_url": "https://acme.bamboohr.com", "api_key": "env:BENEHUB_TEST_HRIS"}
        drop = {"place": {"folder": str(root / "drop")}, "streams": STREAMS}
        connect(self.hub, "acme", {
            "hris": {"connector": "bamboohr", "settings": bamboo},
            "files": {"connector": "files", "settings": drop},
            "carrier": {"connector": "carrier_x12", "settings": partner(place)},
        })  # fmt: skip

    def flow(self, name: str, *arguments: Any) -> Any:
        """Run a flow as a new job."""
        self.runs += 1
        return self.hub.start_flow(name, "acme", f"run {self.runs}", *arguments)

    def sync(self, connection: str, stream: str, full: bool = False) -> tuple[int, int, int, int]:
        """Read a stream: applied, unchanged, quarantined, superseded; they make up all rows."""
        told = self.flow("sync", connection, stream, f"read {self.runs}", full)
        parts = tuple(told[name] for name in ("applied", "unchanged", "quarantined", "superseded"))
        assert told["rows"] == sum(parts)
        return parts

    def answered(self) -> Counts:
        """The carrier answers what lies there, and the answers are taken."""
        self.carrier.collect()
        self.sync("carrier", "acknowledgement")
        tally: Counts = self.flow("enrollments.acks", "carrier")
        return tally

    def drop(self, name: str, *lines: str, encoding: str = "utf-8") -> None:
        """Put a file into the folder."""
        (self.root / "drop" / name).write_bytes(("\n".join(lines) + "\n").encode(encoding))

    def hire(self, number: int, **fields: str) -> None:
        """Somebody appears in the HRIS."""
        self.hris.add_person(str(number), MORNING, **{"payGroup": "monthly"} | fields)

    def rows(self, query: Any) -> list[Any]:
        """All rows of a query."""
        with self.hub.store.read("acme") as session:
            return list(session.rows(query))

    def count(self, table: Any) -> int:
        """Rows of a table."""
        return int(self.rows(select(func.count().label("n")).select_from(table))[0].n)

    def reasons(self) -> list[str]:
        """Why rows wait in quarantine."""
        waiting = select(intake_row.c.reason).where(
            intake_row.c.outcome == "quarantined", intake_row.c.resolved_seq.is_(None)
        )
        return [row.reason for row in self.rows(waiting)]

    def redrive(self) -> Counts:
        """Try what waits again."""
        with self.hub.store.write("acme") as session:
            return intake.redrive(session, self.hub.book(session), intake.APPLIERS)

    def employment(self, number: str) -> dict[str, list[Fact]]:
        """Somebody's employments by hire date."""
        with self.hub.store.read("acme") as session:
            who = people.by_member_id(session, number)
            assert who is not None
            found = facts.timelines(session, "employment", Interval(date(2000, 1, 1), FOREVER), subjects=[who])
        return {key: segments for (_, key), segments in found.items()}

    def names(self) -> set[str]:
        """Last names as now known."""
        with self.hub.store.read("acme") as session:
            return {one.data["last_name"] for one in facts.as_of(session, "employee", self.now.date())}

    def sound(self) -> None:
        """Every person has who he is and where he works, every batch balances, the ledger verifies."""
        with self.hub.store.read("acme") as session:
            assert ledger.verify(session).ok
        kinds = {"employee", "employment"}
        told = {(row.subject, row.kind) for row in self.rows(select(fact)) if row.kind in kinds}
        persons = {row.person_id for row in self.rows(select(person).where(person.c.kind == "employee"))}
        assert told == {(who, kind) for who in persons for kind in kinds}
        for row in self.rows(select(intake_batch).where(intake_batch.c.state == "applied")):
            assert row.rows == row.applied + row.unchanged + row.quarantined + row.superseded
