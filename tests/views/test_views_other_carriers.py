"""Money with a carrier that is not the plan's: it is named, and hides nothing that the plan's own carrier is owed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from benehub import ledger, planbook, reconcile
from benehub.flows.remittance_lines import lines_due
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import Finding, Relation, Type, carriers, credits, given_up, premium
from benehub.reconcile.payable import posted_out
from benehub.reconcile.unpaid import unpaid
from benehub.store import Session, Store
from benehub.store.tables import confirmation, connection, difference, dispatch, intake_batch, person
from benehub.testing.kithub import BOOK
from benehub.views.clearing import clearing

OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
DUE, LATER = date(2026, 11, 1), date(2026, 11, 30)


@pytest.fixture
def session(store: Store) -> Iterator[Session]:
    """On 23 November 2026, with a carrier of the plan and another one."""
    with store.write("acme") as session:
        session.add(
            connection,
            [{"connection_id": one, "connector": "x", "settings": {}, "mode": "live"} for one in ("carrier", "other")],
        )
        row = {"kind": "employee", "subscriber_id": "", "ssn_sealed": None, "ssn_index": None, "seq": 1}
        session.add(person, [{**row, "person_id": "per_a", "member_id": "per_a"}])
        counts = dict.fromkeys(("full_read", "rows", "applied", "unchanged", "quarantined", "superseded"), 0)
        session.add(intake_batch, [
            {"batch_id": "bat_1", "connection_id": "carrier", "stream": "invoice", "run_key": "1", "state": "applied",
             "reason": "", "cursor": None, "seq": 1, "recorded_at": "2026-10-01T00:00:00.000000Z", **counts}
        ])  # fmt: skip
        yield session


def with_terms(other: str, own: str = "pay_as_billed") -> PlanBook:
    """The plan's carrier and how the other one is paid."""
    terms = f"  carrier: {{pay_policy: {own}}}\n  other: {{pay_policy: {other}}}"
    return planbook.load(BOOK.replace("  carrier: {pay_policy: pay_as_enrolled}", terms), "book")


def post(session: Session, kind: str, accounts: tuple[str, str], amount: int, to: str = "") -> None:
    """Of October's cover; paid `to` whom."""
    dims: dict[str, Any] = {"person_id": "per_a", "plan": "ppo", "coverage_month": "2026-10"}
    batch = f"dis_{to}" if to else None
    legs = (Leg(accounts[0], "USD", amount, **dims), Leg(accounts[1], "USD", -amount, batch=batch, **dims))
    ledger.record(session, [NewEntry(f"{kind}/{to}/{amount}", kind, OCTOBER.first, legs, batch or "test")])


def pay(session: Session, to: str, amount: int = 300) -> None:
    """A payment has left to a carrier; nobody confirms it."""
    session.add(dispatch, [
        {"dispatch_id": f"dis_{to}", "connection_id": to, "operation": "premium.remit", "revision": 1, "guard": "none",
         "business_key": f"premium.remit/{to}/2026-10", "file_name": "", "frozen_sealed": b"", "frozen_hash": "",
         "items": 1, "worth_minor": amount, "currency": "USD", "control": None, "state": "sent", "reason": "",
         "receipt": None, "seq": 1, "prepared_at": "x", "sent_at": None, "ack_state": ""}
    ])  # fmt: skip
    post(session, "premium.remitted", (chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT), amount, to)


def bill(session: Session, whose: str, due: date, amount: int = 300, line: str = "") -> None:
    """A carrier bills the plan's October, whosever plan it is."""
    session.add(confirmation, [
        {"kind": "invoice_line", "connection_id": whose, "row_key": line or whose, "version": 1, "current": 1,
         "plan": "ppo", "part": "current", "code": "", "tax_class": "", "tier": "EE", "coverage_month": "2026-10",
         "unit": "USD", "detail": {"invoice_date": "2026-09-15"}, "reference": f"{whose}-1", "on_date": due,
         "amount": amount, "person_id": "per_a", "external_id": "per_a", "batch_id": "bat_1", "row_no": 1, "seq": 1}
    ])  # fmt: skip


def take_back(session: Session, amount: int, gone: bool) -> None:
    """The other carrier takes so much of its bill of 300 back: its line is gone or says less, or a credit says so."""
    if gone:
        session.change(confirmation, {"connection_id": "other", "row_key": "other"}, current=0)
        if amount < 300:
            bill(session, "other", DUE, 300 - amount, "less")
    else:
        bill(session, "other", DUE, -amount, "credit")


def compare(session: Session, book: PlanBook) -> list[tuple[str, str]]:
    """Type and reference of what is open once October was compared twice: what a bill says is known by then."""
    for _ in range(2):
        found = [one for name in carriers.to_compare(session, book, OCTOBER)
                 for one in premium.of_bill(session, book, name, OCTOBER)]  # fmt: skip
        found += premium.of_payments(session, book, carriers.to_pay(session, book, OCTOBER), OCTOBER)
        reconcile.settle(session, Relation.PREMIUM, "2026-10", found, session.today())
    return sorted((row.type, row.reference) for row in reconcile.listed(session))


def payable(session: Session, book: PlanBook) -> tuple[int, list[tuple[str, int, date | None]]]:
    """What nobody explains of the premiums owed, and the items that explain the rest."""
    one = next(each for each in clearing(session, book, OCTOBER) if each.account == chart.PREMIUM_PAYABLE)
    return one.unexplained, [(item.name, item.amount, item.clear_by) for item in one.items]


@pytest.mark.parametrize("policy", ["pay_as_billed", "short_pay", "pay_as_enrolled"])
@pytest.mark.parametrize("due", [DUE, LATER])
@pytest.mark.parametrize("billed", [False, True], ids=["not billed", "billed"])
@pytest.mark.parametrize("paid", [False, True], ids=["not paid", "paid"])
def test_another_carriers_bill_hides_nothing_of_the_plans_own_carrier(
    session: Session, policy: str, due: date, billed: bool, paid: bool
) -> None:
    book = with_terms(policy)
    post(session, "premium.accrued", (chart.BENEFIT_COST, chart.PREMIUM_PAYABLE), 300)
    bill(session, "other", due)
    if paid:
        pay(session, "other")
    if billed:
        bill(session, "carrier", OCTOBER.first)
        post(session, "premium.remitted", (chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT), 300)
    found = compare(session, book)
    assert ("BILLED_NOT_ENROLLED", "other/-") in found
    assert (("PREMIUM_AT_RISK", "carrier/-") in found) is not billed
    assert payable(session, book)[0] == 0


@pytest.mark.parametrize("policy", ["pay_as_billed", "short_pay", "pay_as_enrolled"])
def test_who_insures_is_owed_all_whoever_is_asked_and_whatever_was_dismissed(session: Session, policy: str) -> None:
    book = with_terms(policy)
    post(session, "premium.accrued", (chart.BENEFIT_COST, chart.PREMIUM_PAYABLE), 300)
    bill(session, "other", DUE)
    pay(session, "other")
    compare(session, book)

    def owed() -> list[list[tuple[str, int]]]:
        asked = (["carrier"], ["carrier", "other"])
        return [[(one.carrier, one.rest) for one in unpaid(session, book, each)] for each in asked]

    assert owed() == [[("carrier", 300)]] * 2
    (mine,) = [row for row in reconcile.listed(session) if row.type == "BILLED_NOT_ENROLLED"]
    reconcile.act(session, mine.difference_id, "ann", state="dismissed", note="nobody claims it")
    assert owed() == [[("carrier", 300)]] * 2, "it is not posted out yet"
    given_up.restate(session, book, "2026-10")
    assert owed() == [[("carrier", 300)]] * 2
    out = session.rows(select(difference.c.difference_id).where(*session.where(difference), posted_out()))
    assert ([row.difference_id for row in out] == [mine.difference_id]) is (policy != "pay_as_enrolled")


@pytest.mark.parametrize("gone", [True, False], ids=["no line any more", "a credit line"])
@pytest.mark.parametrize("amount", [300, 100])
@pytest.mark.parametrize("policy", ["pay_as_billed", "short_pay", "pay_as_enrolled"])
def test_what_another_carrier_takes_back_after_it_was_paid_is_open_until_the_money_is_back(
    session: Session, policy: str, amount: int, gone: bool
) -> None:
    book = with_terms(policy)
    post(session, "premium.accrued", (chart.BENEFIT_COST, chart.PREMIUM_PAYABLE), 300)
    bill(session, "other", DUE)
    pay(session, "other")
    compare(session, book)
    (mine,) = [row for row in reconcile.listed(session) if row.type == "BILLED_NOT_ENROLLED"]
    take_back(session, amount, gone)
    assert payable(session, book)[0] == 0, "what the open difference names is explained before it is compared again"
    assert compare(session, book)[:2] == [("BILLED_NOT_ENROLLED", "other/-"), ("PREMIUM_AT_RISK", "carrier/-")]
    told = reconcile.get(session, mine.difference_id)
    assert (told.state, told.expected, told.actual, told.owner) == ("discrepancy", 0, 300, "carrier")
    assert "was paid" in told.cause
    assert payable(session, book)[0] == 0
    post(session, "premium.remitted", (chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT), -amount, "other")
    rest = 300 - amount
    assert ("BILLED_NOT_ENROLLED" in [kind for kind, _ in compare(session, book)]) is (rest > 0)
    assert reconcile.get(session, mine.difference_id).at_stake == (rest or 300)
    assert payable(session, book)[0] == 0


@pytest.mark.parametrize("policy", ["pay_as_billed", "pay_as_enrolled"])
def test_nothing_that_another_carrier_owes_back_is_taken_from_the_plans_own(session: Session, policy: str) -> None:
    book = with_terms("pay_as_billed", policy)
    post(session, "premium.accrued", (chart.BENEFIT_COST, chart.PREMIUM_PAYABLE), 300)
    bill(session, "other", DUE)
    pay(session, "other")
    bill(session, "carrier", OCTOBER.first)
    compare(session, book)
    to_own = sum(one.paid_minor for one in lines_due(session, book, "carrier", OCTOBER))
    assert to_own == 300
    post(session, "premium.remitted", (chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT), 300)
    take_back(session, 300, gone=True)
    found = [(one.carrier, one.amount, one.granted) for one in credits.standing(session, book)]
    assert found == [("other", 300, 300)]
    assert credits.standing(session, book, "carrier") == []


def test_whom_the_carrier_refuses_is_in_dispute_plan_by_plan(session: Session) -> None:
    book = with_terms("pay_as_billed", "pay_as_enrolled")
    post(session, "premium.accrued", (chart.BENEFIT_COST, chart.PREMIUM_PAYABLE), 300)
    row = {"kind": "employee", "subscriber_id": "", "ssn_sealed": None, "ssn_index": None, "seq": 1}
    session.add(person, [{**row, "person_id": "per_b", "member_id": "per_b"}])
    bill(session, "carrier", LATER, 0)
    session.change(confirmation, {"connection_id": "carrier"}, person_id="per_b", external_id="per_b")
    reconcile.settle(session, Relation.PREMIUM, "2026-10", [
        Finding(Relation.PREMIUM, Type.MEMBER_REFUSED, "2026-10", "carrier/-", "carrier", "hub", "refused", "mend",
                person_id="per_a", expected=300, actual=0)
    ], session.today())  # fmt: skip
    pay(session, "carrier")
    dispute = ("in dispute with carrier, not paid as billed", 300, None)
    assert payable(session, book) == (0, [("MEMBER_REFUSED (premium)", -300, None), dispute])


def test_what_another_carrier_bills_is_owed_to_it_until_its_own_day(session: Session) -> None:
    book = with_terms("pay_as_billed")
    post(session, "premium.accrued", (chart.BENEFIT_COST, chart.PREMIUM_PAYABLE), 300)
    post(session, "premium.remitted", (chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT), 300)
    bill(session, "carrier", OCTOBER.first)
    bill(session, "other", LATER)
    compare(session, book)
    assert payable(session, book) == (
        0, [("BILLED_NOT_ENROLLED (premium)", 300, None), ("billed by other for 2026-10, to be paid", -300, LATER)]
    )  # fmt: skip


def test_a_payment_to_a_carrier_that_no_plan_is_of_is_named_until_it_is_confirmed(session: Session) -> None:
    book = planbook.load(BOOK, "book")
    pay(session, "other")
    post(session, "premium.accrued", (chart.BENEFIT_COST, chart.PREMIUM_PAYABLE), 300)
    assert compare(session, book) == [("REMITTED_NOT_CONFIRMED", "other/dis_other")]
    post(session, "premium.confirmed", (chart.BANK, chart.CARRIER_TRANSIT), -300, "other")
    assert compare(session, book) == []


@pytest.mark.parametrize("policy", ["short_pay", "pay_as_enrolled"])
def test_of_a_line_that_says_too_much_only_that_is_in_dispute(session: Session, policy: str) -> None:
    book = with_terms("pay_as_billed", policy)
    post(session, "premium.accrued", (chart.BENEFIT_COST, chart.PREMIUM_PAYABLE), 280)
    bill(session, "carrier", LATER)
    reconcile.settle(session, Relation.PREMIUM, "2026-10", [
        Finding(Relation.PREMIUM, Type.RATE_DIFF, "2026-10", "-", "carrier", "carrier", "another rate", "claim it",
                person_id="per_a", plan="ppo", expected=280, actual=300)
    ], session.today())  # fmt: skip
    dispute = ("in dispute with carrier, not paid as billed", -20, None)
    assert payable(session, book) == (
        0, [("RATE_DIFF (premium)", 20, None), dispute, ("billed by carrier for 2026-10, to be paid", -280, LATER)]
    )  # fmt: skip
    pay(session, "carrier", 280)
    assert payable(session, book) == (0, [("RATE_DIFF (premium)", 20, None), dispute])
