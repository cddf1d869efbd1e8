"""What waits for its day explains a clearing account until that day, and after it an open difference must."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from benehub import ledger, planbook, reconcile
from benehub.errors import ConfigError
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.planbook import Plan
from benehub.planbook.deadlines import deposit_deadline
from benehub.reconcile import Finding, Relation, Type, accounts
from benehub.reconcile.compared import compared
from benehub.store import Session, Store
from benehub.store.tables import connection, person
from benehub.testing.kithub import BOOK
from benehub.views.clearing import Clearing, clearing
from benehub.views.deadlines import Asked, money

NOVEMBER, OCTOBER = Month(2026, 11), Month(2026, 10)


@pytest.fixture
def session(store: Store) -> Iterator[Session]:
    """On 23 November 2026."""
    with store.write("acme") as session:
        session.add(connection, [{"connection_id": "carrier", "connector": "x", "settings": {}, "mode": "live"}])
        row = {"kind": "employee", "subscriber_id": "", "ssn_sealed": None, "ssn_index": None, "seq": 1}
        session.add(person, [{**row, "person_id": "per_a", "member_id": "per_a"}])
        yield session


def withheld(session: Session, day: date) -> None:
    dims: dict[str, Any] = {"plan": "401k", "pay_date": day, "coverage_month": f"{day:%Y-%m}"}
    for account, other, amount in (
        (chart.DEFERRAL_PAYABLE, chart.PAYROLL_CLEARING, 500), (chart.MATCH_PAYABLE, chart.MATCH_EXPENSE, 200)
    ):  # fmt: skip
        legs = (Leg(other, "USD", amount, **dims), Leg(account, "USD", -amount, **dims))
        ledger.record(session, [NewEntry(f"{account}/{day}", "deduction.withheld", day, legs, "test")])


def accrued(session: Session, month: Month, person_id: str | None = None) -> None:
    dims: dict[str, Any] = {"person_id": person_id, "plan": "ppo", "coverage_month": str(month)}
    legs = (Leg(chart.BENEFIT_COST, "USD", 300, **dims), Leg(chart.PREMIUM_PAYABLE, "USD", -300, **dims))
    ledger.record(session, [NewEntry(f"p/{month}", "premium.accrued", month.first, legs, "test")])


def found(session: Session, book: str, month: Month = NOVEMBER) -> dict[str, Clearing]:
    return {one.account: one for one in clearing(session, planbook.load(book, "book"), month)}


def told(one: Clearing) -> list[tuple[str, int, date | None]]:
    return [(item.name, item.amount, item.clear_by) for item in one.items]


def test_what_was_withheld_waits_for_the_day_of_its_deposit(session: Session) -> None:
    withheld(session, date(2026, 11, 20))
    mine = found(session, BOOK)
    for account, amount in ((chart.DEFERRAL_PAYABLE, -500), (chart.MATCH_PAYABLE, -200)):
        assert mine[account].unexplained == 0
        ((name, there, day),) = told(mine[account])
        assert (name, there) == ("withheld or granted on 2026-11-20 for 401k, to be deposited", amount)
        assert day is not None and day >= session.today()


def test_past_that_day_an_open_difference_has_to_name_it(session: Session) -> None:
    withheld(session, date(2026, 11, 2))
    assert [found(session, BOOK)[one].unexplained for one in (chart.DEFERRAL_PAYABLE, chart.MATCH_PAYABLE)] == [
        -500, -200
    ]  # fmt: skip
    late = Finding(
        Relation.RETIREMENT, Type.WITHHELD_NOT_DEPOSITED, "2026-11", "2026-11-02", "hub", "finance", "late", "deposit",
        plan="401k", expected=700, actual=0,
    )  # fmt: skip
    reconcile.settle(session, Relation.RETIREMENT, "2026-11", [late], session.today())
    assert [found(session, BOOK)[one].unexplained for one in (chart.DEFERRAL_PAYABLE, chart.MATCH_PAYABLE)] == [0, 0]


HSA = """  - id: hsa
    name: HSA
    benefit_type: hsa
    effective_from: 2026-01-01
    deduction: {code: HSA, method: every_pay}
leave:
"""


@pytest.mark.parametrize(("day", "state", "until"), [
    (date(2026, 11, 20), "pending", date(2026, 11, 25)), (date(2026, 11, 2), "discrepancy", date(2026, 11, 5))
])  # fmt: skip
def test_what_is_held_for_an_account_without_custodian_has_its_day(
    session: Session, day: date, state: str, until: date
) -> None:  # fmt: skip
    book = planbook.load(BOOK.replace("leave:\n", HSA), "book")
    dims: dict[str, Any] = {"person_id": "per_a", "plan": "hsa", "pay_date": day, "money_source": "employee"}
    legs = (Leg(chart.PAYROLL_CLEARING, "USD", 500, **dims), Leg(chart.ACCOUNT_PAYABLE, "USD", -500, **dims))
    ledger.record(session, [NewEntry("hsa", "deduction.withheld", day, legs, "test")])

    def compare() -> list[Finding]:
        told = accounts.compare(session, book, NOVEMBER, lambda of, on: deposit_deadline(book, of, on).required().due)
        return [one for one in told if one.type is Type.WITHHELD_NOT_DEPOSITED]

    told = compare()
    reconcile.settle(session, Relation.ACCOUNTS, "2026-11", told, session.today())
    (row,) = reconcile.listed(session)
    assert (row.type, row.state, row.expected, row.clear_by) == ("WITHHELD_NOT_DEPOSITED", state, 500, until)
    mine = {one.account: one for one in clearing(session, book, NOVEMBER)}[chart.ACCOUNT_PAYABLE]
    assert [(one.name, one.amount) for one in mine.items] == [("WITHHELD_NOT_DEPOSITED (accounts)", -500)]
    back = (Leg(chart.ACCOUNT_PAYABLE, "USD", 500, **dims), Leg(chart.BANK, "USD", -500, **dims))
    ledger.record(session, [NewEntry("over", "account.deposited", day, back, "test")])
    assert compare() == []


def no_calendar(_plan: Plan, _day: date) -> date:
    raise ConfigError("no bank calendar is known", where="CH", mend="Add it")


def test_what_is_held_for_accounts_is_told_person_by_person_and_where_no_bank_day_is_known(session: Session) -> None:
    """The plan was dropped from the book since; more was given back to one person than was held for him."""
    before = planbook.load(BOOK.replace("leave:\n", HSA), "book")
    book = planbook.load(BOOK, "book").after(before.find)
    row = {"kind": "employee", "subscriber_id": "", "ssn_sealed": None, "ssn_index": None, "seq": 2}
    session.add(person, [{**row, "person_id": "per_b", "member_id": "per_b"}])
    day = date(2026, 11, 20)
    for person_id, amount in (("per_a", 500), ("per_b", -200)):
        dims: dict[str, Any] = {"person_id": person_id, "plan": "hsa", "pay_date": day, "money_source": "employee"}
        legs = (Leg(chart.PAYROLL_CLEARING, "USD", amount, **dims), Leg(chart.ACCOUNT_PAYABLE, "USD", -amount, **dims))
        ledger.record(session, [NewEntry(person_id, "deduction.withheld", day, legs, "test")])
    told = accounts.compare(session, book, NOVEMBER, no_calendar)
    assert [(one.type, one.person_id, one.expected, one.actual, one.clear_by) for one in told] == [
        (Type.DEPOSITED_OVER, "per_b", 0, 200, None),
        (Type.WITHHELD_NOT_DEPOSITED, None, 500, 0, None),
    ]
    reconcile.settle(session, Relation.ACCOUNTS, "2026-11", told, session.today())
    mine = {one.account: one for one in clearing(session, book, NOVEMBER)}[chart.ACCOUNT_PAYABLE]
    assert (mine.balance, mine.unexplained) == (-300, 0)


def contributed(session: Session, day: date, amount: int = 500) -> None:
    """Taken from pay for an account, and not paid over."""
    dims: dict[str, Any] = {"person_id": "per_a", "plan": "hsa", "pay_date": day, "money_source": "employee"}
    legs = (Leg(chart.PAYROLL_CLEARING, "USD", amount, **dims), Leg(chart.ACCOUNT_PAYABLE, "USD", -amount, **dims))
    ledger.record(session, [NewEntry(f"hsa/{day}", "deduction.withheld", day, legs, "test")])


KEPT = HSA.replace("benefit_type: hsa", "benefit_type: hsa\n    custodian: bank")


@pytest.mark.parametrize("dropped", [False, True])
def test_what_is_held_for_a_custodian_is_told_though_its_plan_was_dropped_and_no_bank_day_is_known(
    session: Session, dropped: bool
) -> None:
    before = planbook.load(BOOK.replace("leave:\n", KEPT), "book")
    book = planbook.load(BOOK, "book").after(before.find) if dropped else before
    contributed(session, date(2026, 11, 20))
    told = accounts.compare(session, book, NOVEMBER, no_calendar)
    late = [one for one in told if one.type is not Type.OVER_LIMIT]
    assert [(one.type, one.expected, one.clear_by) for one in late] == [(Type.WITHHELD_NOT_DEPOSITED, 500, None)]
    reconcile.settle(session, Relation.ACCOUNTS, "2026-11", told, session.today())
    assert {one.account: one for one in clearing(session, book, NOVEMBER)}[chart.ACCOUNT_PAYABLE].unexplained == 0


@pytest.mark.parametrize("text", [HSA, KEPT], ids=["no custodian", "a custodian"])
def test_what_is_held_and_on_its_way_is_asked_for_once_and_of_the_month_alone(
    session: Session, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts.account_limits, "compare", lambda *_: ())  # they ask for themselves, of the year
    book = planbook.load(BOOK.replace("leave:\n", text), "book")
    for day in (date(2026, 11, 20), date(2026, 10, 20)):
        contributed(session, day)
    asked: list[Any] = []
    event.listen(session.connection, "before_cursor_execute", lambda *told: asked.append(told[3]))
    accounts.compare(session, book, NOVEMBER, no_calendar)
    named = [told for told in asked if chart.CUSTODIAN_TRANSIT in str(told) or chart.ACCOUNT_PAYABLE in str(told)]
    assert sum(chart.ACCOUNT_PAYABLE in str(told) for told in named) == 1
    assert all("2026" in str(told) or "datetime" in str(told) for told in named), "each is bounded by its days"


def test_months_signed_before_such_money_was_told_are_compared_with_a_later_one(session: Session) -> None:
    book = planbook.load(BOOK.replace("leave:\n", HSA), "book")
    for day in (date(2026, 9, 4), date(2026, 9, 18), date(2026, 10, 2), date(2026, 11, 20)):
        contributed(session, day)

    def again(month: Month) -> list[str]:
        outcome = accounts.settle_untold(session, book, month, no_calendar, session.latest_seq())
        rows = [reconcile.get(session, one) for one in outcome.opened]
        return sorted(row.reference for row in rows if row.type == Type.WITHHELD_NOT_DEPOSITED)

    assert again(Month(2026, 9)) == []
    assert again(NOVEMBER) == ["2026-09-04", "2026-09-18", "2026-10-02"]
    assert found(session, BOOK.replace("leave:\n", HSA), OCTOBER)[chart.ACCOUNT_PAYABLE].unexplained == 0
    assert set(compared(session, OCTOBER)) == {Relation.ACCOUNTS.value}
    for row in reconcile.listed(session):
        reconcile.act(session, row.difference_id, "ann", state="dismissed", note="paid by hand")
    assert (again(NOVEMBER), accounts.untold(session, OCTOBER)) == ([], [])


def test_whose_own_money_is_owed_is_told_by_one_rule(session: Session) -> None:
    day = date(2026, 11, 2)
    withheld(session, day)
    dims: dict[str, Any] = {"plan": "401k", "pay_date": day, "coverage_month": "2026-11", "money_source": "loan"}
    legs = (Leg(chart.LOAN_PAYABLE, "USD", 600, **dims), Leg(chart.DEPOSIT_TRANSIT, "USD", -600, **dims))
    ledger.record(session, [NewEntry("loan", "contribution.deposited", day, legs, "test")])
    session.add(connection, [{"connection_id": "keeper", "connector": "x", "settings": {}, "mode": "live"}])
    now = datetime.combine(session.today(), time(12), UTC)
    live = frozenset({"keeper"})
    asked = Asked(session, planbook.load(BOOK, "book"), now, now.date() + timedelta(days=600), live, {})
    # A loan that was overpaid lowers no deferral: its day is the one after which the account is explained no more.
    (deadline,) = money.deposits(asked)
    assert (deadline.due, deadline.own_minor) == (date(2026, 11, 5), 100)
    assert found(session, BOOK)[chart.DEFERRAL_PAYABLE].unexplained == -500


@pytest.mark.parametrize(("terms", "name", "until"), [
    ("{pay_policy: pay_as_billed, premium_due_day: 28}", "accrued for 2026-11, to be billed by carrier",
     date(2026, 11, 28)),
    ("{pay_policy: pay_as_enrolled, premium_due_day: 28}", "accrued for 2026-11, to be paid to carrier",
     date(2026, 11, 28)),
])  # fmt: skip
def test_what_was_accrued_waits_for_its_bill_or_its_due_day(
    session: Session, terms: str, name: str, until: date
) -> None:  # fmt: skip
    book = BOOK.replace("{pay_policy: pay_as_enrolled}", terms)
    accrued(session, NOVEMBER)
    mine = found(session, book)[chart.PREMIUM_PAYABLE]
    assert (told(mine), mine.unexplained) == ([(name, -300, until)], 0)
    accrued(session, Month(2026, 9))  # nobody has billed or paid it since, and no difference says so
    assert found(session, book)[chart.PREMIUM_PAYABLE].unexplained == -300
    late = Finding(
        Relation.PREMIUM, Type.PREMIUM_AT_RISK, "2026-09", "carrier/-", "hub", "finance", "late", "pay", expected=300,
        actual=0,
    )  # fmt: skip
    (one,) = reconcile.settle(session, Relation.PREMIUM, "2026-09", [late], session.today()).opened
    assert found(session, book)[chart.PREMIUM_PAYABLE].unexplained == 0
    reconcile.act(session, one, "ann", state="dismissed", note="the carrier waives it")
    assert found(session, book)[chart.PREMIUM_PAYABLE].unexplained == 0


def test_past_its_due_day_a_month_whose_bill_was_not_read_is_in_the_way(session: Session) -> None:
    accrued(session, NOVEMBER)
    for day, unexplained in ((24, 0), (23, -300), (1, -300)):
        book = BOOK.replace("pay_as_enrolled", f"pay_as_billed, premium_due_day: {day}")
        assert found(session, book)[chart.PREMIUM_PAYABLE].unexplained == unexplained


@pytest.mark.parametrize(("policy", "paid"), [
    ("pay_as_billed", False), ("pay_as_enrolled", False), ("pay_as_enrolled", True)
])  # fmt: skip
def test_what_waits_for_its_bill_is_named_once_though_the_carrier_has_not_taken_a_member(
    session: Session, policy: str, paid: bool
) -> None:
    accrued(session, NOVEMBER.plus(1), "per_a")
    out = Finding(
        Relation.PREMIUM, Type.COVERED_NOT_ENROLLED, "2026-12", "-", "hub", "hub", "never told", "send",
        person_id="per_a", plan="ppo", expected=300, actual=0,
    )  # fmt: skip
    reconcile.settle(session, Relation.PREMIUM, "2026-12", [out], session.today())
    if paid:
        dims: dict[str, Any] = {"person_id": "per_a", "plan": "ppo", "coverage_month": "2026-12"}
        legs = (Leg(chart.PREMIUM_PAYABLE, "USD", 300, **dims), Leg(chart.CARRIER_TRANSIT, "USD", -300, **dims))
        ledger.record(session, [NewEntry("paid", "premium.remitted", date(2026, 11, 20), legs, "test")])
    book = BOOK.replace("pay_as_enrolled", policy)
    assert found(session, book, NOVEMBER.plus(1))[chart.PREMIUM_PAYABLE].unexplained == 0


@pytest.mark.parametrize("policy", ["pay_as_enrolled", "pay_as_billed"])
def test_what_was_paid_for_who_has_left_since_is_named_until_a_payment_takes_it(session: Session, policy: str) -> None:
    accrued(session, OCTOBER)
    dims: dict[str, Any] = {"plan": "ppo", "coverage_month": "2026-10"}
    paid = (Leg(chart.PREMIUM_PAYABLE, "USD", 300, **dims), Leg(chart.CARRIER_TRANSIT, "USD", -300, **dims))
    less = (Leg(chart.PREMIUM_PAYABLE, "USD", 100, **dims), Leg(chart.BENEFIT_COST, "USD", -100, **dims))
    left = NewEntry("paid", "premium.remitted", date(2026, 10, 1), paid, "test")
    ledger.record(session, [left, NewEntry("less", "premium.accrued.reversed", date(2026, 11, 20), less, "test")])
    mine = found(session, BOOK.replace("pay_as_enrolled", policy), OCTOBER)[chart.PREMIUM_PAYABLE]
    name = "paid to carrier for 2026-10 beyond what is accrued, to be taken from the next payment"
    assert (told(mine), mine.balance, mine.unexplained) == ([(name, 100, None)], 100, 0)
