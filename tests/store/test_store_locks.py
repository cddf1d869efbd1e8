"""Named locks: one holder of all threads and processes, seen by others, gone with its connection or file."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from benehub.crypto import Vault
from benehub.store import Store, locks, open_store
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


@pytest.mark.parametrize(
    ("seconds", "stands", "questions"), [([0.1], True, 1), ([30, 0.1], True, 2), ([2] * 9, False, 5)]
)
def test_a_word_counts_from_when_it_was_asked_for(
    seconds: list[float], stands: bool, questions: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that comes late says nothing of now: it is asked again, and not for ever."""
    now, asked = [100.0], list[float]()

    class Slow:
        def execute(self, _statement: Any) -> Any:
            asked.append(now[0])
            now[0] += seconds[len(asked) - 1]
            return SimpleNamespace(scalar=lambda: 1)

    monkeypatch.setattr(locks, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(locks, "_stirs", lambda _connection: False)
    opened = open_store(f"sqlite:///{tmp_path / 'hub.db'}", Vault({"k1": b"k" * 32}))
    lock = opened.lock("a turn")
    lock._connection = Slow()  # type: ignore[assignment]  # stands in for the real one
    assert not lock.stands(1.0, ask=False) and not asked
    assert (lock.stands(1.0), len(asked)) == (stands, questions)
    assert lock.stands(1.0, ask=False) is stands and len(asked) == questions
    opened.close()
