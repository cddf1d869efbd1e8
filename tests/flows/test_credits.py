"""Premium paid too much: expected, claimed, granted and taken from the next payment, or lost and told; short pay."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select

from benehub import ledger
from benehub.errors import DataError
from benehub.flows import Hub, deadlines, dispatches, fixes
from benehub.flows.credits import claim
from benehub.flows.onboarding import load_plan_book
from benehub.flows.reconciling import set_aside
from benehub.flows.remittance_lines import lines_due
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.reconcile import fixes as kept_fixes
from benehub.reconcile import premium
from benehub.reconcile.credits import CLAIM
from benehub.reconcile.fixes import Proposal
from benehub.records import RemittanceLine
from benehub.store import Session
from benehub.store.tables import confirmation, difference, entry, intake_batch, obligation, person
from benehub.views.clearing import clearing
from benehub.views.credits import credits, walk

OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
TERMS = "{pay_policy: POLICY, credit_days: 60, credit_alarm_days: 14, monthly_fee: 5.00}"


class Carrier:
    """A carrier's bills and payments, written by hand for the first person of the hub."""

    def __init__(self, hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch, policy: str) -> None:
        self.hub, self._fakehub, self._patch, self._lines = hub, fakehub, monkeypatch, 0
        book = fakehub.BOOK.replace("{pay_policy: pay_as_enrolled}", TERMS.replace("POLICY", policy))
        load_plan_book(hub, book, "book")
        with hub.store.read("acme") as session:
            rows = session.rows(select(person.c.person_id).order_by(person.c.member_id))
        self.who = str(rows[0].person_id)

    def on(self, day: date) -> None:
        """Let it be noon of a day."""
        self._patch.setattr(self._fakehub, "NOW", datetime(day.year, day.month, day.day, 12, tzinfo=UTC))

    def bill(self, month: str, amount: int, **columns: Any) -> None:
        """One line on a bill."""
        self._lines += 1
        with self.hub.store.write("acme") as session:
            batch = session.rows(select(intake_batch.c.batch_id))[0].batch_id
            row = {
                "kind": "invoice_line", "connection_id": "carrier", "row_key": str(self._lines), "version": 1,
                "current": 1, "person_id": self.who, "external_id": "1001", "plan": "ppo", "part": "current",
                "code": "", "tax_class": "", "tier": "", "coverage_month": month, "amount": amount, "unit": "USD",
                "reference": f"INV{month}", "detail": {"invoice_date": f"{month}-01"}, "batch_id": batch, "row_no": 1,
                "seq": self._lines, "on_date": date.fromisoformat(f"{month}-15"),
            }  # fmt: skip
            session.add(confirmation, [row | columns])

    def accrue(self, month: str, amount: int) -> None:
        """What the month costs by what is known now."""
        self.post(month, "premium.accrued", chart.BENEFIT_COST, chart.PREMIUM_PAYABLE, amount)

    def pay(self, month: str, amount: int, on: date | None = None) -> None:
        """A payment that has left, on the month's first day where no other is named."""
        self.post(month, "premium.remitted", chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT, amount, on)

    def post(self, month: str, kind: str, debit: str, credit: str, amount: int, on: date | None = None) -> None:
        self._lines += 1
        day = on or date.fromisoformat(f"{month}-01")
        dims: dict[str, Any] = {"person_id": self.who, "plan": "ppo", "coverage_month": month}
        legs = (Leg(debit, "USD", amount, **dims), Leg(credit, "USD", -amount, **dims))
        with self.hub.store.write("acme") as session:
            ledger.record(session, [NewEntry(f"t/{self._lines}", kind, day, legs, "x")])

    def look(self) -> dict[str, int]:
        """The daily job."""
        self._lines += 1
        found: dict[str, int] = self.hub.start_flow("premiums.credits", "acme", f"c{self._lines}")
        return found

    def credits(self) -> list[dict[str, Any]]:
        with self.hub.store.read("acme") as session:
            return credits(session, self.hub.book(session))

    def due(self, month: Month) -> list[RemittanceLine]:
        with self.hub.store.read("acme") as session:
            return lines_due(session, self.hub.book(session), "carrier", month)

    def reconcile(self, month: Month) -> None:
        self._lines += 1
        self.hub.start_flow("reconcile", "acme", f"r{self._lines}", str(month), ["premium"])

    def differences(self, *states: str) -> list[tuple[str, int, int]]:
        with self.hub.store.read("acme") as session:
            rows = session.rows(
                select(difference)
                .where(difference.c.state.in_(states or ("pending", "discrepancy")))
                .order_by(difference.c.type)
            )
        # The payments are written by hand, so that no order to pay stands for them.
        return [(row.type, row.expected, row.actual) for row in rows if row.type != "PREMIUM_AT_RISK"]

    def unexplained(self, month: Month) -> int:
        """Of what is owed to carriers."""
        with self.hub.store.read("acme") as session:
            found = {one.account: one for one in clearing(session, self.hub.book(session), month)}
        return found[chart.PREMIUM_PAYABLE].unexplained


Make = Callable[[str], Carrier]


@pytest.fixture
def carrier(
    db_url: str, open_hub: Callable[..., Hub], tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Make:
    hub = open_hub(db_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    return lambda policy: Carrier(hub, fakehub, monkeypatch, policy)


@pytest.fixture
def overpaid(carrier: Make) -> Carrier:
    """500.00 were paid for October as billed; then the cover turned out to have ended in September."""
    made = carrier("pay_as_billed")
    made.accrue("2026-10", 50000)
    made.bill("2026-10", 50000)
    made.pay("2026-10", 50000)
    made.post("2026-10", "premium.accrued.reversed", chart.PREMIUM_PAYABLE, chart.BENEFIT_COST, 50000)
    return made


def test_a_retro_termination_makes_a_credit_with_its_last_day(overpaid: Carrier) -> None:
    (one,) = overpaid.credits()
    assert (one["state"], one["amount"], one["unclaimed"]) == ("expected", "500.00", "500.00")
    assert (one["claim_by"], one["days"], one["member"]) == ("2026-11-30", 60, "1001")


def test_a_payment_before_anything_was_accrued_is_early_and_no_credit(carrier: Make) -> None:
    made = carrier("pay_as_billed")
    made.bill("2026-11", 50000)
    made.pay("2026-11", 50000)
    assert made.credits() == []


def test_it_is_told_before_its_last_day_and_no_earlier(overpaid: Carrier) -> None:
    overpaid.on(date(2026, 11, 15))
    assert overpaid.look()["opened"] == 0
    overpaid.on(date(2026, 11, 16))
    assert overpaid.look() == {"credits": 1, "lost": 0, "corrected": 0, "opened": 1, "closed": 0}
    assert overpaid.differences() == [("CREDIT_EXPIRING", 50000, 0)]


def test_no_last_day_is_guessed(overpaid: Carrier, fakehub: ModuleType) -> None:
    load_plan_book(overpaid.hub, fakehub.BOOK.replace("pay_as_enrolled", "pay_as_billed"), "book")
    overpaid.on(date(2028, 1, 1))
    assert overpaid.look() == {"credits": 1, "lost": 0, "corrected": 0, "opened": 0, "closed": 0}
    (one,) = overpaid.credits()
    assert (one["state"], one["claim_by"], one["days"]) == ("expected", "", None)


def test_a_claim_in_time_closes_the_alarm_and_it_does_not_expire(overpaid: Carrier) -> None:
    overpaid.on(date(2026, 11, 30))
    overpaid.look()
    (one,) = overpaid.credits()
    assert claim(overpaid.hub, "acme", one["id"], "ann", "by letter", "C-7")["claimed"] == 50000
    assert overpaid.differences() == []
    overpaid.on(date(2027, 1, 5))
    assert overpaid.look()["lost"] == 0
    (one,) = overpaid.credits()
    assert (one["state"], one["claimed"], one["claims"][0]["reference"]) == ("claimed", "500.00", "C-7")
    with pytest.raises(DataError, match="no claim after"):
        claim(overpaid.hub, "acme", one["id"], "ann", "again")


def difference_of(overpaid: Carrier) -> str:
    """The difference of October's bill."""
    overpaid.reconcile(OCTOBER)
    with overpaid.hub.store.read("acme") as session:
        (row,) = session.rows(select(difference).where(difference.c.type == "BILLED_NOT_ENROLLED"))
    return str(row.difference_id)


def why_not(overpaid: Carrier, one: str) -> str:
    """Why no fix can claim the credit."""
    return {each.action: each.why_not for each in fixes.options(overpaid.hub, "acme", one)}["credit_claim"]


def test_what_was_claimed_by_hand_no_fix_claims_again(overpaid: Carrier) -> None:
    one, credit = difference_of(overpaid), overpaid.credits()[0]["id"]
    whole = fixes.propose(overpaid.hub, "acme", one, "ann", "credit_claim")
    claim(overpaid.hub, "acme", credit, "ann", "by letter", amount=20000)
    with pytest.raises(DataError, match="has changed since it was proposed"):
        fixes.approve(overpaid.hub, "acme", whole, "ben")
    fixes.withdraw(overpaid.hub, "acme", whole, "ben", "a part was claimed by letter")
    rest = fixes.preview(overpaid.hub, "acme", one, "credit_claim")
    assert rest.at_stake == 30000
    claim(overpaid.hub, "acme", credit, "ann", "by phone")
    assert why_not(overpaid, one).startswith("all of it is claimed already")


def test_what_a_fix_claims_nobody_claims_by_hand_while_it_waits(overpaid: Carrier) -> None:
    hub, one, credit = overpaid.hub, difference_of(overpaid), overpaid.credits()[0]["id"]
    made = fixes.propose(hub, "acme", one, "ann", "credit_claim")
    fixes.approve(hub, "acme", made, "ben")
    for _ in ("approved", "frozen and held"):
        with pytest.raises(DataError, match=r"0\.00 of it can be claimed: a fix claims 500\.00"):
            claim(hub, "acme", credit, "cid", "by letter")
        done = hub.start_flow("fixes.carry", "acme", f"carry/{made}", made)
    # Until it has left it may still expire, and is told; the way to send it is said.
    overpaid.on(date(2026, 11, 25))
    overpaid.look()
    assert overpaid.credits()[0]["state"] == "expected"
    assert ("CREDIT_EXPIRING", 50000, 0) in overpaid.differences()
    dispatches.settle(hub, "acme", done["dispatch"], True, "ann", "by their portal")
    overpaid.look()
    assert (overpaid.credits()[0]["state"], overpaid.credits()[0]["claimed"]) == ("claimed", "500.00")
    assert why_not(overpaid, one).startswith("all of it is claimed already")
    with pytest.raises(DataError, match=r"0\.00 of it"):
        claim(hub, "acme", credit, "cid", "by letter")


def test_a_claim_that_left_after_its_last_day_is_lost_until_it_is_granted_and_waits_for_a_person(
    overpaid: Carrier,
) -> None:
    hub, one = overpaid.hub, difference_of(overpaid)
    made = fixes.propose(hub, "acme", one, "ann", "credit_claim")
    fixes.approve(hub, "acme", made, "ben")
    done = hub.start_flow("fixes.carry", "acme", f"carry/{made}", made)
    for type_ in ("CREDIT_EXPIRED", "CREDIT_EXPIRING"):
        set_aside(hub, "acme", "credit", type_, None, None, date(2026, 12, 31), "ann", "we never claim")
    overpaid.on(date(2026, 12, 2))
    overpaid.look()
    dispatches.settle(hub, "acme", done["dispatch"], True, "ann", "by their portal")
    overpaid.look()
    assert ("CLAIMED_LATE", 50000, 0) in overpaid.differences("discrepancy")
    assert not any(type_.startswith("CREDIT_") for type_, *_ in overpaid.differences("discrepancy", "suppressed"))
    assert (overpaid.credits()[0]["state"], overpaid.credits()[0]["claimed"]) == ("expired", "0.00")
    with hub.store.read("acme") as session:
        assert [each.amount for each in ledger.balances(session, [chart.CREDITS_LOST])] == [50000]
    with pytest.raises(DataError, match="no rule sets CLAIMED_LATE aside"):
        set_aside(hub, "acme", "credit", "CLAIMED_LATE", None, None, date(2026, 12, 31), "ann", "we never claim")
    overpaid.bill("2026-10", -50000)  # the carrier gives it back all the same
    overpaid.look()
    assert "CLAIMED_LATE" not in {type_ for type_, *_ in overpaid.differences()}
    with hub.store.read("acme") as session:
        assert ledger.balances(session, [chart.CREDITS_LOST]) == []


def test_a_late_claim_that_was_answered_is_not_told_of_what_nobody_claimed(overpaid: Carrier) -> None:
    hub, one = overpaid.hub, difference_of(overpaid)
    made = fixes.propose(hub, "acme", one, "ann", "credit_claim")
    fixes.approve(hub, "acme", made, "ben")
    done = hub.start_flow("fixes.carry", "acme", f"carry/{made}", made)
    overpaid.on(date(2026, 12, 2))
    dispatches.settle(hub, "acme", done["dispatch"], True, "ann", "by their portal")
    for amount in (-50000, 3000):  # granted and taken all the same; then the month is paid too much anew
        overpaid.bill("2026-10", amount)
        overpaid.pay("2026-10", amount, date(2026, 12, 2))
    overpaid.look()
    assert [seen for seen in overpaid.differences() if seen[0] in ("CLAIMED_LATE", "CREDIT_EXPIRED")] == [
        ("CREDIT_EXPIRED", 3000, 0)
    ]


def test_a_withdrawn_claim_leaves_the_credit_to_be_claimed_by_hand(overpaid: Carrier) -> None:
    hub, one = overpaid.hub, difference_of(overpaid)
    made = fixes.propose(hub, "acme", one, "ann", "credit_claim")
    fixes.approve(hub, "acme", made, "ben")
    fixes.withdraw(hub, "acme", made, "ben", "I call them")
    assert claim(hub, "acme", overpaid.credits()[0]["id"], "ben", "by phone")["claimed"] == 50000


def test_a_second_claim_of_a_bill_that_grew_leaves_the_first_counted(overpaid: Carrier) -> None:
    hub, one = overpaid.hub, difference_of(overpaid)
    for worth, key in ((50000, "first"), (7000, "second")):
        made = fixes.propose(hub, "acme", one, "ann", "credit_claim")
        fixes.approve(hub, "acme", made, "ben")
        done = hub.start_flow("fixes.carry", "acme", key, made)
        dispatches.settle(hub, "acme", done["dispatch"], True, "ann", "by their portal")
        with hub.store.read("acme") as session:
            worths = [row.worth_minor for row in session.rows(select(obligation).where(obligation.c.kind == CLAIM))]
        assert worth in worths
        overpaid.bill("2026-10", 7000)
        overpaid.pay("2026-10", 7000)
        overpaid.reconcile(OCTOBER)
    assert sorted(worths) == [7000, 50000]
    (credit,) = overpaid.credits()
    assert (credit["claimed"], credit["unclaimed"]) == ("570.00", "70.00")


def test_an_approved_claim_that_nobody_carried_out_in_time_does_not_leave(overpaid: Carrier) -> None:
    hub, one = overpaid.hub, difference_of(overpaid)
    made = fixes.propose(hub, "acme", one, "ann", "credit_claim")
    fixes.approve(hub, "acme", made, "ben")
    overpaid.on(date(2026, 12, 1))
    with pytest.raises(DataError, match="days of the claim ended on 2026-11-30"):
        hub.start_flow("fixes.carry", "acme", "late", made)
    assert why_not(overpaid, one)
    with pytest.raises(DataError, match="no claim after"):
        claim(hub, "acme", overpaid.credits()[0]["id"], "ann", "by letter")


def at_once(hub: Hub, work: Callable[[str], object]) -> list[str]:
    """Let two begin the same while the employer is locked; gives why each was refused (empty: he was not)."""
    told: list[str] = []

    def ask(who: str) -> None:
        try:
            work(who)
            told.append("")
        except DataError as error:
            told.append(error.what)

    both = [threading.Thread(target=ask, args=(who,)) for who in ("ann", "ben")]
    with hub.store.write("acme") as session:
        session.take_seq(0)
        for one in both:
            one.start()
        for one in both:
            one.join(0.4)  # both have come to the lock
    for one in both:
        one.join()
    return sorted(told)


def test_of_two_who_claim_at_once_one_is_refused(overpaid: Carrier) -> None:
    credit = overpaid.credits()[0]["id"]
    told = at_once(overpaid.hub, lambda who: claim(overpaid.hub, "acme", credit, who, "by phone"))
    assert told == ["", "0.00 of it can be claimed"]
    assert overpaid.credits()[0]["claimed"] == "500.00"


def test_of_two_who_propose_the_same_at_once_one_is_refused(overpaid: Carrier) -> None:
    hub, one = overpaid.hub, difference_of(overpaid)

    def propose(who: str) -> None:
        with hub.store.write("acme") as session:
            proposal = Proposal(one, "credit_claim", "carrier", {"key": "k"}, "", 1, "USD")
            kept_fixes.propose(session, proposal, who, "")

    first, second = at_once(hub, propose)
    assert first == ""
    assert second.endswith("proposes the same and is proposed")


@pytest.mark.parametrize(("amount", "who", "match"), [(50001, "ann", "500.00 of it"), (100, " ", "a name")])
def test_a_claim_says_who_and_how_much_is_left(overpaid: Carrier, amount: int, who: str, match: str) -> None:
    with pytest.raises(DataError, match=match):
        claim(overpaid.hub, "acme", overpaid.credits()[0]["id"], who, "note", amount=amount)


def test_what_nobody_claimed_is_a_loss_that_is_posted_once_and_told(overpaid: Carrier) -> None:
    overpaid.on(date(2026, 12, 1))
    assert overpaid.look()["lost"] == 1
    assert overpaid.look() == {"credits": 1, "lost": 0, "corrected": 0, "opened": 0, "closed": 0}
    assert overpaid.differences() == [("CREDIT_EXPIRED", 50000, 0)]
    with overpaid.hub.store.read("acme") as session:
        held = {one.account: one.amount for one in ledger.balances(session)}
        assert (held[chart.CREDITS_LOST], held.get(chart.PREMIUM_PAYABLE, 0)) == (50000, 0)
    # The bill that was too high is accepted by now: it is told as the loss alone.
    overpaid.reconcile(OCTOBER)
    assert overpaid.differences() == [("CREDIT_EXPIRED", 50000, 0)]
    assert overpaid.unexplained(OCTOBER) == 0


def test_of_bills_from_before_the_first_month_accrued_only_the_payment_is_looked_at(overpaid: Carrier) -> None:
    overpaid.bill("2026-09", 70000)
    number = "r-september"
    counts = overpaid.hub.start_flow("reconcile", "acme", number, "2026-09", ["premium"])["premium"]
    assert counts == {"opened": 1, "closed": 0, "seen_again": 0, "before_first_month": 1}
    assert overpaid.differences() == [], "but that it is not paid"
    asked = ("2026-08", ["intake", "payroll", "premium", "retirement", "accounts", "leave"])
    told = overpaid.hub.start_flow("reconcile", "acme", "r-august", *asked)
    assert {name: one.get("nothing", "") for name, one in told.items()} == {
        "intake": "", "payroll": "register", "premium": "bill", "retirement": "credits",
        "accounts": "answer of a custodian", "leave": "register",
    }  # fmt: skip
    assert told["premium"]["state"] == "nothing to compare: no bill for 2026-08"
    assert "state" not in counts  # something was billed
    months = {one.period for one in deadlines.open_now(overpaid.hub, "acme", 365) if one.kind == "premium.remit"}
    assert months == {"2026-09"}, "October's bill is paid: what was remitted says so"
    overpaid.accrue("2026-09", 60000)
    overpaid.reconcile(Month(2026, 9))
    assert ("RATE_DIFF", 60000, 70000) in overpaid.differences()


def test_a_month_accrued_by_mistake_and_taken_back_is_not_the_first(overpaid: Carrier) -> None:
    overpaid.accrue("2026-05", 50000)
    with overpaid.hub.store.write("acme") as session:
        assert premium.first_month(session) == Month(2026, 5)
        mistaken = session.rows(select(entry.c.entry_id).where(entry.c.effective_date == date(2026, 5, 1)))[0].entry_id
        ledger.record(session, [ledger.reversal(session, mistaken, "not ours yet")])
        assert premium.first_month(session) == OCTOBER


def test_whom_the_carrier_bills_under_two_ids_it_bills_twice(carrier: Make) -> None:
    made = carrier("pay_as_billed")
    made.accrue("2026-10", 50000)
    made.bill("2026-10", 50000)
    made.bill("2026-10", 50000, external_id="M2")
    made.reconcile(OCTOBER)
    assert ("DUPLICATE_MEMBER", 50000, 100000) in made.differences()


def test_what_the_carrier_gives_back_all_the_same_lowers_the_loss(overpaid: Carrier) -> None:
    overpaid.on(date(2026, 12, 1))
    overpaid.look()
    overpaid.bill("2026-10", -30000, part="adjustment", reference="INV2026-12")
    assert overpaid.look()["corrected"] == 1
    (one,) = overpaid.credits()
    assert (one["granted"], one["lost"], one["amount"]) == ("300.00", "200.00", "300.00")


def test_a_granted_credit_is_taken_from_the_next_payment_once(overpaid: Carrier) -> None:
    overpaid.accrue("2026-11", 70000)
    overpaid.bill("2026-11", 70000)
    assert [(one.coverage_month, one.paid_minor) for one in overpaid.due(NOVEMBER)] == [("2026-11", 70000)]
    overpaid.bill("2026-10", -50000, part="adjustment", reference="INV2026-11")
    assert overpaid.credits()[0]["state"] == "granted"
    # It stands in the account until a payment takes it, under its name.
    overpaid.reconcile(OCTOBER)
    assert overpaid.unexplained(OCTOBER) == 0
    due = overpaid.due(NOVEMBER)
    assert [(one.coverage_month, one.paid_minor, one.invoice) for one in due] == [
        ("2026-11", 70000, "INV2026-11"), ("2026-10", -50000, "INV2026-11"),
    ]  # fmt: skip
    overpaid.pay("2026-11", 70000)
    overpaid.pay("2026-10", -50000)
    assert (overpaid.credits(), overpaid.due(NOVEMBER)) == ([], [])
    assert overpaid.unexplained(NOVEMBER) == 0


def test_a_credit_larger_than_the_payment_waits(overpaid: Carrier) -> None:
    overpaid.bill("2026-10", -50000, part="adjustment", reference="INV2026-11")
    overpaid.accrue("2026-11", 40000)
    overpaid.bill("2026-11", 40000)
    assert [one.paid_minor for one in overpaid.due(NOVEMBER)] == [40000]


def test_a_late_charge_on_this_bill_is_paid_with_it_once(carrier: Make) -> None:
    made = carrier("pay_as_billed")
    for month in ("2026-10", "2026-11"):
        made.accrue(month, 50000)
        made.bill(month, 50000)
    made.pay("2026-10", 50000)
    made.bill("2026-10", 1200, part="adjustment", reference="INV2026-11")
    assert [(one.coverage_month, one.paid_minor) for one in made.due(NOVEMBER)] == [
        ("2026-11", 50000), ("2026-10", 1200),
    ]  # fmt: skip
    made.pay("2026-10", 1200)
    assert [one.paid_minor for one in made.due(NOVEMBER)] == [50000]


def test_where_we_bill_ourselves_the_next_payment_takes_it_in_time(carrier: Make) -> None:
    made = carrier("pay_as_enrolled")
    made.accrue("2026-11", 70000)
    made.accrue("2026-10", 50000)
    made.pay("2026-10", 60000)
    assert [(one.coverage_month, one.paid_minor) for one in made.due(NOVEMBER)] == [
        ("2026-11", 70000), ("2026-10", -10000),
    ]  # fmt: skip


def test_short_pay_withholds_what_is_disputed_and_says_which(carrier: Make) -> None:
    made = carrier("short_pay")
    made.accrue("2026-10", 50000)
    made.bill("2026-10", 58000)
    made.bill("2026-10", 50000, person_id=None, external_id="7001")
    assert [one.paid_minor for one in made.due(OCTOBER)] == [58000, 50000], "nothing is disputed yet"
    made.reconcile(OCTOBER)
    due = made.due(OCTOBER)
    assert [(one.member_id, one.billed_minor, one.paid_minor) for one in due] == [
        ("1001", 58000, 50000), ("7001", 50000, 0),
    ]  # fmt: skip
    assert [one.disputed.split()[0] for one in due] == ["RATE_DIFF", "BILLED_NOT_ENROLLED"]
    made.pay("2026-10", 50000)
    assert made.unexplained(OCTOBER) == 0
    assert made.credits() == []


def test_what_is_disputed_no_more_is_paid(carrier: Make) -> None:
    made = carrier("short_pay")
    made.accrue("2026-10", 50000)
    made.bill("2026-10", 58000)
    made.reconcile(OCTOBER)
    made.pay("2026-10", 50000)
    with made.hub.store.write("acme") as session:
        _dismiss(session)
    assert [(one.billed_minor, one.paid_minor, one.disputed) for one in made.due(OCTOBER)] == [(8000, 8000, "")]


def _dismiss(session: Session) -> None:
    from benehub import reconcile

    for row in reconcile.listed(session):
        reconcile.act(session, row.difference_id, "ann", state="dismissed", note="their rate is right")


def test_a_bill_is_walked_from_its_prior_balance_to_what_is_due(carrier: Make) -> None:
    made = carrier("pay_as_billed")
    made.accrue("2026-10", 50000)
    made.bill("2026-10", 50000)
    made.pay("2026-10", 49000)
    made.bill("2026-11", 50000)
    made.bill("2026-10", 1500, part="adjustment", reference="INV2026-11", detail={"invoice_date": "2026-11-01"})
    made.bill("2026-10", -700, part="adjustment", reference="INV2026-11", detail={"invoice_date": "2026-11-01"})
    for part, amount in (("prior_balance", 50000), ("payment", -49000), ("fee", 500)):
        made.bill("2026-11", amount, kind="invoice_part", part=part, plan=None, person_id=None, external_id=part)
    with made.hub.store.read("acme") as session:
        (one,) = walk(session, made.hub.book(session), "carrier", NOVEMBER)
    told = ("prior_balance", "current", "retro", "fees", "payments", "credits", "due", "open_before_by_us")
    assert [one[name] for name in told] == [
        "500.00", "500.00", "15.00", "5.00", "-490.00", "-7.00", "523.00", "10.00",
    ]  # fmt: skip
    made.reconcile(NOVEMBER)
    assert [row for row in made.differences() if row[0] in ("FEE", "CASH_APPLICATION")] == []


@pytest.mark.parametrize(
    ("part", "amount", "found"),
    [("payment", -40000, ("CASH_APPLICATION", 0, 10000)), ("fee", 700, ("FEE", 500, 1200))],
)
def test_another_fee_or_balance_is_told(carrier: Make, part: str, amount: int, found: tuple[str, int, int]) -> None:
    made = carrier("pay_as_billed")
    made.accrue("2026-10", 50000)
    made.bill("2026-10", 50000)
    made.pay("2026-10", 50000)
    made.bill("2026-11", 50000)
    parts = {"prior_balance": 50000, "payment": -50000, "fee": 500}
    parts[part] = amount if part == "payment" else parts[part] + amount
    for name, worth in parts.items():
        made.bill("2026-11", worth, kind="invoice_part", part=name, plan=None, person_id=None, external_id=name)
    made.reconcile(NOVEMBER)
    assert [row for row in made.differences() if row[0] in ("FEE", "CASH_APPLICATION")] == [found]


def test_a_payment_that_left_just_before_the_bill_is_missed_until_the_bill_is_due(carrier: Make) -> None:
    made = carrier("pay_as_billed")
    made.accrue("2026-10", 50000)
    made.bill("2026-10", 50000)
    made.pay("2026-10", 50000, date(2026, 10, 28))
    made.bill("2026-11", 50000)
    made.bill("2026-11", 50000, kind="invoice_part", part="prior_balance", plan=None, person_id=None, external_id="b")
    for day, state in ((date(2026, 11, 15), "pending"), (date(2026, 11, 16), "discrepancy")):
        made.on(day)
        made.reconcile(NOVEMBER)
        assert [row for row in made.differences(state) if row[0] == "CASH_APPLICATION"] == [
            ("CASH_APPLICATION", 0, 50000)
        ]
