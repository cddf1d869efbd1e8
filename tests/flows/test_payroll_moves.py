"""What one payroll holds another does not: an employer or a pay group that moves is told of at the new one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import select, update

from benehub import facts, obligations
from benehub.connect.connector import Incoming
from benehub.facts import Version
from benehub.flows import Hub
from benehub.flows.onboarding import connect, load_plan_book
from benehub.flows.payroll_holds import held
from benehub.store.tables import fact, obligation

TWO_GROUPS = """pay_groups:
  monthly: {frequency: monthly, days: [15]}
  salaried: {frequency: monthly, days: [15]}
"""


class Payrolls:
    """Three employees, the payroll they were on, and the one they come to."""

    def __init__(self, hub: Hub, fakehub: ModuleType, folder: Path) -> None:
        self.hub, self.fakehub, self.folder, self.runs = hub, fakehub, folder, 0
        self.book = fakehub.BOOK.replace("pay_groups:\n  monthly: {frequency: monthly, days: [15]}\n", TWO_GROUPS)
        load_plan_book(hub, self.book, "book")
        one = {"connector": "read_back", "settings": {"folder": str(folder / "new")}, "mode": "live"}
        connect(hub, "acme", {"new": one})
        self.sync("new", "payroll_person")

    def sync(self, connection: str, stream: str, *rows: Incoming) -> None:
        """Read a stream; as the vendor tells it now."""
        self.runs += 1
        if rows:
            self.fakehub.FakeConnector.rows[stream] = list(rows)
        self.hub.start_flow("sync", "acme", f"s{self.runs}", connection, stream, f"s{self.runs}", False)

    def push(self, connection: str, group: str = "monthly") -> tuple[int, int]:
        """How many orders were sent, and how many adopted."""
        self.runs += 1
        done = self.hub.start_flow("deductions.push", "acme", f"p{self.runs}", connection, group, "2026-10-15")
        return done.get("sent", 0), done["adopted"]

    def taken(self, where: str = "new") -> list[int]:
        """What the vendor takes from each."""
        told = self.fakehub.Vendor(str(self.folder / where)).state()["held"].values()
        return sorted(one["employee_amount_minor"] for one in told if one["active"])

    def held(self, connection: str) -> int:
        """How many deductions a payroll is known to hold."""
        with self.hub.store.read("acme") as session:
            return sum(one["active"] for codes in held(session, connection).values() for one in codes.values())


@pytest.fixture
def payrolls(db_url: str, tmp_path: Path, open_hub: Callable[..., Hub], fakehub: ModuleType) -> Payrolls:
    hub = open_hub(db_url)
    fakehub.set_up(hub, tmp_path / "old", "read_back")
    return Payrolls(hub, fakehub, tmp_path)


def as_it_was(payrolls: Payrolls) -> None:
    """What payrolls hold, as releases before kept it: by the code alone."""
    with payrolls.hub.store.write("acme") as session:
        rows = session.rows(select(fact).where(fact.c.kind == "payroll_benefit"))
        assert rows
        for row in rows:
            data = {name: value for name, value in row.data.items() if name != "connection"}
            old = Version("payroll_benefit", row.subject, data["code"], row.effective_from, data)
            facts.record(session, [old], row.source, row.batch_id)
            ended = Version("payroll_benefit", row.subject, row.fact_key, row.effective_from, None)
            facts.record(session, [ended], "test")


def test_an_employer_who_moves_has_everything_told_at_the_new_payroll(payrolls: Payrolls) -> None:
    assert payrolls.push("payroll") == (3, 0)
    assert payrolls.push("new") == (3, 0)
    assert payrolls.taken() == payrolls.taken("old") == [100_00] * 3
    assert (payrolls.held("payroll"), payrolls.held("new")) == (3, 3)
    assert payrolls.push("new") == payrolls.push("payroll") == (0, 0)


def test_a_pay_group_that_moves_is_told_and_comes_back(payrolls: Payrolls) -> None:
    payrolls.push("payroll")
    payrolls.sync("hris", "employee", payrolls.fakehub.person(1, pay_group="salaried"))
    assert payrolls.push("new", "salaried") == (1, 0)
    assert payrolls.taken() == [100_00]
    payrolls.sync("hris", "employee", payrolls.fakehub.person(1))
    assert payrolls.push("payroll") == (0, 0)
    assert payrolls.push("new") == (2, 0)


def test_nothing_is_ended_at_a_payroll_that_holds_it_not(payrolls: Payrolls) -> None:
    held_there = {"employee": "p1", "code": "MED", "employee_amount_minor": 100_00}
    payrolls.sync("payroll", "payroll_benefit", Incoming("b1", held_there))
    waived = {"employee": "1001", "plan": "ppo", "effective_from": "2026-01-01", "waived": True}
    payrolls.sync("hris", "election", Incoming("w1", waived))
    payrolls.hub.start_flow("coverage", "acme", "w", "2026-10-01")
    assert payrolls.push("new") == (2, 0)
    assert (payrolls.held("payroll"), payrolls.held("new")) == (1, 2)
    payrolls.push("payroll")
    assert payrolls.held("payroll") == 2


@pytest.mark.parametrize("from_a_read", [True, False])
def test_what_stands_from_before_is_still_the_old_payrolls(payrolls: Payrolls, from_a_read: bool) -> None:
    rows = [Incoming(f"b{n}", {"employee": f"p{n}", "code": "MED", "employee_amount_minor": 100_00}) for n in (1, 2, 3)]
    if from_a_read:
        payrolls.sync("payroll", "payroll_benefit", *rows)
        assert payrolls.push("payroll") == (0, 3)
    else:
        assert payrolls.push("payroll") == (3, 0)
    as_it_was(payrolls)
    assert (payrolls.held("payroll"), payrolls.held("new")) == (3, 0)
    assert payrolls.push("payroll") == (0, 0)
    assert payrolls.push("new") == (3, 0)
    assert payrolls.push("payroll") == payrolls.push("new") == (0, 0)


def test_what_was_taken_for_held_at_the_new_payroll_is_told_there(payrolls: Payrolls) -> None:
    payrolls.push("payroll")
    payrolls.push("new")
    (payrolls.folder / "new" / "state.json").unlink()
    with payrolls.hub.store.write("acme") as session:
        for row in session.rows(select(fact).where(fact.c.fact_key == "new/MED")):
            ended = Version("payroll_benefit", row.subject, row.fact_key, row.effective_from, None)
            facts.record(session, [ended], "test")
        session.connection.execute(
            update(obligation).where(obligation.c.connection_id == "new").values(reason=obligations.ADOPTED)
        )
    assert payrolls.push("new") == (3, 0)
    assert payrolls.taken() == [100_00] * 3
