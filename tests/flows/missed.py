"""A participant of whom payroll missed a deferral, with the recordkeeper's and payroll's files around him."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import select

from benehub import facts, ledger, reconcile
from benehub.connect.connector import Incoming
from benehub.facts import Version
from benehub.flows import Hub, fixes
from benehub.flows.made_up import owe
from benehub.flows.onboarding import connect, load_plan_book
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.reconcile import fixes as frozen
from benehub.store.tables import person
from benehub.views.clearing import clearing
from benehub_connectors.recordkeeper_files import RecordkeeperSettings
from benehub_connectors.recordkeeper_files.simulator import RecordkeeperSimulator

PLAN = """  - id: 401k
    name: 401k
    benefit_type: retirement
    recordkeeper: keeper
    effective_from: 2025-01-01
    deferral: {pretax_code: 401K, roth_code: ROTH, loan_code: LOAN}
    match: {code: M, formula: basic}
carriers:
"""
MISSED, RIGHT = "2026-10-15", "2026-10-30"
OCTOBER = "2026-10"


class World:
    """One participant, 10,000.00 a pay and 10 % of it deferred; the pay of 15 October took nothing of it."""

    def __init__(
        self, hub: Hub, fakehub: ModuleType, root: Path, terms: str = "formula: basic", matched: int = 40_000,
        elected: tuple[int, int] = (10, 0), day: str = MISSED, before: tuple[str, ...] = (),
        partly: Mapping[str, int] | None = None, **settings: str,
    ) -> None:  # fmt: skip
        self.hub, self.runs, self.elected, self.day = hub, 0, elected, day
        told = {
            "place": {"folder": str(root / "keeper")}, "plan": "401k", "plan_id": "P-401", "client_id": "ACME",
            **settings,
        }  # fmt: skip
        self.keeper = RecordkeeperSimulator(root / "keeper", RecordkeeperSettings.model_validate(told))
        fakehub.set_up(hub, root / "vendor", "read_back")
        plan = PLAN.replace("formula: basic", terms)
        book = fakehub.BOOK.replace("carriers:\n", plan).replace("monthly, days: [15]", "semimonthly, days: [15, last]")
        load_plan_book(hub, book, "book")
        connect(hub, "acme", {"keeper": {"connector": "recordkeeper_files", "settings": told}})
        self._participant()
        self.flow("deductions.expect", day[:7])
        some = dict(partly or {})
        deferred = (
            ("401K", "deduction", some.pop(RIGHT, 10_000 * elected[0])),
            ("ROTH", "deduction", 10_000 * elected[1]),
        )
        taken = (*deferred, ("M", "employer", matched), ("LOAN", "deduction", 5_000))
        register = [_line(day, "REG", "earning", 1_000_000) for day in (*before, self.day, RIGHT)]
        register += [_line(one, "401K", "deduction", amount) for one, amount in some.items()]
        fakehub.FakeConnector.rows = {"register_line": [*register, *(_line(RIGHT, *one) for one in taken if one[2])]}
        self.flow("sync", "payroll", "register_line", "1", False)
        for month in sorted({day[:7], OCTOBER}):
            self.flow("payroll.results", "payroll", month)

    def _participant(self) -> None:
        with self.hub.store.write("acme") as session:
            rows = session.rows(select(person.c.person_id).where(person.c.member_id.like("%1")))
            self.who = str(rows[0].person_id)
            rates = dict(
                zip(("pretax_rate", "roth_rate"), (f"{one}%" if one else "" for one in self.elected), strict=True)
            )
            cover = {"plan": "401k", "tier": "", "dependents": [], **rates, "event": ""}
            pay = {"rate_minor": 1_000_000, "per": "pay", "currency": "USD"}
            born = facts.as_of(session, "employee", date(2026, 1, 1), subjects=[self.who])[0].data
            facts.record(session, [
                Version("employee", self.who, "", date(1990, 6, 1), {**born, "birth_date": "1990-06-01"}),
                Version("compensation", self.who, "", date(2025, 1, 1), pay),
                Version("coverage", self.who, "retirement", date(2025, 1, 1), cover),
            ], "test")  # fmt: skip

    def elect(self, rates: Mapping[date, str]) -> None:
        """What was elected, by the day from which it held."""
        cover = {"plan": "401k", "tier": "", "dependents": [], "roth_rate": "", "event": ""}
        with self.hub.store.write("acme") as session:
            facts.record(session, [
                Version("coverage", self.who, "retirement", day, {**cover, "pretax_rate": rate})
                for day, rate in rates.items()
            ], "test")  # fmt: skip

    def compare(self, month: str) -> None:
        """Work out what an earlier month was to take, and compare it with the register."""
        self.flow("deductions.expect", month)
        self.flow("payroll.results", "payroll", month)
        self.flow("reconcile", month, ["payroll"])

    def told_in_time(self) -> str:
        """What a fix says where the employee was told on 2 November."""
        return fixes.preview(self.hub, "acme", self.missed(), "missed_deferral", notice_day=date(2026, 11, 2)).says

    def flow(self, name: str, *arguments: Any) -> Any:
        self.runs += 1
        return self.hub.start_flow(name, "acme", f"run {self.runs}", *arguments)

    def credited(self) -> None:
        """The recordkeeper takes what lies there and reports it."""
        self.keeper.collect(date(2026, 11, 3))
        self.keeper.write_credit_report()
        self.flow("sync", "keeper", "credit", f"read {self.runs}", False)
        self.flow("retirement.credits", "keeper", self.day[:7])

    def differences(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Open differences of the plan, by type and reference; every clearing balance of it is named."""
        self.flow("reconcile", self.day[:7], ["payroll", "retirement"])
        with self.hub.store.read("acme") as session:
            for one in clearing(session, self.hub.book(session), Month(2026, 10)):
                if one.account in (chart.EARNINGS_PAYABLE, chart.DEPOSIT_TRANSIT):
                    assert one.unexplained == 0, one
            rows = [one for one in reconcile.listed(session) if one.plan == "401k"]
            return {(one.type, one.reference): (one.expected, one.actual) for one in rows}

    def missed(self, part: str = "pretax") -> str:
        with self.hub.store.read("acme") as session:
            rows = [one for one in reconcile.listed(session) if one.plan == "401k" and one.type == "NOT_TAKEN"]
            return str(next(one.difference_id for one in rows if one.reference == f"{self.day}/{part}"))

    def approved(self, part: str = "pretax", told: date | None = None) -> str:
        """The fix of what was missed, approved and not carried out; the employee was told of it on a day, if at all."""
        fix = fixes.propose(self.hub, "acme", self.missed(part), "ann", "missed_deferral", notice_day=told)
        fixes.approve(self.hub, "acme", fix, "ben")
        return fix

    def owe(self, fix: str) -> dict[str, int]:
        """Make owed what a fix would, as far as that and no further."""
        with self.hub.store.write("acme") as session:
            owe(session, self.hub.book(session), frozen.content(session, frozen.get(session, fix)))
        return self.balances()

    def balances(self) -> dict[str, int]:
        with self.hub.store.read("acme") as session:
            found = ledger.balances(session, [chart.MATCH_PAYABLE, chart.EARNINGS_PAYABLE, chart.LOAN_PAYABLE])
            return {one.account: one.amount for one in found if one.amount}


def _line(day: str, code: str, kind: str, amount: int) -> Incoming:
    data = {
        "pay_run": day, "check": day, "employee": "p1", "pay_date": day, "kind": kind, "code": code,
        "amount_minor": amount, "gross_minor": 1_000_000, "net_pay_minor": 700_000,
    }  # fmt: skip
    return Incoming(f"{day}{code}", data)
