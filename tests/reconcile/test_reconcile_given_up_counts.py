"""What is given up of a month is read as a set, and a word on one difference looks at that one alone. Counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import event, select

from benehub import ledger, planbook, reconcile
from benehub.ledger import accounts as chart
from benehub.reconcile import Finding, Relation, Type, given_up
from benehub.reconcile.payable import posted_out
from benehub.store import Session, Store
from benehub.store.acts import note_act
from benehub.store.tables import difference, person
from benehub.testing.kithub import BOOK

BILLED = planbook.load(BOOK.replace("pay_as_enrolled", "pay_as_billed"), "book")


@contextmanager
def counted(session: Session) -> Iterator[Callable[[], int]]:
    """How many statements were asked."""
    asked: list[str] = []

    def note(*told: object) -> None:
        asked.append(str(told[2]))

    event.listen(session.connection, "before_cursor_execute", note)
    yield lambda: len(asked)
    event.remove(session.connection, "before_cursor_execute", note)


def dismissed(session: Session, many: int) -> list[str]:
    """So many bills of October that say a dollar too much each, all dismissed."""
    row = {"kind": "employee", "subscriber_id": "", "ssn_sealed": None, "ssn_index": None, "seq": 1}
    names = [f"per_{number:02}" for number in range(many)]
    session.add(person, [{**row, "person_id": name, "member_id": name} for name in names])
    found = [
        Finding(Relation.PREMIUM, Type.RATE_DIFF, "2026-10", "-", "carrier", "carrier", "a rate", "claim it",
                person_id=name, plan="ppo", expected=100, actual=200)
        for name in names
    ]  # fmt: skip
    opened = reconcile.settle(session, Relation.PREMIUM, "2026-10", found, session.today()).opened
    for one in opened:
        reconcile.act(session, one, "ann", state="dismissed", note="waived")
        note_act(session, one, "ann", given_up.WORD, "waived")
    return list(opened)


def lost(session: Session) -> int:
    return {one.account: one.amount for one in ledger.balances(session)}.get(chart.BENEFIT_COST, 0)


def posted(session: Session) -> set[str]:
    """The differences whose money stands posted out."""
    rows = session.rows(select(difference.c.difference_id).where(*session.where(difference), posted_out()))
    return {row.difference_id for row in rows}


def test_a_month_of_dismissed_bills_costs_no_statement_each(store: Store) -> None:
    with store.write("acme") as session:
        dismissed(session, 40)
        session.today()
        with counted(session) as asked:
            given_up.restate(session, BILLED, "2026-10")
            assert asked() <= 30
        assert lost(session) == 40 * 100
        with counted(session) as asked:
            assert list(given_up.alone(session, BILLED, difference.c.period == "2026-10")) == []
            assert asked() <= 12


def test_a_word_on_one_restates_that_one_alone(store: Store) -> None:
    with store.write("acme") as session:
        first, second = dismissed(session, 2)
        given_up.restate(session, BILLED, "2026-10", first)
        assert (lost(session), posted(session)) == (100, {first})
        reconcile.act(session, second, "ann", state="", step="acknowledged")
        given_up.restate(session, BILLED, "2026-10", second)
        assert lost(session) == 200
        session.change(difference, {"difference_id": first}, state="discrepancy")
        given_up.restate(session, BILLED, "2026-10", second)
        assert posted(session) == {first, second}
        given_up.restate(session, BILLED, "2026-10", first)
        assert posted(session) == {second}
