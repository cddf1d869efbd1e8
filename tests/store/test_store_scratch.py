"""Copies that something is tried on: of what stands, for their owner alone, few, where there is room; none is left."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog

from benehub.crypto import Vault
from benehub.errors import RetriableError
from benehub.filelocks import locked
from benehub.store import Store, open_store, scratch
from benehub.store.scratch import scratch_sqlite, sweep

MOST = 1 << 30


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A file with one row in its log."""
    made = open_store(f"sqlite:///{tmp_path / 'hub.db'}", Vault({"k1": b"k" * 32}))
    with made.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE person (name TEXT)")
        connection.exec_driver_sql("INSERT INTO person VALUES ('Ann')")
    yield made
    made.close()


def left(store: Store) -> list[Path]:
    """Folders of copies that there are."""
    return sorted(Path(store.engine.url.database or "").parent.glob(".tried-*"))


def free(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=size))


def test_it_is_its_owners_alone_and_gone_however_the_trial_ends(store: Store) -> None:
    with pytest.raises(KeyError), scratch_sqlite(store.engine, MOST) as copy:
        assert copy is not None and copy.exec_driver_sql("SELECT name FROM person").scalar() == "Ann"
        (folder,) = left(store)
        assert folder.stat().st_mode & 0o777 == 0o700
        raise KeyError
    assert left(store) == []


def test_one_that_breaks_half_way_is_gone_and_can_be_asked_for_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def full(path: Path) -> sqlite3.Connection:
        path.write_bytes(b"half")
        made.append(path)
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", full)
        with pytest.raises(RetriableError) as told, scratch_sqlite(store.engine, MOST):
            pytest.fail("there is no copy")
    assert "disk is full" in str(told.value) and told.tb, "while the error is looked at nothing is collected"
    assert made and left(store) == [] and "Checked out connections: 0" in store.engine.pool.status()
    with monkeypatch.context() as patch:
        patch.setattr(scratch, "mkdtemp", lambda **_: (_ for _ in ()).throw(PermissionError))
        with pytest.raises(RetriableError), scratch_sqlite(store.engine, MOST):
            pytest.fail("there is no copy")
    with scratch_sqlite(store.engine, MOST) as copy:
        assert copy is not None


def test_there_is_none_of_what_is_too_large_or_has_no_room_log_and_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(store.engine.url.database or "")
    both = file.stat().st_size + file.with_name("hub.db-wal").stat().st_size
    assert both > file.stat().st_size
    for most, room, there in ((both, 2 * both, True), (both - 1, 2 * both, False), (both, 2 * both - 1, False)):
        free(monkeypatch, room)
        with scratch_sqlite(store.engine, most) as copy:
            assert (copy is not None) == there == bool(left(store))


def test_more_than_a_few_wait_and_are_told_in_the_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as others:
        for _ in range(scratch.AT_ONCE):
            assert others.enter_context(scratch_sqlite(store.engine, MOST)) is not None
        monkeypatch.setattr(scratch, "PATIENCE", 0.0)
        with pytest.raises(RetriableError, match="at once"), scratch_sqlite(store.engine, MOST):
            pytest.fail("there are too many")
        assert len(left(store)) == scratch.AT_ONCE
        monkeypatch.setattr(scratch, "PATIENCE", 60.0)
        threading.Timer(0.05, others.pop_all().close).start()
        with scratch_sqlite(store.engine, MOST) as copy:
            assert copy is not None


def test_what_a_dead_process_left_goes_at_once_and_what_is_in_use_stays(store: Store) -> None:
    dead, used = _two(store)
    with (used / scratch.HELD).open("wb") as held:
        assert locked(held.fileno())
        sweep(store.engine)
        assert left(store) == [used] and not dead.exists()
    sweep(store.engine)
    assert left(store) == []


def test_what_cannot_be_removed_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    dead, _ = _two(store)
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    with structlog.testing.capture_logs() as logged:
        sweep(store.engine)
    assert dead.name in [one["folder"] for one in logged if one["log_level"] == "warning"]


def _two(store: Store) -> list[Path]:
    beside = Path(store.engine.url.database or "").parent
    made = [beside / f".tried-{name}" for name in ("dead", "used")]
    for folder in made:
        folder.mkdir()
        (folder / scratch.HELD).touch()
        (folder / "tried.db").write_bytes(b"people")
    return made
