"""Fixes of pay: proposed as they would leave, held to a second person, carried out by the push, closed by money."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError
from tests.flows.books import HEAD, ppo
from tests.flows.days import Days

from benehub import ledger, obligations, reconcile
from benehub.connect.connector import Incoming
from benehub.errors import DataError
from benehub.flows import Hub, fixes, users
from benehub.flows.onboarding import load_plan_book
from benehub.store.tables import difference, fixing
from benehub.views import fixes as view
from benehub.views.why import why

BOOK = (
    HEAD
    + ppo(benefit_type="medical", share='scheme: flat, flat: "600"', deduction="arrears: {carry: false}")
    + """\
carriers:
  carrier: {pay_policy: pay_as_enrolled}
guards: {second_person_above: 50.00}
"""
)


class Pay(Days):
    """One employee whose premium of 100.00 a pay is taken twice a month."""

    def paid(self, month: int, day: int, amount: int) -> None:
        self.taken(month, day, amount)
        self.flow("reconcile", f"2026-{month:02d}", ["payroll"])

    def taken(self, month: int, day: int, amount: int) -> None:
        """What the register of a pay date says, posted and not compared yet."""
        pay_date = date(2026, month, day)
        data = {
            "pay_run": f"run {pay_date}", "check": f"check {pay_date}", "employee": "1001",
            "pay_date": pay_date.isoformat(), "kind": "deduction" if amount else "earning",
            "code": "MED" if amount else "REG", "amount_minor": amount, "net_pay_minor": 500_00,
        }  # fmt: skip
        self.register.append(Incoming(f"{pay_date}", data, row=len(self.register) + 1))
        self.post(month)

    def differences(self) -> dict[str, Any]:
        with self.hub.store.read("acme") as session:
            return {row.reference: row for row in session.rows(select(difference)) if row.relation == "payroll"}

    def open_one(self) -> str:
        return str(self.differences()["2026-10-15/employee"].difference_id)

    def shown(self, fix_id: str) -> dict[str, Any]:
        with self.hub.store.read("acme") as session:
            return view.shown(session, fix_id, 50_00)

    def clearing(self) -> dict[str, int]:
        with self.hub.store.read("acme") as session:
            return {code: amount for code, amount in ledger.clearing(session).items() if amount}


@pytest.fixture
def pay(
    db_url: str, tmp_path: Path, open_hub: Callable[..., Hub], fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Pay:
    return october(open_hub(db_url), tmp_path, fakehub, monkeypatch, BOOK)


def october(hub: Hub, tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch, book: str) -> Pay:
    """October is expected; it is the first."""
    monkeypatch.setattr(fakehub, "BOOK", book)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    one = Pay(hub, fakehub, monkeypatch)
    waived = {"plan": "ppo", "effective_from": "2026-01-01", "waived": True}
    fakehub.FakeConnector.rows["election"] = [
        Incoming(f"w{number}", {"employee": str(1000 + number), **waived}, row=number) for number in (2, 3)
    ]
    hub.start_flow("sync", "acme", "w", "hris", "election", "w", False)
    one.flow("coverage", "2026-10-01")
    one.flow("premiums.accrue", "2026-10")
    one.flow("deductions.expect", "2026-10")
    return one


def carry(pay: Pay, fix_id: str) -> Any:
    return pay.flow("fixes.carry", fix_id)


def test_what_was_not_taken_is_collected_by_a_second_persons_word(pay: Pay) -> None:
    pay.day(10, 20)
    pay.paid(10, 15, 0)
    one = pay.open_one()
    (option,) = fixes.options(pay.hub, "acme", one)
    assert (option.action, option.at_stake, option.why_not) == ("payroll_line", 100_00, "")
    assert option.says == "collect 100.00 USD with the pay of 2026-10-30"
    before = fixes.preview(pay.hub, "acme", one)
    assert before.needs_second and '"employee_amount_minor":20000' in before.text
    assert pay.differences()["2026-10-15/employee"].work_step == ""
    made = fixes.propose(pay.hub, "acme", one, "Ann Alder", note="he was on unpaid leave")
    assert pay.shown(made)["preview"] == before.text
    assert pay.differences()["2026-10-15/employee"].work_step == "fix_proposed"
    with pytest.raises(DataError, match="is proposed"):
        fixes.propose(pay.hub, "acme", one, "Ben")
    with pytest.raises(DataError, match="second person"):
        fixes.approve(pay.hub, "acme", made, " ann alder ")
    with pytest.raises(DataError, match="second person"):
        fixes.approve(pay.hub, "acme", made, "\uff21nn \u00a0Alder")
    with pytest.raises(DataError, match="it is proposed"):
        carry(pay, made)
    fixes.approve(pay.hub, "acme", made, "Ben Okri", "agreed with him")
    done = carry(pay, made)
    assert (done["sent"], done["state"]) == (1, "carried_out")
    seen = pay.shown(made)
    assert [(one["who"], one["state"]) for one in seen["history"]] == [
        ("Ann Alder", "proposed"), ("Ben Okri", "approved"), ("benehub", "carried_out"),
    ]  # fmt: skip
    (owed,) = seen["obligations"]
    with pay.hub.store.read("acme") as session:
        (row,) = obligations.by_ids(session, [owed["obligation"]])
        assert obligations.content(session, row)["employee_amount_minor"] == 200_00
        assert why(session, owed["obligation"]).data["mends"] == [f"{one} by {made} (payroll_line)"]
        assert why(session, made).data["state"] == "carried_out"
    # Sent is not settled: the difference closes with the money, and names the entries.
    assert pay.differences()["2026-10-15/employee"].state == "discrepancy"
    pay.day(11, 3)
    pay.paid(10, 30, 200_00)
    assert {row.state for row in pay.differences().values()} == {"resolved"}
    with pay.hub.store.read("acme") as session:
        told = reconcile.history(session, one)[-1]
        kinds = [ledger.entry_of(session, ref).type for ref in told.entries]
        assert kinds == ["deduction.withheld"]  # what only expected it is none of them
    assert pay.clearing() == {"2100": -800_00}  # the premium, which nobody has paid yet


def test_what_was_taken_too_much_is_given_back_with_the_next_pay(pay: Pay) -> None:
    pay.day(10, 20)
    pay.paid(10, 15, 140_00)
    one = pay.open_one()
    made = fixes.propose(pay.hub, "acme", one, "ann")
    fixes.approve(pay.hub, "acme", made, "ann")  # below the amount nobody else is needed
    assert carry(pay, made)["state"] == "carried_out"
    pay.day(11, 3)
    pay.paid(10, 30, 60_00)
    assert {row.state for row in pay.differences().values()} == {"resolved"}


def test_what_was_taken_twice_is_given_back_with_the_next_pay(pay: Pay) -> None:
    pay.day(11, 3)
    pay.paid(10, 15, 100_00)
    extra = {
        "pay_run": "run 2", "check": "check 2", "employee": "1001", "pay_date": "2026-10-30", "kind": "deduction",
        "code": "MED", "amount_minor": 100_00, "net_pay_minor": 500_00,
    }  # fmt: skip
    pay.register.append(Incoming("twice", extra, row=2))
    pay.paid(10, 30, 100_00)
    with pay.hub.store.read("acme") as session:
        (row,) = [one for one in reconcile.listed(session) if one.type == "DUPLICATE_DEDUCTION"]
    assert row.reference == "2026-10-30/employee"
    (option,) = fixes.options(pay.hub, "acme", row.difference_id)
    assert option.says == "give back 100.00 USD with the pay of 2026-11-13"
    made = fixes.propose(pay.hub, "acme", row.difference_id, "ann")
    fixes.approve(pay.hub, "acme", made, "ben")
    assert carry(pay, made)["state"] == "carried_out"


def test_a_refund_that_payroll_did_not_make_stays_open_and_is_proposed_again(pay: Pay) -> None:
    pay.day(10, 20)
    pay.paid(10, 15, 140_00)
    made = fixes.propose(pay.hub, "acme", pay.open_one(), "ann")
    fixes.approve(pay.hub, "acme", made, "ann")
    carry(pay, made)
    pay.day(11, 3)
    pay.paid(10, 30, 100_00)
    assert {row.reference: row.at_stake for row in pay.differences().values() if row.state == "discrepancy"} == {
        "2026-10-15/employee": 40_00,
    }  # fmt: skip
    assert fixes.options(pay.hub, "acme", pay.open_one())[0].says == "give back 40.00 USD with the pay of 2026-11-13"


def test_a_fix_that_would_be_something_else_by_now_is_not_approved(pay: Pay) -> None:
    pay.day(10, 20)
    pay.paid(10, 15, 60_00)
    made = fixes.propose(pay.hub, "acme", pay.open_one(), "ann")
    pay.day(11, 3)
    pay.paid(10, 30, 100_00)  # the pay that should have taken it is over
    pay.flow("deductions.expect", "2026-11")
    with pytest.raises(DataError, match="has changed since"):
        fixes.approve(pay.hub, "acme", made, "ben")
    fixes.withdraw(pay.hub, "acme", made, "ann", "too late")
    again = fixes.propose(pay.hub, "acme", pay.open_one(), "ann")
    fixes.reject(pay.hub, "acme", again, "ben", "he pays it in cash")
    assert [pay.shown(one)["state"] for one in (made, again)] == ["withdrawn", "rejected"]
    for after in (made, again):
        with pytest.raises(DataError, match="it is "):
            fixes.approve(pay.hub, "acme", after, "ben")


@pytest.mark.parametrize(("above", "needed"), [("0.00", True), ("100.00", False), (None, False), ("99.99", True)])
def test_the_plan_book_says_when_a_second_person_is_needed(pay: Pay, above: str | None, needed: bool) -> None:
    setting = "guards: {}" if above is None else f"guards: {{second_person_above: {above}}}"
    load_plan_book(pay.hub, BOOK.replace("guards: {second_person_above: 50.00}", setting), "book")
    pay.day(10, 20)
    pay.paid(10, 15, 0)
    made = fixes.propose(pay.hub, "acme", pay.open_one(), "ann")
    if needed:
        with pytest.raises(DataError, match="second person"):
            fixes.approve(pay.hub, "acme", made, "Ann")
    else:
        fixes.approve(pay.hub, "acme", made, "Ann")
    assert pay.shown(made)["state"] == ("proposed" if needed else "approved")


def test_another_plan_book_frees_no_proposal_of_its_second_person(pay: Pay) -> None:
    """Who may load plan books may not lift the rule that binds him; one that is stricter by now holds, too."""
    pay.day(10, 20)
    pay.paid(10, 15, 0)
    made = fixes.propose(pay.hub, "acme", pay.open_one(), "ann")
    for guards in ("guards: {}", "guards: {second_person_above: 900.00}"):
        load_plan_book(pay.hub, BOOK.replace("guards: {second_person_above: 50.00}", guards), "book")
        assert view_of(pay, made)["needs_second"]
        with pytest.raises(DataError, match="second person"):
            fixes.approve(pay.hub, "acme", made, "ann")
    fixes.withdraw(pay.hub, "acme", made, "ann", "again")
    free = fixes.propose(pay.hub, "acme", pay.open_one(), "ann")
    assert not view_of(pay, free)["needs_second"]
    load_plan_book(pay.hub, BOOK.replace("50.00}", "0.00}"), "book")
    with pytest.raises(DataError, match="second person"):
        fixes.approve(pay.hub, "acme", free, "ann")
    fixes.approve(pay.hub, "acme", free, "ben")


def view_of(pay: Pay, fix_id: str) -> dict[str, Any]:
    """The fix as it is shown by the plan book in force."""
    with pay.hub.store.read("acme") as session:
        return view.shown(session, fix_id, pay.hub.book(session).guards.alone_up_to_minor)


def test_what_is_approved_and_not_sent_can_be_taken_back(pay: Pay) -> None:
    pay.day(10, 20)
    pay.paid(10, 15, 60_00)
    made = fixes.propose(pay.hub, "acme", pay.open_one(), "ann")
    fixes.approve(pay.hub, "acme", made, "ben")
    fixes.withdraw(pay.hub, "acme", made, "ben", "he pays it in cash")
    pay.flow("deductions.push", "payroll", "monthly", "2026-10-30")
    with pay.hub.store.read("acme") as session:
        rows = obligations.open_ones(session, "deduction.set", "payroll", states=("confirmed",))
        assert [obligations.content(session, row)["employee_amount_minor"] for row in rows] == [100_00]


def test_the_push_of_every_day_carries_an_approved_fix(pay: Pay) -> None:
    pay.day(10, 20)
    pay.paid(10, 15, 60_00)
    made = fixes.propose(pay.hub, "acme", pay.open_one(), "ann")
    fixes.approve(pay.hub, "acme", made, "ben")
    pay.flow("deductions.push", "payroll", "monthly", "2026-10-30")
    assert fixes.follow(pay.hub, "acme") == {made: "carried_out"}
    assert fixes.follow(pay.hub, "acme") == {}


def test_what_cannot_be_proposed_says_why(pay: Pay) -> None:
    load_plan_book(pay.hub, BOOK.replace("arrears: {carry: false}", "retro: {window_months: 0}"), "book")
    pay.day(10, 20)
    pay.paid(10, 15, 0)
    with pytest.raises(DataError, match="is no fix of this difference"):
        fixes.propose(pay.hub, "acme", pay.open_one(), "ann", "credit_claim")
    with pytest.raises(DataError, match="needs a name"):
        fixes.propose(pay.hub, "acme", pay.open_one(), " ")
    one = pay.open_one()
    reconcile_away(pay, one)
    with pytest.raises(DataError, match="the difference is dismissed"):
        fixes.propose(pay.hub, "acme", one, "ann")


def reconcile_away(pay: Pay, one: str) -> None:
    with pay.hub.store.write("acme") as session:
        reconcile.act(session, one, "ann", state="dismissed", note="none")


def test_what_was_said_of_a_fix_is_never_changed(pay: Pay) -> None:
    pay.day(10, 20)
    pay.paid(10, 15, 0)
    fixes.propose(pay.hub, "acme", pay.open_one(), "ann")
    for statement in (update(fixing).values(who="somebody else"), delete(fixing)):
        with pytest.raises(DBAPIError, match="what was said of a fix"), pay.hub.store.write("acme") as session:
            session.connection.execute(statement)


def test_one_person_at_a_page_and_at_the_command_line_is_one(pay: Pay) -> None:
    pay.day(10, 20)
    pay.paid(10, 15, 0)
    ann = users.add(pay.hub, "test", "ann@acme.example", "Ann Alder")
    ben = users.add(pay.hub, "test", "ben@acme.example", "Ben Okri")
    made = fixes.propose(pay.hub, "acme", pay.open_one(), ann)
    for name in (ann, "Ann Alder", "ann  ALDER", " Ann@acme.example"):
        with pytest.raises(DataError, match="second person"):
            fixes.approve(pay.hub, "acme", made, name)
    users.add(pay.hub, "test", "ann2@acme.example", "ANN ALDER")
    with pytest.raises(DataError, match="several users"):
        fixes.approve(pay.hub, "acme", made, "Ann Alder")
    fixes.approve(pay.hub, "acme", made, "Ben Okri")
    assert [one["who"] for one in pay.shown(made)["history"]] == [ann, ben]
