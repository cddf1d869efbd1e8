"""Money for HSA and FSA: taken from pay, sent to the custodian once, posted line by line; the rejected goes again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select

from benehub import dispatch, ledger, obligations, reconcile
from benehub.cli.rehearsal import rehearsal
from benehub.connect.connector import Incoming
from benehub.flows import Hub, account_deposits, dispatches, fixes
from benehub.flows.onboarding import connect, load_plan_book
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.store.tables import dispatch as dispatch_table
from benehub.store.tables import obligation, person
from benehub.views.clearing import clearing
from benehub.views.money_path import money_paths
from benehub_connectors import custodian_files
from benehub_connectors.custodian_files import CustodianSettings
from benehub_connectors.custodian_files.simulator import CustodianSimulator

Open = Callable[..., Hub]
OCTOBER = Month(2026, 10)
PAID = date(2026, 10, 15)
ACCOUNTS = """  - id: hsa
    name: HSA
    benefit_type: hsa
    custodian: bank
    effective_from: 2026-01-01
    account: {employer_yearly: {EE: 600.00}}
    deduction: {code: HSA, method: every_pay}
  - id: fsa
    name: FSA
    benefit_type: fsa_health
    custodian: bank
    effective_from: 2025-07-01
    deduction: {code: FSA, method: every_pay}
carriers:
"""


def taken(number: int, code: str, amount: int, kind: str = "deduction") -> Incoming:
    data = {
        "pay_run": "run 1", "check": f"{number}", "employee": f"p{number}", "pay_date": str(PAID), "kind": kind,
        "code": code, "amount_minor": amount, "tax_class": "pretax" if kind == "deduction" else None,
    }  # fmt: skip
    return Incoming(f"r{number}{code}{kind}", data)


REGISTER = [
    taken(1, "HSA", 200_00), taken(1, "HSA", 50_00, "employer"), taken(1, "FSA", 120_00), taken(2, "HSA", 80_00),
]  # fmt: skip


class World:
    """An employer with a pay run read, and the custodian of its accounts."""

    def __init__(self, hub: Hub, fakehub: ModuleType, root: Path) -> None:
        self.hub, self.fakehub = hub, fakehub
        place = {"folder": str(root / "bank")}
        settings = {"place": place, "client_id": "ACME"}
        self.bank = CustodianSimulator(root / "bank", CustodianSettings.model_validate(settings))
        fakehub.set_up(hub, root / "vendor", "read_back")
        load_plan_book(hub, fakehub.BOOK.replace("carriers:\n", ACCOUNTS), "book")
        connect(hub, "acme", {"bank": {"connector": "custodian_files", "settings": settings, "mode": "live"}})
        self.runs = 0
        self.read(REGISTER)

    def flow(self, name: str, *arguments: Any) -> Any:
        self.runs += 1
        return self.hub.start_flow(name, "acme", f"run {self.runs}", *arguments)

    def read(self, register: list[Incoming]) -> None:
        self.fakehub.FakeConnector.rows = {"register_line": register}
        self.flow("sync", "payroll", "register_line", f"read {self.runs}", False)
        self.flow("payroll.results", "payroll", "2026-10")

    def deposit(self) -> Any:
        return self.flow("accounts.deposit", "bank", str(PAID))

    def answer(self, day: date = date(2026, 10, 19)) -> Any:
        """The custodian posts what lies there, answers, and its answer is taken."""
        self.bank.collect(day)
        self.bank.write_results()
        self.flow("sync", "bank", "contribution_result", f"read {self.runs}", False)
        return self.flow("accounts.confirmations", "bank", "2026-10")

    def owed(self) -> tuple[int, int]:
        """What is payable, and what is in transit."""
        with self.hub.store.read("acme") as session:
            found = ledger.clearing(session)
        return -found[chart.ACCOUNT_PAYABLE], -found[chart.CUSTODIAN_TRANSIT]

    def differences(self) -> list[tuple[str, int, int, str]]:
        self.flow("reconcile", "2026-10", ["accounts"])
        with self.hub.store.read("acme") as session:
            for one in clearing(session, self.hub.book(session), OCTOBER):
                if one.account in (chart.ACCOUNT_PAYABLE, chart.CUSTODIAN_TRANSIT):
                    assert one.unexplained == 0
            return [(one.type, one.expected, one.actual, one.state) for one in reconcile.listed(session)]

    def states(self) -> list[tuple[str, str]]:
        with self.hub.store.read("acme") as session:
            rows = session.rows(
                select(obligation.c.plan, obligation.c.state)
                .where(obligation.c.kind == "account.deposit")
                .order_by(obligation.c.plan, obligation.c.state)
            )
            return [(row.plan, row.state) for row in rows]


Build = Callable[[str], World]


@pytest.fixture
def build(tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Build:
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 10, 16, 12, tzinfo=UTC))
    return lambda url: World(open_hub(url, custodian_files), fakehub, tmp_path)


@pytest.fixture
def world(sqlite_url: str, build: Build) -> World:
    return build(sqlite_url)


@pytest.fixture
def either(db_url: str, build: Build) -> World:
    """The same world on each kind of database."""
    return build(db_url)


TOTAL = 450_00


def test_what_payroll_took_is_sent_posted_and_clears_the_payable(world: World) -> None:
    assert world.owed() == (TOTAL, 0)
    assert world.differences() == [
        ("WITHHELD_NOT_DEPOSITED", 330_00, 0, "pending"),
        ("WITHHELD_NOT_DEPOSITED", 120_00, 0, "pending"),
    ]
    done = world.deposit()
    assert (done["rows"], done["sent"], world.owed()) == (4, 1, (0, TOTAL))
    assert {one[0] for one in world.differences()} == {"DEPOSITED_NOT_CREDITED"}
    counts = world.answer()
    assert (counts["credited"], counts["refused"], counts["new"]) == (4, 0, 4)
    assert world.owed() == (0, 0)
    assert world.differences() == []
    assert world.states() == [("fsa", "confirmed"), ("hsa", "confirmed"), ("hsa", "confirmed")]
    assert world.bank.accounts == {
        ("1001", "hsa", "EMPLOYEE"): 200_00, ("1001", "hsa", "EMPLOYER"): 50_00,
        ("1001", "fsa", "EMPLOYEE"): 120_00, ("1002", "hsa", "EMPLOYEE"): 80_00,
    }  # fmt: skip
    assert world.deposit() == {"rows": 0}
    assert world.answer()["unchanged"] == 4


def test_the_years_and_whose_money_stand_on_each_line(world: World) -> None:
    with rehearsal(world.hub) as hub:
        made = account_deposits.prepare(hub, "acme", "bank", PAID)
        with hub.store.read("acme") as session:
            rows = session.rows(select(obligation).where(obligation.c.kind == "account.deposit"))
            lines = [line for row in rows for line in obligations.content(session, row)["lines"]]
    assert made
    years = {(one["plan"], one["part"]): (one["tax_year"], one["contribution_year"]) for one in lines}
    assert years == {
        ("hsa", "employee"): (2026, 2026), ("hsa", "employer"): (2026, 2026),
        ("fsa", "employee"): (2026, 2026),  # its plan year began in July
    }  # fmt: skip
    assert world.owed() == (TOTAL, 0)


def test_a_rejected_line_is_owed_again_and_goes_out_after_the_mend(either: World) -> None:
    world = either
    world.bank.refuse("1002")
    world.deposit()
    counts = world.answer()
    assert (counts["credited"], counts["refused"]) == (3, 1)
    assert world.owed() == (80_00, 0)
    assert world.states() == [("fsa", "confirmed"), ("hsa", "confirmed"), ("hsa", "refused")]
    (found,) = world.differences()
    assert found == ("CONTRIBUTION_REFUSED", 80_00, 0, "discrepancy")
    world.bank.admit("1002")
    again = world.deposit()
    assert (again["rows"], again["sent"]) == (1, 1)
    assert world.answer()["credited"] == 4
    assert (world.owed(), world.differences()) == ((0, 0), [])
    assert world.bank.accounts["1002", "hsa", "EMPLOYEE"] == 80_00
    assert world.states()[2] == ("hsa", "confirmed")


def test_a_file_rejected_as_a_whole_is_owed_again(world: World) -> None:
    world.bank.reject_file("header not known")
    world.deposit()
    assert world.answer()["refused"] == 4
    assert world.owed() == (TOTAL, 0)
    assert {one[0] for one in world.differences()} == {"CONTRIBUTION_REFUSED"}
    assert world.deposit()["rows"] == 4
    assert world.answer()["credited"] == 4
    assert (world.owed(), world.differences()) == ((0, 0), [])


def test_what_is_posted_short_stays_a_difference(world: World) -> None:
    world.bank.post_short("1002", 1_00)
    world.deposit()
    world.answer()
    assert world.owed() == (0, 1_00)
    assert world.differences() == [("CREDITED_SHORT", 1_00, 0, "discrepancy")]


def test_what_the_register_adds_is_sent_alone_and_what_it_takes_back_is_told(world: World) -> None:
    world.deposit()
    world.answer()
    world.read([taken(2, "HSA", 95_00), taken(1, "FSA", 100_00)])
    assert world.deposit()["rows"] == 1
    world.answer()
    assert world.bank.accounts["1002", "hsa", "EMPLOYEE"] == 95_00
    assert world.differences() == [("DEPOSITED_OVER", 0, 20_00, "discrepancy")]


def test_the_same_amount_once_more_is_sent_once_more(world: World) -> None:
    world.deposit()
    world.answer()
    world.read([taken(2, "HSA", 160_00)])
    assert world.deposit()["rows"] == 1
    world.answer()
    assert (world.bank.accounts["1002", "hsa", "EMPLOYEE"], world.owed()) == (160_00, (0, 0))


class Died(Exception):
    """What stands for a process that ends."""


@pytest.mark.parametrize("point", ["frozen", "delivered", "sent"])
def test_a_deposit_that_broke_off_goes_on_with_one_effect(
    either: World, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    def die(*_arguments: Any, **_named: Any) -> Any:
        raise Died

    world = either
    with monkeypatch.context() as patch:
        if point == "frozen":
            patch.setattr(account_deposits, "send", die)
        elif point == "delivered":
            patch.setattr(dispatch, "end_all", die)
        else:
            patch.setattr(account_deposits, "_post", die)
        with pytest.raises(Exception, match="Died"):
            world.deposit()
    done = world.deposit()
    if point == "sent":
        assert done == {"rows": 0}  # it had left: it is posted, and nothing is owed any more
    else:
        assert (done["rows"], done["sent"]) == (4, 1)
    with world.hub.store.read("acme") as session:
        assert (
            len(session.rows(select(dispatch_table.c.state).where(dispatch_table.c.operation == "account.deposit")))
            == 1
        )
    assert world.answer()["credited"] == 4
    assert (sum(world.bank.accounts.values()), world.owed()) == (TOTAL, (0, 0))


def test_what_may_have_arrived_is_not_sent_a_second_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "end_all", lambda *_: (_ for _ in ()).throw(Died))
        with pytest.raises(Exception, match="Died"):
            world.deposit()
    world.bank.collect(date(2026, 10, 19))
    assert world.deposit()["held"] == 1
    assert world.deposit()["held"] == 1
    assert sum(world.bank.accounts.values()) == TOTAL
    with world.hub.store.read("acme") as session:
        (one,) = dispatch.in_states(session, ["held"], "bank")
    assert dispatches.settle(world.hub, "acme", one.dispatch_id, True, "ann", "it lies there") == "sent"
    assert world.owed() == (0, TOTAL), "it is deposited with the word, and not with the next deposit"
    assert {row[0] for row in world.differences()} == {"DEPOSITED_NOT_CREDITED"}
    assert world.deposit() == {"rows": 0}


def test_an_answer_to_a_line_of_nobody_is_told(world: World) -> None:
    world.deposit()
    world.bank.collect(date(2026, 10, 19))
    path = world.bank.write_results()
    file = next(world.bank._root.glob(path))
    file.write_text(file.read_text().replace("-EE", "-XX", 1))
    world.flow("sync", "bank", "contribution_result", "odd", False)
    counts = world.flow("accounts.confirmations", "bank", "2026-10")
    assert (counts["credited"], counts["unknown_lines"]) == (3, 1)
    assert sorted(one[0] for one in world.differences()) == ["DEPOSITED_NOT_CREDITED", "UNKNOWN_PARTICIPANT"]


def test_the_employee_can_see_how_far_the_money_has_come(world: World) -> None:
    with world.hub.store.read("acme") as session:
        one = session.rows(select(person.c.person_id).where(person.c.member_id == "1001"))[0].person_id

    def where() -> set[tuple[str, str, int, int]]:
        with world.hub.store.read("acme") as session:
            return {(path.plan, path.where.value, path.taken, path.match) for path in money_paths(session, one, 2026)}

    for state in ("taken", "sent", "confirmed"):
        if state == "sent":
            world.deposit()
        elif state == "confirmed":
            world.answer()
        assert where() == {("hsa", state, 200_00, 50_00), ("fsa", state, 120_00, 0)}


OVER = [
    ("the FSA's limit is the employee's money of its plan year", [taken(1, "FSA", 3_400_01)], (3_400_00, 3_400_01)),
    ("an HSA of self-only cover counts both parts", [taken(2, "HSA", 4_400_01)], (4_400_00, 4_400_01)),
    ("what is within both is no difference", [taken(1, "FSA", 3_400_00), taken(2, "HSA", 4_400_00)], None),
]


@pytest.mark.parametrize(("register", "limit"), [row[1:] for row in OVER], ids=[row[0] for row in OVER])
def test_more_than_the_law_allows_is_told(
    world: World, register: list[Incoming], limit: tuple[int, int] | None
) -> None:
    world.read(register)
    found = [one[1:3] for one in world.differences() if one[0] == "OVER_LIMIT"]
    assert found == ([limit] if limit else [])


def test_what_was_withheld_or_refused_is_sent_by_a_fix(world: World) -> None:
    def fixed(type_: str) -> Any:
        world.flow("reconcile", "2026-10", ["accounts"])
        with world.hub.store.read("acme") as session:
            one = next(row.difference_id for row in reconcile.listed(session) if row.type == type_)
        made = fixes.propose(world.hub, "acme", one, "ann", "account_deposit")
        fixes.approve(world.hub, "acme", made, "ben")
        return world.flow("fixes.carry", made)

    world.bank.refuse("1002")
    done = fixed("WITHHELD_NOT_DEPOSITED")
    assert (done["rows"], done["sent"], done["state"]) == (4, 1, "carried_out")
    world.answer()
    assert (world.owed(), [one[0] for one in world.differences()]) == ((80_00, 0), ["CONTRIBUTION_REFUSED"])
    world.bank.admit("1002")
    done = fixed("CONTRIBUTION_REFUSED")
    assert (done["rows"], done["sent"], done["state"]) == (1, 1, "carried_out")
    world.answer()
    assert (world.owed(), world.differences()) == ((0, 0), [])
