"""Recording: once per key, pending and actual, reversal, void, restatement."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from benehub import ledger
from benehub.errors import ConflictError, DataError, IntegrityError
from benehub.ids import derive
from benehub.ledger import Leg, NewEntry
from benehub.store import Session, Store
from benehub.store.tables import entry, explanation

Make = Callable[..., NewEntry]


def totals(session: Session) -> dict[str, int]:
    return {balance.account: balance.amount for balance in ledger.balances(session)}


def rest(session: Session, known_at: int | None = None) -> dict[tuple[str, str], int]:
    found = ledger.open_pending(session, known_at)
    assert all(type(row.amount) is int for row in found)
    return {(row.entry_id, row.account): row.amount for row in found}


def test_the_same_key_and_content_is_recorded_once(store: Store, make: Make) -> None:
    one = make("a", "5100 +5", "2100 -5")
    with store.write("acme") as session:
        assert ledger.record(session, [one, one]) == ledger.Recorded(1, 1)
    with store.write("acme") as session:
        first = session.rows(select(entry))
        assert ledger.record(session, [one]) == ledger.Recorded(0, 1)
        assert session.rows(select(entry)) == first
        assert totals(session) == {"5100": 5, "2100": -5}
        assert session.latest_seq() == 1


def test_why_an_amount_is_what_it_is_is_no_content(store: Store, make: Make) -> None:
    one = make("a", "5100 +5", "2100 -5")
    with store.write("acme") as session:
        ledger.record(session, [one])
        assert ledger.record(session, [replace(one, explanation_id="exp_later")]).existing == 1
        assert session.rows(select(explanation)) == []


@pytest.mark.parametrize("together", [True, False])
def test_the_same_key_with_other_content_is_an_error(store: Store, make: Make, together: bool) -> None:
    one, two = make("a", "5100 +5", "2100 -5"), make("a", "5100 +6", "2100 -6")
    if not together:
        with store.write("acme") as session:
            ledger.record(session, [one])
    told = f"ledger entry {derive('ent', 'acme', 'a')}: "
    with pytest.raises(ConflictError, match=told), store.write("acme") as session:
        ledger.record(session, [one, two])
    with store.read("acme") as session:
        assert totals(session) == ({} if together else {"5100": 5, "2100": -5})


def test_a_key_belongs_to_its_employer(store: Store, make: Make) -> None:
    for employer, amount in (("acme", 5), ("other", 7)):
        with store.write(employer) as session:
            ledger.record(session, [make("a", f"5100 +{amount}", f"2100 -{amount}")])
    with store.read("other") as session:
        assert totals(session) == {"5100": 7, "2100": -7}


def test_two_writers_of_one_key_record_it_once(store: Store, make: Make) -> None:
    def write(number: int) -> int:
        with store.write("acme") as session:
            entries = [make(f"k{n}", f"5100 +{n + 1}", f"2100 -{n + 1}") for n in range(30)]
            return ledger.record(session, entries[number * 10 :]).new

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(write, range(2))) == 30
    with store.read("acme") as session:
        assert ledger.verify(session).ok


@pytest.mark.parametrize(
    ("legs", "message"),
    [
        (["5100 +5"], "two legs"),
        (["5100 +5", "2100 -4"], "sum to zero"),
        (["5100 +5", "7777 -5"], "no account '7777'"),
        (["5100 +0", "2100 +0"], "zero"),
    ],
)
def test_what_the_database_would_refuse_is_refused_with_a_reason(
    store: Store, make: Make, legs: list[str], message: str
) -> None:
    with pytest.raises(IntegrityError, match=message), store.write("acme") as session:
        ledger.record(session, [make("good", "5100 +1", "2100 -1"), make("bad", *legs)])
    with store.read("acme") as session:
        assert session.rows(select(entry)) == []


def test_an_entry_may_hold_money_and_hours(store: Store) -> None:
    legs = (
        Leg("5400", "USD", 2000), Leg("2400", "USD", -2000),
        Leg("2410", "MIN:pto", 100), Leg("2490", "MIN:pto", -100),
    )  # fmt: skip
    with store.write("acme") as session:
        ledger.record(session, [NewEntry("leave", "leave.accrued", date(2026, 1, 1), legs, "test")])
        assert ledger.legs_of(session, session.id("ent", "leave")) == legs
        found = {(balance.account, balance.unit): balance.amount for balance in ledger.balances(session)}
    assert found[("2410", "MIN:pto")] == 100


def test_more_than_one_chunk_is_chained_in_order(store: Store, make: Make) -> None:
    with store.write("acme") as session:
        done = ledger.record(session, (make(f"k{n}", "5100 +1", "2100 -1") for n in range(1100)))
        assert done == ledger.Recorded(1100, 0)
        found = ledger.verify(session)
        assert (found.ok, found.entries, found.legs) == (True, 1100, 2200)


def test_an_actual_posts_the_expected_in_part_and_whole(store: Store, make: Make) -> None:
    expected = make("d", "1900 +100", "1300 -100", status="pending", due_date=date(2026, 1, 15))
    with store.write("acme") as session:
        ledger.record(session, [expected])
        origin = session.id("ent", "d")
        assert totals(session) == {}
        assert rest(session) == {(origin, "1900"): 100, (origin, "1300"): -100}
        before = session.latest_seq()
        # The actual names the batch it came in; the expected cannot.
        part = make("d1", "1900 +40", "1300 -40", pending_id=origin, dims={"batch": "run 1"})
        ledger.record(session, [part])
        assert totals(session) == {"1900": 40, "1300": -40}
        assert rest(session) == {(origin, "1900"): 60, (origin, "1300"): -60}
        ledger.record(session, [make("d2", "1900 +60", "1300 -60", pending_id=origin)])
        assert rest(session) == {}
        assert rest(session, before) == {(origin, "1900"): 100, (origin, "1300"): -100}
        assert ledger.void(session, origin, "test") is None


def test_the_rest_is_told_by_person(store: Store, make: Make) -> None:
    legs = tuple(
        Leg(account, "USD", sign * amount, plan=plan)
        for plan, amount in (("ppo", 100), ("dental", 20))
        for account, sign in (("1900", 1), ("1300", -1))
    )
    with store.write("acme") as session:
        ledger.record(session, [NewEntry("d", "t", date(2026, 1, 1), legs, "test", "pending")])
        origin = session.id("ent", "d")
        paid = make("p", "1900 +20", "1300 -20", pending_id=origin, dims={"plan": "dental"})
        ledger.record(session, [paid])
        found = {(row.account, row.plan): row.amount for row in ledger.open_pending(session)}
    assert found == {("1900", "ppo"): 100, ("1300", "ppo"): -100}


def test_void_ends_what_is_still_open(store: Store, make: Make) -> None:
    with store.write("acme") as session:
        ledger.record(session, [make("d", "1900 +100", "1300 -100", status="pending")])
        origin = session.id("ent", "d")
        ledger.record(session, [make("d1", "1900 +40", "1300 -40", pending_id=origin, dims={"batch": "run 1"})])
        end = ledger.void(session, origin, "the employee left")
        assert end is not None
        assert [(leg.account, leg.amount) for leg in end.legs] == [("1900", -60), ("1300", 60)]
        ledger.record(session, [end])
        assert rest(session) == {}
        assert totals(session) == {"1900": 40, "1300": -40}
        assert ledger.void(session, origin, "again") is None
        assert ledger.verify(session).ok


def test_a_reversal_takes_a_posted_entry_back_on_its_day(store: Store, make: Make) -> None:
    day = date(2026, 3, 4)
    with store.write("acme") as session:
        ledger.record(session, [make("a", "5100 +5", "2100 -5", day=day, dims={"plan": "ppo"})])
        entry_id = session.id("ent", "a")
        back = ledger.reversal(session, entry_id, "test")
        assert (back.effective_date, back.reverses_id, back.legs[0].plan) == (day, entry_id, "ppo")
        assert ledger.record(session, [back]).new == 1
        assert ledger.record(session, [ledger.reversal(session, entry_id, "test")]).new == 0
        assert totals(session) == {}


def test_reversing_an_actual_opens_the_expected_again(store: Store, make: Make) -> None:
    with store.write("acme") as session:
        ledger.record(session, [make("d", "1900 +100", "1300 -100", status="pending")])
        origin = session.id("ent", "d")
        ledger.record(session, [make("d1", "1900 +100", "1300 -100", pending_id=origin)])
        assert rest(session) == {}
        ledger.record(session, [ledger.reversal(session, session.id("ent", "d1"), "check was voided")])
        assert rest(session) == {(origin, "1900"): 100, (origin, "1300"): -100}
        assert totals(session) == {}


def test_reversing_an_actual_leaves_a_voided_expectation_ended(store: Store, make: Make) -> None:
    with store.write("acme") as session:
        ledger.record(session, [make("d", "1900 +100", "1300 -100", status="pending")])
        origin = session.id("ent", "d")
        ledger.record(session, [make("d1", "1900 +40", "1300 -40", pending_id=origin)])
        end = ledger.void(session, origin, "test")
        assert end is not None
        ledger.record(session, [end])
        ledger.record(session, [ledger.reversal(session, session.id("ent", "d1"), "test")])
        assert rest(session) == {}


def test_only_posted_is_reversed_and_only_pending_voided(store: Store, make: Make) -> None:
    with store.write("acme") as session:
        ledger.record(
            session,
            [make("p", "1900 +1", "1300 -1", status="pending"), make("a", "5100 +5", "2100 -5")],
        )
        with pytest.raises(DataError, match="only what is posted"):
            ledger.reversal(session, session.id("ent", "p"), "test")
        with pytest.raises(DataError, match="only what is pending"):
            ledger.void(session, session.id("ent", "a"), "test")
        with pytest.raises(DataError, match="no ledger entry ent_none"):
            ledger.entry_of(session, "ent_none")


def test_restating_posts_reversal_and_revision(store: Store, make: Make) -> None:
    with store.write("acme") as session:
        first = make("a", "5100 +5", "2100 -5")
        assert ledger.restate(session, [first]) == ledger.Restated(new=1)
        assert ledger.restate(session, [first]) == ledger.Restated(unchanged=1)
        second = make("a", "5100 +7", "2100 -7")
        assert ledger.restate(session, [second]) == ledger.Restated(corrected=1)
        assert totals(session) == {"5100": 7, "2100": -7}
        keys = [row.idempotency_key for row in session.rows(select(entry).order_by(entry.c.seq))]
        assert keys == ["a/r1", "reverse:a/r1", "a/r2"]
        # Back to the first amount is a third revision: what was taken back stays taken back.
        assert ledger.restate(session, [first]) == ledger.Restated(corrected=1)
        assert totals(session) == {"5100": 5, "2100": -5}
        assert ledger.verify(session).ok


def test_restating_without_legs_only_takes_back(store: Store, make: Make) -> None:
    gone = make("a")
    with store.write("acme") as session:
        assert ledger.restate(session, [gone]) == ledger.Restated()
        ledger.restate(session, [make("a", "5100 +5", "2100 -5")])
        assert ledger.restate(session, [gone]) == ledger.Restated(corrected=1)
        assert ledger.restate(session, [gone]) == ledger.Restated()
        assert totals(session) == {}
        assert ledger.restate(session, [make("a", "5100 +5", "2100 -5")]) == ledger.Restated(new=1)
        assert totals(session) == {"5100": 5, "2100": -5}


@pytest.mark.parametrize("status", ["pending", "posted"])
def test_restating_a_pending_entry_voids_it(store: Store, make: Make, status: str) -> None:
    with store.write("acme") as session:
        ledger.restate(session, [make("d", "1900 +100", "1300 -100", status="pending")])
        ledger.restate(session, [make("d", "1900 +80", "1300 -80", status="pending")])
        second = session.id("ent", "d/r2")
        assert rest(session) == {(second, "1900"): 80, (second, "1300"): -80}
        ledger.restate(session, [make("d", status=status)])
        assert rest(session) == {}
        assert totals(session) == {}


def test_a_corrected_actual_stands_for_its_expectation_once(store: Store, make: Make) -> None:
    with store.write("acme") as session:
        ledger.restate(session, [make("d", "1900 +100", "1300 -100", status="pending")])
        origin = session.id("ent", "d/r1")
        for amount in (40, 70):
            ledger.restate(session, [make("a", f"1900 +{amount}", f"1300 -{amount}", pending_id=origin)])
        assert totals(session) == {"1900": 70, "1300": -70}
        assert rest(session) == {(origin, "1900"): 30, (origin, "1300"): -30}


@pytest.mark.parametrize("paid", [100, 40])
def test_a_corrected_expectation_takes_the_actual_over(store: Store, make: Make, paid: int) -> None:
    def actual(origin: str) -> NewEntry:
        return make("a", f"1900 +{paid}", f"1300 -{paid}", pending_id=origin)

    with store.write("acme") as session:
        ledger.restate(session, [make("d", "1900 +100", "1300 -100", status="pending")])
        ledger.restate(session, [actual(session.id("ent", "d/r1"))])
        ledger.restate(session, [make("d", "1900 +120", "1300 -120", status="pending")])
        second = session.id("ent", "d/r2")
        ledger.restate(session, [actual(second)])
        assert totals(session) == {"1900": paid, "1300": -paid}
        assert rest(session) == {(second, "1900"): 120 - paid, (second, "1300"): paid - 120}
