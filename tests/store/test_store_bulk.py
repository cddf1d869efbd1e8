"""Rows of guarded tables go in several with a statement, and are guarded one by one all the same."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import DBAPIError

from benehub import ledger
from benehub.crypto import Vault
from benehub.errors import ConflictError
from benehub.ledger import Leg, NewEntry
from benehub.ledger.entries import HEADER_FIELDS, LEG_FIELDS, leg_rows
from benehub.store import Store, open_store
from benehub.store.bulk import TOGETHER
from benehub.store.tables import employer, entry, leg

LEGS = ("employer_id", "entry_id", "leg_no", *LEG_FIELDS, "posted_as")
HEADERS = ("employer_id", *HEADER_FIELDS)
WHOLE = TOGETHER // len(HEADERS)
"""Entries of one statement."""
DAY = date(2026, 11, 1)


@pytest.fixture
def store(db_url: str) -> Store:
    opened = open_store(db_url, Vault({"k1": b"k" * 32}), lambda: datetime(2026, 11, 1, tzinfo=UTC))
    opened.migrate()
    with opened.write("acme") as session:
        row = {"name": "Acme", "country": "US", "currency": "USD", "seq": 0, "recorded_at": "", "ledger_head": ""}
        session.add(employer, [row])
    return opened


def entry_of(number: int, amount: int = 500) -> NewEntry:
    legs = (Leg("5100", "USD", amount), Leg("2100", "USD", -amount))
    return NewEntry(f"e/{number}", "premium.accrued", DAY, legs, "x")


def header(number: int) -> tuple[Any, ...]:
    one = entry_of(number)
    return (
        "acme", f"ent_{number}", one.key, one.content_hash(), one.type, one.status, DAY.isoformat(), None, None, None,
        one.source, None, number + 1, "", "", "",
    )  # fmt: skip


def counted(store: Store) -> tuple[int, int]:
    with store.read("acme") as session:
        entries, legs = (
            session.connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (entry, leg)
        )
    return entries, legs


@pytest.mark.parametrize("size", [1, WHOLE - 1, WHOLE, WHOLE + 1, 3 * WHOLE + 5])
def test_every_row_goes_in_once_whatever_their_number(store: Store, size: int) -> None:
    with store.write("acme") as session:
        assert ledger.record(session, [entry_of(number) for number in range(size)]).new == size
    with store.read("acme") as session:
        proved = ledger.verify(session)
        keys = [row.idempotency_key for row in session.rows(select(entry.c.idempotency_key).order_by(entry.c.seq))]
    assert proved.ok and (proved.entries, proved.legs) == (size, 2 * size)
    assert keys == [f"e/{number}" for number in range(size)]
    store.close()


@pytest.mark.parametrize("bad", [0, WHOLE // 2, WHOLE + 1])
@pytest.mark.parametrize("why", ["one leg", "unbalanced", "twice", "leg of a sealed one"])
def test_a_guard_refuses_one_row_among_many(store: Store, bad: int, why: str) -> None:
    numbers = list(range(2 * WHOLE))
    legs = [row for number in numbers for row in leg_rows("acme", f"ent_{number}", entry_of(number))]
    headers = [header(number) for number in numbers]
    if why == "one leg":
        del legs[2 * bad]
    elif why == "unbalanced":
        legs[2 * bad] = (*legs[2 * bad][:5], 501, *legs[2 * bad][6:])
    elif why == "twice":
        headers.insert(bad + 1, headers[bad])
    with store.write("acme") as session:
        ledger.record(session, [entry_of(number, 700) for number in range(10_000, 10_003)])
        sealed = session.id("ent", "e/10001")
    if why == "leg of a sealed one":
        legs.insert(2 * bad, ("acme", sealed, 3, *legs[0][3:]))
    with pytest.raises(DBAPIError), store.write("acme") as session:
        session.take_seq(3 * len(headers))
        session.add_ready(leg, LEGS, legs)
        session.add_ready(entry, HEADERS, headers)
    assert counted(store) == (3, 6)
    store.close()


def test_an_entry_may_follow_one_of_the_same_statement(store: Store) -> None:
    with store.write("acme") as session:
        expected = NewEntry("d", "deduction.expected", DAY, entry_of(0).legs, "x", "pending", DAY)
        origin = session.id("ent", "d")
        actual = NewEntry("a", "deduction.withheld", DAY, entry_of(0).legs, "x", pending_id=origin)
        ledger.record(session, [expected, actual, *(entry_of(number) for number in range(2 * WHOLE))])
        assert ledger.open_pending(session) == []
        with pytest.raises(ConflictError):
            ledger.record(session, [entry_of(number, 501) for number in range(2 * WHOLE)])
    store.close()


def test_sqlite_runs_few_statements_for_many_guarded_rows(store: Store) -> None:
    """With one statement a row, copies of pages cost as much as the inserts do."""
    if store.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL copies the rows in with one command")
    runs = 0

    def note(_conn: Any, _cursor: Any, text: str, parameters: Any, _context: Any, many: bool) -> None:
        nonlocal runs
        if text.startswith(('INSERT INTO "leg"', 'INSERT INTO "entry"')):
            runs += len(parameters) if many else 1

    with store.write("acme") as session:
        event.listen(store.engine, "before_cursor_execute", note)
        ledger.record(session, [entry_of(number) for number in range(1_000)])
    assert 0 < runs < 150
    store.close()
