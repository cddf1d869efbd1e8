"""Fixes that a carrier hears: members told again with their true dates, and claims of what it billed too much."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from sqlalchemy import select

from benehub import facts, ledger, reconcile
from benehub.errors import DataError, RetriableError
from benehub.facts import Version
from benehub.flows import dispatches, fix_cover, fixes
from benehub.flows.fix_claims import BY_HAND
from benehub.flows.onboarding import connect, load_plan_book
from benehub.formats import credit_claims
from benehub.identity import people
from benehub.ledger import Leg, NewEntry
from benehub.periods import FOREVER, Interval, Month
from benehub.reconcile import Finding, Relation, Type, cut_off
from benehub.store.tables import connection, difference, dispatch
from benehub.views import fixes as view
from benehub.views.why import why

OCTOBER = Month(2026, 10)


def found(office: Any, type_: str) -> Any:
    """The one open difference of a type after premiums of October are compared."""
    office.flow("reconcile", "2026-10", ["premium"])
    (row,) = [one for one in office.rows(select(difference)) if one.type == type_ and one.state == "discrepancy"]
    return row


def roster(office: Any, day: int) -> None:
    office.now = office.now.replace(month=10, day=day)
    office.carrier.write_roster(date(2026, 10, day))
    office.sync("carrier", "roster", full=True)


def bill(office: Any) -> None:
    office.carrier.bill(OCTOBER, "INV-1", date(2026, 9, 20), date(2026, 10, 1))
    office.sync("carrier", "invoice_line")
    office.flow("premiums.accrue", "2026-10")


def billed_as_family(office: Any) -> None:
    """One employee is billed at another tier, by a carrier that takes claims for 60 days."""
    terms = "{pay_policy: pay_as_enrolled}"
    load_plan_book(office.hub, office.book.replace(terms, terms.replace("}", ", credit_days: 60}")), "book")
    office.carrier.book.rates["ppo"]["FAM"] = 120000
    office.carrier.bill_tier("1001", "ppo", "FAM")
    bill(office)


def test_a_member_dropped_in_silence_is_told_again(enrolled: Any) -> None:
    enrolled.answered()
    del enrolled.carrier.book.members["1002"]
    enrolled.flow("premiums.accrue", "2026-10")
    roster(enrolled, 8)
    row = found(enrolled, "MEMBER_DROPPED")
    hub = enrolled.hub
    assert enrolled.flow("enrollments.send", "carrier", "2026-10-08")["changes"] == 0
    made = fixes.propose(hub, "acme", row.difference_id, "ann")
    with hub.store.read("acme") as session:
        shown = view.shown(session, made)
    assert shown["action"] == "enrollment_correction" and "900110002" not in shown["preview"]
    assert "HD*021**" in shown["preview"] and "DTP*348*D8*20260101" in shown["preview"]
    fixes.approve(hub, "acme", made, "ann")
    # It is owed from the word on; a day's own change file neither drops nor doubles it.
    done = enrolled.flow("fixes.carry", made)
    assert (done["sent"], done["state"]) == (1, "carried_out")
    assert enrolled.flow("enrollments.send", "carrier", "2026-10-08")["changes"] == 0
    enrolled.answered()
    roster(enrolled, 12)
    enrolled.flow("reconcile", "2026-10", ["premium"])
    assert {one.state for one in enrolled.rows(select(difference)) if one.type == "MEMBER_DROPPED"} == {"resolved"}
    with hub.store.read("acme") as session:
        (owed,) = view.shown(session, made)["obligations"]
        assert why(session, owed["obligation"]).data["mends"][0].startswith(row.difference_id)


def test_what_the_carrier_has_not_answered_is_not_told_again(enrolled: Any) -> None:
    enrolled.flow("premiums.accrue", "2026-10")
    del enrolled.carrier.book.members["1002"]
    roster(enrolled, 8)
    enrolled.flow("reconcile", "2026-10", ["premium"])
    (one,) = [row.difference_id for row in enrolled.rows(select(difference)) if row.type == "COVERED_NOT_ENROLLED"]
    (option,) = fixes.options(enrolled.hub, "acme", one)
    assert option.why_not.startswith("the carrier was told and has not answered yet")


def test_a_wrong_tier_is_told_again_and_its_credit_claimed_by_hand(enrolled: Any) -> None:
    enrolled.answered()
    billed_as_family(enrolled)
    row, hub = found(enrolled, "TIER_DIFF"), enrolled.hub
    told = {one.action: (one.at_stake, one.why_not) for one in fixes.options(hub, "acme", row.difference_id)}
    assert told == {"enrollment_correction": (700_00, ""), "credit_claim": (700_00, "")}
    change = fixes.propose(hub, "acme", row.difference_id, "ann", "enrollment_correction")
    claim = fixes.propose(hub, "acme", row.difference_id, "ann", "credit_claim")
    for one in (change, claim):
        fixes.approve(hub, "acme", one, "ben")
    assert enrolled.flow("fixes.carry", change)["sent"] == 1
    done = enrolled.flow("fixes.carry", claim)
    assert (done["held"], done["state"]) == (1, "approved")
    assert enrolled.flow("fixes.carry", claim)["dispatch"] == done["dispatch"]
    with hub.store.read("acme") as session:
        seen = view.shown(session, claim)
        assert '"claim_minor": 70000' in seen["preview"] and '"claim_by": "2026-11-30"' in seen["preview"]
        assert seen["obligations"][0]["reason"].startswith(BY_HAND)
    assert dispatches.settle(hub, "acme", done["dispatch"], True, "ann", "by their portal") == "sent"
    with hub.store.read("acme") as session:
        assert view.shown(session, claim)["state"] == "carried_out"
        assert view.shown(session, change)["state"] == "carried_out"


def test_a_vendor_that_cannot_be_asked_hides_no_other_fix(enrolled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_asked: Any) -> NoReturn:
        raise RetriableError("the insurer's server is away")

    enrolled.answered()
    billed_as_family(enrolled)
    row = found(enrolled, "TIER_DIFF")
    one = fixes.ACTIONS["enrollment_correction"]
    monkeypatch.setitem(fixes.ACTIONS, one.name, replace(one, draft=away))
    told = {one.action: (one.at_stake, one.why_not) for one in fixes.options(enrolled.hub, "acme", row.difference_id)}
    assert told == {"enrollment_correction": (0, "the insurer's server is away"), "credit_claim": (700_00, "")}


def test_a_plan_billed_for_another_is_told_again_both_ways(two_plans: Any) -> None:
    enrolled = two_plans
    member = enrolled.carrier.book.members["1001"]
    member.end("ppo", date(2026, 1, 1))
    member.add("hdhp", "EE", date(2026, 1, 1))
    bill(enrolled)
    enrolled.flow("reconcile", "2026-10", ["premium"])
    says = {}
    for row in enrolled.rows(select(difference)):
        if row.type == "PLAN_DIFF":
            made = fixes.preview(enrolled.hub, "acme", row.difference_id, "enrollment_correction")
            says[row.plan] = made.says
    assert says == {
        "ppo": "tell again that cover began on 2026-01-01",
        "hdhp": "tell again that cover ends before 2026-10-01",
    }


def test_what_changed_after_the_bill_was_made_has_until_the_next_bill(enrolled: Any) -> None:
    enrolled.answered()
    enrolled.carrier.bill(OCTOBER, "INV-1", date(2026, 10, 1), date(2026, 10, 15))
    enrolled.sync("carrier", "invoice_line")
    enrolled.flow("premiums.accrue", "2026-10")
    enrolled.now = enrolled.now.replace(day=5)
    with enrolled.hub.store.write("acme") as session:
        who = people.by_member_id(session, "1001")
        assert who is not None
        facts.record(session, [Version("coverage", who, "medical", date(2026, 10, 1), None)], "left in September")
    enrolled.flow("premiums.accrue", "2026-10")
    seen = []
    for month, day in ((10, 6), (11, 1), (11, 2)):
        enrolled.now = enrolled.now.replace(month=month, day=day)
        enrolled.flow("reconcile", "2026-10", ["premium"])
        seen += [row for row in enrolled.rows(select(difference)) if row.type == "BILLED_NOT_ENROLLED"]
    assert [row.state for row in seen] == ["pending", "pending", "discrepancy"]
    assert {row.clear_by for row in seen} == {date(2026, 11, 1)}
    assert "after the bill of 2026-10-01 was made" in seen[0].cause
    # Nothing is left to wait for: the last word is what to do.
    assert seen[0].action.startswith("Wait") and seen[1].action == seen[0].action
    assert "after the bill" not in seen[2].cause and seen[2].action.startswith("Claim the credit")


def test_an_end_known_before_the_bill_was_made_is_nothing_to_wait_for(enrolled: Any) -> None:
    enrolled.answered()
    ends = date(2026, 10, 11)
    with enrolled.hub.store.write("acme") as session:
        who = people.by_member_id(session, "1001")
        assert who is not None
        facts.record(session, [Version("coverage", who, "medical", ends, None)], "leaves on 10 October")
    enrolled.carrier.bill(OCTOBER, "INV-1", date(2026, 10, 1), date(2026, 10, 15))
    enrolled.sync("carrier", "invoice_line")
    with enrolled.hub.store.read("acme") as session:
        book = enrolled.hub.book(session)
        covered = cut_off.cover(session, book, "carrier", OCTOBER)
        cut = cut_off.cut_off(session, book, "carrier", OCTOBER, covered)
    assert cut is not None and (who, "ppo") in cut.unchanged
    assert covered[who, "ppo"] == ((Interval(OCTOBER.first, ends), cut.tiers[who, "ppo"]),)
    assert not cut.explains((who, "ppo"), None, cut.tiers[who, "ppo"])


def test_a_claim_leaves_as_a_file_where_the_plan_book_names_a_folder_for_them(enrolled: Any) -> None:
    enrolled.answered()
    billed_as_family(enrolled)
    hub, row, (root, box) = enrolled.hub, found(enrolled, "TIER_DIFF"), (enrolled.root / "claims", "claims_box")
    (root / "out").mkdir(parents=True)
    (drop,) = [one.settings for one in enrolled.rows(select(connection)) if one.connection_id == "files"]
    settings = {"place": {"folder": str(root)}, "outbox": "out", "streams": drop["streams"]}
    connect(hub, "acme", {box: {"connector": "files", "settings": settings}})
    terms = "{pay_policy: pay_as_enrolled}"
    more = terms.replace("}", f", credit_days: 60, claims_through: {box}}}")
    load_plan_book(hub, enrolled.book.replace(terms, more), "book")
    claim = fixes.propose(hub, "acme", row.difference_id, "ann", "credit_claim")
    with hub.store.read("acme") as session:
        preview = view.shown(session, claim)["preview"]
    assert "1001,ppo,2026-10,1200.00,500.00,700.00,USD,TIER_DIFF,INV-1" in preview
    assert list((root / "out").iterdir()) == []
    fixes.approve(hub, "acme", claim, "ben")
    done = enrolled.flow("fixes.carry", claim)
    assert (done["sent"], done["state"]) == (1, "carried_out")
    (file,) = (root / "out").iterdir()
    assert file.name.startswith("claims-carrier-")
    told = credit_claims.parse(file.read_bytes())
    (one,) = [each.get() for each in told.rows]
    assert one.carrier == "carrier"
    assert (told.total, one.claimed, one.claim_by, one.member_id) == (700_00, 700_00, date(2026, 11, 30), "1001")
    assert enrolled.flow("fixes.carry", claim)["dispatch"] == done["dispatch"]
    assert len(list((root / "out").iterdir())) == 1
    with hub.store.read("acme") as session:
        (owed,) = view.shown(session, claim)["obligations"]
    assert owed["state"] == "sent"


def test_a_claim_is_not_made_after_the_carriers_days(enrolled: Any) -> None:
    enrolled.answered()
    billed_as_family(enrolled)
    row = found(enrolled, "TIER_DIFF")
    enrolled.now = enrolled.now.replace(month=12, day=1)
    told = {one.action: one.why_not for one in fixes.options(enrolled.hub, "acme", row.difference_id)}
    assert told["credit_claim"] == "the carrier's days of the claim ended on 2026-11-30"


def test_a_withdrawn_claim_leaves_nothing_owed(enrolled: Any) -> None:
    enrolled.answered()
    billed_as_family(enrolled)
    hub, row = enrolled.hub, found(enrolled, "TIER_DIFF")
    claim = fixes.propose(hub, "acme", row.difference_id, "ann", "credit_claim")
    fixes.approve(hub, "acme", claim, "ben")
    enrolled.flow("fixes.carry", claim)
    fixes.withdraw(hub, "acme", claim, "ben", "they have seen it themselves")
    with hub.store.read("acme") as session:
        seen = view.shown(session, claim)
    assert (seen["state"], seen["obligations"][0]["state"]) == ("withdrawn", "canceled")


def test_an_end_that_was_paid_for_is_not_told_to_the_carrier(enrolled: Any) -> None:
    enrolled.answered()
    enrolled.carrier.keep_billing("1001")
    with enrolled.hub.store.write("acme") as session:
        who = people.by_member_id(session, "1001")
        assert who is not None
        facts.record(session, [Version("coverage", who, "medical", date(2026, 9, 1), None)], "test")
        dims = (who, "ppo", "employee", "2026-09", date(2026, 9, 15))
        legs = (Leg("1900", "USD", 100_00, *dims), Leg("1300", "USD", -100_00, *dims))
        ledger.record(session, [NewEntry("t", "deduction.withheld", date(2026, 9, 15), legs, "test")])
    bill(enrolled)
    row = found(enrolled, "BILLED_NOT_ENROLLED")
    told = {one.action: one.why_not for one in fixes.options(enrolled.hub, "acme", row.difference_id)}
    assert told["enrollment_correction"].endswith("it may not be taken back (rescission)")
    assert told["credit_claim"] == ""
    with pytest.raises(DataError, match="rescission"):
        fixes.propose(enrolled.hub, "acme", row.difference_id, "ann", "enrollment_correction")


def test_what_is_frozen_in_a_file_with_others_is_not_taken_back_alone(enrolled: Any) -> None:
    enrolled.answered()
    billed_as_family(enrolled)
    hub, row = enrolled.hub, found(enrolled, "TIER_DIFF")
    change = fixes.propose(hub, "acme", row.difference_id, "ann", "enrollment_correction")
    fixes.approve(hub, "acme", change, "ben")
    enrolled.drop("elections.csv", "No,Plan,Tier,From", "1001,ppo,EE,2026-01-01", "1002,ppo,EE,2026-01-01",
                  "1002,ppo,FAM,2026-11-01")  # fmt: skip
    enrolled.sync("files", "election")
    enrolled.flow("coverage", "2026-10-01")
    with hub.store.write("acme") as session:
        session.change(connection, {"connection_id": "carrier"}, mode="watch")
    enrolled.flow("fixes.carry", change)
    (held,) = enrolled.rows(select(dispatch).where(dispatch.c.state == "held"))
    assert held.items == 2
    with pytest.raises(DataError, match="in a file with others"):
        fixes.withdraw(hub, "acme", change, "ben", "they have seen it themselves")
    assert [one.dispatch_id for one in enrolled.rows(select(dispatch).where(dispatch.c.state == "held"))] == [
        held.dispatch_id
    ]


@pytest.mark.parametrize(("type_", "why_not"), [
    ("EFFECTIVE_DATE_DIFF", ""), ("AGE_BAND_DIFF", ""), ("DEPENDANT_DIFF", ""),
    ("VOLUME_DIFF", "the files to carrier tell no pay: have it enter the volume by hand"),
])  # fmt: skip
def test_a_carrier_that_bills_by_other_facts_is_told_them_again(enrolled: Any, type_: str, why_not: str) -> None:
    enrolled.answered()
    hub = enrolled.hub
    with hub.store.write("acme") as session:
        who = people.by_member_id(session, "1002")
        other = Finding(
            Relation.PREMIUM, Type(type_), "2026-10", "-", "carrier", "carrier", "by other facts", "tell it again",
            person_id=who, plan="ppo", expected=500_00, actual=250_00,
        )  # fmt: skip
        (one,) = reconcile.settle(session, Relation.PREMIUM, "2026-10", [other], session.today()).opened
    told = {option.action: option.why_not for option in fixes.options(hub, "acme", one)}
    assert told["enrollment_correction"] == why_not
    if not why_not:
        made = fixes.propose(hub, "acme", one, "ann", "enrollment_correction")
        fixes.approve(hub, "acme", made, "ben")
        with hub.store.read("acme") as session:
            preview = view.shown(session, made)["preview"]
        assert "HD*001**" in preview and "DTP*348*D8*20260101" in preview
        assert enrolled.flow("fixes.carry", made)["sent"] == 1
        assert enrolled.flow("enrollments.send", "carrier", "2026-10-08")["changes"] == 0


def test_who_left_the_family_long_ago_is_told_no_wrong_last_day() -> None:
    def cover(first: date, until: date, *dependents: str) -> Any:
        return SimpleNamespace(
            effective_from=first, effective_to=until, data={"plan": "ppo", "dependents": list(dependents)}
        )

    covers = [
        cover(date(2024, 1, 1), date(2024, 7, 1), "spouse", "son"), cover(date(2024, 7, 1), date(2026, 1, 1), "son"),
        cover(date(2026, 1, 1), FOREVER, "daughter"),
    ]  # fmt: skip
    worker: Any = SimpleNamespace(coverages={"medical": covers})
    row: Any = SimpleNamespace(type=Type.DEPENDANT_DIFF, plan="ppo")
    held = fix_cover._again(worker, row, {"dependents": ["daughter"]})
    assert held == {"dependents": ["daughter", "son"], "again": True}
