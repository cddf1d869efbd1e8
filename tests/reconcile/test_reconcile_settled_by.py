"""A resolution names the ledger entries that made it right: given, found, or none where no money is at stake."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import event, select, update

from benehub import ledger, reconcile
from benehub.errors import DataError
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.reconcile import Finding, Relation, Type
from benehub.reconcile.settled_by import proposed
from benehub.store import Session, Store
from benehub.store.tables import difference_event, entry, person

TODAY, PAY = date(2026, 11, 23), date(2026, 11, 20)


def short(person_id: str) -> Finding:
    return Finding(
        Relation.PAYROLL, Type.NOT_TAKEN, "2026-11", f"{PAY}/employee", "payroll", "payroll", "net pay too low",
        "take it with the next pay", person_id=person_id, plan="ppo", expected=5000, actual=2000,
    )  # fmt: skip


def known(session: Session, who: str) -> str:
    session.add(person, [{"person_id": who, "kind": "employee", "subscriber_id": who, "member_id": who, "seq": 0}])
    return who


def settle(session: Session, *findings: Finding, read_to: int | None = None) -> reconcile.Outcome:
    return reconcile.settle(session, Relation.PAYROLL, "2026-11", findings, TODAY, read_to)


def posted(
    session: Session, key: str, who: str | None, pay: date | None, *, plan: str = "ppo", part: str | None = None,
    pending: bool = False, amount: int = 3000, unit: str = "USD", kind: str = "deduction.withheld",
) -> str:  # fmt: skip
    legs = [
        Leg(account, unit, minor, who, plan, part, "2026-11", pay)
        for account, minor in ((chart.PAYROLL_CLEARING, amount), (chart.EMPLOYEE_SHARE_DUE, -amount))
    ]
    status = "pending" if pending else "posted"
    ledger.record(session, [NewEntry(key, kind, TODAY, tuple(legs), "test", status=status)])
    found = session.rows(select(entry.c.entry_id).where(*session.where(entry, idempotency_key=key)))
    return str(found[0].entry_id)


def closing(session: Session, difference_id: str) -> list[str]:
    return list(reconcile.history(session, difference_id)[-1].entries)


def test_what_settles_it_is_found_where_it_is_near_and_else_has_to_be_named(store: Store) -> None:
    with store.write("acme") as session:
        ann, ben = known(session, "per_a"), known(session, "per_b")
        posted(session, "before", ann, PAY)
        (one,) = settle(session, short(ann)).opened
        row = reconcile.get(session, one)
        others = [posted(session, "ben's", ben, PAY), posted(session, "dental", ann, PAY, plan="dental")]
        posted(session, "expected", ann, PAY, pending=True)
        assert proposed(session, row) == []
        with pytest.raises(DataError, match=r"no ledger entry is named .*ledger journal.*dismiss it"):
            reconcile.act(session, one, "ann", state="resolved", note="taken by hand")
        with pytest.raises(DataError, match=f"{others[0]} is about somebody else"):
            reconcile.act(session, one, "ann", state="resolved", note="x", entries=others[:1])
        assert reconcile.get(session, one).state == "discrepancy"
        later = posted(session, "later in the month", ann, date(2026, 11, 30))
        assert proposed(session, row) == [later]
        near = posted(session, "its own pay date", ann, PAY)
        assert proposed(session, row) == [near]
        reconcile.act(session, one, "ann", state="resolved", note="taken by hand")
        assert (reconcile.get(session, one).state, closing(session, one)) == ("resolved", [near])


def test_what_is_named_goes_before_what_is_found_and_a_note_that_names_it_is_enough(store: Store) -> None:
    with store.write("acme") as session:
        ann = known(session, "per_a")
        first, second = settle(session, short(ann), replace(short(ann), plan=None, reference="-")).opened
        lump = posted(session, "a lump", None, None)
        posted(session, "its own pay date", ann, PAY)
        reconcile.act(session, first, "ann", state="resolved", note="in one sum", entries=[lump])
        assert closing(session, first) == [lump]
        reconcile.act(session, second, "benehub", step="acknowledged", note="earnings", entries=[lump])
        reconcile.act(session, second, "ann", state="resolved", note="as noted")
        assert closing(session, second) == [lump]


def test_what_was_taken_as_the_wrong_class_is_made_good_within_the_same_plan(store: Store) -> None:
    """Given back as Roth and taken as pre-tax, in one entry or two: together they move nothing, and are right."""
    wrong = replace(short("per_a"), type=Type.WRONG_TAX_CLASS, plan="401k", reference=f"{PAY}", expected=100, actual=0)

    def swap(session: Session, key: str, back: int, taken: int) -> str:
        legs = [
            Leg(account, "USD", minor, "per_a", "401k", part, None, PAY)
            for part, moved in (("roth", -back), ("pretax", taken)) if moved
            for account, minor in ((chart.PAYROLL_CLEARING, moved), (chart.DEFERRAL_PAYABLE, -moved))
        ]  # fmt: skip
        ledger.record(session, [NewEntry(key, "deduction.corrected", TODAY, tuple(legs), "test")])
        found = session.rows(select(entry.c.entry_id).where(*session.where(entry, idempotency_key=key)))
        return str(found[0].entry_id)

    with store.write("acme") as session:
        known(session, "per_a")
        one, other = settle(session, wrong, replace(wrong, reference=f"{date(2026, 11, 6)}")).opened
        for named in ([swap(session, "half", 100, 50)], [swap(session, "only back", 100, 0)]):
            with pytest.raises(DataError, match="moved less than is at stake"):
                reconcile.act(session, one, "ann", state="resolved", note="x", entries=named)
        both = [swap(session, "both", 100, 100)]
        reconcile.act(session, one, "ann", state="resolved", note="corrected", entries=both)
        pair = [swap(session, "back", 100, 0), swap(session, "taken", 0, 100)]
        reconcile.act(session, other, "ann", state="resolved", note="corrected", entries=pair)
        assert (closing(session, one), closing(session, other)) == (both, pair)


@pytest.mark.parametrize("who", ["per_a", None])
def test_what_only_owes_more_deposits_nothing_though_it_is_named(store: Store, who: str | None) -> None:
    late = replace(short("per_a"), person_id=who, type=Type.WITHHELD_NOT_DEPOSITED, reference=f"{PAY}")
    with store.write("acme") as session:
        known(session, "per_a")
        (one,) = settle(session, late).opened
        owes = posted(session, "owes", "per_a", PAY)
        with pytest.raises(DataError, match=f"{owes} says that more is owed, and deposits nothing.*of the deposit or"):
            reconcile.act(session, one, "ann", state="resolved", note="x", entries=[owes])
        sent = posted(session, "sent", "per_a", PAY, kind="contribution.deposited")
        reconcile.act(session, one, "ann", state="resolved", note="sent", entries=[sent])
        assert closing(session, one) == [sent]


def test_nothing_at_stake_needs_no_entry_and_a_dismissal_none(store: Store) -> None:
    with store.write("acme") as session:
        name = replace(short("per_a"), expected=None, actual=None)
        (one, other) = settle(session, name, replace(short("per_a"), reference="x")).opened
        reconcile.act(session, one, "ann", state="resolved", note="spelled alike now")
        reconcile.act(session, other, "ann", state="dismissed", note="agreed")
        assert closing(session, one) == closing(session, other) == []


def test_what_closes_by_itself_names_what_was_posted_and_cover_what_was_taken_for_it(store: Store) -> None:
    with store.write("acme") as session:
        ann = known(session, "per_a")
        taken = posted(session, "taken", ann, PAY)
        (one,) = settle(session, short(ann)).opened
        made = posted(session, "made good", ann, PAY)
        assert (settle(session).closed, closing(session, one)) == ((one,), [made])
        cover = replace(short(ann), relation=Relation.COVERAGE, type=Type.RESCISSION_BLOCKED)
        (kept,) = reconcile.settle(session, Relation.COVERAGE, "2026-11", [cover], TODAY).opened
        assert proposed(session, reconcile.get(session, kept)) == [taken, made]


def test_what_settled_it_before_it_returned_settles_it_no_more(store: Store) -> None:
    with store.write("acme") as session:
        ann = known(session, "per_a")
        (one,) = settle(session, short(ann)).opened
        first = posted(session, "made good", ann, PAY)
        assert (settle(session).closed, closing(session, one)) == ((one,), [first])
        ledger.record(session, [ledger.reversal(session, first, "it was not")])
        assert settle(session, short(ann)).opened == (one,)
        assert proposed(session, reconcile.get(session, one)) == []
        for named in ((), (first,)):
            with pytest.raises(DataError, match=r"no ledger entry is named|was taken back"):
                reconcile.act(session, one, "ann", state="resolved", note="taken", entries=named)
        second = posted(session, "made good again", ann, PAY)
        reconcile.act(session, one, "ann", state="resolved", note="taken")
        assert closing(session, one) == [second]


def test_what_another_worker_posts_between_reading_and_writing_settles_it(store: Store) -> None:
    with store.write("acme") as session:
        ann = known(session, "per_a")
        posted(session, "before", ann, PAY)
        read_to = session.latest_seq()
        first = posted(session, "meanwhile", ann, PAY)
        (one,) = settle(session, short(ann), read_to=read_to).opened
        assert proposed(session, reconcile.get(session, one)) == [first]
        assert (settle(session).closed, closing(session, one)) == ((one,), [first])
        ledger.record(session, [ledger.reversal(session, first, "it was not")])
        read_to = session.latest_seq()
        second = posted(session, "meanwhile again", ann, PAY)
        assert settle(session, short(ann), read_to=read_to).opened == (one,)
        assert (settle(session).closed, closing(session, one)) == ((one,), [second])


def test_of_other_parts_plans_and_days_nothing_settles_it_and_a_whole_pay_date_is_found(store: Store) -> None:
    late = replace(short("x"), person_id=None, type=Type.DEPOSITED_NOT_CREDITED, reference=f"{PAY}")
    with store.write("acme") as session:
        ann = known(session, "per_a")
        one, whole = settle(session, short(ann), late).opened
        row, of_all = reconcile.get(session, one), reconcile.get(session, whole)
        posted(session, "employer's", ann, PAY, part="employer")
        back = posted(session, "and back", ann, PAY)
        ledger.record(session, [ledger.reversal(session, back, "again")])
        assert proposed(session, row) == []
        expected = posted(session, "expected", ann, PAY, pending=True)
        others = posted(session, "dental", ann, PAY, plan="dental")
        next_pay = posted(session, "next", ann, date(2026, 11, 30))
        for about, named, why in (
            (one, expected, "is pending, not posted"), (one, others, "about another plan"),
            (whole, others, "about another plan"), (whole, next_pay, "about another pay date"),
        ):  # fmt: skip
            with pytest.raises(DataError, match=why):
                reconcile.act(session, about, "ann", state="resolved", note="x", entries=[named])
        mine = posted(session, "own", ann, PAY, part="employee")
        assert (proposed(session, row), proposed(session, of_all)[-1]) == ([mine], mine)


def test_what_is_posted_at_the_moment_of_its_return_is_told_apart_by_number(store: Store) -> None:
    """The clock stands still: what had settled nothing before it returned does not settle it after."""
    with store.write("acme") as session:
        ann = known(session, "per_a")
        (one,) = settle(session, short(ann)).opened
        posted(session, "another matter", ann, PAY)
        reconcile.act(session, one, "ann", state="dismissed", note="paid by hand")
        assert settle(session, replace(short(ann), actual=1000)).opened == (one,)
        row = reconcile.get(session, one)
        assert proposed(session, row) == []
        after = posted(session, "after its return", ann, PAY)
        assert proposed(session, row) == [after]


def test_one_that_returned_before_its_number_was_kept_is_told_by_the_time(store: Store) -> None:
    with store.write("acme") as session:
        ann = known(session, "per_a")
        (one,) = settle(session, short(ann)).opened
        before = posted(session, "before", ann, PAY)
        reconcile.act(session, one, "ann", state="dismissed", note="paid by hand")
        settle(session, replace(short(ann), actual=1000))
        session.connection.execute(update(difference_event).values(seq=None))
        assert proposed(session, reconcile.get(session, one)) == [before], "as it always was"
        session.connection.execute(update(difference_event).values(at="2999-01-01T00:00:00.000000Z"))
        assert proposed(session, reconcile.get(session, one)) == []


def test_many_close_by_a_few_statements(store: Store) -> None:
    def closed(number: int) -> tuple[int, list[list[str]]]:
        with store.write("acme") as session:
            people = [known(session, f"per_{number}_{one}") for one in range(number)]
            opened = settle(session, *(short(one) for one in people)).opened
            paid = [posted(session, f"for {one}", one, PAY) for one in people]
            counted = [0]

            def count(*_: object) -> None:
                counted[0] += 1

            event.listen(session.connection, "before_cursor_execute", count)
            assert set(settle(session).closed) == set(opened)
            event.remove(session.connection, "before_cursor_execute", count)
            found = [closing(session, one) for one in opened]
            assert found == [[one] for one in paid]
            return counted[0], found

    few, _ = closed(3)
    many, _ = closed(120)
    assert many <= few <= 10


def test_a_word_does_not_stand_for_entries_that_moved_less_or_another_unit(store: Store) -> None:
    with store.write("acme") as session:
        ann = known(session, "per_a")
        (one,) = settle(session, short(ann)).opened
        part = posted(session, "a part of it", ann, PAY, amount=1000)
        hours = posted(session, "hours", ann, PAY, amount=90_000, unit="MIN:pto")
        for named in ((), (part,), (hours,), (part, hours)):
            with pytest.raises(DataError, match=r"moved less than is at stake.*Name all the entries"):
                reconcile.act(session, one, "ann", state="resolved", note="taken", entries=named)
        assert reconcile.get(session, one).state == "discrepancy"
        back = posted(session, "given back", ann, PAY, amount=-9000)
        with pytest.raises(DataError, match="moved less than is at stake"):
            reconcile.act(session, one, "ann", state="resolved", note="taken", entries=(back,))
        rest = posted(session, "the rest", ann, date(2026, 12, 18), amount=2000)
        reconcile.act(session, one, "ann", state="resolved", note="taken in two parts", entries=[part, rest])
        assert closing(session, one) == [part, rest]


def test_one_entry_does_not_settle_two_differences_by_a_word(store: Store) -> None:
    with store.write("acme") as session:
        ann = known(session, "per_a")
        first, second = settle(session, short(ann), replace(short(ann), reference="2026-11-06/employee")).opened
        both = posted(session, "made good", ann, date(2026, 11, 30))
        reconcile.act(session, first, "ann", state="resolved", note="taken at the end of the month")
        for named in ((), (both,)):
            with pytest.raises(DataError, match="settled another difference already"):
                reconcile.act(session, second, "ann", state="resolved", note="so was this", entries=named)
        more = posted(session, "the other one", ann, date(2026, 12, 4))
        reconcile.act(session, second, "ann", state="resolved", note="with the next pay", entries=[more])
        assert [reconcile.get(session, each).state for each in (first, second)] == ["resolved"] * 2


def test_what_makes_more_owed_settles_nothing_that_was_not_sent(store: Store) -> None:
    with store.write("acme") as session:
        ann = known(session, "per_a")
        owed = Finding(
            Relation.RETIREMENT, Type.WITHHELD_NOT_DEPOSITED, "2026-11", str(PAY), "hub", "finance", "not sent",
            "deposit", plan="401k", expected=3000, actual=0,
        )  # fmt: skip
        (one,) = reconcile.settle(session, Relation.RETIREMENT, "2026-11", [owed], TODAY).opened
        posted(session, "a corrected register", ann, PAY, plan="401k", part="pretax")
        assert proposed(session, reconcile.get(session, one)) == []
        sent = posted(session, "sent", ann, PAY, plan="401k", part="pretax", kind="contribution.deposited")
        assert proposed(session, reconcile.get(session, one)) == [sent]


@pytest.mark.parametrize(("day", "good"), [("2026-11-22", True), ("2026-11-24", False), ("2025-01-02", False)])
def test_nothing_is_returned_on_a_day_to_come_or_before_the_excess(store: Store, day: str, good: bool) -> None:
    with store.write("acme") as session:
        ann = known(session, "per_a")
        over = Finding(
            Relation.RETIREMENT, Type.OVER_LIMIT, "2026-11", "402g", "payroll", "finance", "above", "return it",
            person_id=ann, plan="401k", expected=0, actual=60_000,
        )  # fmt: skip
        (one,) = reconcile.settle(session, Relation.RETIREMENT, "2026-11", [over], TODAY).opened
        note = f"600.00 on {day}"
        if not good:
            with pytest.raises(DataError, match="a day on which it cannot have been returned"):
                reconcile.act(session, one, "ann", state="resolved", note=note)
            return
        assert reconcile.act(session, one, "ann", state="resolved", note=note) == ()
