"""A payment that nobody confirms is on its way until a day; after it, it is a difference and explains nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from benehub import dispatch, ledger, obligations, planbook, reconcile
from benehub.connect.connector import Guard
from benehub.dispatch import Frozen
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.obligations import Wanted
from benehub.periods import Month
from benehub.reconcile import Relation, Type, premium
from benehub.reconcile.findings import Finding
from benehub.store import Session, Store
from benehub.store.tables import connection
from benehub.testing.kithub import BOOK
from benehub.views.clearing import Clearing, clearing

PLAN_BOOK = planbook.load(BOOK, "book")
OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
KEY = "premium.remit/carrier/2026-10"


@pytest.fixture
def session(store: Store) -> Iterator[Session]:
    """On 23 November 2026."""
    with store.write("acme") as session:
        session.add(connection, [{"connection_id": "carrier", "connector": "x", "settings": {}, "mode": "live"}])
        yield session


def post(session: Session, kind: str, day: date, batch: str, *legs: tuple[str, int], **dims: Any) -> None:
    made = tuple(
        Leg(account, "USD", amount, batch=batch if account == chart.CARRIER_TRANSIT else None, **dims)
        for account, amount in legs
    )
    ledger.record(session, [NewEntry(kind, kind, day, made, batch)])


def paid(session: Session, left: date, due: date) -> str:
    """October's 5.00 were remitted."""
    obligations.want(session, [Wanted("premium.remit", KEY, "carrier", "2026-10", due, due, {"lines": []})])
    sent = dispatch.prepare(session, Frozen("carrier", "premium.remit", KEY, b"820", Guard.READ_BACK, 1))
    dispatch.begin(session, sent)
    dispatch.finish(session, sent, "sent", "")
    dims = {"plan": "ppo", "coverage_month": "2026-10"}
    post(session, "premium.accrued", due, sent, (chart.BENEFIT_COST, 500), (chart.PREMIUM_PAYABLE, -500), **dims)
    post(session, "premium.remitted", left, sent, (chart.PREMIUM_PAYABLE, 500), (chart.CARRIER_TRANSIT, -500), **dims)
    return sent


def told(session: Session, month: Month) -> list[Finding]:
    found = premium.of_payments(session, PLAN_BOOK, ["carrier"], month)
    reconcile.settle(session, Relation.PREMIUM, str(month), found, session.today())
    return [one for one in found if one.type is Type.REMITTED_NOT_CONFIRMED]


def transit(session: Session, month: Month) -> Clearing:
    (one,) = [one for one in clearing(session, PLAN_BOOK, month) if one.account == chart.CARRIER_TRANSIT]
    return one


def test_a_payment_is_on_its_way_for_some_days(session: Session) -> None:
    paid(session, date(2026, 11, 9), date(2026, 11, 11))
    assert told(session, OCTOBER) == []
    ((item,), left) = transit(session, OCTOBER).items, transit(session, OCTOBER).unexplained
    assert (item.name, item.amount, item.clear_by, left) == (f"in flight: {KEY}", -500, date(2026, 11, 23), 0)


def test_one_that_nobody_confirms_is_a_difference_of_its_month_until_somebody_does(session: Session) -> None:
    sent = paid(session, date(2026, 10, 1), date(2026, 10, 1))
    assert transit(session, OCTOBER).unexplained == -500
    (one,) = told(session, OCTOBER)
    assert (one.period, one.reference, one.expected, one.clear_by) == ("2026-10", f"carrier/{sent}", 500, None)
    assert transit(session, OCTOBER).unexplained == 0
    assert [again.key for again in told(session, NOVEMBER)] == [one.key]
    post(session, "premium.confirmed", date(2026, 11, 3), sent, (chart.CARRIER_TRANSIT, 500), (chart.BANK, -500))
    assert told(session, OCTOBER) == []
    assert [row.type for row in reconcile.listed(session)] == []
    # What a later month's books confirmed is named in those of the month in which it left.
    assert [transit(session, month).unexplained for month in (OCTOBER, NOVEMBER)] == [0, 0]


def test_one_that_was_dismissed_and_is_confirmed_after_all_is_over_and_says_by_what(session: Session) -> None:
    sent = paid(session, date(2026, 10, 1), date(2026, 10, 1))
    told(session, OCTOBER)
    (row,) = reconcile.listed(session)
    reconcile.act(session, row.difference_id, "ann", state="dismissed", note="the carrier keeps no word of it")
    assert told(session, OCTOBER) and transit(session, OCTOBER).unexplained == 0
    assert transit(session, OCTOBER).balance == -500  # a word alone moves no money
    dims = {"plan": "ppo", "coverage_month": "2026-10"}
    legs = ((chart.CARRIER_TRANSIT, 500), (chart.BANK, -500))
    post(session, "premium.confirmed", date(2026, 11, 3), sent, *legs, **dims)
    assert told(session, NOVEMBER) == []  # whichever month is compared first
    assert [transit(session, month).unexplained for month in (OCTOBER, NOVEMBER)] == [0, 0]
    assert transit(session, OCTOBER).balance == 0
    last = reconcile.history(session, row.difference_id)[-1]
    assert (last.state, last.note) == ("resolved", "both sides agree now")
    assert last.entries == [session.id("ent", "premium.confirmed")]
