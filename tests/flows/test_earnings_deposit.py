"""Lost earnings of a late deposit: worked out, sent to the recordkeeper once, credited to each participant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select

from benehub import dispatch, ledger, reconcile
from benehub.connect.connector import Incoming
from benehub.flows import Hub, dispatches, earnings_deposit, fixes
from benehub.flows.onboarding import connect, load_plan_book
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.reconcile import fixes as proposed
from benehub.records import Source
from benehub.store.tables import dispatch as dispatch_table
from benehub.store.tables import person
from benehub.views.clearing import clearing
from benehub.views.deposits import deposits
from benehub_connectors import recordkeeper_files
from benehub_connectors.recordkeeper_files import RecordkeeperSettings
from benehub_connectors.recordkeeper_files.simulator import RecordkeeperSimulator

PLAN = """  - id: 401k
    name: 401k
    benefit_type: retirement
    recordkeeper: keeper
    effective_from: 2025-01-01
    deferral: {pretax_code: 401K, roth_code: ROTH}
carriers:
"""
PAID = date(2026, 10, 15)
OWED = 1_151_24
"""1,000,000.00 due on 20 October, with the trust on the 26th: six days at 7 %."""


class World:
    """An employer whose deposit of October came six days late."""

    def __init__(self, hub: Hub, fakehub: ModuleType, root: Path) -> None:
        self.hub, self.runs, self.fakehub = hub, 0, fakehub
        settings = {"place": {"folder": str(root / "keeper")}, "plan": "401k", "plan_id": "P-401", "client_id": "ACME"}
        self.keeper = RecordkeeperSimulator(root / "keeper", RecordkeeperSettings.model_validate(settings))
        fakehub.set_up(hub, root / "vendor", "read_back")
        load_plan_book(hub, fakehub.BOOK.replace("carriers:\n", PLAN), "book")
        connect(hub, "acme", {"keeper": {"connector": "recordkeeper_files", "settings": settings}})
        register = [_taken(1, "401K", 700_000_00), _taken(1, "ROTH", 300_000_00)]
        fakehub.FakeConnector.rows = {"register_line": register}
        self.flow("sync", "payroll", "register_line", "late", False)
        self.flow("payroll.results", "payroll", "2026-10")
        self.flow("retirement.deposit", "401k", str(PAID))
        self.credited(date(2026, 10, 26))

    def flow(self, name: str, *arguments: Any) -> Any:
        self.runs += 1
        return self.hub.start_flow(name, "acme", f"run {self.runs}", *arguments)

    def credited(self, day: date) -> Any:
        """The recordkeeper takes what lies there and reports it."""
        self.keeper.collect(day)
        self.keeper.write_credit_report()
        self.flow("sync", "keeper", "credit", f"read {self.runs}", False)
        return self.flow("retirement.credits", "keeper", "2026-10")

    def differences(self) -> dict[str, tuple[int, int]]:
        """Open differences of the month; every clearing balance is named."""
        self.flow("reconcile", "2026-10", ["retirement"])
        with self.hub.store.read("acme") as session:
            for one in clearing(session, self.hub.book(session), Month(2026, 10)):
                if one.account in (chart.EARNINGS_PAYABLE, chart.DEPOSIT_TRANSIT):
                    assert one.unexplained == 0
            found = {one.type: (one.expected, one.actual) for one in reconcile.listed(session)}
        assert found.pop("OVER_LIMIT")[0] == 24_500_00  # a million in a year is over the limit, besides
        return found

    def state(self, today: date) -> set[tuple[str, date | None]]:
        """How the comparison of this day takes lost earnings that are not credited, and until when."""
        setattr(self.fakehub, "NOW", datetime.combine(today, time(12), UTC))  # noqa: B010 the fixture puts it back
        self.differences()
        with self.hub.store.read("acme") as session:
            rows = [one for one in reconcile.listed(session) if one.type == "EARNINGS_NOT_CREDITED"]
            return {(one.state, one.clear_by) for one in rows}

    def late(self) -> str:
        with self.hub.store.read("acme") as session:
            return str(next(one.difference_id for one in reconcile.listed(session) if one.type == "LATE"))

    def standing(self) -> dict[str, str]:
        """Where each payment of the month stands."""
        with self.hub.store.read("acme") as session:
            return {one.kind: one.standing for one in deposits(session, Month(2026, 10))}

    def balance(self, account: str) -> int:
        with self.hub.store.read("acme") as session:
            return ledger.clearing(session)[account]


def _taken(number: int, code: str, amount: int) -> Incoming:
    data = {
        "pay_run": "run 1", "check": "c", "employee": f"p{number}", "pay_date": str(PAID), "kind": "deduction",
        "code": code, "amount_minor": amount, "tax_class": "pretax" if code == "401K" else "roth",
    }  # fmt: skip
    return Incoming(f"r{number}{code}", data)


@pytest.fixture
def world(
    db_url: str, tmp_path: Path, open_hub: Callable[..., Hub], fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> World:
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 11, 20, 12, tzinfo=UTC))
    made = World(open_hub(db_url, recordkeeper_files), fakehub, tmp_path)
    assert made.differences() == {"LATE": (1_000_000_00, 0)}
    assert made.flow("retirement.lost-earnings", made.late())["total_minor"] == OWED
    return made


def test_lost_earnings_leave_once_and_are_cleared_by_the_credit(world: World) -> None:
    assert world.differences() == {"LATE": (1_000_000_00, 0), "EARNINGS_NOT_DEPOSITED": (OWED, 0)}
    done = world.flow("retirement.deposit-earnings", "401k", str(PAID))
    assert (done["rows"], done["sent"], world.balance(chart.EARNINGS_PAYABLE)) == (2, 1, 0)
    assert world.balance(chart.DEPOSIT_TRANSIT) == -OWED
    assert world.standing() == {"contribution.deposit": "arrived", "earnings.deposit": "sent"}
    assert world.flow("retirement.deposit-earnings", "401k", str(PAID)) == {"rows": 0}
    # They left on Friday the 20th, and the plan gives a deposit three bank days, Thanksgiving not counted.
    assert world.state(date(2026, 11, 25)) == {("pending", date(2026, 11, 25))}
    assert world.state(date(2026, 11, 26)) == {("discrepancy", date(2026, 11, 25))}
    done = world.credited(date(2026, 11, 23))
    assert (done["new"], done["arrived"], world.balance(chart.DEPOSIT_TRANSIT)) == (2, 1, 0)
    assert world.standing() == {"contribution.deposit": "arrived", "earnings.deposit": "arrived"}
    assert world.differences() == {"LATE": (1_000_000_00, 0)}  # until a person says that the forms are filed
    earned = [one for one in world.keeper.trust.credits if one.earnings]
    assert {one.source: one.amount_minor for one in earned} == {Source.EE_PRETAX: 805_87, Source.EE_ROTH: 345_37}


def test_a_short_credit_stays_open_and_a_broken_run_sends_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> Any:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(earnings_deposit, "_post", die)
        with pytest.raises(Exception, match="RuntimeError"):
            world.flow("retirement.deposit-earnings", "401k", str(PAID))
    assert world.flow("retirement.deposit-earnings", "401k", str(PAID)) == {"rows": 0}
    world.keeper.credit_short("900110001", Source.EE_ROTH, 37)
    world.credited(date(2026, 11, 23))
    assert world.differences()["EARNINGS_NOT_CREDITED"] == (37, 0)
    assert world.state(date(2026, 11, 23)) == {("discrepancy", None)}  # the rest of what came is on no way
    with world.hub.store.read("acme") as session:
        kinds = session.rows(select(dispatch_table.c.state).where(dispatch_table.c.operation == "earnings.deposit"))
    assert [row.state for row in kinds] == ["sent"]
    assert world.standing()["earnings.deposit"] == "sent"


def test_what_a_person_says_has_arrived_is_deposited_with_the_word(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> Any:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "end_all", die)
        with pytest.raises(Exception, match="RuntimeError"):
            world.flow("retirement.deposit-earnings", "401k", str(PAID))
    world.keeper.collect(date(2026, 11, 20))
    assert world.flow("retirement.deposit-earnings", "401k", str(PAID))["held"] == 1
    with world.hub.store.read("acme") as session:
        (one,) = dispatch.in_states(session, ["held"], "keeper")
    assert dispatches.settle(world.hub, "acme", one.dispatch_id, True, "ann", "they have it") == "sent"
    assert (world.balance(chart.EARNINGS_PAYABLE), world.balance(chart.DEPOSIT_TRANSIT)) == (0, -OWED)
    assert world.flow("retirement.deposit-earnings", "401k", str(PAID)) == {"rows": 0}


def test_what_the_recordkeeper_takes_back_is_on_its_way_again(late: World) -> None:
    assert late.standing() == {"contribution.deposit": "arrived"}
    with late.hub.store.write("acme") as session:
        one = str(session.rows(select(person.c.person_id).where(person.c.member_id == "1001"))[0].person_id)
        dims = (one, "401k", "roth", "2026-10", PAID)
        legs = (Leg(chart.DEPOSIT_TRANSIT, "USD", -1, *dims), Leg(chart.BANK, "USD", 1, *dims))
        ledger.record(session, [NewEntry("taken back", "contribution.credited", PAID, legs, "test")])
    assert late.flow("retirement.credits", "keeper", "2026-10")["arrived"] == 0
    assert late.standing() == {"contribution.deposit": "sent"}


@pytest.fixture
def late(
    sqlite_url: str, tmp_path: Path, open_hub: Callable[..., Hub], fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> World:
    """The late deposit, and nobody has done anything about it."""
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 11, 20, 12, tzinfo=UTC))
    made = World(open_hub(sqlite_url, recordkeeper_files), fakehub, tmp_path)
    made.differences()
    return made


def test_a_fix_makes_up_for_a_late_deposit(late: World) -> None:
    hub, one = late.hub, late.late()
    seen = fixes.preview(hub, "acme", one)
    assert (seen.action, seen.at_stake) == ("make_up_earnings", OWED)
    assert "earnings.deposit to keeper" in seen.text and "900110001" not in seen.text
    with hub.store.read("acme") as session:
        rows = session.rows(select(person.c.person_id).where(person.c.member_id == "1001"))
        everybody = [row.person_id for row in rows]
    assert seen.people == (everybody, 1), "the difference names nobody, and the file him"
    assert late.balance(chart.EARNINGS_PAYABLE) == 0
    made = fixes.propose(hub, "acme", one, "ann")
    with hub.store.read("acme") as session:
        assert proposed.told_of(session, proposed.get(session, made)) == (everybody, 1)
    fixes.approve(hub, "acme", made, "ben")
    assert late.balance(chart.EARNINGS_PAYABLE) == -OWED
    done = late.flow("fixes.carry", made)
    assert (done["rows"], done["sent"], done["state"]) == (2, 1, "carried_out")
    assert late.flow("fixes.carry", made)["rows"] == 0
    late.credited(date(2026, 11, 23))
    assert late.differences() == {"LATE": (1_000_000_00, 0)}
    (option,) = fixes.options(hub, "acme", one)
    assert option.why_not == "its lost earnings are on their way already"


def test_a_fix_deposits_what_a_later_register_took(late: World, fakehub: ModuleType) -> None:
    register = [_taken(1, "401K", 700_000_00), _taken(1, "ROTH", 300_000_00), _taken(2, "401K", 250_00)]
    fakehub.FakeConnector.rows = {"register_line": register}
    late.flow("sync", "payroll", "register_line", "later", False)
    late.flow("payroll.results", "payroll", "2026-10")
    assert late.differences()["WITHHELD_NOT_DEPOSITED"] == (250_00, 0)
    with late.hub.store.read("acme") as session:
        one = next(row.difference_id for row in reconcile.listed(session) if row.type == "WITHHELD_NOT_DEPOSITED")
    made = fixes.propose(late.hub, "acme", one, "ann")
    fixes.approve(late.hub, "acme", made, "ben")
    assert late.flow("fixes.carry", made)["state"] == "carried_out"
    assert "WITHHELD_NOT_DEPOSITED" not in late.differences()
    with late.hub.store.read("acme") as session:
        told = reconcile.history(session, one)[-1]
        assert [ledger.entry_of(session, ref).type for ref in told.entries] == ["contribution.deposited"]
        keys = session.rows(select(dispatch_table.c.business_key).where(dispatch_table.c.worth_minor == 250_00))
    assert [row.business_key for row in keys] == ["contribution.deposit/401k/2026-10-15/correction-1"]
