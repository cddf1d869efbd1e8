"""Money in suspense is named by the difference that tells of it, or keeps its month from being signed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from benehub import ledger, planbook
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.reconcile import Finding, Relation, Type, act, settle
from benehub.store import Session, Store
from benehub.store.tables import person
from benehub.testing.kithub import BOOK
from benehub.views.clearing import Clearing, clearing
from benehub.views.closing import checklist

OCTOBER, DAY, CREDITED = Month(2026, 10), date(2026, 10, 15), date(2026, 10, 20)
HERE = "401k, pay of 2026-10-15, since 2026-10-20, from bat_1"


def applied(session: Session, person_id: str | None, amount: int = 100, key: str = "f", part: str = "pretax") -> None:
    """Forfeitures that paid for a deferral, as a row of a file of the recordkeeper's tells."""
    dims: dict[str, Any] = {"person_id": person_id, "plan": "401k", "money_source": part, "pay_date": DAY}
    legs = (Leg(chart.DEPOSIT_TRANSIT, "USD", amount, **dims), Leg(chart.SUSPENSE, "USD", -amount, **dims))
    ledger.record(session, [NewEntry(key, "forfeiture.applied", CREDITED, legs, "bat_1#7")])


def tell(session: Session, kind: Type, reference: str, person_id: str | None, amount: int) -> str:
    one = Finding(
        Relation.RETIREMENT, kind, "2026-10", reference, "recordkeeper", "finance", "a cause", "an action",
        person_id=person_id, plan="401k", expected=amount, actual=0, unit="USD",
    )  # fmt: skip
    return settle(session, Relation.RETIREMENT, "2026-10", [one], session.today(), session.latest_seq()).opened[0]


def found(session: Session) -> Clearing:
    book = planbook.load(BOOK, "book")
    return next(one for one in clearing(session, book, OCTOBER) if one.account == chart.SUSPENSE)


@pytest.fixture
def acme(store: Store) -> Any:
    with store.write("acme") as session:
        row = {"kind": "employee", "subscriber_id": "", "ssn_sealed": None, "ssn_index": None, "seq": 1}
        session.add(person, [{**row, "person_id": "per_a", "member_id": "per_a"}])
        yield session


def test_what_no_difference_tells_of_keeps_the_month_open_and_is_told_row_by_row(acme: Session) -> None:
    applied(acme, "per_a")
    assert (found(acme).balance, found(acme).items, found(acme).unexplained) == (-100, (), -100)
    book = planbook.load(BOOK, "book")
    (one,) = [each for each in checklist(acme, book, OCTOBER) if each.name.startswith("Every clearing balance")]
    assert not one.holds and f"9000, {HERE}: -1.00 USD" in one.found
    assert one.mend.startswith("benehub retirement credits")


@pytest.mark.parametrize(
    ("kind", "reference", "person_id"),
    [
        (Type.FORFEITURE_OFFSET, "2026-10-15/pretax", "per_a"),
        (Type.CREDITED_OVER, "2026-10-15/pretax", "per_a"),
        (Type.WRONG_SOURCE, "2026-10-15", "per_a"),
        (Type.UNKNOWN_PLAN, "2026-10-15/pretax/forfeiture_credit/keeper", "per_a"),
        (Type.UNKNOWN_PARTICIPANT, "INV/2026-10-15/pretax/forfeiture/x", None),
    ],
)
def test_an_open_difference_names_it_with_its_day_and_its_file(
    acme: Session, kind: Type, reference: str, person_id: str | None
) -> None:
    applied(acme, person_id)
    name = tell(acme, kind, reference, person_id, 100)
    (item,) = found(acme).items
    assert (item.name, item.amount, found(acme).unexplained) == (f"{kind} (retirement): {HERE}", -100, 0)
    act(acme, name, "ann", state="dismissed", note="the plan is amended")
    assert [one.name for one in found(acme).items] == [f"{kind} (retirement, dismissed): {HERE}"]
    settle(acme, Relation.RETIREMENT, "2026-10", [], acme.today(), acme.latest_seq())


@pytest.mark.parametrize(
    ("kind", "reference", "person_id", "left"),
    [
        (Type.FORFEITURE_OFFSET, "2026-10-15/roth", "per_a", -100),
        (Type.FORFEITURE_OFFSET, "2026-10-30/pretax", "per_a", -100),
        (Type.UNKNOWN_PARTICIPANT, "INV/2026-10-15/pretax/x", None, -100),
        (Type.FORFEITURE_OFFSET, "2026-10-15/pretax", "per_a", -60),
    ],
)
def test_one_of_another_part_or_day_names_nothing_of_it_and_a_smaller_one_no_more_than_it_tells(
    acme: Session, kind: Type, reference: str, person_id: str | None, left: int
) -> None:
    applied(acme, person_id)
    tell(acme, kind, reference, person_id, 40)
    assert found(acme).unexplained == left


def test_what_the_recordkeeper_has_put_back_is_gone(acme: Session) -> None:
    applied(acme, "per_a")
    ledger.record(acme, ledger.reversals(acme, "bat_1#7", "forfeiture.applied", "corrected"))
    assert (found(acme).balance, found(acme).items, found(acme).unexplained) == (0, (), 0)


def test_one_difference_tells_of_no_more_than_it_is_about_however_many_parts_there_are(acme: Session) -> None:
    applied(acme, "per_a")
    applied(acme, "per_a", key="g", part="roth")
    tell(acme, Type.WRONG_SOURCE, "2026-10-15", "per_a", 150)
    assert (found(acme).balance, found(acme).unexplained) == (-200, -50)


def test_of_what_was_put_there_in_turns_the_newest_row_is_named(acme: Session) -> None:
    applied(acme, "per_a")
    ledger.record(acme, ledger.reversals(acme, "bat_1#7", "forfeiture.applied", "corrected"))
    applied(acme, "per_a", 70, key="h")
    tell(acme, Type.FORFEITURE_OFFSET, "2026-10-15/pretax", "per_a", 70)
    (item,) = found(acme).items
    assert (item.amount, found(acme).unexplained) == (-70, 0) and item.name.endswith(HERE)
