"""A whole database out and in again: SQLite's own online copy, and COPY of every table on PostgreSQL.

Both see one moment while others write. On PostgreSQL nothing but our own connection is needed (no `pg_dump` that has
to be as new as the server), and what comes in is one transaction with what proves it. The schema is never copied: the
migrations make it, guards included.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    LargeBinary,
    delete,
    func,
    inspect,
    literal,
    select,
    text,
    type_coerce,
)
from sqlalchemy import table as named

from benehub.errors import ConfigError, RetriableError
from benehub.store.archive import BLOCK, Archive, Writer
from benehub.store.tables import metadata

JOBS = "dbos"
"""Schema of the job engine's tables on PostgreSQL; on SQLite they lie among ours."""

JOBS_VERSION = "dbos_migrations"
"""What the job engine notes of its own schema; it is made new with that."""

VERSION = "benehub_schema"

_LENGTHS = bytes(range(1, 21))
"""Lengths that a key's name may have: where one stands is its number."""


def keys_used(connection: Connection) -> set[str]:
    """Names of the master keys with which anything in the database is sealed; its schema may be older than we are."""
    found: set[str] = set()
    there = inspect(connection)
    for table in metadata.sorted_tables:
        sealed = [column for column in table.columns if isinstance(column.type, LargeBinary)]
        if sealed and there.has_table(table.name):
            known = {one["name"] for one in there.get_columns(table.name)}
            found |= {name for column in sealed if column.name in known for name in _names(connection, column)}
    return found


def _names(connection: Connection, column: Column[Any]) -> set[str]:
    """What stands between the length in the first byte and the nonce."""
    if connection.dialect.name == "sqlite":
        name = func.substr(column, 2, func.instr(literal(_LENGTHS), func.substr(column, 1, 1)))
    else:
        name = func.substring(column, 2, func.get_byte(column, 0))
    rows = connection.execute(select(type_coerce(name, LargeBinary)).where(func.length(column) > 1).distinct())
    return {bytes(row[0]).decode() for row in rows}


def copy_sqlite(engine: Engine, path: Path) -> None:
    """Copy an SQLite database, as it stands now, to a fresh file.

    Raises:
        RetriableError: the file cannot be written; there is no room, say.
    """
    raw = engine.raw_connection()
    try:
        source: Any = raw.driver_connection
        with closing(sqlite3.connect(path)) as target:
            source.backup(target)  # all at once: under WAL writers do not wait for it
    except sqlite3.Error as error:
        raise RetriableError(f"the database cannot be copied: {error}",
                             mend="See that there is room for the copy, and try it again") from error  # fmt: skip
    finally:
        raw.close()


def replace_sqlite(fresh: Path, path: Path) -> None:
    """Put a database file in the place of another one, whose log goes with it."""
    if path.exists():
        old = sqlite3.connect(path, isolation_level=None)
        try:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            old.close()
    fresh.replace(path)
    for end in ("-wal", "-shm"):  # of the file that was there; the fresh one has none
        path.with_name(path.name + end).unlink(missing_ok=True)


def copy_out(connection: Connection, into: Writer) -> dict[str, dict[str, Any]]:
    """Write every table of ours and of the job engine as a part; gives columns and number of rows of each."""
    told: dict[str, dict[str, Any]] = {}
    for schema, table in _standing(connection):
        columns, name = _columns(connection, schema, table), f"{schema or 'hub'}/{table}"
        listed = ", ".join(map(_quoted, columns))
        with into.part(f"tables/{name}") as sink:
            rows = _out(connection, f"COPY {_full(schema, table)} ({listed}) TO STDOUT", sink)
        told[name] = {"columns": columns, "rows": rows}
    return told


def clear(connection: Connection) -> None:
    """Drop all of ours; of the job engine's tables only the rows go."""
    mine = [table for schema, table in _standing(connection) if not schema]
    connection.execute(text(f"DROP TABLE {', '.join(map(_quoted, mine))} CASCADE"))
    for row in connection.execute(
        text(
            "SELECT p.oid::regprocedure::text AS name FROM pg_proc p"
            " WHERE p.pronamespace = current_schema()::regnamespace AND p.proname LIKE 'benehub\\_%'"
        )
    ).all():
        connection.execute(text(f"DROP FUNCTION {row.name} CASCADE"))


def copy_in(connection: Connection, archive: Archive) -> None:
    """Fill the tables, which are there and empty but for the job engine's, with what a backup holds of them.

    Guards of posted rows rest meanwhile, and stand again after: they watch single rows, while a whole ledger is
    proven as one.

    Raises:
        ConfigError: a table or column of the backup is unknown here.
    """
    told: dict[str, dict[str, Any]] = archive.manifest["tables"]
    order = _order(connection)
    if unknown := sorted(set(told) - {f"{schema or 'hub'}/{table}" for schema, table in order}):
        raise ConfigError(f"the backup has a table nobody knows here: {unknown[0]}",
                          mend="Restore it with the release that wrote it, or a later one")  # fmt: skip
    connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))  # with checks pending no table can be altered
    for schema, table in reversed(order):
        if schema or table == VERSION:
            connection.execute(delete(named(table, schema=schema or None)))
    for schema, table in order:
        name = f"{schema or 'hub'}/{table}"
        if name in told:
            _fill(connection, archive, schema, table, told[name])


def _fill(connection: Connection, archive: Archive, schema: str, table: str, told: dict[str, Any]) -> None:
    if missing := sorted(set(told["columns"]) - set(_columns(connection, schema, table))):
        raise ConfigError(f"the backup has a column nobody knows here: {table}.{missing[0]}",
                          mend="Restore it with the release that wrote it, or a later one")  # fmt: skip
    full = _full(schema, table)
    connection.execute(text(f"ALTER TABLE {full} DISABLE TRIGGER USER"))
    listed = ", ".join(map(_quoted, told["columns"]))
    with archive.part(f"tables/{schema or 'hub'}/{table}") as source:
        _in(connection, f"COPY {full} ({listed}) FROM STDIN", source)
    connection.execute(text(f"ALTER TABLE {full} ENABLE TRIGGER USER"))


def _standing(connection: Connection) -> list[tuple[str, str]]:
    """Schema (empty for ours) and name of every table there is, of the job engine where it has run."""
    there = inspect(connection)
    mine = set(there.get_table_names()) & {*metadata.tables, VERSION}
    jobs = there.get_table_names(schema=JOBS) if JOBS in there.get_schema_names() else []
    return [("", name) for name in sorted(mine)] + [(JOBS, name) for name in sorted(jobs) if name != JOBS_VERSION]


def _order(connection: Connection) -> list[tuple[str, str]]:
    """Tables that there are, each after those it refers to."""
    there = set(_standing(connection))
    return [
        (schema, name)
        for schema in ("", JOBS)
        for name, _ in inspect(connection).get_sorted_table_and_fkc_names(schema=schema or None)
        if name is not None and (schema, name) in there
    ]


def _columns(connection: Connection, schema: str, table: str) -> list[str]:
    found = inspect(connection).get_columns(table, schema=schema or None)
    return [one["name"] for one in found if "computed" not in one]


def _out(connection: Connection, command: str, sink: IO[bytes]) -> int:
    raw: Any = connection.connection.driver_connection
    with raw.cursor() as cursor:
        with cursor.copy(command) as copy:
            for block in copy:
                sink.write(block)
        return int(cursor.rowcount)


def _in(connection: Connection, command: str, source: IO[bytes]) -> None:
    raw: Any = connection.connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(command) as copy:
        while block := source.read(BLOCK):
            copy.write(block)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _full(schema: str, table: str) -> str:
    parts: Sequence[str] = (schema, table) if schema else (table,)
    return ".".join(map(_quoted, parts))
