"""A bill's difference that a person dismisses leaves the carrier's account, and comes back to it when it changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import select, update
from tests.flows.test_credits import TERMS, Carrier

from benehub import ledger, reconcile
from benehub.errors import DataError
from benehub.flows import Hub, reconciling
from benehub.flows.onboarding import load_plan_book
from benehub.flows.reconciling import set_aside
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.ledger.books import book_of, postings
from benehub.periods import Month
from benehub.reconcile import Finding, Relation, Type, given_up
from benehub.reconcile.payable import GIVEN_UP
from benehub.reconcile.settled_by import proposed
from benehub.store.tables import closing, confirmation, difference
from benehub.views.clearing import clearing
from benehub.views.closing import checklist

OCTOBER = Month(2026, 10)
MONEY = "Every clearing balance is the sum of named items"


class Office(Carrier):
    """The same, with somebody who dismisses."""

    def say(self, who: str, state: str = "dismissed") -> None:
        """A person's word on the one difference of a bill."""
        with self.hub.store.read("acme") as session:
            (row,) = session.rows(select(difference).where(*session.where(difference, relation="premium", plan="ppo")))
        reconciling.act(self.hub, "acme", row.difference_id, who, state=state, note="they round")

    def held(self) -> dict[str, int]:
        """What the accounts hold that a word may move."""
        with self.hub.store.read("acme") as session:
            found = {one.account: one.amount for one in ledger.balances(session)}
        return {one: found.get(one, 0) for one in (chart.PREMIUM_PAYABLE, chart.ROUNDING, chart.BENEFIT_COST)}

    def in_the_way(self, month: Month) -> dict[str, tuple[str, ...]]:
        """What of the money stands in the way of a closing."""
        with self.hub.store.read("acme") as session:
            found = {one.name: one.found for one in checklist(session, self.hub.book(session), month)}
        return {name: told for name, told in found.items() if name in (MONEY, "No discrepancy is open") and told}


@pytest.fixture
def office(
    db_url: str, open_hub: Callable[..., Hub], tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Office:
    hub = open_hub(db_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    made = Office(hub, fakehub, monkeypatch, "pay_as_billed")
    made.on(date(2026, 10, 20))
    return made


def bought(office: Office, accrued: int, billed: int) -> None:
    """October was accrued, billed, paid as billed, and compared; the bank has confirmed the payment."""
    office.accrue("2026-10", accrued)
    office.bill("2026-10", billed)
    office.pay("2026-10", billed)
    legs = (Leg(chart.CARRIER_TRANSIT, "USD", billed), Leg(chart.BANK, "USD", -billed))
    with office.hub.store.write("acme") as session:
        ledger.record(session, [NewEntry("confirmed", "premium.confirmed", date(2026, 10, 2), legs, "test")])
    office.reconcile(OCTOBER)


@pytest.mark.parametrize(("billed", "account"), [
    (99_99, chart.ROUNDING), (100_01, chart.ROUNDING), (110_00, chart.BENEFIT_COST), (90_00, chart.BENEFIT_COST)
])  # fmt: skip
def test_what_is_dismissed_is_posted_out_and_no_closing_is_in_its_way(
    office: Office, billed: int, account: str
) -> None:  # fmt: skip
    bought(office, 100_00, billed)
    before = office.held()
    assert set(office.in_the_way(OCTOBER)) == {"No discrepancy is open"}
    office.say("ann")
    assert office.in_the_way(OCTOBER) == office.in_the_way(OCTOBER.plus(1)) == {}
    assert office.held() == before | {chart.PREMIUM_PAYABLE: 0, account: before[account] + billed - 100_00}
    assert office.credits() == []  # what was given up is not claimed
    told = office.held()
    office.reconcile(OCTOBER)
    assert office.held() == told and office.differences() == []


def test_it_comes_back_with_another_amount_and_goes_with_the_difference(office: Office) -> None:
    bought(office, 100_00, 99_99)
    office.say("ann")
    with office.hub.store.write("acme") as session:
        session.connection.execute(
            update(confirmation).where(confirmation.c.kind == "invoice_line").values(amount=9990)
        )
    office.reconcile(OCTOBER)
    assert office.differences() == [("RATE_DIFF", 100_00, 99_90)]
    assert office.held()[chart.ROUNDING] == 0
    office.say("ann")
    assert office.held()[chart.ROUNDING] == -10
    with office.hub.store.write("acme") as session:
        session.connection.execute(
            update(confirmation).where(confirmation.c.kind == "invoice_line").values(amount=100_00)
        )
    office.reconcile(OCTOBER)
    assert office.held()[chart.ROUNDING] == 0


def test_a_rule_sets_no_more_aside_than_one_person_may_give_up(office: Office, fakehub: ModuleType) -> None:
    terms = TERMS.replace("POLICY", "pay_as_billed")
    book = fakehub.BOOK.replace("{pay_policy: pay_as_enrolled}", terms)
    office_rule = (office.hub, "acme", "premium", "RATE_DIFF", None)
    ends = office.hub.store.clock().date()
    load_plan_book(office.hub, f"{book}\n", "book")
    bought(office, 100_00, 110_00)
    set_aside(*office_rule, None, ends, "ann", "they round")
    office.reconcile(OCTOBER)
    assert office.in_the_way(OCTOBER) == {}
    load_plan_book(office.hub, f"{book}\nguards: {{second_person_above: 5.00}}\n", "book")
    (told,) = office.in_the_way(OCTOBER)["No discrepancy is open"]
    assert told.endswith("RATE_DIFF is set aside; so much takes a second person's word")
    for up_to in (None, 5_01):
        with pytest.raises(DataError, match=r"sets aside no more than 5\.00 USD"):
            set_aside(*office_rule, up_to, ends, "ann", "they round")
    set_aside(*office_rule, 5_00, ends, "ann", "they round")


def test_above_the_amount_of_a_fix_it_takes_a_second_person(office: Office, fakehub: ModuleType) -> None:
    terms = TERMS.replace("POLICY", "pay_as_billed")
    book = fakehub.BOOK.replace("{pay_policy: pay_as_enrolled}", terms)
    load_plan_book(office.hub, f"{book}\nguards: {{second_person_above: 5.00}}\n", "book")
    bought(office, 100_00, 110_00)
    office.say("ann")
    office.say("Ann ")
    (told,) = office.in_the_way(OCTOBER)["No discrepancy is open"]
    assert told.endswith("RATE_DIFF is dismissed; so much takes a second person's word")
    assert office.held()[chart.PREMIUM_PAYABLE] == 10_00
    office.say("ben")
    assert office.in_the_way(OCTOBER) == {}
    assert office.held()[chart.PREMIUM_PAYABLE] == 0


def of_roster(office: Office, month: Month = OCTOBER) -> str:
    """The carrier's roster has lost the member; it is worth his premium."""
    with office.hub.store.write("acme") as session:
        lost = Finding(
            Relation.PREMIUM, Type.MEMBER_DROPPED, str(month), "-", "carrier", "carrier", "not on the roster",
            "send him again", person_id=office.who, plan="ppo", expected=100_00, actual=0,
        )  # fmt: skip
        (one,) = reconcile.settle(session, Relation.PREMIUM, str(month), [lost], session.today()).opened
    return one


def test_the_word_on_a_roster_moves_no_money_of_a_member_who_is_billed_right(office: Office) -> None:
    bought(office, 100_00, 100_00)
    one, before = of_roster(office), office.held()
    assert set(office.in_the_way(OCTOBER)) == {"No discrepancy is open"}
    reconciling.act(office.hub, "acme", one, "ann", state="dismissed", note="their roster is late")
    assert office.in_the_way(OCTOBER) == {}
    assert (office.held(), office.credits()) == (before, [])


def test_what_is_given_up_of_a_member_comes_back_with_his_bill(office: Office) -> None:
    office.accrue("2026-10", 100_00)
    office.bill("2026-10", 40_00, person_id=None, external_id="77")
    one, before = of_roster(office), office.held()
    reconciling.act(office.hub, "acme", one, "ann", state="dismissed", note="they waive it")
    given = {chart.PREMIUM_PAYABLE: 0, chart.BENEFIT_COST: before[chart.BENEFIT_COST] - 100_00}
    assert office.held() == before | given
    office.bill("2026-10", 100_00)
    with office.hub.store.write("acme") as session:
        given_up.restate(session, office.hub.book(session), "2026-10")
    assert (office.held(), office.credits()) == (before, [])


def test_what_was_not_paid_takes_as_many_words_until_it_is(office: Office, fakehub: ModuleType) -> None:
    book = fakehub.BOOK.replace("{pay_policy: pay_as_enrolled}", TERMS.replace("POLICY", "pay_as_billed"))
    load_plan_book(office.hub, f"{book}\nguards: {{second_person_above: 5.00}}\n", "book")
    office.accrue("2026-10", 100_00)
    office.bill("2026-10", 100_00)
    office.reconcile(OCTOBER)
    with office.hub.store.read("acme") as session:
        (row,) = session.rows(select(difference).where(difference.c.type == "PREMIUM_AT_RISK"))
    reconciling.act(office.hub, "acme", row.difference_id, "ann", state="dismissed", note="waived")
    (told,) = office.in_the_way(OCTOBER)["No discrepancy is open"]
    assert told.endswith("PREMIUM_AT_RISK is dismissed; so much takes a second person's word")
    office.pay("2026-10", 100_00)
    assert "No discrepancy is open" not in office.in_the_way(OCTOBER)  # and nobody has compared it since


def test_what_was_dismissed_before_any_of_it_was_posted_is_named_until_it_is(office: Office) -> None:
    bought(office, 100_00, 99_99)
    with office.hub.store.write("acme") as session:
        (row,) = session.rows(select(difference).where(*session.where(difference, relation="premium", plan="ppo")))
        reconcile.act(session, row.difference_id, "ann", state="dismissed", note="they round")
    assert office.in_the_way(OCTOBER) == {}
    assert office.held()[chart.PREMIUM_PAYABLE] == -1
    office.reconcile(OCTOBER)
    assert office.in_the_way(OCTOBER) == {}
    assert office.held()[chart.PREMIUM_PAYABLE] == 0


def test_rounding_is_below_one_unit_of_the_currency(office: Office) -> None:
    with office.hub.store.write("acme") as session:
        yen = Finding(
            Relation.PREMIUM, Type.RATE_DIFF, "2026-10", "-", "carrier", "carrier", "another rate", "ask",
            person_id=office.who, plan="ppo", expected=100, actual=1, unit="JPY",
        )  # fmt: skip
        reconcile.settle(session, Relation.PREMIUM, "2026-10", [yen], session.today())
    before = office.held()
    office.say("ann")
    assert office.held()[chart.ROUNDING] == before[chart.ROUNDING]


def test_what_is_dismissed_elsewhere_stays_and_is_named(office: Office) -> None:
    """Money of a register or of a trust is not given up by a word: it is named for as long as it is found."""
    with office.hub.store.write("acme") as session:
        over = Finding(
            Relation.RETIREMENT, Type.CREDITED_OVER, "2026-10", "2026-10-15/pretax", "recordkeeper", "recordkeeper",
            "more was credited", "ask", person_id=office.who, plan="401k", expected=100_00, actual=110_00,
        )  # fmt: skip
        (one,) = reconcile.settle(session, Relation.RETIREMENT, "2026-10", [over], session.today()).opened
        legs = (Leg(chart.DEPOSIT_TRANSIT, "USD", 10_00, plan="401k"), Leg(chart.BANK, "USD", -10_00))
        ledger.record(session, [NewEntry("x", "contribution.credited", date(2026, 10, 15), legs, "test")])
    reconciling.act(office.hub, "acme", one, "ann", state="dismissed", note="theirs")
    with office.hub.store.read("acme") as session:
        found = {row.account: row for row in clearing(session, office.hub.book(session), OCTOBER)}
    (item,) = found[chart.DEPOSIT_TRANSIT].items
    assert (item.name, item.amount) == ("CREDITED_OVER (retirement, dismissed)", 10_00)
    assert found[chart.DEPOSIT_TRANSIT].unexplained == 0


def test_what_is_only_named_takes_a_second_word_above_the_amount_too(office: Office, fakehub: ModuleType) -> None:
    load_plan_book(office.hub, f"{fakehub.BOOK}\nguards: {{second_person_above: 5.00}}\n", "book")
    names = []
    with office.hub.store.write("acme") as session:
        for type_, amount in ((Type.CREDITED_OVER, 10_00), (Type.WITHHELD_NOT_DEPOSITED, 9_00), (Type.LATE, 8_00)):
            one = Finding(
                Relation.RETIREMENT, type_, "2026-10", f"2026-10-15/{amount}", "recordkeeper", "recordkeeper", "why",
                "ask", person_id=office.who, plan="401k", expected=0, actual=amount,
            )  # fmt: skip
            names.append(one)
        opened = reconcile.settle(session, Relation.RETIREMENT, "2026-10", names, session.today()).opened
    for one in opened:
        reconciling.act(office.hub, "acme", one, "ann", state="dismissed", note="theirs")
    told = office.in_the_way(OCTOBER)["No discrepancy is open"]
    assert {line.split()[2] for line in told} == {"CREDITED_OVER", "WITHHELD_NOT_DEPOSITED"}
    for one in opened:
        reconciling.act(office.hub, "acme", one, "ben", state="dismissed", note="theirs")
    assert "No discrepancy is open" not in office.in_the_way(OCTOBER)


def event(office: Office) -> tuple[str, str, str]:
    """What was said last of the one difference of a bill."""
    with office.hub.store.read("acme") as session:
        (row,) = session.rows(select(difference).where(*session.where(difference, relation="premium", plan="ppo")))
        last = reconcile.history(session, row.difference_id)[-1]
    return last.who, last.state, last.note


def test_a_dismissal_taken_back_brings_its_money_back(office: Office) -> None:
    bought(office, 100_00, 110_00)
    before = office.held()
    office.say("ann")
    assert office.held() != before
    office.say("ben", reconcile.REOPENED)
    assert (office.held(), office.differences()) == (before, [("RATE_DIFF", 100_00, 110_00)])
    assert event(office) == ("ben", "discrepancy", "they round")
    assert set(office.in_the_way(OCTOBER)) == {"No discrepancy is open"}
    office.reconcile(OCTOBER)
    assert (office.held(), office.differences()) == (before, [("RATE_DIFF", 100_00, 110_00)])
    office.say("ann")
    assert office.held()[chart.PREMIUM_PAYABLE] == 0


def test_a_dismissal_taken_back_is_a_correction_of_a_signed_month(office: Office) -> None:
    bought(office, 100_00, 110_00)
    office.say("ann")
    with office.hub.store.write("acme") as session:
        row = {"period": "2026-10", "closing_id": "clo_1", "seq": session.latest_seq(), "head": "h", "who": "ann",
               "closed_at": session.now(), "note": "", "digest": "d", "report": "{}"}  # fmt: skip
        session.add(closing, [row])
        signed = [(one.entry_id, one.amount) for one in postings(session, book_of(session, OCTOBER))]
    office.on(date(2026, 11, 5))
    office.say("ben", reconcile.REOPENED)
    with office.hub.store.read("acme") as session:
        assert [(one.entry_id, one.amount) for one in postings(session, book_of(session, OCTOBER))] == signed
        later = [one for one in postings(session, book_of(session, OCTOBER.plus(1))) if one.corrects]
    assert [(one.type, one.corrects, one.account, one.amount) for one in later] == [
        (f"{GIVEN_UP}.reversed", "2026-10", chart.PREMIUM_PAYABLE, 10_00),
        (f"{GIVEN_UP}.reversed", "2026-10", chart.BENEFIT_COST, -10_00),
    ]


def test_what_was_posted_since_it_was_found_may_have_settled_what_is_opened_again(office: Office) -> None:
    bought(office, 100_00, 110_00)
    office.say("ann")
    office.say("ben", reconcile.REOPENED)
    assert settling(office) == [], "what the dismissal had posted, and its reversal, settle nothing"
    office.say("ann")
    of = {"person_id": office.who, "plan": "ppo", "coverage_month": "2026-10"}
    legs = (Leg(chart.BENEFIT_COST, "USD", 10_00, **of), Leg(chart.PREMIUM_PAYABLE, "USD", -10_00, **of))
    with office.hub.store.write("acme") as session:
        ledger.record(session, [NewEntry("more", "premium.accrued", date(2026, 10, 1), legs, "test")])
        more = session.id("ent", "more")
    office.say("ben", reconcile.REOPENED)
    assert settling(office) == [more]


def settling(office: Office) -> list[str]:
    """The entries that may have settled the one difference of a bill."""
    with office.hub.store.read("acme") as session:
        (row,) = session.rows(select(difference).where(*session.where(difference, relation="premium", plan="ppo")))
        return proposed(session, row)


def test_no_word_from_before_it_was_taken_back_counts_for_the_next_dismissal(
    office: Office, fakehub: ModuleType
) -> None:
    book = fakehub.BOOK.replace("{pay_policy: pay_as_enrolled}", TERMS.replace("POLICY", "pay_as_billed"))
    load_plan_book(office.hub, f"{book}\nguards: {{second_person_above: 5.00}}\n", "book")
    bought(office, 100_00, 110_00)
    office.say("ann")
    office.say("ben")
    assert office.held()[chart.PREMIUM_PAYABLE] == 0
    office.say("ann", reconcile.REOPENED)  # one is enough to take it back
    assert office.held()[chart.PREMIUM_PAYABLE] == 10_00
    office.say("ann")
    assert office.held()[chart.PREMIUM_PAYABLE] == 10_00, "it takes two again"
    office.say("ben")
    assert office.held()[chart.PREMIUM_PAYABLE] == 0
