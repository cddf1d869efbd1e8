"""The books by month: signed ones never change, and every posted leg stands in exactly one month."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from itertools import pairwise

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DatabaseError

from benehub import ledger
from benehub.ledger import NewEntry
from benehub.periods import Month
from benehub.store import Session, Store
from benehub.store.tables import closing

Make = Callable[..., NewEntry]
MONTHS = [Month(2026, number) for number in range(1, 7)]


def sign(session: Session, month: Month) -> None:
    """A month is signed as it is now."""
    row = {
        "period": str(month), "closing_id": session.id("clo", str(month)), "seq": session.latest_seq(), "head": "h",
        "closed_at": session.now(), "who": "Ann", "note": "", "digest": "d", "report": "{}",
    }  # fmt: skip
    session.add(closing, [row])


def told(session: Session, month: Month) -> list[ledger.Movement]:
    """What the accounts moved by."""
    return ledger.movements(session, ledger.book_of(session, month))


@pytest.mark.parametrize("seed", range(4))
def test_a_signed_month_never_changes_and_no_leg_is_lost(store: Store, make: Make, seed: int) -> None:
    chance = random.Random(seed)
    signed: dict[Month, list[ledger.Movement]] = {}
    with store.write("acme") as session:
        session.take_seq(0)
        for number in range(60):
            day = date(2026, chance.randint(1, 6), chance.randint(1, 28))
            amount = chance.randint(1, 99_999)
            ledger.record(session, [make(f"e{number}", f"5100 +{amount}", f"2100 -{amount}", day=day)])
            if number in (25, 33, 34):
                month = MONTHS[1 + len(signed)]  # the first closing takes January along
                sign(session, month)
                signed[month] = told(session, month)
        for month, before in signed.items():
            assert told(session, month) == before
        of_month = {month: told(session, month) for month in MONTHS}
        for month, following in pairwise(MONTHS):
            ends = {one.account: one.closing for one in of_month[month]}
            begins = {one.account: one.opening for one in of_month[following]}
            assert {code: ends.get(code, 0) for code in begins} == begins
        seen: dict[str, int] = defaultdict(int)
        for month in MONTHS:
            for one in ledger.postings(session, ledger.book_of(session, month)):
                seen[one.entry_id] += 1
                assert Month.of(one.booked) == month
        assert len(seen) == 60 and set(seen.values()) == {2}
        last = {one.account: one.closing for one in of_month[MONTHS[-1]]}
        assert last == {one.account: one.amount for one in ledger.balances(session)}


def test_what_comes_after_the_signature_is_a_correction_in_the_first_open_month(store: Store, make: Make) -> None:
    with store.write("acme") as session:
        session.take_seq(0)
        ledger.record(session, [make("a", "5100 +100", "2100 -100", day=date(2026, 1, 5))])
        sign(session, Month(2026, 1))
        sign(session, Month(2026, 2))
        ledger.record(session, [make("b", "5100 +7", "2100 -7", day=date(2026, 1, 6))])
        ledger.record(session, [make("c", "1900 +7", "1300 -7", day=date(2026, 1, 6), status="pending")])
        booked = {
            str(month): [(one.entry_id, str(one.booked), one.corrects, one.amount) for one in
                         ledger.postings(session, ledger.book_of(session, month)) if one.account == "5100"]
            for month in MONTHS
        }  # fmt: skip
    entry = {key: session.id("ent", key) for key in ("a", "b")}
    assert booked["2026-01"] == [(entry["a"], "2026-01-05", "", 100)]
    assert booked["2026-03"] == [(entry["b"], "2026-03-01", "2026-01", 7)]
    assert [len(booked[str(month)]) for month in MONTHS] == [1, 0, 1, 0, 0, 0]


@pytest.mark.parametrize("what", ["update", "delete", "again", "earlier"])
def test_the_database_refuses_to_change_a_signature(store: Store, what: str) -> None:
    with store.write("acme") as session:
        session.take_seq(0)
        sign(session, Month(2026, 2))
    with pytest.raises(DatabaseError, match=r"signed off stays so|closed once"), store.write("acme") as session:
        session.take_seq(0)
        match what:
            case "update":
                session.connection.execute(update(closing).values(who="Eve"))
            case "delete":
                session.connection.execute(delete(closing))
            case "again":
                sign(session, Month(2026, 2))
            case _:
                sign(session, Month(2026, 1))
    with store.read("acme") as session:
        assert [(str(one.month), one.who) for one in ledger.closed(session)] == [("2026-02", "Ann")]
    with store.read("other") as session:
        assert ledger.closed(session) == ()
