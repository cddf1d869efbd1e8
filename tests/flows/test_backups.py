"""Backup and restore: one moment while others write, proven twice, and nothing of value lost by a restore."""

from __future__ import annotations

import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DatabaseError

from benehub import ledger
from benehub.crypto import Vault
from benehub.errors import BenehubError, ConfigError, DataError, FormatError, IntegrityError, NeedsPersonError
from benehub.flows import Hub, bind, job_schedules
from benehub.flows.backups import back_up, restore
from benehub.flows.job_schedules import When
from benehub.flows.schedulable import Wanted
from benehub.flows.tick import tick
from benehub.flows.worker import worker_beside
from benehub.ledger import Leg, NewEntry
from benehub.store import Store, guards, open_store
from benehub.store.archive import FORMAT
from benehub.store.tables import act, employer, entry, obligation
from benehub.views.health import revisions

KEYS = {"k1": b"k" * 32}
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.fixture
def hub(db_url: str, tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that has pushed once; a read waits in its queue, and no process is at work."""
    monkeypatch.setattr(fakehub, "NOW", NOON)
    made: Hub = fakehub.open_hub(db_url)
    fakehub.set_up(made, tmp_path / "vendor", "read_back")
    fakehub.run(made, fakehub.PUSH)
    job_schedules.add(made, "acme", "nightly", Wanted("coverage"), When(cron="0 2 * * *"))
    monkeypatch.setattr(fakehub, "NOW", NOON + timedelta(hours=15))
    assert tick(made).started == 1
    made.engine.stop()
    yield made
    made.engine.stop()
    made.store.close()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder of artefacts."""
    (tmp_path / "artefacts" / "2026").mkdir(parents=True)
    (tmp_path / "artefacts" / "2026" / "signed.pdf").write_bytes(b"%PDF\x00signed")
    return tmp_path / "artefacts"


def spoil(store: Store) -> None:
    """What a restore has to undo."""
    post(store, "spoilt", 7)
    with store.write("acme") as session:
        session.connection.execute(update(employer).values(name="Spoilt"))


def post(store: Store, key: str, amount: int) -> None:
    legs = (Leg("2100", "USD", amount), Leg("1010", "USD", -amount))
    with store.write("acme") as session:
        ledger.record(session, [NewEntry(key, "adjustment", date(2026, 10, 1), legs, "test")])


@contextmanager
def writing(store: Store) -> Iterator[list[int]]:
    """Others who write meanwhile; gives how often each has."""
    over, done = threading.Event(), [0]

    def work() -> None:
        while not over.is_set():
            post(store, f"beside {done[0]}", 5)
            done[0] += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        while not done[0]:
            assert thread.is_alive()
            over.wait(0.01)
        yield done
    finally:
        over.set()
        thread.join()


def entries(store: Store) -> int:
    with store.read("acme") as session:
        return int(session.connection.execute(select(func.count()).select_from(entry)).scalar_one())


def test_a_backup_is_one_moment_and_comes_back_whole(hub: Hub, files: Path, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    with writing(hub.store) as written:
        told = back_up(hub.store, file, files)
        assert written[0]
    assert (told.keys, told.artefacts) == (("k1",), 1)
    assert file.stat().st_mode & 0o777 == 0o600
    kept = told.employers["acme"]
    assert entries(hub.store) >= kept["entries"]
    assert kept["dispatches"] == {"sent": 3}
    spoil(hub.store)
    (files / "2026" / "signed.pdf").unlink()

    back = restore(hub.store, file, files, force=True)

    assert back == told
    assert entries(hub.store) == kept["entries"]
    with hub.store.read("acme") as session:
        proof = ledger.verify(session)
        assert (proof.ok, proof.head) == (True, kept["head"])
        assert session.connection.execute(select(employer.c.name)).scalar_one() == "Acme"
        assert guards.missing(session.connection) == ()
        states = session.rows(select(obligation.c.state, func.count().label("number")).group_by(obligation.c.state))
        assert {row.state: row.number for row in states} == kept["obligations"]
    with pytest.raises(DatabaseError), hub.store.write("acme") as session:
        session.connection.execute(update(entry).values(type="other"))
    assert (files / "2026" / "signed.pdf").read_bytes() == b"%PDF\x00signed"
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_jobs_go_on_after_a_restore(hub: Hub, files: Path, tmp_path: Path) -> None:
    back_up(hub.store, tmp_path / "all.backup", files)
    spoil(hub.store)
    restore(hub.store, tmp_path / "all.backup", files, force=True)
    pause, state = threading.Event(), ""
    with worker_beside(hub, every=1):
        for _ in range(300):
            with hub.store.read("acme") as session:
                state = session.rows(text("SELECT state FROM run WHERE flow = 'schedule.coverage'"))[0].state
            if state == "done" or pause.wait(0.1):
                break
    assert state == "done"
    # What was pushed before is known: the same push again sends nothing.
    bind(hub).engine.start()
    assert hub.start_flow("deductions.push", "acme", "again", "payroll", "monthly", "2026-10-15").get("sent", 0) == 0


def test_it_goes_into_an_empty_database(hub: Hub, db_url: str, files: Path, tmp_path: Path) -> None:
    told = back_up(hub.store, tmp_path / "all.backup", files)
    if db_url.startswith("sqlite"):
        fresh = open_store(f"sqlite:///{tmp_path / 'fresh.db'}", Vault(KEYS), lambda: NOON)
    else:
        with hub.store.engine.connect() as connection, connection.begin():
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("DROP SCHEMA dbos CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        fresh = hub.store
    assert restore(fresh, tmp_path / "all.backup", tmp_path / "elsewhere") == told
    assert entries(fresh) == told.employers["acme"]["entries"]
    assert (tmp_path / "elsewhere" / "2026" / "signed.pdf").exists()
    fresh.close()


def test_what_holds_data_is_not_overwritten_unasked(hub: Hub, files: Path, tmp_path: Path) -> None:
    back_up(hub.store, tmp_path / "all.backup", files)
    spoil(hub.store)
    before = entries(hub.store)
    with pytest.raises(NeedsPersonError, match="holds data"):
        restore(hub.store, tmp_path / "all.backup", files)
    assert entries(hub.store) == before


def test_a_process_at_work_is_not_pulled_from_under(hub: Hub, files: Path, tmp_path: Path) -> None:
    back_up(hub.store, tmp_path / "all.backup", files)
    bind(hub).engine.start()
    with pytest.raises(ConfigError, match="at work"):
        restore(hub.store, tmp_path / "all.backup", files, force=True)


OTHERS = (
    ({"k2": b"k" * 32}, "not loaded: k1"),
    ({"k1": b"x" * 32}, "another one"),
    ({"k1": b"k" * 32, "a0": b"a" * 32}, "comes by name before"),
)


def test_without_its_keys_nothing_is_restored(hub: Hub, db_url: str, files: Path, tmp_path: Path) -> None:
    back_up(hub.store, tmp_path / "all.backup", files)
    assert b"k" * 32 not in (tmp_path / "all.backup").read_bytes()
    spoil(hub.store)
    before = entries(hub.store)
    for keys, what in OTHERS:
        other = open_store(db_url, Vault(keys, next(iter(keys))))
        with pytest.raises(ConfigError, match=what):
            restore(other, tmp_path / "all.backup", files, force=True)
        other.close()
        assert entries(hub.store) == before


def test_a_key_that_sealed_anything_is_named(hub: Hub, db_url: str, files: Path, tmp_path: Path) -> None:
    both = open_store(db_url, Vault(KEYS | {"k2": b"2" * 32}, "k2"), lambda: NOON)
    assert back_up(both, tmp_path / "first.backup", files).keys == ("k1",)
    with both.write("acme") as session:
        session.connection.execute(text("UPDATE person SET ssn_sealed = :box"), {"box": session.seal(b"s", "ssn")})
    assert back_up(both, tmp_path / "second.backup", files).keys == ("k1", "k2")
    both.close()


def damage(file: Path) -> None:
    """One byte of the largest part."""
    with zipfile.ZipFile(file) as packed:
        part = max(packed.infolist(), key=lambda one: one.compress_size)
    content = bytearray(file.read_bytes())
    content[part.header_offset + 60 + part.compress_size // 2] ^= 0xFF
    file.write_bytes(content)


def cut(file: Path) -> None:
    """Half of it."""
    file.write_bytes(file.read_bytes()[:-2000])


def forge(file: Path) -> None:
    """Another count in the manifest: what comes out is not what it says."""
    rewrite(file, lambda text: text.replace('"sent": 3', '"sent": 4'))


def rewrite(file: Path, change: Callable[[str], str]) -> None:
    with zipfile.ZipFile(file) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, change(content.decode()) if name == "manifest.json" else content)


HARMS: tuple[tuple[Callable[[Path], None], type[BenehubError]], ...] = (
    (damage, FormatError),
    (cut, FormatError),
    (forge, IntegrityError),
)


def test_what_is_not_what_was_written_changes_nothing(hub: Hub, files: Path, tmp_path: Path) -> None:
    back_up(hub.store, tmp_path / "whole", files)
    spoil(hub.store)
    before = entries(hub.store)
    for harm, error in HARMS:
        shutil.copy(tmp_path / "whole", tmp_path / "all.backup")
        harm(tmp_path / "all.backup")
        with pytest.raises(error):
            restore(hub.store, tmp_path / "all.backup", files, force=True)
        assert entries(hub.store) == before
        with hub.store.read("acme") as session:
            assert session.connection.execute(select(employer.c.name)).scalar_one() == "Spoilt"
            assert guards.missing(session.connection) == ()


def test_another_kind_format_or_schema_is_refused_by_name(hub: Hub, files: Path, tmp_path: Path) -> None:
    file, kind = tmp_path / "all.backup", hub.store.engine.dialect.name
    for old, new, error, what in (
        (f'"database": "{kind}"', '"database": "other"', ConfigError, "does not go into"),
        (f'"revision": "{revisions(hub.store)[0]}"', '"revision": "9999"', ConfigError, "not known here"),
        (f'"format": {FORMAT}', '"format": 99', FormatError, "another format"),
    ):
        file.unlink(missing_ok=True)
        back_up(hub.store, file, files)
        rewrite(file, lambda text, old=old, new=new: text.replace(old, new))  # type: ignore[misc]  # bound at once
        with pytest.raises(error, match=what):
            restore(hub.store, file, files, force=True)
    (tmp_path / "none").write_text("no backup")
    for name, fault in (("none", FormatError), ("absent", DataError)):
        with pytest.raises(fault):
            restore(hub.store, tmp_path / name, files, force=True)


def test_no_part_leaves_the_folder_of_artefacts(hub: Hub, files: Path, tmp_path: Path) -> None:
    back_up(hub.store, tmp_path / "all.backup", files)
    with zipfile.ZipFile(tmp_path / "all.backup", "a") as packed:
        packed.writestr("artefacts/../../escaped", "x")
    with pytest.raises(FormatError, match="out of its folder"):
        restore(hub.store, tmp_path / "all.backup", files, force=True)
    assert not (tmp_path / "escaped").exists()


def test_no_backup_is_overwritten_and_none_is_left_half(hub: Hub, files: Path, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("precious")
    with pytest.raises(DataError, match="there already"):
        back_up(hub.store, tmp_path / "there", files)
    assert (tmp_path / "there").read_text() == "precious"
    with hub.store.write("acme") as session:
        session.connection.execute(update(employer).values(ledger_head="f" * 64))
    with pytest.raises(IntegrityError, match="does not verify"):
        back_up(hub.store, tmp_path / "all.backup", files)
    assert [path.name for path in tmp_path.iterdir() if "all.backup" in path.name] == []


def test_a_backup_of_an_older_schema_is_brought_up_to_date(db_url: str, tmp_path: Path) -> None:
    old = open_store(db_url, Vault(KEYS), lambda: NOON)
    old.migrate("0035")
    row = {"name": "Acme", "country": "US", "currency": "USD", "seq": 0, "recorded_at": "", "ledger_head": ""}
    with old.write("acme") as session:
        session.add(employer, [row])
    post(old, "first", 100)
    told = back_up(old, tmp_path / "old.backup", tmp_path / "artefacts")
    assert restore(old, tmp_path / "old.backup", tmp_path / "artefacts", force=True) == told
    standing, wanted = revisions(old)
    assert standing == wanted
    assert entries(old) == 1
    with old.read("acme") as session:
        assert session.rows(select(act)) == []
    old.close()
