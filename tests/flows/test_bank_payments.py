"""A bank connection moves a remittance's money: it leaves once, tied by TRN02, and what the bank answers is posted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import achkit
import pytest
from sqlalchemy import select

from benehub import dispatch, ledger, obligations
from benehub.errors import ConfigError, GuardTripped, NeedsPersonError
from benehub.flows import remittance_months
from benehub.flows.dispatches import reopen
from benehub.flows.onboarding import connect, load_plan_book
from benehub.flows.payment_orders import order_of
from benehub.flows.premiums import prepare_remittance, take_back
from benehub.flows.push_guard import permit
from benehub.flows.remittance_parts import part_key
from benehub.formats.sepa.schema import schema_findings
from benehub.formats.x12 import remittance_820 as x820
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.store.tables import attempt, obligation
from benehub.store.tables import dispatch as dispatch_table
from benehub.views.why import why
from benehub_connectors.bank_files.settings import BankSettings
from benehub_connectors.bank_files.simulator import BankSimulator

OCTOBER = "2026-10"
PAYS = "carrier: {pay_policy: pay_as_enrolled, pay_through: bank}"
NACHA = {"bank": "011000015", "bank_name": "First Bank", "company_name": "Acme", "company_id": "1123456789"}
ACCOUNT, IBAN = "0099887766", "DE02120300000000202051"
TRN = "PREMIUM.REMIT/CARRIER/2026-10/2"

Banked = Callable[[str], Any]


def outside(data: bytes) -> list[str]:
    """What an outside reader has against a bank's file."""
    if data.startswith(b"<"):
        return [one.field for one in schema_findings(data)]
    return [one["code"] for one in achkit.validate(data.decode("ascii"))["errors"]]


@pytest.fixture
def banked(enrolled: Any, monkeypatch: pytest.MonkeyPatch) -> Banked:
    """October is accrued, and a bank connection of a format pays the carrier; the bank is `office.bank`."""
    monkeypatch.setenv("ACME_ACCOUNT", ACCOUNT)
    monkeypatch.setenv("ACME_IBAN", IBAN)

    def made(kind: str) -> Any:
        book = enrolled.book.replace("carrier: {pay_policy: pay_as_enrolled}", PAYS)
        if kind == "sepa":
            book = book.replace("name: Acme}", "name: Acme, country: DE, currency: EUR}")
        load_plan_book(enrolled.hub, book, "with a bank")
        payee = {"name": "Summit Care", "routing": "021000021", "account": "env:ACME_ACCOUNT"}
        profile: dict[str, Any] = {
            "place": {"folder": str(enrolled.root / "bank")}, "format": kind, "nacha": NACHA,
            "payees": {"carrier": payee},
        }  # fmt: skip
        if kind == "sepa":
            profile["sepa"] = {"name": "Acme GmbH", "iban": "DE89370400440532013000"}
            profile["payees"] = {"carrier": {"name": "Süd Leben", "iban": "env:ACME_IBAN", "contracts": ["4711"]}}
        (enrolled.root / "bank").mkdir()
        connect(enrolled.hub, "acme", {"bank": {"connector": "bank_files", "settings": profile}})
        settings = BankSettings.model_validate(profile).with_accounts(
            {"env:ACME_ACCOUNT": ACCOUNT, "env:ACME_IBAN": IBAN}
        )
        enrolled.bank = BankSimulator(enrolled.root / "bank", settings, outside)
        enrolled.sync("carrier", "acknowledgement")
        enrolled.flow("enrollments.acks", "carrier")
        enrolled.flow("premiums.accrue", OCTOBER)
        assert clearing(enrolled) == (-100000, 0, 0)
        return enrolled

    return made


def clearing(office: Any) -> tuple[int, int, int]:
    """Owed to the carrier, on its way to it, and the bank account."""
    with office.hub.store.read("acme") as session:
        assert ledger.verify(session).ok
        found = {one.account: one.amount for one in ledger.balances(session)}
    return tuple(found.get(one, 0) for one in (chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT, chart.BANK))  # type: ignore[return-value]  # three accounts, three numbers


def remit(office: Any) -> dict[str, Any]:
    told: dict[str, Any] = office.flow("premiums.remit", "carrier", OCTOBER)
    return told


def answers(office: Any) -> dict[str, int]:
    """What the bank sent is read and followed; what counts nothing is left out."""
    office.sync("bank", "payment_answer")
    told: dict[str, int] = office.flow("premiums.answers", "bank")
    return {name: count for name, count in told.items() if count}


def sent(office: Any, operation: str) -> list[Any]:
    query = select(dispatch_table).where(dispatch_table.c.operation == operation).order_by(dispatch_table.c.seq)
    return list(office.rows(query))


def owed(office: Any, kind: str) -> list[tuple[str, str]]:
    return [(row.state, row.reason) for row in office.rows(select(obligation).where(obligation.c.kind == kind))]


def frozen(office: Any, row: Any) -> bytes:
    with office.hub.store.read("acme") as session:
        return dispatch.frozen_bytes(session, row)


def test_a_ctx_carries_the_820_as_it_was_frozen(banked: Banked) -> None:
    office = banked("nacha-ctx")
    told = remit(office)
    assert (told["sent"], told["lines"]) == (1, 2)
    office.bank.collect()
    (taken,) = office.bank.taken
    (remittance,), (order,) = sent(office, "premium.remit"), sent(office, "payment.order")
    assert office.bank.refused == [] and taken.amount == 100000
    assert taken.remittance == frozen(office, remittance)
    assert [one.remittance.trace for one in x820.parse(taken.remittance.decode())] == [TRN]
    assert (remittance.state, remittance.receipt["reference"]) == ("sent", f"inside {order.dispatch_id}")
    assert office.carrier.collect() == []  # it is not sent a second time by the carrier's mailbox
    assert clearing(office) == (0, -100000, 0)
    assert "sent" not in remit(office) and len(sent(office, "payment.order")) == 1
    assert ACCOUNT not in order.file_name and ACCOUNT not in str(order.receipt)


def test_a_ccd_plus_names_the_820_that_the_carrier_gets(banked: Banked) -> None:
    office = banked("nacha-ccd+")
    assert remit(office)["sent"] == 1
    office.bank.collect()
    (taken,) = office.bank.taken
    assert taken.trn == TRN and len(office.carrier.collect()) == 1
    assert {one.trace for one in office.carrier.payments} == {TRN}
    office.bank.settle(date(2026, 10, 2))
    assert answers(office) == {"settled": 1}
    assert clearing(office) == (0, 0, -100000)
    assert owed(office, "payment.order") == [("confirmed", "booked by the bank")]
    assert answers(office) == {}  # told once


def test_a_sepa_transfer_carries_the_reference(banked: Banked) -> None:
    office = banked("sepa")
    assert remit(office)["sent"] == 1
    office.bank.collect()
    (taken,) = office.bank.taken
    assert office.bank.refused == []
    assert (taken.reference, taken.amount, taken.remittance) == ("BH-1", 100000, f"{TRN} 4711".encode())
    office.bank.report("ACCP")
    assert answers(office) == {"accepted": 1}
    office.bank.settle(date(2026, 10, 2))
    assert answers(office) == {"settled": 1}
    assert clearing(office) == (0, 0, -100000)


@pytest.mark.parametrize(("kind", "booked"), [("nacha-ctx", False), ("nacha-ccd+", True), ("sepa", True)])
def test_what_comes_back_is_owed_again_and_paid_anew(banked: Banked, kind: str, booked: bool) -> None:
    office = banked(kind)
    remit(office)
    office.bank.collect()
    if booked:
        office.bank.settle(date(2026, 10, 2))
        answers(office)
        assert clearing(office) == (0, 0, -100000)
    office.bank.give_back("AC04" if kind == "sepa" else "R03", date(2026, 10, 6))
    assert answers(office) == {"returned": 1}
    assert clearing(office) == (-100000, 0, 0)
    ((state, reason),) = owed(office, "premium.remit")
    assert state == "refused" and reason.startswith("the bank returned the payment (")
    assert answers(office) == {}

    told = remit(office)
    assert (told["sent"], told["lines"]) == (1, 2)
    assert clearing(office) == (0, -100000, 0)
    office.bank.collect()
    first, second = office.bank.taken
    assert first.amount == second.amount and first.reference != second.reference
    assert [row.revision for row in sent(office, "payment.order")] == [1, 2]
    assert answers(office) == {}  # the old return says nothing of the new payment
    assert clearing(office) == (0, -100000, 0)


@pytest.mark.parametrize("by_bank", [True, False], ids=["the payee's bank contests", "a person has asked"])
def test_while_the_banks_dispute_a_return_the_month_is_not_paid_twice(banked: Banked, by_bank: bool) -> None:
    office = banked("nacha-ccd+")
    remit(office)
    office.bank.collect()
    office.bank.give_back("R03", date(2026, 10, 6))
    office.bank.dispute(date(2026, 10, 7))
    assert answers(office) == {"returned": 1, "disputed": 1}
    ((state, reason),) = owed(office, "premium.remit")
    assert state == "held" and reason.endswith("(R68: return came too late)")
    assert answers(office) == {}  # told once
    with pytest.raises(NeedsPersonError, match="refused to take the payment back"):
        remit(office)
    assert clearing(office) == (-100000, 0, 0) and office.bank.collect() == []
    if by_bank:
        office.bank.dispute(date(2026, 10, 8), contested="R73")
        assert answers(office) == {"returned": 1}
        ((state, reason),) = owed(office, "premium.remit")
        assert state == "refused" and "R73: original return was in time" in reason
        assert answers(office) == {}
    else:
        (row,) = sent(office, "premium.remit")
        assert reopen(office.hub, "acme", row.dispatch_id, "ann", "the bank says it is back") == "open"
    assert remit(office)["sent"] == 1
    assert clearing(office) == (0, -100000, 0)
    office.bank.collect()
    assert len(office.bank.taken) == 2


def test_a_dispute_without_its_return_leaves_the_payment_as_it_is(banked: Banked) -> None:
    office = banked("nacha-ccd+")
    remit(office)
    office.bank.collect()
    office.bank.dispute(date(2026, 10, 7))
    assert answers(office) == {"disputed": 1}
    assert clearing(office) == (0, -100000, 0)
    assert owed(office, "payment.order")[0][0] == "sent"
    office.bank.dispute(date(2026, 10, 8), contested="R73")
    assert answers(office) == {"returned": 1}
    assert clearing(office) == (-100000, 0, 0)


@pytest.fixture
def parted(banked: Banked, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bank whose CTX carries the 820 of one of the two people, and not of both."""
    office = banked("nacha-ctx")
    monkeypatch.setattr("benehub.formats.nacha.ctx.CAPACITY", 700)
    return office


def told_inside(office: Any) -> list[tuple[str, int]]:
    """TRN02 and BPR02 of the 820 in each payment that the bank took, which has to be the payment's own."""
    heads = [[one.remittance for one in x820.parse(taken.remittance.decode())] for taken in office.bank.taken]
    for taken, (head,) in zip(office.bank.taken, heads, strict=True):
        assert head.total == taken.amount and len(taken.remittance) <= 700
    return [(head.trace, head.total) for (head,) in heads]


def test_what_no_payment_carries_is_split_and_ties_to_the_cent(parted: Any) -> None:
    told = remit(parted)
    assert (told["sent"], told["lines"], len(told["parts"])) == (2, 2, 2)
    parted.bank.collect()
    assert parted.bank.refused == []
    inside = told_inside(parted)
    assert [total for _, total in inside] == [50000, 50000] and len({trace for trace, _ in inside}) == 2
    with parted.hub.store.read("acme") as session:
        batches = ledger.balances(session, [chart.CARRIER_TRANSIT], by=("batch",))
        traces = {order_of(session, str(one.dimensions["batch"])).reference.upper(): -one.amount for one in batches}  # type: ignore[union-attr]  # each is paid by an order
    assert traces == dict(inside)  # the ledger ties by TRN02
    assert clearing(parted) == (0, -100000, 0)
    assert remit(parted) == {"lines": 0} and parted.bank.collect() == []
    parted.bank.settle(date(2026, 10, 2))
    assert answers(parted) == {"settled": 2}
    assert clearing(parted) == (0, 0, -100000)


def test_a_part_that_comes_back_is_paid_anew_alone(parted: Any) -> None:
    remit(parted)
    parted.bank.collect()
    first, second = told_inside(parted)
    parted.bank.taken.reverse()
    parted.bank.give_back("R03", date(2026, 10, 6))  # the first part
    assert answers(parted) == {"returned": 1}
    assert clearing(parted) == (-50000, -50000, 0)
    assert [state for state, _ in owed(parted, "premium.remit")] == ["refused", "sent"]
    parted.bank.taken.clear()
    assert remit(parted)["lines"] == 1
    parted.bank.collect()
    ((trace, total),) = told_inside(parted)
    assert total == 50000 and trace not in (first[0], second[0]) and "/P2/" not in trace
    assert clearing(parted) == (0, -100000, 0)


def test_a_refused_820_of_one_part_is_told_again_with_its_own_reference(parted: Any) -> None:
    remit(parted)
    parted.bank.collect()
    first, _ = told_inside(parted)
    with parted.hub.store.write("acme") as session:
        key = part_key("carrier", OCTOBER)
        (row,) = obligations.by_ids(session, [session.id("obl", key)])
        obligations.mark(session, [row.obligation_id], "refused", "by 999")
        dispatch.acknowledge(session, row.dispatch_id, "rejected")
    assert remit(parted)["sent"] == 1
    parted.carrier.collect()
    assert {(one.trace, one.minor) for one in parted.carrier.payments} == {first}
    assert parted.bank.collect() == [] and clearing(parted) == (0, -100000, 0)


def test_a_part_that_waits_is_taken_back_when_an_earlier_one_is_owed_again(parted: Any) -> None:
    remit(parted)
    parted.bank.collect()
    (row,) = [one for one in sent(parted, "premium.remit") if one.business_key.endswith("/p2")]
    order = sent(parted, "payment.order")[1]
    with parted.hub.store.write("acme") as session:  # as if the second had never been tried
        for one in (row, order):
            session.change(dispatch_table, {"dispatch_id": one.dispatch_id}, state="prepared")
            session.connection.execute(attempt.delete().where(attempt.c.dispatch_id == one.dispatch_id))
            obligations.mark(session, [obligations.of_dispatch(session, one.dispatch_id)[0].obligation_id], "open")
        take_back(session, row.dispatch_id)
    parted.bank.taken.reverse()
    parted.bank.give_back("R03", date(2026, 10, 6))
    answers(parted)
    parted.bank.taken.clear()
    assert remit(parted)["lines"] == 2
    parted.bank.collect()
    assert [total for _, total in told_inside(parted)] == [50000, 50000]
    assert clearing(parted) == (0, -100000, 0)


NOVEMBER = "2026-11"
GUARDED = "guards: {push: {floor: 0, end_percent: 0}}\n"


def november(office: Any, rate: str = "500.00") -> dict[str, Any]:
    """October is paid; November is due at this rate, and every push is held against what was before."""
    load_plan_book(office.hub, GUARDED + priced(office, rate), "guarded")
    office.flow("premiums.accrue", NOVEMBER)
    told: dict[str, Any] = office.flow("premiums.remit", "carrier", NOVEMBER)
    return told


def priced(office: Any, rate: str) -> str:
    book = office.book.replace("carrier: {pay_policy: pay_as_enrolled}", PAYS)
    return str(book.replace("EE: 500.00", f"EE: {rate}"))


def test_a_month_in_parts_is_held_against_a_month_in_one(banked: Banked, monkeypatch: pytest.MonkeyPatch) -> None:
    office = banked("nacha-ctx")
    remit(office)
    monkeypatch.setattr("benehub.formats.nacha.ctx.CAPACITY", 700)
    told = november(office)  # neither part has lost anybody, though each has but one
    assert (told["sent"], told["lines"], len(told["parts"])) == (2, 2, 2)


def test_a_month_in_one_is_held_against_a_month_in_parts(parted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    remit(parted)
    monkeypatch.setattr("benehub.formats.nacha.ctx.CAPACITY", 7000)
    load_plan_book(parted.hub, GUARDED + priced(parted, "999.00"), "guarded")
    parted.flow("premiums.accrue", NOVEMBER)  # October's difference too, and that is a payment of its own
    told = parted.flow("premiums.remit", "carrier", NOVEMBER)
    assert (told["sent"], told["lines"]) == (1, 2)


def test_a_month_after_a_rejected_one_is_held_against_the_month_before_it(banked: Banked) -> None:
    office = banked("nacha-ccd+")
    remit(office)
    november(office)
    with office.hub.store.write("acme") as session:
        (row,) = obligations.by_ids(session, [session.id("obl", part_key("carrier", NOVEMBER))])
        dispatch.acknowledge(session, row.dispatch_id, "rejected")
    with office.hub.store.read("acme") as session:
        assert remittance_months._before(session, "carrier", "2026-12") == OCTOBER


def test_a_month_that_is_worth_too_much_stops_at_its_first_part(parted: Any) -> None:
    remit(parted)
    load_plan_book(parted.hub, GUARDED + priced(parted, "1500.01"), "guarded")
    parted.flow("premiums.accrue", NOVEMBER)
    with pytest.raises(GuardTripped, match=r"payment\.order stops .* worth 200 % more"):
        parted.flow("premiums.remit", "carrier", NOVEMBER)
    permit(parted.hub, "acme", "bank", "payment.order", 2, "ann", "new rates")
    told = parted.flow("premiums.remit", "carrier", NOVEMBER)
    assert (told["sent"], len(told["parts"])) == (2, 2)


def test_when_the_carrier_cannot_be_reached_the_820_goes_later_and_the_money_only_once(banked: Banked) -> None:
    office = banked("nacha-ccd+")
    box = office.root / "carrier" / "to-carrier"
    box.rename(office.root / "away")
    box.write_text("no folder")
    told = remit(office)
    assert "sent" not in told and told["lines"] == 2  # the money has left, and that is what is posted
    assert clearing(office) == (0, -100000, 0)
    box.unlink()
    (office.root / "away").rename(box)
    (before,) = sent(office, "premium.remit")
    assert remit(office)["sent"] == 1
    (after,) = sent(office, "premium.remit")
    assert (after.dispatch_id, after.state) == (before.dispatch_id, "sent")
    assert len(office.bank.collect()) == len(office.carrier.collect()) == 1
    assert len(sent(office, "payment.order")) == 1
    assert clearing(office) == (0, -100000, 0)


def dearer(office: Any) -> None:
    """The premium was 50.00 a month too low: each of the two people owes the difference."""
    book = office.book.replace("carrier: {pay_policy: pay_as_enrolled}", PAYS).replace("EE: 500.00", "EE: 550.00")
    load_plan_book(office.hub, book, "dearer")
    office.flow("premiums.accrue", OCTOBER)


def test_a_later_payment_of_the_month_is_its_own(banked: Banked) -> None:
    office = banked("nacha-ccd+")
    remit(office)
    dearer(office)
    assert clearing(office) == (-10000, -100000, 0)
    assert remit(office)["sent"] == 1
    office.bank.collect()
    assert [one.amount for one in office.bank.taken] == [100000, 10000]
    office.bank.settle(date(2026, 10, 2))
    assert answers(office) == {"settled": 2}
    assert clearing(office) == (0, 0, -110000)
    office.bank.give_back("R03", date(2026, 10, 6))
    assert answers(office) == {"returned": 1}
    assert clearing(office) == (-10000, 0, -100000)
    remit(office)
    office.bank.collect()
    assert [one.amount for one in office.bank.taken] == [100000, 10000, 10000]


def test_an_order_that_never_left_is_replaced(banked: Banked) -> None:
    office = banked("nacha-ccd+")
    connect(office.hub, "acme", {"bank": {"connector": "bank_files", "mode": "watch", "settings": _profile(office)}})
    remit(office)
    dearer(office)
    connect(office.hub, "acme", {"bank": {"connector": "bank_files", "mode": "live", "settings": _profile(office)}})
    assert remit(office)["sent"] == 1
    office.bank.collect()
    assert [one.amount for one in office.bank.taken] == [110000]
    assert [(row.state, row.revision) for row in sent(office, "payment.order")] == [("refused", 1), ("sent", 2)]
    assert sorted(state for state, _ in owed(office, "payment.order")) == ["replaced", "sent"]
    assert clearing(office) == (0, -110000, 0)


def test_an_820_told_again_waits_for_the_carrier_too(banked: Banked) -> None:
    office = banked("nacha-ctx")
    remit(office)
    (first,) = sent(office, "premium.remit")
    with office.hub.store.write("acme") as session:
        obligations.mark(session, [session.id("obl", f"premium.remit/carrier/{OCTOBER}")], "refused", "by 999")
        dispatch.acknowledge(session, first.dispatch_id, "rejected")
    box = office.root / "carrier" / "to-carrier"
    box.rename(office.root / "away")
    box.write_text("no folder")
    assert "sent" not in remit(office)
    box.unlink()
    (office.root / "away").rename(box)
    assert remit(office)["sent"] == 1  # what lay inside the bank's file before goes by mailbox now
    office.carrier.collect()
    assert {one.trace for one in office.carrier.payments} == {TRN}
    assert len(sent(office, "payment.order")) == 1
    assert clearing(office) == (0, -100000, 0)


def test_a_payment_tells_why(banked: Banked) -> None:
    office = banked("nacha-ctx")
    told = remit(office)
    with office.hub.store.read("acme") as session:
        data = why(session, told["payment"]).data
    assert data["operation"] == "payment.order" and ACCOUNT not in str(data)


def test_a_payment_the_bank_rejects_at_once(banked: Banked) -> None:
    office = banked("sepa")
    remit(office)
    office.bank.collect()
    office.bank.report("RJCT", "AC01")
    assert answers(office) == {"returned": 1}
    assert clearing(office) == (-100000, 0, 0)
    assert owed(office, "payment.order")[0] == ("refused", "the bank rejected the payment (AC01: transaction)")
    office.flow("reconcile", OCTOBER, ["premium"])


def test_an_820_that_is_rejected_moves_no_money_a_second_time(banked: Banked) -> None:
    office = banked("nacha-ccd+")
    remit(office)
    office.bank.collect()
    office.carrier.reject_files()
    office.carrier.collect()
    office.sync("carrier", "acknowledgement")
    office.flow("enrollments.acks", "carrier")
    assert owed(office, "premium.remit") == [("refused", "the whole file was rejected")]
    assert clearing(office) == (0, -100000, 0)  # the money is on its way all the same
    assert remit(office)["sent"] == 1
    assert len(sent(office, "payment.order")) == 1 and office.bank.collect() == []
    office.carrier.collect()
    assert {(one.trace, one.minor) for one in office.carrier.payments} == {(TRN, 50000)}  # tied to the money that left
    assert clearing(office) == (0, -100000, 0)
    office.bank.settle(date(2026, 10, 2))
    assert answers(office) == {"settled": 1}
    assert clearing(office) == (0, 0, -100000)


def test_another_amount_is_posted_by_nobody(banked: Banked) -> None:
    office = banked("nacha-ccd+")
    remit(office)
    office.bank.collect()
    office.bank.settle(date(2026, 10, 2), short=1)
    assert answers(office) == {"other_amount": 1}
    assert clearing(office) == (0, -100000, 0)
    assert owed(office, "payment.order") == [("sent", "the bank booked another amount than was ordered")]


def test_a_change_is_told_and_changes_no_posting(banked: Banked) -> None:
    office = banked("nacha-ccd+")
    remit(office)
    office.bank.collect()
    office.bank.correct("C01", "0099887767", date(2026, 10, 6))
    assert answers(office) == {"to_correct": 1}
    assert clearing(office) == (0, -100000, 0)
    ((state, reason),) = owed(office, "payment.order")
    assert state == "sent" and "C01: account number" in reason and "0099887767" not in reason


def test_while_the_bank_is_only_watched_nothing_leaves(banked: Banked) -> None:
    office = banked("nacha-ccd+")
    connect(office.hub, "acme", {"bank": {"connector": "bank_files", "mode": "watch", "settings": _profile(office)}})
    assert remit(office)["held"] == 1
    assert office.carrier.collect() == [] and office.bank.collect() == []
    assert clearing(office) == (-100000, 0, 0)
    connect(office.hub, "acme", {"bank": {"connector": "bank_files", "mode": "live", "settings": _profile(office)}})
    assert remit(office)["sent"] == 1
    assert len(office.bank.collect()) == len(office.carrier.collect()) == 1
    assert clearing(office) == (0, -100000, 0)


def _profile(office: Any) -> dict[str, Any]:
    payee = {"name": "Summit Care", "routing": "021000021", "account": "env:ACME_ACCOUNT"}
    place = {"folder": str(office.root / "bank")}
    return {"place": place, "format": "nacha-ccd+", "nacha": NACHA, "payees": {"carrier": payee}}


def test_a_preview_freezes_both_and_a_second_one_changes_nothing(banked: Banked) -> None:
    office = banked("nacha-ctx")
    first = prepare_remittance(office.hub, "acme", "carrier", Month.parse(OCTOBER))
    assert prepare_remittance(office.hub, "acme", "carrier", Month.parse(OCTOBER)) == first
    assert [len(sent(office, one)) for one in ("premium.remit", "payment.order")] == [1, 1]


def test_without_the_payees_account_nothing_is_frozen(banked: Banked) -> None:
    office = banked("nacha-ccd+")
    profile = _profile(office)
    profile["payees"] = {"another": profile["payees"]["carrier"]}
    connect(office.hub, "acme", {"bank": {"connector": "bank_files", "settings": profile}})
    with pytest.raises(ConfigError, match="no account of 'carrier'"):
        remit(office)
    assert sent(office, "premium.remit") == sent(office, "payment.order") == []
