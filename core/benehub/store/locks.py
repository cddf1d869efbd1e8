"""Named locks on a database that die with the process that holds them: no clock, no heartbeat.

On PostgreSQL an advisory lock on a connection of its own, on SQLite a locked file beside the database. A file is
locked by open handle, so that two threads of one process exclude each other as two processes do.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import selectors
import time
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from benehub.filelocks import locked, share

ASKED_AT_MOST = 5
"""Times in a row that a database is asked which answers too late each time; then its locks count as lost."""


class NamedLock:
    """One lock, by name, of all threads and processes on a database.

    Args:
        engine: of the database.
        name: what it is called.
        shared: a second lock that is taken with it and that any number may share; while anybody does, nobody takes
            that one for himself. Who has it for himself is waited for.
    """

    def __init__(self, engine: Engine, name: str, shared: str = "") -> None:
        self._engine = engine
        self._digest = hashlib.sha256(name.encode()).digest()
        self._shared = hashlib.sha256(shared.encode()).digest() if shared else b""
        self._connection: Connection | None = None
        self._asked = -math.inf
        """When the database was asked last whether it stands, in monotonic seconds."""
        self._file: IO[str] | None = None
        self._shared_file: IO[str] | None = None

    def take(self) -> bool:
        """Take it unless another one holds it; gives whether it is ours now."""
        if self._engine.dialect.name == "postgresql":
            return self._take_advisory()
        file = _path(self._engine, self._digest).open("a")
        if not locked(file.fileno()):
            file.close()
            return False
        self._file = file
        if self._shared:
            self._shared_file = _path(self._engine, self._shared).open("a")
            share(self._shared_file.fileno())
        return True

    def _take_advisory(self) -> bool:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        ask = text("SELECT pg_try_advisory_lock(:key)")
        taken = bool(self._connection.execute(ask, {"key": _key(self._digest)}).scalar())
        if taken and self._shared:
            self._connection.execute(text("SELECT pg_advisory_lock_shared(:key)"), {"key": _key(self._shared)})
        return taken

    def stands(self, within: float = 0.0, ask: bool = True) -> bool:
        """Whether what was taken is still held: a database that was restarted has forgotten it.

        Args:
            within: seconds for which its last word is good, counted from when it was asked for, unless anything has
                come on the connection since: a server that ends one says so. A word that took longer is none.
            ask: whether the database may be asked; else an old word counts as none.
        """
        if self._connection is None:
            return self._file is not None
        try:
            for _ in range(ASKED_AT_MOST):
                if time.monotonic() <= self._asked + within and not _stirs(self._connection):
                    return True
                if not ask:
                    return False
                asked = time.monotonic()
                if not self._connection.execute(text("SELECT 1")).scalar():
                    return False
                self._asked = asked
                if not within or time.monotonic() <= asked + within:
                    return True
            return False
        except (DBAPIError, OSError):
            if not ask:
                return False
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
            return False

    def release(self, forget: bool = False) -> None:
        """Give it back; `forget` also removes its file, where nobody will ask for the name again."""
        if self._file is not None:
            if forget:
                with contextlib.suppress(OSError):
                    _path(self._engine, self._digest).unlink()
            self._file.close()
            self._file = None
        if self._shared_file is not None:
            self._shared_file.close()
            self._shared_file = None
        if self._connection is not None:
            with contextlib.suppress(DBAPIError):
                self._connection.execute(text("SELECT pg_advisory_unlock_all()"))
            self._connection.close()
            self._connection = None


def _stirs(connection: Connection) -> bool:
    """Whether anything has come on a connection that awaits nothing."""
    driver: Any = connection.connection.driver_connection
    with selectors.DefaultSelector() as selector:
        selector.register(driver.fileno(), selectors.EVENT_READ)
        return bool(selector.select(0))


def alone(connection: Connection, name: str) -> None:
    """Let nobody else be past this line with `name` until the transaction ends. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        key = _key(hashlib.sha256(name.encode()).digest())
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


LISTENING = "who takes from the queue"
"""The lock that all workers share: who has it for himself knows that none lives, and that none comes meanwhile."""

WAITING = "queue"
"""Stands for the process of a run that has none yet: it waits until a worker has time for it."""


def sign_of_life(executor: str) -> str:
    """The name of the lock that a process holds for as long as it lives."""
    return f"executor {executor}"


def is_held(connection: Connection, name: str) -> bool:
    """Whether anybody, this process too, holds the lock of this name; it is only looked at."""
    digest = hashlib.sha256(name.encode()).digest()
    if connection.dialect.name == "postgresql":
        key = _key(digest) & (2**64 - 1)
        ask = text(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
            " AND CAST(classid AS bigint) = :high AND CAST(objid AS bigint) = :low"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return connection.execute(ask, {"high": key >> 32, "low": key & (2**32 - 1)}).first() is not None
    path = _path(connection.engine, digest)
    if not path.exists():
        return False
    with path.open("a") as file:
        return not locked(file.fileno())


def alive(connection: Connection, executors: Collection[str]) -> set[str]:
    """Those of these processes that hold their sign of life, by one query on PostgreSQL."""
    if connection.dialect.name != "postgresql":
        return {one for one in executors if is_held(connection, sign_of_life(one))}
    ask = text(
        "SELECT CAST(classid AS bigint), CAST(objid AS bigint) FROM pg_locks"
        " WHERE locktype = 'advisory' AND granted AND objsubid = 1"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    held = {(int(high) << 32) + int(low) for high, low in connection.execute(ask)} if executors else set()
    names = {one: hashlib.sha256(sign_of_life(one).encode()).digest() for one in executors}
    return {one for one, digest in names.items() if _key(digest) & (2**64 - 1) in held}


def any_held(engine: Engine) -> bool:
    """Whether any process holds any lock on this database: one that does is at work."""
    if engine.dialect.name == "postgresql":
        ask = text(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1"
        )
        with engine.connect() as connection:
            return connection.execute(ask).first() is not None
    beside = Path(str(engine.url.database))
    for path in beside.parent.glob(f"{beside.name}.*.lock"):
        with path.open("a") as file:
            if not locked(file.fileno()):
                return True
    return False


def _key(digest: bytes) -> int:
    return int.from_bytes(digest[:8], "big", signed=True)


def _path(engine: Engine, digest: bytes) -> Path:
    return Path(f"{engine.url.database}.{digest[:6].hex()}.lock")
