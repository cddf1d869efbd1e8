"""Months that the first closing signs along: looked at as a set, and not compared anew once all their days are due."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from benehub import facts, ledger, planbook
from benehub.facts import Version
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.reconcile import MONTHLY, compared
from benehub.store import Session, Store
from benehub.store.tables import comparison, person
from benehub.testing.kithub import BOOK
from benehub.views.closing import checklist

OCTOBER, TODAY = Month(2026, 10), "2026-11-23"
NAME = "Every relation was compared since the last read"


def begun(session: Session, months: int) -> None:
    """So many months before October something was accrued first."""
    month = OCTOBER.plus(-months)
    legs = (Leg(chart.BENEFIT_COST, "USD", 1, plan="ppo"), Leg(chart.PREMIUM_PAYABLE, "USD", -1, plan="ppo"))
    ledger.record(session, [NewEntry(f"p/{month}", "premium.accrued", month.first, legs, "test")])


def done(session: Session, month: Month, day: str = TODAY, seq: int = 99) -> None:
    session.add(comparison, [
        {"relation": one.value, "period": str(month), "seq": seq, "at": f"{day}T11:00:00.000000Z", "silent": []}
        for one in MONTHLY
    ])  # fmt: skip


def in_the_way(session: Session) -> list[str]:
    found = checklist(session, planbook.load(BOOK, "book"), OCTOBER)
    return [told.partition(" ")[0] for one in found if one.name == NAME for told in one.found]


@pytest.mark.parametrize(("months", "day", "stands"), [
    (1, TODAY, False), (1, "2026-11-22", True), (3, "2026-09-29", True), (3, "2026-09-30", False),
])  # fmt: skip
def test_a_month_whose_days_are_all_due_is_not_compared_anew(store: Store, months: int, day: str, stands: bool) -> None:
    with store.write("acme") as session:
        row = {"kind": "employee", "subscriber_id": "", "ssn_sealed": None, "ssn_index": None, "seq": 1}
        session.add(person, [{**row, "person_id": "per_a", "member_id": "per_a"}])
        begun(session, months)
        for number in range(months):
            done(session, OCTOBER.plus(-number))
        first = OCTOBER.plus(-months)
        done(session, first, day)
        assert in_the_way(session) == ([str(first)] if stands else [])
        if not stands:
            told = Version("coverage", "per_a", "medical", first.last, {"plan": "ppo", "tier": "EE"})
            facts.record(session, [told], "test")
            session.change(comparison, {"period": str(first)}, seq=session.latest_seq() - 1)
            assert in_the_way(session) == [str(first)]


def test_many_months_cost_as_many_statements_as_one(store: Store) -> None:
    asked: list[str] = []
    with store.write("acme") as session:
        session.today()
        for number in range(0, 60, 2):
            done(session, OCTOBER.plus(-1 - number))
        event.listen(session.connection, "before_cursor_execute", lambda *told: asked.append(told[2]))
        many = []
        for months in (1, 12, 60):
            asked.clear()
            asked_of = [OCTOBER.plus(-1 - number) for number in range(months)]
            assert compared.stale_before(session, asked_of) == asked_of[1::2]  # the others were compared today
            many.append(len(asked))
    assert len(set(many)) == 1 and 0 < many[0] <= 12
