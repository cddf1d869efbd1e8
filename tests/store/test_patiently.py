"""Work is done again while the database is away, and only then."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from benehub.crypto import Vault
from benehub.store import Store, database, open_store
from benehub.store.database import patiently


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "AWAY_PAUSE", 0.01)


@pytest.fixture
def pg_store(fresh_pg_url: str) -> Iterator[Store]:
    opened = open_store(fresh_pg_url, Vault({"k1": b"k" * 32}))
    yield opened
    opened.close()


def test_a_connection_that_is_cut_is_made_anew(pg_store: Store) -> None:
    tries = []

    def work() -> int:
        tries.append(1)
        with pg_store.engine.connect() as connection:
            if len(tries) < 3:
                connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
            return int(connection.execute(text("SELECT 7")).scalar_one())

    assert (patiently(work), len(tries)) == (7, 3)


def test_a_server_that_does_not_answer_is_waited_for_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = itertools.count(0, database.AWAY_SECONDS / 4)  # a clock on which every look is a quarter of the patience
    monkeypatch.setattr(database, "time", SimpleNamespace(monotonic=lambda: next(hands), sleep=lambda _: None))
    store = open_store("postgresql+psycopg://nobody@127.0.0.1:1/none", Vault({"k1": b"k" * 32}))
    tries = []

    def work() -> None:
        tries.append(1)
        with store.engine.connect():
            pass

    with pytest.raises(OperationalError):
        patiently(work)
    assert len(tries) == 5
    store.close()


def test_any_other_fault_is_told_at_once(store: Store) -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        with store.engine.connect() as connection:
            connection.execute(text("SELECT nothing FROM nowhere"))

    with pytest.raises(DBAPIError):
        patiently(work)
    assert len(tries) == 1
