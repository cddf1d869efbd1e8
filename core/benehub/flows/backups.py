"""Backup and restore of an installation: the database with the job engine's tables, and the artefacts.

A backup is one moment, taken while workers go on, and proven before it gets its name. It never holds a master key; it
tells which are needed, with a fingerprint of each. A restore is proven in the same way before it takes the place of
what is there: the same ledger heads, the same counts, every guard standing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Table, func, select

from benehub import ledger
from benehub.crypto import Vault
from benehub.engine.history import make_tables
from benehub.errors import ConfigError, IntegrityError, NeedsPersonError
from benehub.flows.worker import ONLY_ONE
from benehub.store import Session, Store, guards, iso, open_store
from benehub.store.archive import Archive, Writer, reading, writing
from benehub.store.copying import clear, copy_in, copy_out, copy_sqlite, keys_used, replace_sqlite
from benehub.store.database import knows, migrate
from benehub.store.locks import any_held
from benehub.store.tables import dispatch, employer, entry, intake_batch, intake_row, obligation, row_waits, run
from benehub.views.employers import employers
from benehub.views.health import revisions

DATABASE = "database.sqlite"
ARTEFACTS = "artefacts"


@dataclass(frozen=True, slots=True)
class Told:
    """What a backup holds, or a restore has brought back, proven."""

    made_at: str
    database: str
    """How the database was copied."""
    keys: tuple[str, ...]
    """Names of the master keys without which it opens nothing."""
    artefacts: int
    employers: dict[str, dict[str, Any]]
    """By employer: the head of the ledger's chain, its entries and legs, and the counts of custody."""

    def as_json(self) -> dict[str, Any]:
        """The same as data."""
        return {
            "made_at": self.made_at, "database": self.database, "keys": list(self.keys), "artefacts": self.artefacts,
            "employers": self.employers,
        }  # fmt: skip


def back_up(store: Store, file: Path, artefacts: Path) -> Told:
    """Write a backup of what stands now; others may go on writing meanwhile.

    Raises:
        DataError: the file is there already.
        IntegrityError: a ledger or its guards do not verify; no file is left.
    """
    with writing(file) as into:
        if store.engine.dialect.name == "sqlite":
            manifest = _copy_of_file(store, file, into)
        else:
            with store.read("") as session:
                manifest = _manifest(store, session.connection) | {"tables": copy_out(session.connection, into)}
        manifest["artefacts"] = _keep(artefacts, into)
        into.tell(manifest)
    return _told(manifest)


def _copy_of_file(store: Store, file: Path, into: Writer) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix=f"{file.name}.", dir=file.parent) as folder:
        path = Path(folder) / DATABASE
        copy_sqlite(store.engine, path)
        with _opened(path, store) as copy, copy.read("") as session:
            manifest = _manifest(copy, session.connection)
        into.file(DATABASE, path)
    return manifest


def _keep(folder: Path, into: Writer) -> int:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()] if folder.is_dir() else []
    for path in files:
        into.file(f"{ARTEFACTS}/{path.relative_to(folder).as_posix()}", path)
    return len(files)


def _manifest(store: Store, connection: Connection) -> dict[str, Any]:
    dialect, first = connection.dialect.name, min(store.vault.keys)
    return {
        "made_at": iso(store.clock()),
        "benehub": version("benehub"),
        "database": dialect,
        "revision": revisions(store)[0],
        "first_key": first,
        "keys": {name: store.vault.fingerprint(name) for name in sorted({first, *keys_used(connection)})},
        "employers": _proven(store, connection),
    }


def _proven(store: Store, connection: Connection) -> dict[str, dict[str, Any]]:
    """What is compared after a restore, employer by employer.

    Raises:
        IntegrityError: a guard is missing, or a ledger does not verify.
    """
    if gone := guards.missing(connection):
        raise IntegrityError(f"guards are missing in the database: {', '.join(gone[:3])}",
                             where="database", mend="Take a backup that verifies: benehub ledger verify")  # fmt: skip
    found = {}
    for row in connection.execute(select(employer.c.employer_id).order_by(employer.c.employer_id)).all():
        session = Session(connection, row.employer_id, store.vault, store.clock)
        proof = ledger.verify(session)
        if not proof.ok:
            raise IntegrityError(
                f"the ledger does not verify: {proof.problems[0]}", where=f"ledger of {row.employer_id}",
                mend="Take a backup that verifies: benehub ledger verify",
            )  # fmt: skip
        found[row.employer_id] = {"head": proof.head, "entries": proof.entries, "legs": proof.legs, **_custody(session)}
    return found


def _custody(session: Session) -> dict[str, Any]:
    """Where every row that came in and every thing that is to leave has come to."""
    names = ("rows", "applied", "unchanged", "quarantined", "superseded")
    (sums,) = session.rows(
        select(*(func.coalesce(func.sum(intake_batch.c[name]), 0).label(name) for name in names)).where(
            *session.where(intake_batch, state="applied")
        )
    )
    waits = select(func.count()).select_from(intake_row).where(*session.where(intake_row), row_waits)
    return {
        "recorded_order": session.latest_seq(),
        "custody": {name: int(sums._mapping[name]) for name in names}
        | {"waiting": int(session.connection.execute(waits).scalar_one())},
        "batches": _by(session, intake_batch, intake_batch.c.state),
        "dispatches": _by(session, dispatch, dispatch.c.state),
        "obligations": _by(session, obligation, obligation.c.state),
        "entries_by_status": _by(session, entry, entry.c.status),
        "runs": _by(session, run, run.c.state),
    }


def _by(session: Session, table: Table, column: Column[Any]) -> dict[str, int]:
    query = select(column.label("state"), func.count().label("number")).where(*session.where(table)).group_by(column)
    return {row.state: int(row.number) for row in session.rows(query.order_by(column))}


def restore(store: Store, file: Path, artefacts: Path, force: bool = False) -> Told:
    """Put a backup in the place of what is there; nothing has changed where this raises.

    Args:
        force: also over a database that holds data.

    Raises:
        FormatError: the file is no backup, or damaged.
        ConfigError: it is of another kind of database or a later release, a key is missing, or a process is at work.
        NeedsPersonError: the database holds data.
        IntegrityError: what came out is not what went in.
    """
    with reading(file) as archive, _alone(store):
        manifest = archive.manifest
        _fits(store, manifest)
        _same_keys(store.vault, manifest)
        filled = bool(revisions(store)[0])
        if filled and employers(store) and not force:
            raise NeedsPersonError("the database holds data", where="setting db",
                                   mend="Restore into an empty one, or say --force: what is there is lost")  # fmt: skip
        if store.engine.dialect.name == "sqlite":
            _restore_file(store, archive)
        else:
            _restore_tables(store, archive, filled)
        for name in archive.names(ARTEFACTS):
            archive.extract(name, artefacts / name.partition("/")[2])
        return _told(manifest)


@contextmanager
def _alone(store: Store) -> Iterator[None]:
    """No worker starts meanwhile beside an SQLite file; on PostgreSQL it waits for our transaction.

    Raises:
        ConfigError: a process is at work.
    """
    if any_held(store.engine):
        raise ConfigError("a process is at work on this database", where="setting db",
                          mend="Stop every benehub process first")  # fmt: skip
    lock = store.lock(ONLY_ONE)
    lock.take()
    try:
        yield
    finally:
        lock.release()


def _fits(store: Store, manifest: dict[str, Any]) -> None:
    dialect = store.engine.dialect.name
    if manifest["database"] != dialect:
        raise ConfigError(f"a backup of {manifest['database']} does not go into {dialect}", where="setting db",
                          mend=f"Name a {manifest['database']} database")  # fmt: skip
    if not knows(manifest["revision"]):
        raise ConfigError(f"the backup's schema {manifest['revision']} is not known here", where="backup",
                          mend=f"Restore it with benehub {manifest['benehub']}, or a later one")  # fmt: skip


def _same_keys(vault: Vault, manifest: dict[str, Any]) -> None:
    where, mend = "setting secret_key", "Restore the key file from its own backup first"
    missing = ", ".join(name for name in manifest["keys"] if name not in vault.keys)
    if missing:
        raise ConfigError(f"the backup needs master keys that are not loaded: {missing}", where=where, mend=mend)
    other = [name for name, told in manifest["keys"].items() if vault.fingerprint(name) != told]
    if other:
        raise ConfigError(f"master key {other[0]!r} is another one than the backup's", where=where, mend=mend)
    if (first := min(vault.keys)) != manifest["first_key"]:
        raise ConfigError(f"key {first!r} comes by name before {manifest['first_key']!r}, which made the index",
                          where=where, mend="Give the new key a name that sorts behind it")  # fmt: skip


def _restore_file(store: Store, archive: Archive) -> None:
    path = Path(str(store.engine.url.database))
    with tempfile.TemporaryDirectory(prefix=f"{path.name}.", dir=path.parent) as folder:
        fresh = Path(folder) / DATABASE
        archive.extract(DATABASE, fresh)
        with _opened(fresh, store) as copy:
            copy.migrate()
            with copy.read("") as session:
                _compare(archive.manifest, _proven(copy, session.connection))
        store.close()
        replace_sqlite(fresh, path)


def _restore_tables(store: Store, archive: Archive, filled: bool) -> None:
    make_tables(store)
    with store.engine.connect().execution_options(benehub_write=True) as connection, connection.begin():
        if filled:
            clear(connection)
        migrate(connection, archive.manifest["revision"])
        copy_in(connection, archive)
        migrate(connection)
        _compare(archive.manifest, _proven(store, connection))
    store.refresh_statistics()


def _compare(manifest: dict[str, Any], found: dict[str, dict[str, Any]]) -> None:
    told = manifest["employers"]
    for name in sorted({*told, *found}):
        if told.get(name) != found.get(name):
            raise IntegrityError("what came out of the backup is not what went in", where=f"employer {name}",
                                 mend="Nothing was changed; take another backup")  # fmt: skip


@contextmanager
def _opened(path: Path, store: Store) -> Iterator[Store]:
    copy = open_store(f"sqlite:///{path}", store.vault, store.clock)
    try:
        yield copy
    finally:
        copy.close()


def _told(manifest: dict[str, Any]) -> Told:
    how = {"sqlite": "SQLite, by its online copy", "postgresql": "PostgreSQL, by COPY of every table in one snapshot"}
    return Told(
        manifest["made_at"], how[manifest["database"]], tuple(manifest["keys"]), manifest["artefacts"],
        manifest["employers"],
    )  # fmt: skip
