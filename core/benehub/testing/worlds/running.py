"""A world's folder through the hub: read, decided, priced, paid, deposited and compared, by the flows of every day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from benehub import plugins
from benehub.crypto import Vault
from benehub.errors import Unsupported
from benehub.flows import Hub, bind
from benehub.flows.onboarding import connect, load_plan_book
from benehub.flows.reconciling import set_aside
from benehub.reconcile import TOLERATED
from benehub.settings import new_key, read_keys
from benehub.store import open_store
from benehub.store.tables import difference, person
from benehub.testing.worlds.truth import Planted, Truth, read_truth

Found = dict[str, list[Planted]]
"""State of a difference -> the differences in it."""


def run_world(folder: Path, url: str, progress: Callable[[str], None] = lambda text: None) -> tuple[Truth, Found]:
    """Run a world on an empty database; gives what was planted and what was found.

    Raises:
        DataError: the folder holds no world.
        BenehubError: what a flow raised.
    """
    truth = read_truth(folder)
    with _hub(url, date.fromisoformat(truth.today)) as hub:
        employer, _ = load_plan_book(hub, (folder / "planbook.yaml").read_text(encoding="utf-8"), "planbook.yaml")
        connect(hub, employer, {
            name: {"connector": kind, "settings": _settings(folder, name)} for name, kind in truth.connections.items()
        })  # fmt: skip
        _Month(hub, employer, truth, progress).work()
        return truth, _found(hub, employer)


def _settings(folder: Path, name: str) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8"))
    return told | {"place": {"folder": str(folder.resolve())}}


@contextmanager
def _hub(url: str, day: date) -> Iterator[Hub]:
    now = datetime(day.year, day.month, day.day, 15, tzinfo=UTC)
    store = open_store(url, Vault(*read_keys(new_key())), lambda: now)
    store.migrate()
    hub = bind(Hub(store, plugins.build(load_strangers=False)))
    hub.engine.start()
    try:
        yield hub
    finally:
        hub.engine.stop()
        store.close()


class _Month:
    """The work of a world's months, in the order of an office that reads everything first."""

    def __init__(self, hub: Hub, employer: str, truth: Truth, progress: Callable[[str], None]) -> None:
        self.hub, self.employer, self.truth, self.progress = hub, employer, truth, progress

    def flow(self, name: str, *arguments: Any) -> Any:
        """Run a flow."""
        self.progress(f"{name} {' '.join(map(str, arguments))}")
        return self.hub.start_flow(name, self.employer, "/".join(map(str, arguments)), *arguments)

    def work(self) -> None:
        """All of it."""
        self._read()
        self.flow("coverage", self.truth.today)
        for month in self.truth.months:
            self.flow("premiums.accrue", month)
            self.flow("deductions.expect", month)
            self.flow("leave.accrue", month)
        self._pay()
        for rule in self.truth.rules:
            set_aside(
                self.hub, self.employer, rule["relation"], rule["type"], rule["plan"], rule["up_to"],
                date.fromisoformat(self.truth.today), "office", rule["note"],
            )  # fmt: skip
        for month in self.truth.months:
            self.flow("reconcile", month, [])

    def _read(self) -> None:
        for connection in self.truth.connections:
            with self.hub.open(self.employer, connection) as link:
                streams = link.streams
            for stream in streams:
                with suppress(Unsupported):
                    self.flow("sync", connection, stream, f"{connection}/{stream}", False)

    def _pay(self) -> None:
        with self.hub.store.read(self.employer) as session:
            book = self.hub.book(session)
        carriers = sorted({plan.carrier for plan in book.insurance_plans() if plan.carrier})
        keepers = {plan.id: plan.recordkeeper for plan in book.retirement_plans() if plan.recordkeeper}
        for month in self.truth.months:
            self.flow("payroll.results", book.roles.payroll, month)
            for carrier in carriers if month not in self.truth.unpaid else ():
                self.flow("premiums.remit", carrier, month)
        for plan, day in product(keepers, self.truth.pay_dates):
            self.flow("retirement.deposit", plan, day)
        for keeper, month in product(sorted(set(keepers.values())), self.truth.months):
            self.flow("retirement.credits", keeper, month)


def _found(hub: Hub, employer: str) -> Found:
    found: Found = {"discrepancy": [], "pending": [], "suppressed": [], TOLERATED: []}
    with hub.store.read(employer) as session:
        numbers = {row.person_id: row.member_id for row in session.rows(select(person).where(*session.where(person)))}
        for row in session.rows(select(difference).where(*session.where(difference))):
            found.setdefault(TOLERATED if row.work_step == TOLERATED else row.state, []).append(
                Planted(
                    row.relation, row.type, numbers.get(row.person_id, ""), row.plan or "", row.period,
                    row.expected or 0, row.actual or 0,
                )
            )  # fmt: skip
    return {state: sorted(rows) for state, rows in found.items()}
