"""Writes many rows at once: executemany of plain tuples on SQLite, COPY on PostgreSQL.

One statement a row costs most on PostgreSQL; COPY fires a statement's triggers once for all rows, and sends no
round trip a row. On SQLite half the cost of an insert is turning dicts into parameters, so it gets tuples.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, Connection, Date, Table, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

COPY_FROM = 10
"""Rows from which on COPY is worth its own start."""


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns.

    Raises:
        sqlalchemy.exc.DBAPIError: what the database refuses, in the same classes either way.
    """
    if connection.dialect.name == "sqlite":
        command, values = _plan(table, tuple(rows[0]))
        connection.exec_driver_sql(command, [values(row) for row in rows])
    elif len(rows) >= COPY_FROM:
        _copy(connection, table, rows)
    else:
        connection.execute(insert(table), list(rows))


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose key is not there yet; the others are left as they are."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(dialect.insert(table).on_conflict_do_nothing(), list(rows))


def change_rows(connection: Connection, table: Table, keys: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Update one row of the table by each of `rows`, found by its `keys`; all rows have the same columns."""
    names = [name for name in rows[0] if name not in keys]
    statement = (
        update(table)
        .where(*(table.c[name] == bindparam(f"key_{name}") for name in keys))
        .values({name: bindparam(f"new_{name}") for name in names})
    )
    connection.execute(
        statement,
        [{f"key_{name}": row[name] for name in keys} | {f"new_{name}": row[name] for name in names} for row in rows],
    )


@cache
def _plan(table: Table, names: tuple[str, ...]) -> tuple[str, Callable[[Mapping[str, Any]], tuple[Any, ...]]]:
    """The statement for these columns, and what turns a row into its parameters."""
    compiled = insert(table).compile(dialect=sqlite.dialect(), column_keys=list(names))
    command, names = str(compiled), tuple(compiled.positiontup or ())
    turned = [(at, _turn(table, name)) for at, name in enumerate(names)]
    special = [(at, turn) for at, turn in turned if turn is not None]

    pick = itemgetter(*names, names[0])  # the last one is left out: with one name alone it would give no tuple

    def values(row: Mapping[str, Any]) -> tuple[Any, ...]:
        plain = list(pick(row))[:-1]
        for at, turn in special:
            if plain[at] is not None:
                plain[at] = turn(plain[at])
        return tuple(plain)

    return command, values


def _turn(table: Table, name: str) -> Callable[[Any], Any] | None:
    kind = table.c[name].type
    if isinstance(kind, JSON):
        return json.dumps
    return date.isoformat if isinstance(kind, Date) else None


def _copy(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    import psycopg
    from psycopg.types.json import Json

    names = list(rows[0])
    as_json = {name for name in names if isinstance(table.c[name].type, JSON)}
    columns = ", ".join(f'"{name}"' for name in names)
    raw: Any = connection.connection.driver_connection
    command = f'COPY "{table.name}" ({columns}) FROM STDIN'
    try:
        with raw.cursor() as cursor, cursor.copy(command) as copy:
            for row in rows:
                copy.write_row(
                    [Json(row[name]) if name in as_json and row[name] is not None else row[name] for name in names]
                )
    except psycopg.DataError as error:
        raise DataError(command, None, error) from error
    except psycopg.IntegrityError as error:
        raise IntegrityError(command, None, error) from error
    except psycopg.Error as error:
        raise DBAPIError(command, None, error) from error
