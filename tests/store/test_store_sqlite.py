"""A file of SQLite: opened first by several at once, whoever comes second waits; and what it is asked to keep."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, cast

import pytest

from benehub.crypto import Vault
from benehub.store import open_store
from benehub.store.sqlite import WAIT_SECONDS, open_wal


@pytest.fixture
def held(tmp_path: Path) -> sqlite3.Connection:
    """Another connection that is just writing to the new file."""
    other = sqlite3.connect(tmp_path / "new.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    return other


def test_it_waits_while_another_writes(tmp_path: Path, held: sqlite3.Connection) -> None:
    pauses = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            held.execute("COMMIT")

    raw = sqlite3.connect(tmp_path / "new.db", timeout=0, isolation_level=None)
    open_wal(impatient(raw), sleep=sleep)
    assert len(pauses) == 3
    assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_it_gives_up_in_the_end(tmp_path: Path, held: sqlite3.Connection) -> None:
    times = iter([0.0, 1.0, WAIT_SECONDS + 1.0])
    raw = sqlite3.connect(tmp_path / "new.db", timeout=0, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        open_wal(impatient(raw), clock=lambda: next(times), sleep=lambda _: None)


def impatient(raw: sqlite3.Connection) -> sqlite3.Connection:
    """Stands for the connection."""
    return cast(sqlite3.Connection, _Impatient(raw))


class _Impatient:
    """A connection whose own waiting is off, so that what is tried is ours."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw

    def execute(self, statement: str) -> sqlite3.Cursor:
        return self.raw.execute("PRAGMA busy_timeout=0" if "busy_timeout" in statement else statement)


def test_what_is_committed_outlives_a_power_failure_but_for_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _unsynced: Any
) -> None:
    monkeypatch.setattr(_unsynced, "relaxed", False)
    store = open_store(f"sqlite:///{tmp_path / 'new.db'}", Vault({"k1": b"k" * 32}))
    with store.engine.connect() as connection:
        told = [connection.exec_driver_sql(f"PRAGMA {one}").scalar() for one in ("synchronous", "foreign_keys")]
    store.close()
    assert told == [1, 1]  # NORMAL: the file is whole after it, and what was checkpointed is there
