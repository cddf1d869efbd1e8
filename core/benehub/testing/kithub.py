"""The hub in the kit: a real database with a plan book, in front of the one vendor of the stage."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pluggy
from sqlalchemy import select

from benehub import hookspecs
from benehub.connections import Open
from benehub.crypto import Vault
from benehub.errors import BenehubError
from benehub.flows import JOBS
from benehub.flows.hub import Hub
from benehub.flows.rehearsal import DirectSteps
from benehub.identity import people
from benehub.store import Store, open_store
from benehub.store.tables import confirmation, connection, crosswalk, employer, fact, plan_book, seen, stream_state
from benehub.testing.checks import Broken
from benehub.testing.stage import CONNECTION, EMPLOYER, Played

BOOK = """
employer: {id: acme, name: Acme}
roles: {hris: vendor, payroll: vendor}
pay_groups:
  monthly: {frequency: monthly, days: [last]}
  semimonthly: {frequency: semimonthly, days: [15, last]}
  biweekly: {frequency: biweekly, first_pay_date: 2026-01-09}
plans:
  - id: ppo
    name: PPO
    benefit_type: medical
    carrier: carrier
    effective_from: 2020-01-01
    rates: [{from: 2020-01-01, tiers: {EE: 500.00}}]
    employer_contribution: {scheme: percent_of_tier, percent: 80%}
    deduction: {code: MED-PPO, tax_class: pretax, method: per_month, per_month: 1}
  - id: 401k
    name: 401(k)
    benefit_type: retirement
    recordkeeper: keeper
    effective_from: 2020-01-01
    deferral: {pretax_code: 401K}
leave:
  - {id: pto, name: Paid time off, accrual: {method: monthly, tenure: [{after_months: 0, annual_hours: 80}]}}
carriers:
  carrier: {pay_policy: pay_as_enrolled}
"""
"""A small employer; what of a vendor's rows it cannot place is quarantined, which is an outcome too. A stage's settings
map the vendor's words to its pay groups and its leave policy."""

_PERSON = re.compile(r"per_\w+")


@dataclass(frozen=True, slots=True)
class Books:
    """What a hub knows: the vendor's rows, what is true by them, and what vendors have confirmed."""

    rows: set[Any]
    facts: set[Any]
    told: list[Any]


@dataclass(slots=True)
class Swept:
    """What reading every stream came to: the rows that came of each, how many were applied, and what ended a read."""

    rows: dict[str, int] = field(default_factory=dict)
    applied: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    def read_again(self, before: Swept, streams: Collection[str] = ()) -> None:
        """Hold it against an earlier sweep: of `streams`, or else of all that gave rows then, rows must have come.

        Raises:
            Broken: a stream that was read before could not be, or gave no row.
        """
        if not any(before.rows.values()):
            raise Broken("no stream could be read at first", "Mend the stage: it gives no row")
        for stream in before.rows:
            if stream in self.failed:
                raise Broken(
                    f"{stream}: read once more it ends in {self.failed[stream]}", "Let it be read as often as asked"
                )
        for stream in streams or [name for name, rows in before.rows.items() if rows]:
            if not self.rows.get(stream):
                raise Broken(f"{stream}: read once more it gives no row", "Read from the beginning without a cursor")

    def came_twice(self, before: Swept, streams: Collection[str] = ()) -> None:
        """Hold it against a sweep before each file came under a second name too.

        Raises:
            Broken: as for `read_again`; or the second file gave no row.
        """
        self.read_again(before, streams)
        for stream in streams or [name for name, rows in before.rows.items() if rows]:
            if self.rows[stream] <= before.rows.get(stream, 0):
                raise Broken(
                    f"{stream}: a file under a second name gives no row",
                    "Let the stage's patterns of names match NAME-2 as well",
                )


class PlayedHub(Hub):
    """A hub whose one connection leads to the stage."""

    played: Played

    def sync(self, stream: str, key: str, full: bool = True) -> Any:
        """Read a stream from its beginning, or else from its cursor, and apply it."""
        return JOBS["sync"](self, DirectSteps(), EMPLOYER, CONNECTION, stream, key, full)

    def sync_all(self, key: str, full: bool = True) -> Swept:
        """Every stream of the stage, also behind one that fails."""
        swept = Swept()
        for stream in self.played.streams:
            try:
                counts = self.sync(stream, key, full)
            except BenehubError as error:  # what a guard holds, or a file that is refused, changes nothing
                swept.failed[stream] = type(error).__name__
            else:
                swept.rows[stream] = counts["rows"]
                swept.applied += counts["applied"]
        return swept

    def cursors(self) -> dict[str, str]:
        """Where each stream that has told a cursor would be read on."""
        with self.store.read(EMPLOYER) as session:
            rows = session.rows(select(stream_state).where(*session.where(stream_state, connection_id=CONNECTION)))
            return {row.stream: row.cursor for row in rows if row.cursor is not None}

    def books(self) -> Books:
        """What is in the books now."""
        with self.store.read(EMPLOYER) as session:
            rows = {(row.stream, row.row_key, row.row_hash) for row in session.rows(select(seen))}
            names: dict[str, str] = {}
            for row in session.rows(select(crosswalk).order_by(crosswalk.c.connection_id, crosswalk.c.external_id)):
                names.setdefault(row.person_id or "", row.external_id)
            # An id of a person tells when he came; who he is says the vendor's own id.
            facts = {
                (row.kind, names.get(row.subject, row.subject), row.fact_key, row.effective_from, row.effective_to,
                 _PERSON.sub(lambda found: names.get(found[0], found[0]), repr(row.data)))
                for row in session.rows(select(fact))
            }  # fmt: skip
            told = sorted(
                (row.kind, row.external_id, row.part, row.code, row.coverage_month, str(row.pay_date), row.reference,
                 row.amount, repr(row.detail), row.version)
                for row in session.rows(select(confirmation).where(*session.where(confirmation, current=1)))
            )  # fmt: skip
        return Books(rows, facts, told)

    @contextmanager
    def open(self, employer: str, connection_id: str) -> Iterator[Open]:
        """The stage, whatever the connection is called."""
        yield Open(self.played.connector, self.played.link, "live")


def played_hub(folder: Path, played: Played) -> PlayedHub:
    """A hub on a fresh database in `folder`; its store is the caller's to close."""
    manager = pluggy.PluginManager("benehub")
    manager.add_hookspecs(hookspecs)
    made = PlayedHub(_store(folder, played), manager)
    made.played = played
    made.connectors = {"kit": type(played.connector)}
    with made.store.write(EMPLOYER) as session:
        for number, ssn in played.stage.known.items():
            people.add_employee(session, CONNECTION, number, number, ssn)
    return made


@cache
def _migrated() -> Path:
    """A database of the newest schema, made once a process."""
    folder = Path(tempfile.mkdtemp(prefix="benehub-kit-"))
    store = open_store(f"sqlite:///{folder}/kit.db", Vault({"k1": b"k" * 32}))
    store.migrate()
    with store.write(EMPLOYER) as session:
        row = {"name": "Acme", "country": "US", "currency": "USD", "timezone": "UTC"}
        session.add(employer, [{**row, "seq": 0, "recorded_at": "", "ledger_head": ""}])
        session.add(connection, [{"connection_id": CONNECTION, "connector": "kit", "settings": {}, "mode": "live"}])
        session.add(plan_book, [{"version": "kit", "content": BOOK, "seq": session.take_seq()[0]}])
    store.close()
    return folder / "kit.db"


def _store(folder: Path, played: Played) -> Store:
    shutil.copy(_migrated(), folder / "kit.db")
    return open_store(f"sqlite:///{folder}/kit.db", Vault({"k1": b"k" * 32}), lambda: played.stage.now)
