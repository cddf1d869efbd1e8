"""Rate limits of vendor accounts, held for all processes on a database: calls are reserved in blocks.

On PostgreSQL a row an account, on SQLite the same row in a small database of its own beside the hub's: whoever waits
for the hub's one writer must not wait for a vendor, nor the other way round. The database's clock is the one that
counts. What is reserved by a process that died counts until its time is over, and no longer.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from benehub.connect.limits import NO_WAIT, Slots, Waited
from benehub.errors import RetriableError
from benehub.store.schema import INSTALLATION
from benehub.store.sqlite import open_wal
from benehub.store.tables import call_window

_CLOCK = {
    "sqlite": text("SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"),
    "postgresql": text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"),
}

EVERYBODY = INSTALLATION
"""Stands for the employer: a vendor counts the calls of an account, whoever's they are."""

Block = Sequence[int]
"""Block number, until when it stands (ms), calls."""


class StoreWindows:
    """The windows of all vendor accounts, kept with a database."""

    def __init__(self, engine: Engine) -> None:
        self._hub = engine
        self._lock = threading.Lock()
        self._own: Engine | None = None

    @property
    def _engine(self) -> Engine:
        """Where they stand, opened at the first asking."""
        if self._hub.dialect.name == "postgresql":
            return self._hub
        with self._lock:
            if self._own is None:
                self._own = _beside(f"{self._hub.url.database}.limits")
            return self._own

    def close(self) -> None:
        """Give connections of its own back."""
        with self._lock:
            if self._own is not None:
                self._own.dispose()
                self._own = None

    def reserve(
        self,
        name: str,
        allowed: int,
        hold_seconds: float,
        wanted: int,
        back: tuple[int, int] | None,
        waited: Waited = NO_WAIT,
    ) -> Slots:
        """Up to `wanted` calls of an account; see `benehub.connect.limits.Shared`.

        Raises:
            RetriableError: the database does not answer.
        """
        try:
            with self._engine.connect() as connection, connection.begin():
                return _reserve(connection, name, allowed, hold_seconds, wanted, back, waited)
        except DBAPIError as error:
            raise _unreachable(error) from None

    def hold(self, name: str, seconds: float) -> None:
        """Reserve nothing of an account for so many seconds.

        Raises:
            RetriableError: the database does not answer.
        """
        try:
            with self._engine.connect() as connection, connection.begin():
                row = _locked(connection, name)
                until = max(int(row.held_until_ms), _now(connection) + math.ceil(seconds * 1000))
                connection.execute(update(call_window).where(*_mine(name)).values(held_until_ms=until))
        except DBAPIError as error:
            raise _unreachable(error) from None

    def held_for(self, name: str) -> float:
        """Seconds for which an account was told to wait, from now on; 0 where it was not.

        Raises:
            RetriableError: the database does not answer.
        """
        try:
            with self._engine.connect() as connection, connection.begin():
                until = connection.execute(select(call_window.c.held_until_ms).where(*_mine(name))).scalar() or 0
                return max(0, until - _now(connection)) / 1000 if until else 0.0
        except DBAPIError as error:
            raise _unreachable(error) from None

    def held(self) -> tuple[int, float]:
        """How many accounts were told to wait and still do, and the longest wait left in seconds.

        Raises:
            RetriableError: the database does not answer.
        """
        try:
            with self._engine.connect() as connection, connection.begin():
                now = _now(connection)
                waiting = call_window.c.held_until_ms > now
                query = select(func.count().label("many"), func.max(call_window.c.held_until_ms).label("until"))
                row = connection.execute(query.where(call_window.c.employer_id == EVERYBODY, waiting)).one()
        except DBAPIError as error:
            raise _unreachable(error) from None
        return int(row.many), max(0, int(row.until or now) - now) / 1000

    def waited(self) -> Waited:
        """How often calls of all accounts have waited for a slot, in whichever process, and for how many seconds.

        Raises:
            RetriableError: the database does not answer.
        """
        query = select(func.sum(call_window.c.waits).label("many"), func.sum(call_window.c.waited_ms).label("ms"))
        try:
            with self._engine.connect() as connection, connection.begin():
                row = connection.execute(query.where(call_window.c.employer_id == EVERYBODY)).one()
        except DBAPIError as error:
            raise _unreachable(error) from None
        return int(row.many or 0), int(row.ms or 0) / 1000


def _unreachable(error: DBAPIError) -> RetriableError:
    return RetriableError(
        f"the limits of vendor accounts cannot be asked for ({type(error).__name__})",
        where="database", mend="It is tried again; `benehub doctor` checks the database",
    )  # fmt: skip


def _reserve(
    connection: Connection,
    name: str,
    allowed: int,
    hold_seconds: float,
    wanted: int,
    back: tuple[int, int] | None,
    waited: Waited,
) -> Slots:
    row = _locked(connection, name)
    now, stands_ms = _now(connection), math.ceil(hold_seconds * 1000)
    # A clock that was set back would let what is reserved stand for too long.
    blocks = [(no, min(until, now + stands_ms), calls) for no, until, calls in row.blocks if until > now]
    if back is not None:
        blocks = [(no, until, calls - back[1] if no == back[0] else calls) for no, until, calls in blocks]
    blocks = [one for one in blocks if one[2] > 0]
    free = allowed - sum(calls for _, _, calls in blocks)
    taken = 0 if row.held_until_ms > now else max(0, min(wanted, free))
    block = int(row.last_block) + (taken > 0)
    if taken:
        blocks.append((block, now + stands_ms, taken))
    values = {
        "blocks": [list(one) for one in blocks], "last_block": block, "waits": call_window.c.waits + waited[0],
        "waited_ms": call_window.c.waited_ms + round(waited[1] * 1000),
    }  # fmt: skip
    connection.execute(update(call_window).where(*_mine(name)).values(values))
    if taken:
        return Slots(taken, block=block)
    return Slots(0, _wait_ms(int(row.held_until_ms) - now, blocks, now) / 1000)


def _wait_ms(held: int, blocks: Sequence[Block], now: int) -> int:
    first = min((until for _, until, _ in blocks), default=now) - now
    return held if held > 0 else max(first, 1)


def _locked(connection: Connection, name: str) -> Row[Any]:
    """The account's row, made at the first asking; nobody else changes it until this transaction ends."""
    query = select(call_window).where(*_mine(name)).with_for_update()
    found = connection.execute(query).first()
    if found is None:
        new = {"employer_id": EVERYBODY, "account": name, "held_until_ms": 0, "last_block": 0, "blocks": []}
        try:
            with connection.begin_nested():
                connection.execute(insert(call_window).values(new))
        except IntegrityError:
            pass  # another one was faster
        found = connection.execute(query).one()
    return found


def _mine(name: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return call_window.c.employer_id == EVERYBODY, call_window.c.account == name


def _now(connection: Connection) -> int:
    return int(connection.execute(_CLOCK[connection.dialect.name]).scalar_one())


def _beside(path: str) -> Engine:
    """A small SQLite database of its own, made or brought up to date: what is reserved in it is soon over."""
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None
        open_wal(raw)
        raw.execute("PRAGMA synchronous=OFF")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as connection:
        call_window.create(connection, checkfirst=True)
        known = {one["name"] for one in inspect(connection).get_columns(call_window.name)}
        for column in (call_window.c.waits, call_window.c.waited_ms):
            if column.name not in known:  # made by an older version; no migration comes here
                connection.exec_driver_sql(
                    f"ALTER TABLE {call_window.name} ADD COLUMN {column.name} BIGINT NOT NULL DEFAULT 0"
                )
    return engine
