"""Opens the database: SQLite (WAL, one writer under BEGIN IMMEDIATE) or PostgreSQL, the same code above.

Only this room builds engines. A `Store` hands out `Session`s, one transaction each, for one employer.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, Engine, RootTransaction, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError

from benehub.crypto import Vault
from benehub.errors import ConfigError, RetriableError
from benehub.periods import Clock, system_clock
from benehub.store.locks import NamedLock, alone
from benehub.store.session import Session
from benehub.store.sqlite import open_wal
from benehub.store.windows import StoreWindows

MIGRATIONS = Path(__file__).parent / "migrations"

VERSION_TABLE = "benehub_schema"
"""Where the migrations note the schema's revision."""

SERVES = "serves code of "
"""How the table's comment begins; behind it stand the revisions whose code works with this schema."""

WATCHED_LINE = {
    "connect_timeout": 10, "keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}  # fmt: skip
"""In seconds, but for the last in milliseconds: what was sent and is not acknowledged by then ends the connection."""

TURN_SECONDS = 600.0
"""How long one waits for its turn."""

TURN_PAUSE = 0.05
"""Seconds between two looks."""

AWAY_SECONDS = 20.0
"""How long one waits for a database that is away: a restart, a lost connection."""

AWAY_PAUSE = 0.3
"""Seconds between two tries."""

R = TypeVar("R")


@dataclass(frozen=True)
class Store:
    """An open database with what is needed to read what is sealed in it."""

    url: str
    engine: Engine
    vault: Vault = field(repr=False)
    clock: Clock = system_clock

    @contextmanager
    def write(self, employer: str) -> Iterator[Session]:
        """One transaction that may write rows of `employer`; commits, or leaves nothing behind.

        Raises:
            RetriableError: SQLite has one writer, and another one kept it for longer than one waits.
        """
        with self.engine.connect().execution_options(benehub_write=True) as connection, _begun(connection):
            session = Session(connection, employer, self.vault, self.clock)
            yield session
            session.flush_deferred()
            session.flush_seq()

    @contextmanager
    def read(self, employer: str) -> Iterator[Session]:
        """One consistent reading transaction for `employer`: every query sees the same moment."""
        with self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":  # SQLite's readers see one moment anyway
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield Session(connection, employer, self.vault, self.clock)

    @contextmanager
    def turn(self, employer: str, name: str) -> Iterator[Callable[..., bool]]:
        """Be the only one, of all threads and processes on this database, who does `name` for `employer`.

        It is no transaction: vendors may be called inside. A process that dies gives its turn back by dying. Gives what
        tells whether the turn is still ours, as `NamedLock.stands` does: a restarted database has forgotten it,
        and another may have it.

        Raises:
            RetriableError: another one kept it for longer than `TURN_SECONDS`.
        """
        lock = self.lock(f"{employer}/{name}")
        until = time.monotonic() + TURN_SECONDS
        try:
            while not lock.take():
                if time.monotonic() > until:
                    raise RetriableError(
                        "another process is at it", where=f"{name} of {employer}", mend="Try again when it is done"
                    )
                time.sleep(TURN_PAUSE)
            yield lock.stands
        finally:
            lock.release()

    @property
    def forgets_locks(self) -> bool:
        """Whether a lock may be free although its holder lives: PostgreSQL keeps it for a connection, that may drop."""
        return self.engine.dialect.name == "postgresql"

    def lock(self, name: str, shared: str = "") -> NamedLock:
        """The lock of this name on this database, not taken yet; `shared` is one that is taken with it, by many."""
        return NamedLock(self.engine, name, shared)

    @cached_property
    def windows(self) -> StoreWindows:
        """The rate limits of vendor accounts, held for all processes on this database."""
        return StoreWindows(self.engine)

    def migrate(self, revision: str = "head") -> None:
        """Bring the schema, triggers included, up to a revision: the newest unless said. One at a time."""
        with self.engine.connect().execution_options(benehub_write=True) as connection, connection.begin():
            alone(connection, "migrate")
            migrate(connection, revision)

    def refresh_statistics(self) -> None:
        """Let the planner learn what was just written; PostgreSQL's own turn comes a minute later at best."""
        if self.engine.dialect.name == "postgresql":
            with self.engine.connect() as connection, connection.begin():
                connection.exec_driver_sql("ANALYZE")

    def close(self) -> None:
        """Give all connections back."""
        self.windows.close()
        self.engine.dispose()


def _begun(connection: Connection) -> RootTransaction:
    try:
        return connection.begin()
    except OperationalError as error:
        # The extended codes too: a file that another one is just bringing up again, say.
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        raise RetriableError("the database is written to by somebody else, and has been for long", where="database",
                             mend="Try again soon; PostgreSQL lets many write at once") from None  # fmt: skip


def patiently(work: Callable[[], R]) -> R:
    """Do `work` again while the database is away; it has to bear being done twice.

    Raises:
        sqlalchemy.exc.DBAPIError: it stayed away for longer than `AWAY_SECONDS`, or the fault is another one.
    """
    until = time.monotonic() + AWAY_SECONDS
    while True:
        try:
            return work()
        except DBAPIError as error:
            if not _away(error) or time.monotonic() > until:
                raise
        time.sleep(AWAY_PAUSE)


def _away(error: DBAPIError) -> bool:
    """Whether the connection was lost, or none came about; a server that answers gives its faults a code."""
    refused = isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", "") is None
    return error.connection_invalidated or refused


def knows(revision: str) -> bool:
    """Whether the migrations here come to a revision."""
    return any(one.revision == revision for one in ScriptDirectory.from_config(_alembic()).walk_revisions())


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def migrate(connection: Connection, revision: str = "head") -> None:
    """Bring the schema up to a revision, within the caller's transaction; it says then whom it serves."""
    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    if connection.dialect.name == "postgresql":
        told = " ".join(serving(ScriptDirectory.from_config(config), revision))
        connection.exec_driver_sql(f"COMMENT ON TABLE {VERSION_TABLE} IS '{SERVES}{told}'")


def serving(script: ScriptDirectory, revision: str = "head") -> list[str]:
    """The revisions whose code works with the schema of this one: each newer migration is `additive`.

    Such a one only adds what the code before it need not know. Older ones say nothing of it.
    """
    found: list[str] = []
    one: Script | None = script.get_revision(revision)
    while one is not None:
        found.append(one.revision)
        before = one.down_revision
        additive = getattr(one.module, "additive", False) and isinstance(before, str)
        one = script.get_revision(str(before)) if additive else None
    return found


def serves(connection: Connection, revision: str) -> bool:
    """Whether the schema says that it serves code of an older revision. Only PostgreSQL's does: beside SQLite works
    one process, that is upgraded with it."""
    if connection.dialect.name != "postgresql":
        return False
    told = connection.scalar(text("SELECT obj_description(to_regclass(:name))"), {"name": VERSION_TABLE})
    return revision in str(told or "").removeprefix(SERVES).split()


def open_store(url: str, vault: Vault, clock: Clock = system_clock) -> Store:
    """Open the database named by `url`.

    Raises:
        ConfigError: the URL names a database other than SQLite or PostgreSQL.
    """
    if url.startswith("sqlite:///"):
        engine = create_engine(url, hide_parameters=True, connect_args={"check_same_thread": False})
        _tune_sqlite(engine)
    elif url.startswith("postgresql+psycopg://"):
        engine = create_engine(
            url, hide_parameters=True, pool_pre_ping=True, isolation_level="READ COMMITTED", connect_args=_watched(url)
        )
        # First: what else is done with a new connection reads texts, which come as bytes there.
        event.listen(engine, "connect", _must_know_its_letters, insert=True)
    else:
        scheme = url.split(":", 1)[0]
        raise ConfigError(
            f"no such kind of database: {scheme!r}",
            where="setting db",
            mend="Use sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME",
        )
    return Store(url, engine, vault, clock)


def _must_know_its_letters(raw: Any, _record: Any) -> None:
    encoding = raw.info.parameter_status("server_encoding")
    if encoding == "SQL_ASCII":
        name = raw.info.dbname
        raise ConfigError(
            f"the database {name!r} has the encoding {encoding}: it does not know which letters it keeps",
            where="setting db",
            mend=f"Create it with UTF8: CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0",
        )


def _watched(url: str) -> dict[str, int]:
    """How soon a connection whose other end is silently gone ends, but for what the URL says itself: a sender that asks
    whether its turn stands waits no longer, nor does a server keep it for one that is gone."""
    return {name: value for name, value in WATCHED_LINE.items() if name not in make_url(url).query}


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # we say BEGIN ourselves, below
        open_wal(raw)
        for pragma in ("synchronous=NORMAL", "foreign_keys=ON", "cache_size=-8000"):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("benehub_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
