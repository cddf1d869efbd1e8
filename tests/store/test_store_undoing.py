"""Work that is undone by itself: all of it, nothing before it, and no savepoint where none is needed."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from benehub.store import Session, Store
from benehub.store.tables import connection
from benehub.store.undoing import Undoable


def add(session: Session, name: str) -> None:
    session.add(connection, [{"connection_id": name, "connector": "x", "settings": {}, "mode": "live"}])


def names(store: Store) -> list[str]:
    with store.read("acme") as session:
        return sorted(row.connection_id for row in session.rows(select(connection.c.connection_id)))


def test_what_fails_is_undone_and_nothing_before_it(store: Store) -> None:
    with store.write("acme") as session:
        add(session, "before")
        with pytest.raises(ValueError, match="no"), Undoable(session).watched():
            add(session, "first")
            session.change(connection, {"connection_id": "before"}, mode="paused")
            raise ValueError("no")
        with Undoable(session).watched():
            add(session, "kept")
    assert names(store) == ["before", "kept"]
    with store.read("acme") as session:
        assert {row.mode for row in session.rows(select(connection.c.mode))} == {"live"}


def test_a_raw_statement_is_undone_too(store: Store) -> None:
    with store.write("acme") as session:
        add(session, "before")
        with pytest.raises(ValueError, match="no"), Undoable(session).watched():
            session.connection.execute(connection.delete())
            raise ValueError("no")
    assert names(store) == ["before"]


def test_reading_and_settled_inserts_open_no_savepoint_on_sqlite(store: Store) -> None:
    late = store.engine.dialect.name == "sqlite"
    with store.write("acme") as session:
        work = Undoable(session)
        with work.watched():
            session.rows(select(connection))
            assert session.connection.in_nested_transaction() is not late
            work.settle()
            assert work.stands is late
            add(session, "kept")
            assert session.connection.in_nested_transaction() is not late
        work = Undoable(session)
        with work.watched():
            add(session, "other")
            work.settle()
            assert not work.stands
            assert session.connection.in_nested_transaction()
    assert names(store) == ["kept", "other"]
