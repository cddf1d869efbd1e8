"""A month in many payments is asked for by few queries, whole and in order."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event, select

from benehub import ledger, obligations
from benehub.flows.remittance_parts import AT_ONCE, current, part_key, parts
from benehub.ledger import Leg, NewEntry
from benehub.obligations import Wanted
from benehub.periods import Month
from benehub.reconcile import fix_entries, fixes
from benehub.reconcile.unpaid import remitted
from benehub.store import Session, Store
from benehub.store.tables import connection, obligation

OCTOBER = Month(2026, 10)


def owed(number: int) -> Wanted:
    return Wanted(
        kind="premium.remit", key=part_key("carrier", OCTOBER, number), connection_id="carrier", period="2026-10",
        due=date(2026, 10, 1), send_by=date(2026, 9, 30), content={"lines": []},
    )  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, AT_ONCE, 2 * AT_ONCE + 5])
def test_parts_come_in_order_by_few_queries(store: Store, count: int) -> None:
    with store.write("acme") as session:
        session.add(connection, [{"connection_id": "carrier", "connector": "x", "settings": {}, "mode": "live"}])
        # One behind a gap is none of them.
        obligations.want(session, [owed(number) for number in (*range(1, count + 1), count + 2)])
        asked: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            asked.append(statement)

        event.listen(session.connection, "before_cursor_execute", note)
        found = parts(session, "carrier", OCTOBER)
        assert len(asked) == count // AT_ONCE + 1
    assert [one.key for one in found] == [part_key("carrier", OCTOBER, number) for number in range(1, count + 1)]
    assert not any(one.left or one.posted or one.dispatch_id for one in found)


def test_the_first_that_has_not_left_is_next(store: Store) -> None:
    with store.write("acme") as session:
        session.add(connection, [{"connection_id": "carrier", "connector": "x", "settings": {}, "mode": "live"}])
        assert current(session, "carrier", OCTOBER) == "premium.remit/carrier/2026-10"
        obligations.want(session, [owed(1)])
        assert current(session, "carrier", OCTOBER) == "premium.remit/carrier/2026-10"


def fill(store: Store) -> None:
    """A ledger of some entries that PostgreSQL has counted: which way it takes through an empty one is chance."""
    legs = (Leg("5100", "USD", 1), Leg("2100", "USD", -1))
    with store.write("acme") as session:
        ledger.record(
            session, [NewEntry(f"e/{n}", "premium.accrued", OCTOBER.first, legs, "obl_1") for n in range(300)]
        )
        for name in ("entry", "leg") if session.connection.dialect.name == "postgresql" else ():
            session.connection.exec_driver_sql(f"ANALYZE {name}")


def plan_of(session: Session, query: Any) -> list[str]:
    """The steps of the database's plan of a query, of a table of millions as of one of hundreds."""
    text = query.compile(session.connection, compile_kwargs={"literal_binds": True})
    if session.connection.dialect.name == "sqlite":
        return [str(row[-1]) for row in session.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()]
    # What a small table would be read by says nothing of a large one.
    session.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    session.connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
    return [str(row[0]) for row in session.connection.exec_driver_sql(f"EXPLAIN {text}").all()]


def test_what_a_dispatch_paid_is_looked_up_by_the_dispatch(store: Store) -> None:
    """Of a ledger of millions of entries neither part asks more than those of its own dispatch."""
    fill(store)
    with store.read("acme") as session:
        owed = session.where(obligation, kind="premium.remit")
        steps = plan_of(session, select(obligation.c.business_key, remitted()).where(*owed))
    (looked,) = [step for step in steps if "ix_entry" in step]
    assert "ix_entry_source" in looked
    # Each column is looked up; SQLite says it in the same line, PostgreSQL below it.
    columns = ("employer_id", "source", "type")
    assert all(f"{column} =" in "\n".join(steps) or f"{column}=?" in looked for column in columns), steps


def test_what_a_fix_posted_is_looked_up_by_the_fix_and_by_what_it_sent(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A difference that closes reads its own entries of the ledger, of whomever they are."""
    fill(store)
    done = [SimpleNamespace(fix_id="fix_1", person_id=person_id, state=fixes.DONE) for person_id in ("per_1", None)]
    asked: list[Any] = []

    def rows(_session: Session, query: Any) -> list[Any]:
        asked.append(query)
        return [SimpleNamespace(entry_id="ent_1", dispatch_id="dis_1")]

    for fixes_of_it in (done[:1], done[1:]):
        monkeypatch.setattr(fixes, "of_difference", lambda *_, there=fixes_of_it: there)
        with store.read("acme") as session:
            with monkeypatch.context() as patch:
                patch.setattr(type(session), "rows", rows)
                assert fix_entries.settling(session, "dif_1") == ["ent_1"]
            pending, _, found = ("\n".join(plan_of(session, query)) for query in asked)
        for plan, index in ((pending, "source"), (found, "source"), (found, "pending")):
            assert f"ix_entry_{index}" in plan, plan
            assert not re.search("(autoindex|pk|uq)_entry|SCAN (entry|leg)|Seq Scan", plan)
        asked.clear()


def test_what_is_due_beside_a_part_is_no_content_of_it(store: Store) -> None:
    """Other lines of the month that change owe the part nothing anew, and leave its hash as it was."""
    with store.write("acme") as session:
        session.add(connection, [{"connection_id": "carrier", "connector": "x", "settings": {}, "mode": "live"}])
        assert obligations.want(session, [replace(owed(1), beside_minor=500_00)]).opened == 1
        obligations.mark(session, [session.id("obl", owed(1).key)], "sent")
        (before,) = session.rows(select(obligation))
        assert obligations.want(session, [replace(owed(1), beside_minor=700_00)]).unchanged == 1
        (after,) = session.rows(select(obligation))
        assert after._asdict() == {**before._asdict(), "beside_minor": 700_00}
        assert [one.beside for one in parts(session, "carrier", OCTOBER)] == [700_00]
