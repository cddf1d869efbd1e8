"""The life of a difference, from found to closed and back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from benehub import ledger, reconcile
from benehub.errors import DataError, IntegrityError
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.reconcile import Finding, Outcome, Relation, Type
from benehub.store import Session, Store
from benehub.store.tables import difference, entry

TODAY = date(2026, 11, 23)
SHORT = Finding(
    Relation.PAYROLL, Type.NOT_TAKEN, "2026-11", "2026-11-20", "payroll", "payroll", "net pay too low",
    "take it with the next pay", person_id="per_a", plan="ppo", expected=5000, actual=2000,
)  # fmt: skip


def settle(session: Session, *findings: Finding, today: date = TODAY) -> Outcome:
    return reconcile.settle(session, Relation.PAYROLL, "2026-11", findings, today)


def story(session: Session, difference_id: str) -> list[tuple[str, str]]:
    return [(row.state, row.note) for row in reconcile.history(session, difference_id)]


def test_the_same_one_seen_again_is_not_a_new_one(store: Store) -> None:
    with store.write("acme") as session:
        first = settle(session, SHORT)
        (one,) = first.opened
        again = settle(session, replace(SHORT, actual=2500))
        assert again == Outcome((), (), 1)
        row = reconcile.get(session, one)
        assert (row.times_seen, row.actual, row.at_stake, row.state) == (2, 2500, 2500, "discrepancy")
        assert story(session, one) == [("discrepancy", "found")]
    with store.read("other") as session:
        assert reconcile.listed(session) == []


def test_it_closes_when_it_is_gone_and_opens_when_it_returns(store: Store) -> None:
    with store.write("acme") as session:
        (one,) = settle(session, SHORT).opened
        reconcile.act(session, one, "ann", step="waiting_on_payroll")
        assert settle(session) == Outcome((), (one,), 0)
        assert reconcile.get(session, one).state == "resolved"
        assert settle(session) == Outcome((), (), 0)
        assert settle(session, SHORT) == Outcome((one,), (), 0)
        row = reconcile.get(session, one)
        assert (row.state, row.work_step, row.times_seen) == ("discrepancy", "", 2)
        assert story(session, one) == [
            ("discrepancy", "found"),
            ("discrepancy", ""),
            ("resolved", "both sides agree now"),
            ("discrepancy", "it returned"),
        ]


def test_another_scope_is_left_alone(store: Store) -> None:
    with store.write("acme") as session:
        (one,) = settle(session, SHORT).opened
        assert reconcile.settle(session, Relation.PAYROLL, "2026-12", [], TODAY).closed == ()
        assert reconcile.settle(session, Relation.PREMIUM, "2026-11", [], TODAY).closed == ()
        assert reconcile.get(session, one).state == "discrepancy"


def test_no_state_without_a_note(store: Store) -> None:
    with store.write("acme") as session:
        (one,) = settle(session, SHORT).opened
        for state in ("dismissed", "resolved"):
            with pytest.raises(DataError, match="needs a note"):
                reconcile.act(session, one, "ann", state=state)
        for wrong in ({"state": "gone"}, {"state": "suppressed"}, {"step": "waiting_for_godot"}):
            with pytest.raises(DataError, match="no such state or work step"):
                reconcile.act(session, one, "ann", note="x", **wrong)
        with pytest.raises(DataError, match="no difference dif_none"):
            reconcile.act(session, "dif_none", "ann", note="x")
        assert story(session, one) == [("discrepancy", "found")]


def test_what_a_person_put_aside_stays_aside(store: Store) -> None:
    with store.write("acme") as session:
        (one,) = settle(session, SHORT).opened
        reconcile.act(session, one, "ann", state="dismissed", note="agreed by telephone", entries=["ent_1"])
        assert settle(session, SHORT) == Outcome((), (), 1)
        assert reconcile.get(session, one).state == "dismissed"
        assert settle(session) == Outcome((), (), 0)
        last = reconcile.history(session, one)[-1]
        assert (last.who, last.note, last.entries) == ("ann", "agreed by telephone", ["ent_1"])
        assert reconcile.listed(session) == []
        assert len(reconcile.listed(session, ["dismissed"], "2026-11")) == 1


def test_what_a_person_put_aside_is_opened_again_by_a_persons_word(store: Store) -> None:
    with store.write("acme") as session:
        (one,) = settle(session, SHORT).opened
        reconcile.act(session, one, "ann", step="waiting_on_payroll")
        reconcile.act(session, one, "ann", state="dismissed", note="agreed by telephone")
        with pytest.raises(DataError, match="needs a note"):
            reconcile.act(session, one, "ben", state=reconcile.REOPENED)
        reconcile.act(session, one, "ben", state=reconcile.REOPENED, note="of another month")
        row = reconcile.get(session, one)
        assert (row.state, row.work_step) == ("discrepancy", "waiting_on_payroll")
        assert story(session, one)[-1] == ("discrepancy", "of another month")
        assert settle(session, SHORT) == Outcome((), (), 1)
        assert settle(session) == Outcome((), (one,), 0)
        with pytest.raises(DataError, match="is resolved, not dismissed"):
            reconcile.act(session, one, "ben", state=reconcile.REOPENED, note="x")


def test_what_is_opened_again_in_its_time_is_pending(store: Store) -> None:
    with store.write("acme") as session:
        (one,) = settle(session, replace(SHORT, clear_by=session.today())).opened
        reconcile.act(session, one, "ann", state="dismissed", note="agreed by telephone")
        reconcile.act(session, one, "ben", state=reconcile.REOPENED, note="not at all")
        assert reconcile.get(session, one).state == "pending"
        with pytest.raises(DataError, match="is pending, not dismissed"):
            reconcile.act(session, one, "ben", state=reconcile.REOPENED, note="x")


def test_nobody_opens_again_what_no_person_dismissed(store: Store) -> None:
    small = {"tolerated": [SHORT.key]}
    with store.write("acme") as session:
        reconcile.settle(session, Relation.PAYROLL, "2026-11", [SHORT], TODAY, **small)
        one = session.id("dif", SHORT.key)
        with pytest.raises(DataError, match="within the tolerance; no person has dismissed it"):
            reconcile.act(session, one, "ben", state=reconcile.REOPENED, note="x")
        reconcile.act(session, one, "ben", state="dismissed", note="x")
        reconcile.act(session, one, "ben", state=reconcile.REOPENED, note="x")
        assert (reconcile.get(session, one).state, reconcile.get(session, one).work_step) == ("discrepancy", "")


def test_what_was_put_aside_as_too_little_is_not_put_aside_as_too_much(store: Store) -> None:
    with store.write("acme") as session:
        (one,) = settle(session, SHORT).opened
        reconcile.act(session, one, "ann", state="dismissed", note="agreed by telephone")
        turned = replace(SHORT, actual=8000)
        assert (turned.at_stake, turned.gap) == (SHORT.at_stake, -SHORT.gap)
        assert settle(session, turned).opened == (one,)


def test_what_is_so_now_is_one_difference_whichever_month_is_compared(store: Store) -> None:
    """A row that waits is found for November, then for December and October: seen again; mended it is over in all."""
    waits = Finding(
        Relation.INTAKE, Type.ROW_QUARANTINED, "2026-11", "hris/employee/7", "hris", "hris", "no zip", "mend the row"
    )

    def settle_in(month: str, *found: Finding) -> Outcome:
        mine = [replace(one, period=month) for one in found]
        return reconcile.settle(session, Relation.INTAKE, month, mine, TODAY)

    with store.write("acme") as session:
        (one,) = settle_in("2026-11", waits).opened
        reconcile.act(session, one, "ann", step="waiting_on_partner")
        assert settle_in("2026-12", waits) == settle_in("2026-10", waits) == Outcome((), (), 1)
        row = reconcile.get(session, one)
        assert (row.period, row.times_seen, row.work_step) == ("2026-11", 3, "waiting_on_partner")
        assert settle_in("2026-12") == Outcome((), (one,), 0)
        (anew,) = settle_in("2026-12", waits).opened
        assert reconcile.get(session, anew).period == "2026-12"
        reconcile.act(session, anew, "ann", state="dismissed", note="a test")
        assert settle_in("2027-01", waits) == Outcome((), (), 1)
    with store.read("acme") as session:
        assert reconcile.listed(session) == []


MISSING = Finding(
    Relation.INTAKE, Type.MISSING_FROM_HRIS, "2026-09", "hris/employee/7", "hris", "hris", "not shown", "ask HR",
    person_id="per_a",
)  # fmt: skip


def settle_now(session: Session, month: str, *found: Finding) -> Outcome:
    mine = [replace(one, period=month) for one in found]
    return reconcile.settle(session, Relation.INTAKE, month, mine, TODAY)


def test_a_word_on_what_is_so_now_does_not_outlive_it(store: Store) -> None:
    """Dismissed in September, shown again from October on, gone in January: that is another time, and is told."""
    with store.write("acme") as session:
        (one,) = settle_now(session, "2026-09", MISSING).opened
        reconcile.act(session, one, "ann", state="dismissed", note="HR is mending it")
        assert settle_now(session, "2026-09", MISSING) == Outcome((), (), 1)
        assert settle_now(session, "2026-10") == Outcome((), (), 0)  # dismissed it was closed already: told once
        assert reconcile.get(session, one).state == "resolved"
        assert settle_now(session, "2026-11") == Outcome((), (), 0)
        (anew,) = settle_now(session, "2027-01", MISSING).opened
        assert (reconcile.get(session, anew).state, reconcile.get(session, anew).period) == ("discrepancy", "2027-01")
        assert story(session, one)[-2:] == [("dismissed", "HR is mending it"), ("resolved", "both sides agree now")]


def test_one_that_is_open_goes_on_before_an_older_one_that_was_dismissed(store: Store) -> None:
    """Before what is so now was one difference, each month had its own: a word on June's was none on October's."""
    with store.write("acme") as session:
        (june,) = settle_now(session, "2026-06", MISSING).opened
        reconcile.act(session, june, "ann", state="dismissed", note="a test of theirs")
        session.change(difference, {"difference_id": june}, state="resolved")
        (october,) = settle_now(session, "2026-10", MISSING).opened
        session.change(difference, {"difference_id": june}, state="dismissed")
        assert settle_now(session, "2026-11", MISSING) == Outcome((), (), 1)
        assert (reconcile.get(session, october).state, reconcile.get(session, october).times_seen) == ("discrepancy", 2)
        assert reconcile.get(session, june).state == "resolved"


def test_resolved_by_a_person_but_still_there_opens_again(store: Store) -> None:
    with store.write("acme") as session:
        (one,) = settle(session, SHORT).opened
        legs = (
            Leg(chart.PAYROLL_CLEARING, "USD", 3000, plan="ppo"),
            Leg(chart.EMPLOYEE_SHARE_DUE, "USD", -3000, plan="ppo"),
        )
        ledger.record(session, [NewEntry("mended", "deduction.withheld", TODAY, legs, "test")])
        mended = session.rows(select(entry.c.entry_id).where(*session.where(entry)))[0].entry_id
        reconcile.act(session, one, "ann", state="resolved", note="mended at payroll", entries=[mended])
        assert settle(session, SHORT).opened == (one,)


def test_pending_becomes_a_discrepancy_past_its_day(store: Store) -> None:
    explained = replace(SHORT, type=Type.DEPOSITED_NOT_CREDITED, clear_by=TODAY)
    with store.write("acme") as session:
        (one,) = settle(session, explained).opened
        assert reconcile.get(session, one).state == "pending"
        assert reconcile.get(session, one).severity == "low"
        settle(session, explained)
        assert story(session, one) == [("pending", "found")]
        settle(session, explained, today=date(2026, 11, 24))
        assert reconcile.get(session, one).state == "discrepancy"
        assert story(session, one)[-1] == ("discrepancy", "past its clear-by date")
        assert settle(session, today=date(2026, 11, 25)).closed == (one,)


def test_two_that_offset_each_other_are_two(store: Store) -> None:
    over = replace(SHORT, type=Type.AMOUNT_DIFF, person_id="per_b", expected=2000, actual=5000)
    with store.write("acme") as session:
        assert len(settle(session, SHORT, over).opened) == 2
        assert [row.at_stake for row in reconcile.listed(session)] == [3000, 3000]


def test_two_findings_that_cannot_be_told_apart_are_refused(store: Store) -> None:
    with pytest.raises(IntegrityError, match="same difference"), store.write("acme") as session:
        settle(session, SHORT, replace(SHORT, actual=8000))
    with store.read("acme") as session:
        assert reconcile.listed(session) == []


def test_the_most_at_stake_comes_first(store: Store) -> None:
    with store.write("acme") as session:
        settle(session, *(replace(SHORT, reference=str(n), actual=n) for n in (4000, 10, 2000)))
        assert [row.at_stake for row in reconcile.listed(session)] == [4990, 3000, 1000]


@pytest.mark.parametrize(
    ("kind", "clear_by", "severity"),
    [(Type.NOT_TAKEN, None, "high"), (Type.RATE_DIFF, None, "medium"), (Type.NOT_TAKEN, TODAY, "low")],
)
def test_severity(kind: Type, clear_by: date | None, severity: str) -> None:
    assert replace(SHORT, type=kind, clear_by=clear_by).severity == severity


def test_at_stake_is_never_negative() -> None:
    assert replace(SHORT, expected=None, actual=700).at_stake == 700
    assert replace(SHORT, expected=700, actual=None).at_stake == 700


def test_an_unpaid_bill_is_one_difference_in_every_month_until_it_is_paid(store: Store) -> None:
    bill = Finding(
        Relation.PREMIUM, Type.PREMIUM_AT_RISK, "2026-09", "carrier/INV-9", "hub", "finance", "not paid", "remit",
        expected=100, actual=0,
    )  # fmt: skip
    with store.write("acme") as session:

        def compare(month: str, *findings: Finding) -> Outcome:
            return reconcile.settle(session, Relation.PREMIUM, month, findings, TODAY)

        (one,) = compare("2026-09", bill).opened
        assert compare("2026-10", bill) == compare("2026-11", bill) == Outcome((), (), 1)
        assert reconcile.get(session, one).times_seen == 3
        assert [row.difference_id for row in reconcile.listed(session, period="2026-11")] == [one]
        # An earlier month says nothing of it, and does not close it.
        assert compare("2026-08") == Outcome((), (), 0)
        assert compare("2026-11") == Outcome((), (one,), 0)
