"""Inserts many rows at once: executemany on SQLite, COPY on PostgreSQL, where one statement a row costs most.

COPY fires a statement's triggers once for all rows, and sends no round trip a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, Connection, Table, insert
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

COPY_FROM = 10
"""Rows from which on COPY is worth its own start."""


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns.

    Raises:
        sqlalchemy.exc.DBAPIError: what the database refuses, in the same classes either way.
    """
    if connection.dialect.name == "postgresql" and len(rows) >= COPY_FROM:
        _copy(connection, table, rows)
    else:
        connection.execute(insert(table), list(rows))


def _copy(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    import psycopg
    from psycopg.types.json import Json

    names = list(rows[0])
    json = {name for name in names if isinstance(table.c[name].type, JSON)}
    columns = ", ".join(f'"{name}"' for name in names)
    raw: Any = connection.connection.driver_connection
    command = f'COPY "{table.name}" ({columns}) FROM STDIN'
    try:
        with raw.cursor() as cursor, cursor.copy(command) as copy:
            for row in rows:
                copy.write_row(
                    [Json(row[name]) if name in json and row[name] is not None else row[name] for name in names]
                )
    except psycopg.DataError as error:
        raise DataError(command, None, error) from error
    except psycopg.IntegrityError as error:
        raise IntegrityError(command, None, error) from error
    except psycopg.Error as error:
        raise DBAPIError(command, None, error) from error
