"""Everybody's chain of a month: each station moves the first broken link on by one, and a difference says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from benehub import ledger, planbook, reconcile
from benehub.errors import DataError
from benehub.flows import Hub
from benehub.flows.onboarding import load_plan_book
from benehub.ledger import Leg, NewEntry
from benehub.periods import Month
from benehub.reconcile import Finding, Relation, Type
from benehub.store import Session
from benehub.store.tables import dispatch, member_state
from benehub.views.chain import Chain, chains
from benehub.views.persons import find_person

OCTOBER = Month(2026, 10)


@pytest.fixture
def hub(db_url: str, open_hub: Callable[..., Hub], fakehub: Any, tmp_path: Path) -> Hub:
    """Three people who are covered, and October priced and asked for."""
    hub = open_hub(db_url)
    fakehub.set_up(hub, tmp_path, "read_back")
    hub.start_flow("premiums.accrue", "acme", "1", "2026-10")
    hub.start_flow("deductions.expect", "acme", "1", "2026-10")
    return hub


def chain(hub: Hub, employee: str = "1001") -> Chain:
    """One person's chain."""
    with hub.store.read("acme") as session:
        return next(one for one in chains(session, hub.book(session), OCTOBER) if one.employee == employee)


def post(hub: Hub, kind: str, *legs: tuple[str, int], pending: bool = False, **dims: Any) -> None:
    """One entry of 1001's cover."""
    with hub.store.write("acme") as session:
        dims = {"person_id": find_person(session, "1001").person_id, "plan": "ppo", "coverage_month": "2026-10"} | dims
        made = tuple(Leg(account, "USD", amount, **dims) for account, amount in legs)
        ledger.record(session, [NewEntry(f"{kind}/{dims}", kind, date(2026, 10, 15), made, "test")])


def enroll(hub: Hub, state: str, **groups: str) -> None:
    """How far 1001 has come at the carrier, and in further groups of it."""
    with hub.store.write("acme") as session:
        person_id = find_person(session, "1001").person_id
        session.add(
            dispatch,
            [
                {"dispatch_id": "dis_x", "connection_id": "carrier", "operation": "enrollment.change",
                 "business_key": "x", "revision": 1, "guard": "none", "file_name": "", "frozen_sealed": b"",
                 "frozen_hash": "", "items": 1, "worth_minor": 0, "currency": "USD", "control": None, "state": "sent",
                 "reason": "", "receipt": None, "seq": 1, "prepared_at": "x", "sent_at": None, "ack_state": ""}
            ],
        )  # fmt: skip
        row = {"connection_id": "carrier", "person_id": person_id, "subscriber_id": person_id, "dispatch_id": "dis_x",
               "set_control": "1", "state": state, "reason": "", "seq": 1, "at": "x"}  # fmt: skip
        session.add(member_state, [row | {"file_group": ""}])
        session.add(member_state, [row | {"file_group": name, "state": said} for name, said in groups.items()])


def test_each_station_moves_the_first_broken_link_on(hub: Hub) -> None:
    one = chain(hub)
    assert (one.elected, one.premium, one.share, one.asked, one.taken) == ("EE", 50_000, 10_000, 10_000, 0)
    assert (one.broken, one.state) == ("priced -> enrolled", "open")
    enroll(hub, "confirmed")
    assert chain(hub).broken == "asked for -> taken"
    post(hub, "deduction.withheld", ("1900", 10_000), ("1300", -10_000), pay_date=date(2026, 10, 15))
    assert chain(hub).broken == "owed -> paid"
    post(hub, "premium.remitted", ("2100", 50_000), ("1010", -50_000), batch="dis_x")
    assert (chain(hub).paid, chain(hub).confirmed, chain(hub).broken) == (50_000, 0, "paid -> confirmed")
    post(hub, "premium.confirmed", ("1010", 50_000), ("1000", -50_000), person_id=None, plan=None, batch="dis_x")
    found = chain(hub)
    assert (found.confirmed, found.broken, found.state) == (50_000, "", "ok")
    assert found.as_json("USD") == {
        "employee": "1001", "plan": "ppo", "elected": "EE", "enrolled": "confirmed", "share": "100.00",
        "premium": "500.00", "asked": "100.00", "taken": "100.00", "billed": "0.00", "paid": "500.00",
        "confirmed": "500.00", "broken": "", "state": "ok", "differences": [],
    }  # fmt: skip


@pytest.mark.parametrize(("state", "link"), [("refused", "priced -> enrolled"), ("acked", "priced -> enrolled")])
def test_an_answer_that_promises_no_cover_is_no_enrollment(hub: Hub, state: str, link: str) -> None:
    enroll(hub, state)
    assert (chain(hub).enrolled, chain(hub).broken) == (state, link)


@pytest.mark.parametrize(("one", "other"), [("confirmed", "refused"), ("refused", "confirmed"), ("acked", "sent")])
def test_of_several_groups_the_one_that_promises_least_counts(hub: Hub, one: str, other: str) -> None:
    enroll(hub, "confirmed", a=one, b=other)
    assert chain(hub).enrolled == ("sent" if other == "sent" else "refused")


def test_a_reversed_remittance_is_not_paid(hub: Hub) -> None:
    enroll(hub, "confirmed")
    post(hub, "deduction.withheld", ("1900", 10_000), ("1300", -10_000), pay_date=date(2026, 10, 15))
    post(hub, "premium.remitted", ("2100", 50_000), ("1010", -50_000), batch="dis_x")
    post(hub, "premium.remitted.reversed", ("2100", -50_000), ("1010", 50_000), batch="dis_x")
    assert (chain(hub).paid, chain(hub).broken) == (0, "owed -> paid")


def difference(session: Session, hub: Hub, clear_by: date | None) -> str:
    """A difference of 1001's deduction."""
    person_id = find_person(session, "1001").person_id
    one = Finding(
        Relation.PAYROLL, Type.NOT_TAKEN, "2026-10", "x", "payroll", "payroll", "a cause", "an action",
        person_id=person_id, plan="ppo", expected=10_000, actual=0, clear_by=clear_by,
    )  # fmt: skip
    reconcile.settle(session, Relation.PAYROLL, "2026-10", [one], date(2026, 10, 1))
    return session.id("dif", one.key)


@pytest.mark.parametrize(("clear_by", "state"), [(None, "broken"), (date(2026, 10, 31), "open")])
def test_what_the_rules_explain_is_open_and_what_they_do_not_is_broken(
    hub: Hub, clear_by: date | None, state: str
) -> None:
    with hub.store.write("acme") as session:
        session.take_seq(0)
        name = difference(session, hub, clear_by)
    assert (chain(hub).state, chain(hub).differences) == (state, [name])
    assert chain(hub, "1002").state == "open" and chain(hub, "1002").differences == []


OF_MANY: dict[str, tuple[Relation, Type, str, str | None, bool, str]] = {
    "all plans of somebody": (Relation.PAYROLL, Type.UNKNOWN_TO_PAYROLL, "-", None, True, "asked for -> taken"),
    "refused by the carrier": (Relation.PREMIUM, Type.MEMBER_REFUSED, "carrier/-", None, True, "priced -> enrolled"),
    "a whole bill": (Relation.PREMIUM, Type.PREMIUM_AT_RISK, "carrier/inv-1", None, False, "owed -> paid"),
    "a whole payment": (
        Relation.PREMIUM,
        Type.REMITTED_NOT_CONFIRMED,
        "carrier/dis_x",
        None,
        False,
        "paid -> confirmed",
    ),
    "a whole pay date": (Relation.ACCOUNTS, Type.WITHHELD_NOT_DEPOSITED, "2026-10-15", "ppo", False, "owed -> paid"),
}
"""Relation, type and reference of a difference, its plan, whether it names 1001, and the link it speaks of."""


@pytest.mark.parametrize("what", sorted(OF_MANY))
def test_a_difference_of_many_is_told_at_the_link_it_speaks_of(hub: Hub, what: str) -> None:
    relation, kind, reference, plan, named, link = OF_MANY[what]
    enroll(hub, "refused" if kind is Type.MEMBER_REFUSED else "confirmed")
    if link in ("owed -> paid", "paid -> confirmed"):
        post(hub, "deduction.withheld", ("1900", 10_000), ("1300", -10_000), pay_date=date(2026, 10, 15))
    if link == "paid -> confirmed":
        post(hub, "premium.remitted", ("2100", 50_000), ("1010", -50_000), batch="dis_x")
    with hub.store.write("acme") as session:
        session.take_seq(0)
        one = Finding(
            relation, kind, "2026-10", reference, "hub", "hub", "a cause", "an action",
            person_id=find_person(session, "1001").person_id if named else None, plan=plan, expected=500, actual=0,
        )  # fmt: skip
        other = replace(one, reference=f"other/{reference}", plan=None if plan is None else "401k", expected=400)
        reconcile.settle(session, relation, "2026-10", [one, other], date(2026, 10, 1))
        names = [session.id("dif", each.key) for each in (one, other)]
    mine = names if kind is Type.UNKNOWN_TO_PAYROLL else names[:1]
    assert (chain(hub).broken, chain(hub).state, chain(hub).differences) == (link, "broken", mine)
    if kind is Type.UNKNOWN_TO_PAYROLL:
        post(hub, "deduction.withheld", ("1900", 10_000), ("1300", -10_000), pay_date=date(2026, 10, 15))
    elif link == "owed -> paid":
        post(hub, "premium.remitted", ("2100", 50_000), ("1010", -50_000), batch="dis_x")
    elif link == "paid -> confirmed":
        post(hub, "premium.confirmed", ("1010", 50_000), ("1000", -50_000), person_id=None, plan=None, batch="dis_x")
    else:
        with hub.store.write("acme") as session:
            session.connection.execute(update(member_state).values(state="confirmed"))
    assert chain(hub).differences == []


@pytest.mark.parametrize("kind", ["match.accrued", "match.true_up", "correction.accrued"])
def test_what_the_hub_works_out_itself_is_asked_of_no_payroll(hub: Hub, fakehub: Any, kind: str) -> None:
    saver = """  - id: saver
    name: Savings plan
    benefit_type: retirement
    recordkeeper: carrier
    effective_from: 2026-01-01
    deferral: {pretax_code: 401K}
    match: {code: MATCH, period: annual, tiers: [{rate: "100%", up_to: "3%"}]}
    deposit: {standard_bank_days: 3, small_plan: false}
carriers:
"""
    load_plan_book(hub, fakehub.BOOK.replace("carriers:\n", saver), "book")
    dims: dict[str, Any] = {"plan": "saver", "coverage_month": None, "pay_date": date(2026, 10, 31)}

    def told() -> tuple[int, int, str]:
        with hub.store.read("acme") as session:
            one = next(each for each in chains(session, hub.book(session), OCTOBER, "saver") if each.employee == "1001")
        return one.asked, one.taken, one.broken

    post(hub, kind, ("5200", 300_00), ("2320", -300_00), **dims)
    assert told() == (300_00, 300_00, "owed -> paid")
    post(hub, "contribution.deposited", ("2320", 300_00), ("1020", -300_00), **dims)
    assert told() == (300_00, 300_00, "paid -> confirmed")
    post(hub, "forfeiture.applied", ("1020", 300_00), ("9000", -300_00), **dims)
    assert told() == (300_00, 300_00, "")


@pytest.mark.parametrize(
    ("policy", "link"),
    [
        ("pay_as_billed", "priced -> billed"),
        ("short_pay", "priced -> billed"),
        ("pay_as_enrolled", "owed -> paid"),
    ],
)
def test_a_month_that_was_never_billed_breaks_where_the_bill_is_missing(
    hub: Hub, fakehub: Any, policy: str, link: str
) -> None:
    enroll(hub, "confirmed")
    post(hub, "deduction.withheld", ("1900", 10_000), ("1300", -10_000), pay_date=date(2026, 10, 15))
    with hub.store.write("acme") as session:
        session.take_seq(0)
        risk = Finding(
            Relation.PREMIUM, Type.PREMIUM_AT_RISK, "2026-10", "carrier/-", "hub", "hub", "a cause", "an action",
            expected=50_000, actual=0,
        )  # fmt: skip
        reconcile.settle(session, Relation.PREMIUM, "2026-10", [risk], date(2026, 10, 1))
        book = planbook.load(fakehub.BOOK.replace("pay_as_enrolled", policy), "book")
        found = next(one for one in chains(session, book, OCTOBER) if one.employee == "1001")
        assert (found.broken, found.state, found.differences) == (link, "broken", [session.id("dif", risk.key)])


def test_everybody_comes_once_in_parts_and_a_plan_that_is_none_is_named(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub.store.read("acme") as session:
        book = hub.book(session)
        whole = [one.as_json("USD") for one in chains(session, book, OCTOBER)]
        monkeypatch.setattr("benehub.views.chain.PART", 1)
        assert [one.as_json("USD") for one in chains(session, book, OCTOBER, "ppo")] == whole
        assert sorted(one["employee"] for one in whole) == ["1001", "1002", "1003"]
        never_priced = [(one.premium, one.broken) for one in chains(session, book, OCTOBER.plus(-1))]
        assert never_priced == [(0, "elected -> priced")] * 3
        with pytest.raises(DataError, match="plan 'hmo'"):
            list(chains(session, book, OCTOBER, "hmo"))
