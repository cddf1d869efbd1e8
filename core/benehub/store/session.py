"""One transaction for one employer: the connection, the recorded order, and the vault.

Stations take a `Session` and never commit; flows own the transaction. The recorded order is a number per
employer taken under a lock on the employer's row; `recorded_at` never runs backwards along it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, ColumnElement, Connection, Row, String, Table, collate, select, update
from sqlalchemy.sql import Executable

from benehub.crypto import Vault
from benehub.errors import ConfigError
from benehub.ids import derive
from benehub.periods import Clock
from benehub.store.bulk import among, change_rows, insert_new, insert_rows, insert_tuples
from benehub.store.tables import employer as employer_table
from benehub.store.tables import metadata

CHUNK = 500
"""Things of one IN list, and of what is done in parts."""

INSERTED = 2000
"""Rows of one bulk insert."""

Names = tuple[str, ...]
"""Columns of a table, in the order of a row's values; the employer comes first."""

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)

_RANK = {table: rank for rank, table in enumerate(metadata.sorted_tables)}
"""What is referred to stands before what refers to it."""


@dataclass
class Session:
    """A transaction of one employer."""

    connection: Connection
    employer: str
    vault: Vault = field(repr=False)
    clock: Clock
    memo: dict[Any, Any] = field(default_factory=dict, repr=False)
    """What this transaction has looked up; cleared whenever a savepoint is undone."""
    touched: int = 0
    """Grows with everything that is written or about to be: whoever finds it as it was has nothing to undo."""
    _deferred: dict[Table, list[Mapping[str, Any]]] = field(default_factory=dict, repr=False)
    _gathers: bool = field(default=False, repr=False)
    _deferred_new: dict[Table, list[Mapping[str, Any]]] = field(default_factory=dict, repr=False)
    _ready: dict[tuple[Table, Names], list[tuple[Any, ...]]] = field(default_factory=dict, repr=False)
    _next: int | None = field(default=None, repr=False)
    _recorded_at: str = field(default="", repr=False)
    _zone: tzinfo | None = field(default=None, repr=False)

    def take_seq(self, count: int = 1) -> tuple[int, str]:
        """Take `count` numbers of the recorded order; gives the first one and `recorded_at` (ISO, UTC).

        The first call locks the employer's row until the transaction ends; `flush_seq` writes the last number
        back before the commit. All of one transaction carries the same `recorded_at`.

        Raises:
            ConfigError: no such employer.
        """
        if self._next is None:
            # Undoing a savepoint gives back the locks taken in it, while our count would go on without one.
            assert not self.connection.in_nested_transaction(), "take_seq(0) before the first savepoint"
            found = self.connection.execute(
                select(employer_table.c.seq, employer_table.c.recorded_at)
                .where(employer_table.c.employer_id == self.employer)
                # Not the key: rows that only refer to the employer do not wait, nor two writers in a circle.
                .with_for_update(key_share=True)
            ).first()
            if found is None:
                raise ConfigError(f"no employer {self.employer!r}", mend="Run `benehub init` or load its plan book")
            self._next, self._recorded_at = int(found.seq) + 1, max(self.now(), found.recorded_at)
        first = self._next
        self._next += count
        self.touched += count
        return first, self._recorded_at

    def flush_seq(self) -> None:
        """Write the recorded order back; the store does so before every commit."""
        if self._next is not None:
            self.connection.execute(
                update(employer_table)
                .where(employer_table.c.employer_id == self.employer)
                .values(seq=self._next - 1, recorded_at=self._recorded_at)
            )

    def latest_seq(self) -> int:
        """The newest number of the recorded order: "as known now"."""
        if self._next is not None:
            return self._next - 1
        value = self.connection.execute(
            select(employer_table.c.seq).where(employer_table.c.employer_id == self.employer)
        ).scalar()
        return int(value or 0)

    def now(self) -> str:
        """The injected clock as fixed-width ISO text in UTC, so that text order is time order."""
        return iso(self.clock())

    def local_now(self) -> datetime:
        """The injected clock's moment in the employer's own time zone."""
        return self.clock().astimezone(self.zone())

    def today(self) -> date:
        """The employer's day: what the calendar on his wall says at the injected clock's moment."""
        return self.local_now().date()

    def day_of(self, moment: str) -> date:
        """The employer's day of a moment as `now` writes it."""
        return datetime.fromisoformat(moment).astimezone(self.zone()).date()

    def zone(self) -> tzinfo:
        """The employer's time zone, as his plan book names it; UTC where no employer is meant."""
        if self._zone is None:
            name = self.connection.execute(
                select(employer_table.c.timezone).where(employer_table.c.employer_id == self.employer)
            ).scalar()
            self._zone = UTC if name in (None, "UTC") else ZoneInfo(name)
        return self._zone

    def id(self, prefix: str, *parts: str) -> str:
        """The derived id of a thing of this employer."""
        return derive(prefix, self.employer, *parts)

    def rows(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """All rows of a bounded query."""
        return self.connection.execute(statement, params or {}).all()

    def tuples(self, statement: Executable) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a long query part by part, as the driver gives them: on SQLite a day is text."""
        if self.connection.dialect.name == "sqlite":
            # The driver's own cursor; a result that streams would have taken its first row out of it already.
            result = self.connection.execute(statement)
            assert result.cursor is not None
            while rows := result.cursor.fetchmany(INSERTED):
                yield list(rows)
            result.close()
            return
        for part in self.connection.execute(statement.execution_options(yield_per=INSERTED)).partitions():
            yield [tuple(row) for row in part]

    def in_order(self, *columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
        """An order that Python's own comparison follows: text by its code points, what is missing first."""
        if self.connection.dialect.name == "sqlite":
            return list(columns)
        return [(collate(one, "C") if isinstance(one.type, String) else one).nulls_first() for one in columns]

    def add(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> int:
        """Insert rows of this employer in bounded chunks; gives their number. All rows have the same columns."""
        self.touched += 1
        count, left = 0, iter(rows)
        while batch := list(islice(left, INSERTED)):
            insert_rows(self.connection, table, self.employer, batch)
            count += len(batch)
        return count

    def add_ready(self, table: Table, names: Names, rows: Sequence[tuple[Any, ...]]) -> None:
        """As `add`, for rows that are as the database takes them: values in the order of `names`."""
        self.touched += 1
        for start in range(0, len(rows), INSERTED):
            insert_tuples(self.connection, table, names, rows[start : start + INSERTED])

    def deferring(self, table: Table, names: Names) -> list[tuple[Any, ...]]:
        """Where such rows are put that the next `flush_deferred` inserts; it stays the same list for this session.

        Who puts one takes a number of the recorded order for it, and ends with `written` as after `defer`.
        """
        return self._ready.setdefault((table, names), [])

    def defer(self, table: Table, row: Mapping[str, Any], new: bool = False) -> None:
        """Insert a row with the next `flush_deferred`, together with others of its table.

        The caller ends with `written`. `new` rows are left out where their key is there.
        """
        self.touched += 1
        (self._deferred_new if new else self._deferred).setdefault(table, []).append(row)

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """What many calls write within is written in sets, at the end; whoever reads such a table flushes first."""
        outer, self._gathers = self._gathers, True
        try:
            yield
        finally:
            self._gathers = outer
        self.written()

    def written(self) -> None:
        """Insert what was deferred, unless somebody gathers."""
        if not self._gathers:
            self.flush_deferred()

    def flush_deferred(self) -> None:
        """Insert what was deferred; the store does so before every commit."""
        deferred, self._deferred = self._deferred, {}
        ready = {key: rows for key, rows in self._ready.items() if rows}
        for table in sorted({*deferred, *(table for table, _ in ready)}, key=_RANK.__getitem__):
            self.add(table, deferred.get(table, []))
            for (of, names), rows in ready.items():
                if of is table:
                    self.add_ready(table, names, rows)
                    rows.clear()
        unless, self._deferred_new = self._deferred_new, {}
        for table, new in unless.items():
            for start in range(0, len(new), CHUNK):
                part = [{"employer_id": self.employer, **row} for row in new[start : start + CHUNK]]
                insert_new(self.connection, table, part)

    def forget(self) -> None:
        """Forget what was looked up: what comes next in this transaction is about others."""
        self.flush_deferred()
        self.memo.clear()

    def undone(self) -> None:
        """A savepoint was undone: forget what was looked up and deferred within it."""
        self.memo.clear()
        self._deferred.clear()
        self._deferred_new.clear()
        for rows in self._ready.values():
            rows.clear()

    def change(self, table: Table, key: Mapping[str, Any], **values: Any) -> None:
        """Update the one row of this employer named by `key` (never of a ledger or fact table)."""
        self._before_change(table)
        self.connection.execute(update(table).where(*self.where(table, **key)).values(**values))

    def change_all(self, table: Table, keys: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        """As `change` for many rows at once: each names its keys and its new values, all the same columns."""
        if rows:
            self._before_change(table)
            for start in range(0, len(rows), CHUNK):
                change_rows(self.connection, table, self.employer, keys, rows[start : start + CHUNK])

    def _before_change(self, table: Table) -> None:
        self.touched += 1
        if table in self._deferred or any(rows for (of, _), rows in self._ready.items() if of is table):
            self.flush_deferred()

    def among(self, column: Column[Any], values: Iterable[Any]) -> ColumnElement[bool]:
        """Condition that the column holds one of these values, however many."""
        return among(self.connection, column, values)

    def where(self, table: Table, **equal: Any) -> list[Any]:
        """Conditions for this employer's rows with these column values."""
        return [
            table.c.employer_id == self.employer,
            *(table.c[name] == value for name, value in equal.items()),
        ]

    def seal(self, content: Any, context: str) -> bytes:
        """Encrypt JSON content, or bytes as they are, for `context`."""
        plain = content if isinstance(content, bytes) else canonical(content)
        return self.vault.seal(plain, f"{self.employer}/{context}")

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Decrypt what `seal` made for `context`."""
        return self.vault.open(sealed, f"{self.employer}/{context}")


def iso(moment: datetime) -> str:
    """Fixed-width ISO text in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(content: Any) -> bytes:
    """Content as canonical JSON bytes: sorted keys, no spaces; the same content gives the same bytes."""
    return _CANONICAL.encode(content).encode()
