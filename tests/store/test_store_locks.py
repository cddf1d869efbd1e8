"""Named locks: one holder of all threads and processes, seen by others, gone with its connection or file."""

from __future__ import annotations

from pathlib import Path

import psycopg

from benehub.crypto import Vault
from benehub.store import Store, open_store
from benehub.store.locks import is_held


def held(store: Store, name: str) -> bool:
    with store.engine.connect() as connection:
        return is_held(connection, name)


def test_one_holds_it_and_everybody_sees_it(store: Store, tmp_path: Path) -> None:
    first, second = store.lock("one"), store.lock("one")
    assert not held(store, "one")
    assert first.take()
    assert held(store, "one")
    assert not held(store, "two")
    assert store.lock("two").take()
    assert not second.take()
    second.release()  # it has nothing to give back
    assert held(store, "one")
    first.release(forget=True)
    assert not held(store, "one")
    assert second.take()
    second.release(forget=True)


def test_a_released_lock_leaves_no_file_where_it_is_forgotten(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'hub.db'}", Vault({"k1": b"k" * 32}))
    lock = store.lock("one")
    assert lock.take()
    assert lock.stands()
    lock.release(forget=True)
    assert not lock.stands()
    assert not list(tmp_path.glob("*.lock"))
    store.close()


def test_a_database_that_was_restarted_has_forgotten_it(fresh_pg_url: str) -> None:
    store = open_store(fresh_pg_url, Vault({"k1": b"k" * 32}))
    lock = store.lock("one")
    assert lock.take()
    assert lock.stands()
    with psycopg.connect(fresh_pg_url.replace("+psycopg", ""), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert not lock.stands()
    assert lock.take()
    assert lock.stands()
    lock.release()
    store.close()
