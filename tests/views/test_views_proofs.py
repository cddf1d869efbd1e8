"""What the numbers of a person's page go back to: the newest entry of each; no other entry leaves the database."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, text
from tests.views.test_views_search import crowd

from benehub import ledger
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.store import Session, Store
from benehub.views.people.proofs import of_chains, of_leave

PEOPLE, TIMES = 40, 12


def accrued(key: str, who: str, amount: int, kind: str = "premium.accrued") -> NewEntry:
    """Premium of October in the books."""
    dims: dict[str, Any] = {"person_id": who, "plan": "ppo", "coverage_month": "2026-10"}
    legs = (Leg(chart.BENEFIT_COST, "USD", amount, **dims), Leg(chart.PREMIUM_PAYABLE, "USD", -amount, **dims))
    return NewEntry(key, kind, date(2026, 10, 1), legs, "test")


def earned(key: str, who: str, policy: str, minutes: int) -> NewEntry:
    """Leave in the books."""
    dims: dict[str, Any] = {"person_id": who, "plan": policy}
    legs = (
        Leg(chart.LEAVE_AVAILABLE, "minutes", minutes, **dims), Leg(chart.LEAVE_SOURCE, "minutes", -minutes, **dims)
    )  # fmt: skip
    return NewEntry(key, "leave.accrued", date(2026, 10, 1), legs, "test")


def test_each_number_goes_back_to_its_newest_entry_and_the_others_stay_where_they_are(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, Any]] = []
    read: list[int] = []
    rows = Session.rows

    def counted(self: Session, *given: Any) -> Any:
        found = rows(self, *given)
        read.append(len(found))
        return found

    def note(_connection: object, _cursor: object, statement: str, given: object, *_: object) -> None:
        asked.append((statement, given))

    with store.write("acme") as session:
        crowd(session, PEOPLE)
        everybody = [session.id("per", f"C{one}") for one in range(PEOPLE)]
        who = everybody[0]
        for time in range(TIMES):
            ledger.record(session, [accrued(f"a {time} {one}", one, 100 + time) for one in everybody])
            ledger.record(session, [earned(f"l {time} {one}", one, "pto", 60) for one in everybody])
        ledger.record(session, [earned("sick", who, "sick", 60), accrued("other", who, 1, "premium.remitted")])
        session.flush_deferred()
        ids = {
            row.idempotency_key: row.entry_id
            for row in session.connection.execute(text("select idempotency_key, entry_id from entry"))
        }
        monkeypatch.setattr(Session, "rows", counted)
        event.listen(session.connection.engine, "before_cursor_execute", note)
        try:
            chains, leave = of_chains(session, Month.parse("2026-10"), who), of_leave(session, who)
        finally:
            event.remove(session.connection.engine, "before_cursor_execute", note)
        assert chains == {("ppo", "premium"): ids[f"a {TIMES - 1} {who}"], ("ppo", "paid"): ids["other"]}
        assert leave == {"pto": ids[f"l {TIMES - 1} {who}"], "sick": ids["sick"]}
        assert sum(read) < TIMES, "what has come before stays in the database"
        _by_index(session, [one for one in asked if "leg" in one[0]])


def _by_index(session: Session, asked: list[tuple[str, Any]]) -> None:
    postgres = session.connection.dialect.name == "postgresql"
    if postgres:
        session.connection.execute(text("ANALYZE leg, entry"))
        session.connection.execute(text("SET LOCAL enable_seqscan = off"))
    assert len(asked) == 2
    for one, given in asked:
        plan = str(
            session.connection.exec_driver_sql(("EXPLAIN " if postgres else "EXPLAIN QUERY PLAN ") + one, given).all()
        )
        assert "ix_leg_account" in plan, plan
        assert "person_id" in plan.partition("Cond: ")[2] if postgres else "person_id=?" in plan, plan
