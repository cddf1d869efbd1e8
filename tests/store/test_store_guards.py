"""What the database itself refuses, asked by hand and past all of our code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, insert, inspect, text
from sqlalchemy.exc import DBAPIError

from benehub import ledger
from benehub.crypto import Vault
from benehub.ledger import Leg, NewEntry
from benehub.store import Store, guards, open_store
from benehub.store.tables import connection as connection_table
from benehub.store.tables import crosswalk, entry, leg, person
from benehub.store.tables import fact as fact_table

ENTRY = {
    "employer_id": "acme", "entry_id": "ent_x", "idempotency_key": "x", "content_hash": "", "type": "t",
    "status": "posted", "effective_date": date(2026, 1, 1), "source": "by hand", "seq": 999,
    "recorded_at": "2026", "prev_hash": "", "hash": "",
}  # fmt: skip
LEG = {"employer_id": "acme", "entry_id": "ent_x", "account": "1000", "unit": "USD"}


@pytest.fixture
def posted(store: Store) -> Store:
    """A ledger with one entry."""
    legs = (Leg("5100", "USD", 500), Leg("2100", "USD", -500))
    with store.write("acme") as session:
        ledger.record(session, [NewEntry("one", "premium.accrued", date(2026, 1, 1), legs, "test")])
    return store


def by_hand(store: Store, work: Callable[[Connection], Any]) -> None:
    with store.engine.connect().execution_options(benehub_write=True) as connection, connection.begin():
        work(connection)


def run(statement: str) -> Callable[[Connection], Any]:
    return lambda connection: connection.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET type = 'other'",
        "UPDATE leg SET amount = amount * 2",
        "UPDATE leg SET amount = amount WHERE leg_no = 1",
        "DELETE FROM entry",
        "DELETE FROM leg",
        "UPDATE fact SET source = 'other'",
    ],
)
def test_nothing_posted_is_changed_or_deleted(posted: Store, statement: str) -> None:
    row = {
        "employer_id": "acme", "fact_id": "fct_x", "kind": "k", "subject": "s", "fact_key": "", "data": {},
        "effective_from": date(2026, 1, 1), "effective_to": date(2027, 1, 1), "seq": 5, "recorded_at": "",
        "source": "by hand",
    }  # fmt: skip
    by_hand(posted, lambda connection: connection.execute(insert(fact_table), [row]))
    with pytest.raises(DBAPIError, match="never changed"):
        by_hand(posted, run(statement))
    with posted.read("acme") as session:
        assert ledger.verify(session).ok


@pytest.mark.parametrize("table", ["entry", "leg"])
def test_truncate_and_replace_are_refused(posted: Store, table: str) -> None:
    if posted.engine.dialect.name == "sqlite":
        statement = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
    else:
        statement = f"TRUNCATE {table} CASCADE"
    with pytest.raises(DBAPIError, match=r"never changed|exists already|no more legs"):
        by_hand(posted, run(statement))
    with posted.read("acme") as session:
        assert ledger.verify(session).ok


@pytest.mark.parametrize("table", ["entry", "leg"])
def test_a_row_is_not_replaced_by_its_place_in_the_file(posted: Store, table: str) -> None:
    if posted.engine.dialect.name != "sqlite":
        pytest.skip("only SQLite has places that can be named")

    def work(connection: Connection) -> None:
        first = connection.execute(text(f"SELECT min(rowid) FROM {table}")).scalar_one()
        for number, amount in enumerate((5, -5), 1):
            given = {"rowid": first} if (table, number) == ("leg", 1) else {}
            row = {**LEG, **given, "leg_no": number, "amount": amount}
            connection.execute(text(_replacing("leg", row)), row)
        row = {**ENTRY, "effective_date": "2026-01-01", **({"rowid": first} if table == "entry" else {})}
        connection.execute(text(_replacing("entry", row)), row)

    with pytest.raises(DBAPIError, match="exists already"):
        by_hand(posted, work)
    with posted.read("acme") as session:
        assert ledger.verify(session).ok


def _replacing(table: str, row: dict[str, Any]) -> str:
    return f"INSERT OR REPLACE INTO {table} ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})"


def test_upsert_is_refused(posted: Store) -> None:
    columns = ", ".join(column.name for column in entry.columns)
    statement = (
        f"INSERT INTO entry ({columns}) SELECT {columns} FROM entry WHERE true"
        " ON CONFLICT (employer_id, entry_id) DO UPDATE SET type = 'other'"
    )
    with pytest.raises(DBAPIError, match=r"never changed|exists already"):
        by_hand(posted, run(statement))


def seal(*amounts: tuple[str, int]) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        for number, (unit, amount) in enumerate(amounts, 1):
            connection.execute(insert(leg), [{**LEG, "leg_no": number, "unit": unit, "amount": amount}])
        connection.execute(insert(entry), [ENTRY])

    return work


def test_a_balanced_entry_goes_in_by_hand(store: Store) -> None:
    by_hand(store, seal(("USD", 5), ("USD", -5)))


@pytest.mark.parametrize(
    ("legs", "message"),
    [
        ((), "at least two legs"),
        ((("USD", 5),), "at least two legs"),
        ((("USD", 5), ("USD", -4)), "sum to zero per unit"),
        ((("USD", 5), ("EUR", -5)), "sum to zero per unit"),
        ((("USD", 0), ("USD", 0)), "(?i)check"),
    ],
)
def test_what_does_not_balance_is_refused(store: Store, legs: tuple[tuple[str, int], ...], message: str) -> None:
    with pytest.raises(DBAPIError, match=message):
        by_hand(store, seal(*legs))


def test_no_leg_joins_a_sealed_entry(posted: Store) -> None:
    with posted.read("acme") as session:
        entry_id = session.id("ent", "one")
    late = [{**LEG, "entry_id": entry_id, "leg_no": n, "amount": amount} for n, amount in ((3, 7), (4, -7))]
    with pytest.raises(DBAPIError, match="takes no more legs"):
        by_hand(posted, lambda connection: connection.execute(insert(leg), late))


def test_legs_without_a_header_are_refused_at_commit(store: Store) -> None:
    row = {**LEG, "leg_no": 1, "amount": 5}
    reached = []

    def work(connection: Connection) -> None:
        connection.execute(insert(leg), [row])
        reached.append("the end of the transaction")

    with pytest.raises(DBAPIError, match=r"(?i)foreign key"):
        by_hand(store, work)
    assert reached


@pytest.mark.pg
def test_no_leg_slips_into_an_entry_that_is_about_to_commit(fresh_pg_url: str) -> None:
    store = open_store(fresh_pg_url, Vault({"k1": b"k" * 32}))
    store.migrate()
    by_hand(
        store,
        run("INSERT INTO employer VALUES ('acme', 'Acme', 'US', 'USD', 0, '', '')"),
    )
    with store.engine.connect() as first, store.engine.connect() as second:
        with first.begin():
            seal(("USD", 5), ("USD", -5))(first)
            second.execute(text("SET lock_timeout = '200ms'"))
            with pytest.raises(DBAPIError, match="lock timeout"):
                second.execute(insert(leg), [{**LEG, "leg_no": 3, "amount": 7}])
            second.rollback()
        with pytest.raises(DBAPIError, match="takes no more legs"):
            second.execute(insert(leg), [{**LEG, "leg_no": 3, "amount": 7}])
    store.close()


def drop(store: Store, name: str, table: str) -> None:
    on = "" if store.engine.dialect.name == "sqlite" else f" ON {table}"
    by_hand(store, run(f"DROP TRIGGER {name}{on}"))


@pytest.mark.parametrize(
    ("name", "table"), [("leg_no_update", "leg"), ("entry_seal", "entry"), ("fact_no_update", "fact")]
)
def test_a_dropped_guard_is_noticed(posted: Store, name: str, table: str) -> None:
    drop(posted, name, table)
    with posted.read("acme") as session:
        assert guards.missing(session.connection) == (name,)
        found = ledger.verify(session)
    assert found.problems == (f"guard {name} is missing in the database",)


def test_a_guard_that_was_made_harmless_is_noticed(posted: Store) -> None:
    if posted.engine.dialect.name == "sqlite":
        drop(posted, "leg_no_update", "leg")
        by_hand(posted, run("CREATE TRIGGER leg_no_update BEFORE UPDATE ON leg BEGIN SELECT 1; END"))
        wanted = {"leg_no_update"}
    else:
        body = "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
        by_hand(posted, run(f"CREATE OR REPLACE FUNCTION benehub_refuse() {body}"))
        wanted = {name for name, sql in guards.POSTGRES.items() if "benehub_refuse" in sql}
    with posted.read("acme") as session:
        assert set(guards.missing(session.connection)) == wanted


@pytest.mark.parametrize("db_url", [pytest.param("postgres", marks=pytest.mark.pg)], indirect=True)
def test_a_disabled_guard_is_noticed(posted: Store) -> None:
    by_hand(posted, run("ALTER TABLE leg DISABLE TRIGGER leg_no_delete"))
    with posted.read("acme") as session:
        assert guards.missing(session.connection) == ("leg_no_delete",)


def test_no_row_refers_to_another_employers_row(store: Store) -> None:
    def people(session: Any, name: str) -> None:
        base = {"connector": "files", "settings": {}, "mode": "live"}
        session.add(connection_table, [{"connection_id": f"hris-{name}", **base}])
        row = {"kind": "employee", "subscriber_id": f"per_{name}", "member_id": "1", "seq": 1}
        session.add(person, [{"person_id": f"per_{name}", **row}])

    for name in ("acme", "other"):
        with store.write(name) as session:
            people(session, name)
    link = {"external_id": "1", "how": "test", "seq": 1}
    with store.write("acme") as session:  # its own are fine
        session.add(crosswalk, [{"connection_id": "hris-acme", "person_id": "per_acme", **link}])
    strange = [
        {"connection_id": "hris-other", "person_id": "per_acme"},
        {"connection_id": "hris-acme", "person_id": "per_other"},
    ]
    for row in strange:
        with pytest.raises(DBAPIError, match=r"(?i)foreign key"), store.write("acme") as session:
            session.add(crosswalk, [{**link, **row, "external_id": "2"}])
    legs = (Leg("5100", "USD", 5, person_id="per_other"), Leg("2100", "USD", -5))
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"), store.write("acme") as session:
        ledger.record(session, [NewEntry("x", "t", date(2026, 1, 1), legs, "test")])
    with store.write("other") as session:
        ledger.record(
            session,
            [NewEntry("x", "t", date(2026, 1, 1), (Leg("5100", "USD", 5), Leg("2100", "USD", -5)), "test")],
        )
        foreign = session.id("ent", "x")
    for link_to in ({"pending_id": foreign}, {"reverses_id": foreign}):
        with pytest.raises(DBAPIError, match=r"(?i)foreign key"), store.write("acme") as session:
            ledger.record(
                session,
                [
                    NewEntry(
                        "y", "t", date(2026, 1, 1), (Leg("5100", "USD", 5), Leg("2100", "USD", -5)), "test",
                        **link_to,
                    )
                ],
            )  # fmt: skip


def test_every_reference_of_every_table_carries_the_employer(store: Store) -> None:
    for table in inspect(store.engine).get_table_names():
        for key in inspect(store.engine).get_foreign_keys(table):
            assert key["constrained_columns"][0] == "employer_id", (table, key)
            assert key["referred_columns"][0] == "employer_id", (table, key)
