"""HRIS vendors without a feed of changes, read by a hub: nothing twice, news applied, and who is gone is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from benehub import facts, plugins
from benehub.crypto import Vault
from benehub.flows import Hub, bind, custody
from benehub.flows.onboarding import connect, load_plan_book
from benehub.sandbox.http import as_transport
from benehub.store import open_store
from benehub_connectors.bamboohr.simulator import BambooSimulator
from benehub_connectors.hibob.simulator import HibobSimulator, at, person_id
from benehub_connectors.personio.simulator import BORN, GROUP, NUMBER, SINCE, SSN, PersonioSimulator

BOOK = """
employer: {id: acme, name: Acme}
roles: {hris: hris, payroll: payroll}
pay_groups:
  monthly: {frequency: monthly, days: [15]}
plans:
  - id: ppo
    name: PPO
    benefit_type: medical
    carrier: carrier
    effective_from: 2026-01-01
    rates: [{from: 2026-01-01, tiers: {EE: 500.00, EC: 900.00}}]
    employer_contribution: {scheme: percent_of_tier, percent: 80%}
    deduction: {code: MED, tax_class: pretax, method: per_month, per_month: 1}
carriers:
  carrier: {pay_policy: pay_as_enrolled}
leave:
  - {id: pto, accrual: {method: per_hour, rate: 1/30, cap_hours: 120}, taken_code: PTO}
"""
BOB = {
    "service_user": "SERVICE-1", "token": "env:BENEHUB_TEST_HRIS", "default_pay_group": "monthly",
    "leave_policies": {"Holiday": "pto"},
}  # fmt: skip
PERSONIO = {
    "client_id": "papi-benehub", "client_secret": "env:BENEHUB_TEST_HRIS", "pay_groups": {"monatlich": "monthly"},
    "leave_policies": {"Vacation": "pto"},
    "fields": {"birth_date": BORN, "ssn": SSN, "employee_number": NUMBER, "salary_from": SINCE, "pay_group": GROUP},
}  # fmt: skip
STREAMS = ("employee", "compensation", "leave_request")
BEFORE, NOW, LATER = (datetime(2026, 11, day, 12, tzinfo=UTC) for day in (1, 2, 4))
MON, TUE = date(2026, 11, 9), date(2026, 11, 10)


class Company:
    """A hub with one connection, to the HRIS."""

    def __init__(self, root: Path, simulator: Any, connector: str, settings: dict[str, Any]) -> None:
        self.now = NOW
        store = open_store(f"sqlite:///{root / 'hub.db'}", Vault({"k1": b"k" * 32}), lambda: self.now)
        store.migrate()
        wiring = {"transport": as_transport(simulator), "sleep": lambda _seconds: None}
        self.hub: Hub = bind(Hub(store, plugins.build(load_strangers=False), lambda _employer, _name: dict(wiring)))
        self.hub.engine.start()
        load_plan_book(self.hub, BOOK, "book")
        connect(self.hub, "acme", {"hris": {"connector": connector, "settings": settings}})
        self._runs = 0

    def sync(self, *, full: bool = False) -> dict[str, tuple[int, int, int]]:
        """Read all streams: rows applied, unchanged and gone; nothing of it may wait for a person."""
        found = {}
        for stream in STREAMS:
            self._runs += 1
            told = self.hub.start_flow("sync", "acme", f"run {self._runs}", "hris", stream, f"read {self._runs}", full)
            assert (told["quarantined"], told["superseded"]) == (0, 0)
            found[stream] = (told["applied"], told["unchanged"], told["gone"])
        return found


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes a company of a simulator, its secret, a connector and its settings."""
    made: list[Company] = []

    def make(simulator: Any, secret: str, connector: str, settings: dict[str, Any]) -> Company:
        monkeypatch.setenv("BENEHUB_TEST_HRIS", secret)
        made.append(Company(tmp_path, simulator, connector, settings))
        return made[-1]

    yield make
    for one in made:
        one.hub.engine.stop()
        one.hub.store.close()


def test_of_bob_the_hubs_own_comparison_finds_what_changed(company: Any) -> None:
    bob = HibobSimulator()
    people = bob.populate(12)
    for number in (1, 2):
        bob.take_off(number, people[number], MON, TUE, "2", BEFORE)
    hub = company(bob, "bob-token", "hibob", BOB)
    assert hub.sync() == dict(zip(STREAMS, [(12, 0, 0), (12, 0, 0), (2, 0, 0)], strict=True))
    assert hub.sync() == dict(zip(STREAMS, [(0, 12, 0), (0, 12, 0), (0, 0, 0)], strict=True))
    bob.people[person_id(3)]["root.surname"] = "Grant"
    bob.set_pay(person_id(5), date(2026, 12, 1), "70000")
    bob.withdraw(1, at(date(2026, 11, 3)))
    del bob.people[person_id(4)]
    hub.now = LATER
    # Whoever is gone is gone with all pay.
    assert hub.sync() == dict(zip(STREAMS, [(1, 10, 1), (1, 11, 1), (1, 0, 0)], strict=True))


def test_a_german_employer_has_no_ssn_and_one_in_the_us_does(company: Any) -> None:
    account = PersonioSimulator()
    account.populate(3, BEFORE, first=101)
    fields = {"birth_date": BORN, "employee_number": NUMBER, "salary_from": SINCE, "pay_group": GROUP}
    hub = company(account, "papi-secret", "personio", {**PERSONIO, "fields": fields})
    told = hub.hub.start_flow("sync", "acme", "in the US", "hris", "employee", "in the US", False)
    assert (told["applied"], told["quarantined"]) == (0, 3)
    load_plan_book(hub.hub, BOOK.replace("name: Acme}", "name: Acme, country: DE, currency: EUR}"), "in Germany")
    assert custody.redrive(hub.hub, "acme")["applied"] == 3
    assert hub.sync(full=True)["employee"] == (0, 3, 0)


def test_of_personio_changes_come_at_once_and_deletions_with_a_full_read(company: Any) -> None:
    account = PersonioSimulator()
    account.populate(12, BEFORE, first=101)
    for number in (1, 2):
        account.add_days_off(number, 100 + number, MON, TUE, "2")
    hub = company(account, "papi-secret", "personio", PERSONIO)
    assert hub.sync() == dict(zip(STREAMS, [(12, 0, 0), (12, 0, 0), (2, 0, 0)], strict=True))
    assert hub.sync() == dict(zip(STREAMS, [(0, 0, 0), (0, 0, 0), (0, 2, 0)], strict=True))
    account.change_person(103, datetime(2026, 11, 3, tzinfo=UTC), last_name="Grant", fix_salary="5000")
    account.delete_person(104)
    del account.days_off[2]
    hub.now = LATER
    assert hub.sync() == dict(zip(STREAMS, [(1, 0, 0), (1, 0, 0), (0, 1, 1)], strict=True))
    assert hub.sync(full=True) == dict(zip(STREAMS, [(0, 11, 1), (0, 11, 1), (0, 1, 0)], strict=True))


def test_what_bamboohr_tells_of_enrollments_becomes_elections_with_whom_they_cover(company: Any) -> None:
    account = BambooSimulator(api_key="bamboo-key")
    account.populate(2, BEFORE)
    account.add_dependent("7", "1", firstName="Robin")
    for one in ("1", "2"):
        account.enroll(one, "31", date(2026, 1, 1))
    settings = {"company": "acme", "api_key": "env:BENEHUB_TEST_HRIS", "pay_groups": {"biweekly": "monthly"},
                "benefits": {"plans": {"31": "ppo"}, "since": 2026}}  # fmt: skip
    hub = company(account, "bamboo-key", "bamboohr", settings)

    def sync(stream: str, key: str) -> tuple[int, int, int, int]:
        told = hub.hub.start_flow("sync", "acme", key, "hris", stream, key, True)
        return told["applied"], told["unchanged"], told["quarantined"], told["gone"]

    def covered(day: date) -> list[tuple[str, int]]:
        with hub.hub.store.read("acme") as session:
            return sorted(
                (one.data["tier"], len(one.data["dependents"])) for one in facts.as_of(session, "election", day)
            )

    assert (sync("employee", "1"), sync("dependent", "2")) == ((2, 0, 0, 0), (1, 0, 0, 0))
    assert sync("election", "3") == (2, 0, 0, 0)
    assert sync("election", "4") == (0, 2, 0, 0)
    account.enroll("1", "31", date(2026, 5, 4), dependent="7")
    account.enroll("2", "31", date(2026, 12, 1), status="TERMINATED")
    assert sync("election", "5") == (3, 0, 0, 0)
    assert covered(date(2026, 5, 3)) == [("EE", 0), ("EE", 0)]
    assert covered(date(2026, 11, 30)) == [("EC", 1), ("EE", 0)]
    assert covered(date(2026, 12, 1)) == [("EC", 1)]
