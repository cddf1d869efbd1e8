"""Deductions for an account of the employee's own: what a pay did not take is asked once more, what it took too much is
given back with the next pay of the same year.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import func, select
from tests.flows.test_fixes import BOOK, Pay, october

from benehub import facts, ledger
from benehub.connect.connector import Incoming
from benehub.errors import DataError
from benehub.facts import Version
from benehub.flows import Hub, fix_lines, fixes
from benehub.flows.onboarding import load_plan_book
from benehub.ledger import accounts as chart
from benehub.ledger import arrears
from benehub.reconcile import tolerance
from benehub.store.tables import difference, entry, leg, person
from benehub.views import deductions
from benehub.views.notices.arrears import arrears_open

HSA = """  - id: hsa
    name: HSA
    benefit_type: hsa
    effective_from: 2026-01-01
    deduction: {code: HSA, method: every_pay}
carriers:
"""


@pytest.fixture
def pay(
    db_url: str, open_hub: Callable[..., Hub], tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Pay:
    """The same employee puts 50.00 of each pay into an HSA."""
    return saver(open_hub(db_url), tmp_path, fakehub, monkeypatch, HSA)


def saver(hub: Hub, tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch, account: str) -> Pay:
    """Who puts 50.00 of each pay into this account."""
    made = october(hub, tmp_path, fakehub, monkeypatch, BOOK.replace("carriers:\n", account))
    with made.hub.store.write("acme") as session:
        (who,) = session.rows(select(person.c.person_id).where(person.c.member_id == "1001"))
        saved = {"plan": "hsa", "tier": "", "dependents": [], "amount_minor": 50_00, "amount_per": "pay"}
        facts.record(session, [Version("coverage", who.person_id, "hsa", date(2026, 1, 1), saved)], "a test")
    made.flow("deductions.expect", "2026-10")
    return made


def saved(pay: Pay, day: date, amount: int) -> None:
    """A pay takes its premium, and so much for the HSA."""
    told = {
        "pay_run": f"run {day}", "check": f"check {day}", "employee": "1001", "pay_date": day.isoformat(),
        "kind": "deduction", "code": "HSA", "amount_minor": amount, "net_pay_minor": 500_00,
    }  # fmt: skip
    if amount:
        pay.register.append(Incoming(f"hsa {day}", told))
    pay.taken(day.month, day.day, 100_00)


def asked(pay: Pay) -> dict[date, int]:
    """What coming pays are asked for of earlier ones, by pay date."""
    with pay.hub.store.read("acme") as session:
        rows = session.rows(
            select(leg.c.pay_date, func.sum(leg.c.amount).label("amount"))
            .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
            .where(leg.c.plan == "hsa", leg.c.account == chart.PAYROLL_CLEARING,
                   entry.c.type.in_((arrears.ARREARS, f"{arrears.ARREARS}.void")))
            .group_by(leg.c.pay_date)
        )  # fmt: skip
    return {row.pay_date: int(row.amount) for row in rows if row.amount}


def told(pay: Pay) -> dict[str, tuple[str, str]]:
    """Every difference of the HSA."""
    with pay.hub.store.read("acme") as session:
        rows = session.rows(select(difference).where(difference.c.plan == "hsa"))
    return {row.reference: (row.type, row.state) for row in rows}


def held(pay: Pay) -> dict[date, int]:
    with pay.hub.store.read("acme") as session:
        found = ledger.balances(session, [chart.ACCOUNT_PAYABLE], by=("pay_date",))
    return {one.dimensions["pay_date"]: -one.amount for one in found if one.amount}


def test_what_was_not_taken_is_asked_once_more_and_then_no_more(pay: Pay) -> None:
    pay.day(10, 20)
    saved(pay, date(2026, 10, 15), 0)
    pay.flow("deductions.expect", "2026-10")
    assert asked(pay) == {date(2026, 10, 30): 50_00}
    pay.day(11, 3)
    saved(pay, date(2026, 10, 30), 100_00)
    pay.flow("reconcile", "2026-10", ["payroll"])
    assert {state for _, state in told(pay).values()} <= {"resolved"}
    pay.flow("deductions.expect", "2026-11")
    assert asked(pay) == {date(2026, 10, 30): 50_00}
    assert held(pay) == {date(2026, 10, 30): 100_00}


@pytest.mark.parametrize(("first", "asked_of"), [
    ("2026-01-01", {date(2026, 11, 13): 50_00}),
    ("2025-11-01", {}),  # its year begins in November, and with it another election
])  # fmt: skip
def test_what_a_year_of_the_account_missed_is_not_asked_in_the_next_one(
    sqlite_url: str, open_hub: Callable[..., Hub], tmp_path: Path, fakehub: ModuleType,
    monkeypatch: pytest.MonkeyPatch, first: str, asked_of: dict[date, int],
) -> None:  # fmt: skip
    fsa = HSA.replace("benefit_type: hsa", "benefit_type: fsa_health").replace("2026-01-01", first)
    pay = saver(open_hub(sqlite_url), tmp_path, fakehub, monkeypatch, fsa)
    pay.day(11, 3)
    saved(pay, date(2026, 10, 15), 50_00)
    saved(pay, date(2026, 10, 30), 0)
    pay.flow("deductions.expect", "2026-11")
    assert asked(pay) == asked_of


def test_an_account_that_asks_a_part_of_net_pay_knows_the_net_pay(
    sqlite_url: str, open_hub: Callable[..., Hub], tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    terms = 'method: every_pay, arrears: {strategy: max_percent_of_net, percent_of_net: "4%"}'
    pay = saver(open_hub(sqlite_url), tmp_path, fakehub, monkeypatch, HSA.replace("method: every_pay", terms))
    pay.day(10, 20)
    earned = {"pay_run": "run 2026-10-15", "check": "check 2026-10-15", "employee": "1001", "pay_date": "2026-10-15",
              "kind": "earning", "code": "REG", "amount_minor": 600_00, "net_pay_minor": 500_00}  # fmt: skip
    pay.register.append(Incoming("earned", earned))
    saved(pay, date(2026, 10, 15), 0)
    pay.flow("deductions.expect", "2026-10")
    assert asked(pay) == {date(2026, 10, 30): 20_00}


def test_what_was_taken_too_much_is_given_back_with_the_next_pay_of_the_year(
    pay: Pay, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    pay.day(10, 20)
    saved(pay, date(2026, 10, 15), 80_00)
    pay.flow("reconcile", "2026-10", ["payroll"])
    with pay.hub.store.read("acme") as session:
        (one,) = session.rows(
            select(difference.c.difference_id).where(difference.c.reference == "2026-10-15/employee",
                                                     difference.c.plan == "hsa")
        )  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(fix_lines, "contribution_year", lambda _plan, day: day.day)
        (first, *_) = fixes.options(pay.hub, "acme", one.difference_id)
        assert first.why_not.startswith("the next pay counts to another year of the account")
    options = {each.action: each.why_not or each.says for each in fixes.options(pay.hub, "acme", one.difference_id)}
    assert options["payroll_line"] == "give back 30.00 USD with the pay of 2026-10-30"
    assert options["ask_payroll"].startswith("ask payroll in writing (30.00 USD): correct the check")
    made = fixes.propose(pay.hub, "acme", one.difference_id, "ann", "payroll_line")
    fixes.approve(pay.hub, "acme", made, "ben")
    assert pay.flow("fixes.carry", made)["state"] == "carried_out"
    # Payroll gives it back once: what a coming pay gives back is not asked for in writing as well.
    with pytest.raises(DataError, match=f"{made} moves the same money with the pay of 2026-10-30"):
        fixes.propose(pay.hub, "acme", one.difference_id, "ann", "ask_payroll")
    pay.day(11, 3)
    saved(pay, date(2026, 10, 30), 20_00)
    pay.flow("reconcile", "2026-10", ["payroll"])
    assert told(pay)["2026-10-15/employee"] == ("AMOUNT_DIFF", "resolved")
    assert {state for _, state in told(pay).values()} == {"resolved"}
    # Each deposit carries what its pay took: together they are what was elected.
    assert held(pay) == {date(2026, 10, 15): 80_00, date(2026, 10, 30): 20_00}


def test_nobody_owes_what_was_not_put_into_an_account(pay: Pay) -> None:
    pay.day(10, 20)
    saved(pay, date(2026, 10, 15), 0)
    with pytest.raises(DataError, match="an account of the employee's own"):
        pay.flow("deductions.write_off", "1001", "hsa", "he asked", "ann")


def test_a_cent_within_the_tolerance_is_asked_from_nobody(pay: Pay) -> None:
    """What goes into an account goes as it was taken: no entry tells of the cent, and no pay makes up for it."""
    load_plan_book(pay.hub, pay.fakehub.BOOK + 'tolerance: {payroll: {line: "0.01", file: "0.05"}}\n', "tolerant")
    pay.day(10, 20)
    saved(pay, date(2026, 10, 15), 49_99)
    pay.flow("deductions.expect", "2026-10")
    assert asked(pay) == {date(2026, 10, 30): 1}
    pay.flow("reconcile", "2026-10", ["payroll"])
    assert told(pay)["2026-10-15/employee"] == ("AMOUNT_DIFF", "resolved")
    assert asked(pay) == {}
    pay.flow("deductions.expect", "2026-10")
    assert asked(pay) == {}
    assert held(pay) == {date(2026, 10, 15): 49_99}
    with pay.hub.store.read("acme") as session:
        lines = deductions.lines(session, pay.hub.book(session), date(2026, 10, 15))
        assert [(one.taken_minor, one.open_minor, one.state) for one in lines if one.plan == "hsa"] == [
            (49_99, 0, "SETTLED")
        ]


def test_nobody_is_told_of_a_debt_to_his_own_account(pay: Pay) -> None:
    pay.day(10, 20)
    saved(pay, date(2026, 10, 15), 0)
    pay.taken(10, 30, 60_00)
    pay.day(11, 10)
    pay.flow("payroll.results", "payroll", "2026-10")
    with pay.hub.store.read("acme") as session:
        owed = tolerance.owed(session, pay.hub.book(session))
        assert {plan for _, plan in owed} == {"hsa", "ppo"}
        told = list(arrears_open(session, pay.hub.book(session), session.today()))
    assert [(one.values["plan"], one.values["open_minor"]) for one in told] == [("ppo", 40_00)]
