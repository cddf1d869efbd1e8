"""Tampering past the guards is found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from benehub import ledger
from benehub.ledger import NewEntry
from benehub.store import Store, guards

Make = Callable[..., NewEntry]


@pytest.fixture
def posted(store: Store, make: Make) -> Store:
    """Three entries in a chain, and one of another employer."""
    for employer, count in (("acme", 3), ("other", 1)):
        with store.write(employer) as session:
            ledger.record(session, [make(f"k{n}", f"5100 +{n + 1}", f"2100 -{n + 1}") for n in range(count)])
    return store


def tamper(store: Store, *statements: str) -> None:
    """Drop the guards, change rows, and put the guards back as if nothing had been."""
    sqlite = store.engine.dialect.name == "sqlite"
    known = guards.SQLITE if sqlite else guards.POSTGRES
    with store.engine.connect().execution_options(benehub_write=True) as connection, connection.begin():
        for name in known:
            table = name.split("_", 1)[0]
            connection.execute(text(f"DROP TRIGGER {name}" + ("" if sqlite else f" ON {table}")))
        if sqlite:
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        for statement in statements:
            connection.execute(text(statement))
        for sql in known.values():
            connection.execute(text(sql.replace(":", "\\:")))


def problems(store: Store, employer: str = "acme") -> str:
    with store.read(employer) as session:
        assert guards.missing(session.connection) == ()
        return "; ".join(ledger.verify(session).problems)


def test_an_untouched_ledger_verifies(posted: Store) -> None:
    with posted.read("acme") as session:
        found = ledger.verify(session)
    assert (found.ok, found.entries, found.legs, len(found.head)) == (True, 3, 6, 64)


def test_an_empty_ledger_verifies(store: Store) -> None:
    with store.read("acme") as session:
        assert ledger.verify(session) == ledger.Verification(0, 0, "", ())


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE leg SET amount = amount * 2", "content is not what was sealed"),
        ("UPDATE leg SET amount = amount + 1 WHERE leg_no = 1", "do not sum to zero in USD"),
        ("UPDATE leg SET account = '7777' WHERE leg_no = 1", "unknown account"),
        ("UPDATE leg SET plan = 'ppo' WHERE leg_no = 1", "content is not what was sealed"),
        ("UPDATE leg SET posted_as = NULL WHERE leg_no = 1", "a leg is not posted as the entry is"),
        ("UPDATE entry SET effective_date = '2027-01-01'", "content is not what was sealed"),
        ("UPDATE entry SET status = 'pending'", "content is not what was sealed"),
        ("UPDATE entry SET recorded_at = '2020' WHERE seq = 2", "its hash is wrong"),
        ("UPDATE entry SET idempotency_key = 'z' WHERE seq = 2", "not the one it was recorded under"),
        ("UPDATE entry SET content_hash = 'x', hash = 'y' WHERE seq = 2", "chain is broken"),
        ("UPDATE employer SET ledger_head = 'x' WHERE employer_id = 'acme'", "missing at the end"),
    ],
)
def test_a_changed_row_is_found(posted: Store, statement: str, told: str) -> None:
    tamper(posted, statement)
    assert told in problems(posted)


@pytest.mark.parametrize(("number", "told"), [(1, "chain is broken"), (2, "chain is broken"), (3, "at the end")])
def test_a_removed_entry_is_found(posted: Store, number: int, told: str) -> None:
    entry_id = f"(SELECT entry_id FROM entry WHERE employer_id = 'acme' AND seq = {number})"
    tamper(
        posted,
        f"DELETE FROM leg WHERE employer_id = 'acme' AND entry_id = {entry_id}",
        f"DELETE FROM entry WHERE employer_id = 'acme' AND seq = {number}",
    )
    assert told in problems(posted)
    assert problems(posted, "other") == ""


def test_exchanged_entries_are_found(posted: Store) -> None:
    tamper(
        posted,
        "UPDATE entry SET seq = 99 WHERE employer_id = 'acme' AND seq = 1",
        "UPDATE entry SET seq = 1 WHERE employer_id = 'acme' AND seq = 2",
        "UPDATE entry SET seq = 2 WHERE employer_id = 'acme' AND seq = 99",
    )
    assert "chain is broken" in problems(posted)
