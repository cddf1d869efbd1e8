"""Rules that set differences aside: what they cover is kept and named, and comes back at the rule's end."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import date

import pytest

from benehub import reconcile
from benehub.errors import DataError
from benehub.periods import Month
from benehub.reconcile import Finding, Outcome, Relation, Type
from benehub.reconcile.suppression import by_rule, check_alone, ended, parse_up_to, set_aside, without_rule
from benehub.store import Session, Store

TODAY = date(2026, 11, 23)
CENT = Finding(
    Relation.PREMIUM, Type.RATE_DIFF, "2026-11", "inv/1", "carrier", "carrier", "a cent off", "ask the carrier",
    person_id="per_a", plan="ppo", expected=50_000, actual=50_001,
)  # fmt: skip


def settle(session: Session, *findings: Finding, today: date = TODAY) -> Outcome:
    """Compare."""
    return reconcile.settle(session, Relation.PREMIUM, "2026-11", findings, today)


def rule(session: Session, plan: str | None = None, up_to: int | None = 2, ends: date = date(2026, 12, 31)) -> str:
    """The carrier rounds by a cent."""
    return reconcile.suppress(session, "premium", "RATE_DIFF", plan, up_to, ends, "Ann", "they round by member")


def state(session: Session) -> list[tuple[str, str]]:
    """How the difference came to stand where it stands."""
    one = session.id("dif", CENT.key)
    return [(row.state, row.note) for row in reconcile.history(session, one)]


def test_what_a_rule_covers_is_kept_and_comes_back_at_its_end(store: Store) -> None:
    with store.write("acme") as session:
        (one,) = settle(session, CENT).opened
        made = rule(session)
        assert settle(session, CENT) == Outcome((), (), 1)
        assert reconcile.get(session, one).state == "suppressed"
        assert reconcile.listed(session) == []
        assert [row.difference_id for row in reconcile.listed(session, ("suppressed",))] == [one]
        assert settle(session, CENT, today=date(2026, 12, 31)) == Outcome((), (), 1)
        assert settle(session, CENT, today=date(2027, 1, 1)) == Outcome((one,), (), 0)
        assert state(session) == [
            ("discrepancy", "found"),
            ("suppressed", f"{made} until 2026-12-31: they round by member"),
            ("discrepancy", "no rule sets it aside any more"),
        ]
        assert reconcile.get(session, one).times_seen == 4


@pytest.mark.parametrize(("type_", "unit", "at_stake", "covered"), [
    (Type.BALANCE_DIFF, "MIN:pto", 480, True), (Type.BALANCE_DIFF, "MIN:pto", 481, False),
    (Type.PAYOUT_MISSING, "USD", 800, True), (Type.PAYOUT_MISSING, "USD", 801, False),
    (Type.PAID_TWICE, "MIN:pto", 480, True), (Type.PAID_TWICE, "USD", 480, False),
])  # fmt: skip
def test_the_amount_of_a_rule_is_hours_where_the_differences_are(
    store: Store, type_: Type, unit: str, at_stake: int, covered: bool
) -> None:
    found = replace(CENT, relation=Relation.LEAVE, type=type_, unit=unit, expected=0, actual=at_stake, plan="pto")
    with store.write("acme") as session:
        up_to = parse_up_to("8.00", "leave", type_, "USD")
        reconcile.suppress(session, "leave", type_, None, up_to, date(2026, 12, 31), "Ann", "they round")
        reconcile.settle(session, Relation.LEAVE, "2026-11", [found], TODAY)
        assert [one.state for one in reconcile.listed(session, ("suppressed", "discrepancy"))] == [
            "suppressed" if covered else "discrepancy"
        ]
        assert len(by_rule(session, Month(2026, 11))) == covered
        assert without_rule(session, Month(2026, 11)) == []


@pytest.mark.parametrize(("relation", "type_", "up_to", "alone_up_to", "refused"), [
    ("premium", "RATE_DIFF", None, None, False), ("premium", "RATE_DIFF", None, 500, True),
    ("premium", "RATE_DIFF", 500, 500, False), ("premium", "RATE_DIFF", 501, 500, True),
    ("premium", "RATE_DIFF", 0, 0, True), ("intake", "BATCH_HELD", None, 500, False),
    ("leave", "BALANCE_DIFF", None, 500, False), ("leave", "PAID_TWICE", None, 500, True),
    ("leave", "PAID_TWICE", 9_000, 500, False), ("leave", "PAYOUT_DIFF", 501, 500, True),
    ("coverage", "CLAIMED_AFTER", None, 500, True),
])  # fmt: skip
def test_a_rule_is_one_persons_word(
    relation: str, type_: str, up_to: int | None, alone_up_to: int | None, refused: bool
) -> None:
    with pytest.raises(DataError, match="one person's rule") if refused else nullcontext():
        check_alone(relation, type_, up_to, "USD", alone_up_to)


def test_a_new_one_is_set_aside_at_once_and_nobody_is_told_of_it(store: Store) -> None:
    with store.write("acme") as session:
        rule(session)
        assert settle(session, CENT) == Outcome((), (), 0)
        assert [what for what, _ in state(session)] == ["discrepancy", "suppressed"]
        assert settle(session) == Outcome((), (session.id("dif", CENT.key),), 0)
        assert state(session)[-1] == ("resolved", "both sides agree now")


@pytest.mark.parametrize(
    "other",
    [
        replace(CENT, actual=50_003),
        replace(CENT, plan="hmo"),
        replace(CENT, type=Type.TIER_DIFF),
    ],
    ids=["above the amount", "another plan", "another type"],
)
def test_what_it_does_not_cover_is_worked_as_ever(store: Store, other: Finding) -> None:
    with store.write("acme") as session:
        rule(session, plan="ppo")
        (one,) = settle(session, other).opened
        assert reconcile.get(session, one).state == "discrepancy"


def test_one_that_returns_under_a_rule_is_set_aside_at_once(store: Store) -> None:
    with store.write("acme") as session:
        (one,) = settle(session, CENT).opened
        settle(session)
        made = rule(session)
        assert settle(session, CENT) == Outcome((), (), 1)
        assert reconcile.get(session, one).state == "suppressed"
        assert [what for what, _ in state(session)] == ["discrepancy", "resolved", "suppressed"]
        assert state(session)[-1][1].startswith(made)


def test_it_comes_back_when_it_grows(store: Store) -> None:
    with store.write("acme") as session:
        rule(session)
        settle(session, CENT)
        assert len(settle(session, replace(CENT, actual=51_000)).opened) == 1


def test_a_dismissed_one_stays_dismissed_under_a_rule(store: Store) -> None:
    with store.write("acme") as session:
        (one,) = settle(session, CENT).opened
        reconcile.act(session, one, "ann", state="dismissed", note="none")
        rule(session)
        settle(session, CENT)
        assert reconcile.get(session, one).state == "dismissed"


def test_a_lifted_rule_covers_nothing_and_stays_written(store: Store) -> None:
    with store.write("acme") as session:
        made = rule(session)
        settle(session, CENT)
        reconcile.lift(session, made)
        assert len(settle(session, CENT).opened) == 1
        (told,) = reconcile.suppressions(session)
        assert (told.suppression_id, told.who, told.lifted_at is None) == (made, "Ann", False)
        for wrong in (made, "sup_none"):
            with pytest.raises(DataError, match=r"lifted at|no such rule"):
                reconcile.lift(session, wrong)
    with store.read("other") as session:
        assert reconcile.suppressions(session) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("premium", "NONE", None, 1, TODAY, "a", "b"), "no type of difference 'NONE'"),
        (("money", "RATE_DIFF", None, 1, TODAY, "a", "b"), "no relation 'money'"),
        (("premium", "RATE_DIFF", None, 1, date(2026, 11, 22), "a", "b"), "cannot end on 2026-11-22"),
        (("premium", "RATE_DIFF", None, 1, date(2027, 12, 1), "a", "b"), "cannot end on 2027-12-01"),
        (("premium", "RATE_DIFF", None, -1, TODAY, "a", "b"), "below zero"),
        (("premium", "RATE_DIFF", None, 1, TODAY, " ", "b"), "a name and a reason"),
        (("premium", "RATE_DIFF", None, 1, TODAY, "a", ""), "a name and a reason"),
    ],
)
def test_a_rule_that_is_none_is_refused_by_name(store: Store, words: tuple[object, ...], told: str) -> None:
    with store.write("acme") as session, pytest.raises(DataError, match=told):
        reconcile.suppress(session, *words)  # type: ignore[arg-type]  # each with one word wrong


def test_what_was_set_aside_within_a_part_closes_when_it_is_gone(store: Store) -> None:
    """A rule covers a credit that is about to expire; the carrier grants it: nothing is left to be looked at again."""
    credit = replace(CENT, relation=Relation.CREDIT, type=Type.CREDIT_EXPIRING, reference="credit/1")
    with store.write("acme") as session:
        reconcile.suppress(session, "credit", "CREDIT_EXPIRING", None, None, date(2026, 12, 31), "Ann", "by letter")
        reconcile.settle_within(session, Relation.CREDIT, "credit/", [credit], TODAY)
        one = session.id("dif", credit.key)
        assert reconcile.get(session, one).state == "suppressed"
        assert reconcile.settle_within(session, Relation.CREDIT, "credit/", [], TODAY) == Outcome((), (one,), 0)
        assert reconcile.get(session, one).state == "resolved"


def test_the_database_asks_of_rules_what_a_comparison_asks(store: Store) -> None:
    """A difference of no plan, of another plan, above the amount: each stands without a rule once its own is lifted."""
    others = [replace(CENT, reference="a", plan=None), replace(CENT, reference="b", plan="hmo"),
              replace(CENT, reference="c", actual=50_009)]  # fmt: skip
    month = Month(2026, 11)
    with store.write("acme") as session:
        for_all = rule(session, up_to=None)
        rule(session, plan="ppo")
        settle(session, CENT, *others)
        assert (without_rule(session, month), ended(session, month)) == ([], set())
        assert sum(one.number for one in by_rule(session, month)) == 4  # each with one rule, though two take it
        reconcile.lift(session, for_all)
        assert {row.reference for row in without_rule(session, month)} == {"a", "b", "c"}
        assert (ended(session, month), ended(session, month.plus(1))) == ({"premium"}, set())
        assert [(one.number, one.at_stake) for one in by_rule(session, month)] == [(1, 1)]
        of = {one.row.reference: one.rule is None for one in set_aside(session, month)}
        assert of == {"a": True, "b": True, "c": True, "inv/1": False}
