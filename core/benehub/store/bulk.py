"""Writes many rows at once: executemany of plain tuples on SQLite, COPY on PostgreSQL.

One statement a row costs most on PostgreSQL; COPY fires a statement's triggers once for all rows, and sends no
round trip a row. On SQLite half the cost of an insert is turning dicts into parameters, so it gets tuples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any

from pydantic_core import to_json
from sqlalchemy import (
    ARRAY,
    JSON,
    Column,
    ColumnElement,
    Connection,
    Date,
    Table,
    any_,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from benehub.store.guards import WATCHED

COPY_FROM = 10
"""Rows from which on COPY is worth its own start."""

TOGETHER = 1000
"""Values of one statement that inserts several rows; SQLite takes 32,766."""


def among(connection: Connection, column: Column[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Condition that the column holds one of these values, however many: they are one parameter of the statement."""
    listed = list(values)
    if connection.dialect.name == "sqlite":
        each = func.json_each(bindparam(None, to_json(listed).decode(), unique=True)).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(bindparam(None, listed, type_=ARRAY(column.type), unique=True))


def insert_rows(connection: Connection, table: Table, employer: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of an employer that all have the same columns.

    Raises:
        sqlalchemy.exc.DBAPIError: what the database refuses, in the same classes either way.
    """
    if connection.dialect.name == "sqlite":
        names, values = _plan(table, tuple(rows[0]))
        insert_tuples(connection, table, ("employer_id", *names), [values(employer, row) for row in rows])
    elif len(rows) >= COPY_FROM:
        names = tuple(name for name in rows[0] if name != "employer_id")
        as_json = {name for name in names if isinstance(table.c[name].type, JSON)}
        insert_tuples(
            connection, table, ("employer_id", *names),
            [
                (employer, *(as_text(row[n]) if n in as_json and row[n] is not None else row[n] for n in names))
                for row in rows
            ],
        )  # fmt: skip
    else:
        connection.execute(insert(table), [{**row, "employer_id": employer} for row in rows])


def insert_tuples(
    connection: Connection, table: Table, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows as the driver takes them, their values in the order of `names`: JSON as text, on SQLite days too.

    For what is written by the thousand: nothing is turned, and no row is a dict on its way.

    Raises:
        sqlalchemy.exc.DBAPIError: what the database refuses, in the same classes either way.
    """
    if connection.dialect.name == "sqlite":
        rest = _insert_together(connection, table, names, rows) if table.name in WATCHED else rows
        if rest:
            connection.exec_driver_sql(_command(table, names, "?"), list(rest))
    elif len(rows) >= COPY_FROM:
        _copy(connection, table, names, rows)
    else:
        connection.exec_driver_sql(_command(table, names, "%s"), list(rows))


def _insert_together(
    connection: Connection, table: Table, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> Sequence[tuple[Any, ...]]:
    """Insert as many of the rows as fill whole statements of several; gives those that are left over.

    A statement that fires triggers may have to be undone by itself, so SQLite copies each page that it changes: with
    one row each these copies cost as much as the inserts. Without a trigger it copies nothing, and several would be
    dearer.
    """
    each = TOGETHER // len(names)
    whole = len(rows) // each * each
    if whole:
        values = [tuple(chain.from_iterable(rows[start : start + each])) for start in range(0, whole, each)]
        connection.exec_driver_sql(_command(table, names, "?", each), values)
    return rows[whole:]


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose key is not there yet; the others are left as they are."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(dialect.insert(table).on_conflict_do_nothing(), list(rows))


def change_rows(
    connection: Connection, table: Table, employer: str, keys: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Update one row of an employer's by each of `rows`, found by its `keys`; all rows have the same columns."""
    names = tuple(name for name in rows[0] if name not in keys and name != "employer_id")
    if connection.dialect.name == "sqlite":
        _, values = _plan(table, (*names, *keys))
        connection.exec_driver_sql(_change_command(table, names, tuple(keys)), [values(employer, row) for row in rows])
        return
    statement = (
        update(table)
        .where(table.c.employer_id == bindparam("employer"))
        .where(*(table.c[name] == bindparam(f"key_{name}") for name in keys))
        .values({name: bindparam(f"new_{name}") for name in names})
    )
    connection.execute(
        statement,
        [
            {"employer": employer}
            | {f"key_{name}": row[name] for name in keys}
            | {f"new_{name}": row[name] for name in names}
            for row in rows
        ],
    )


@cache
def _change_command(table: Table, names: tuple[str, ...], keys: tuple[str, ...]) -> str:
    """The driver's statement on SQLite for rows of an employer, their values behind his own id in this order."""
    sets = ", ".join(f'"{name}" = ?{at}' for at, name in enumerate(names, 2))
    found = " AND ".join(f'"{name}" = ?{at}' for at, name in enumerate(keys, 2 + len(names)))
    return f'UPDATE "{table.name}" SET {sets} WHERE "employer_id" = ?1 AND {found}'  # noqa: S608 - names of columns


@cache
def _command(table: Table, names: tuple[str, ...], mark: str, rows: int = 1) -> str:
    """The driver's statement for rows with these columns in this order, so many of them at once."""
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join([f"({', '.join([mark] * len(names))})"] * rows)
    return f'INSERT INTO "{table.name}" ({columns}) VALUES {values}'  # noqa: S608 - names of columns


@cache
def _plan(
    table: Table, given: tuple[str, ...]
) -> tuple[tuple[str, ...], Callable[[str, Mapping[str, Any]], tuple[Any, ...]]]:
    """The columns of a row of an employer in SQLite, and what turns it into their values."""
    names = tuple(name for name in given if name != "employer_id")
    special = [(at, turn) for at, name in enumerate(names, 1) if (turn := _turn(table, name)) is not None]
    pick = itemgetter(*names) if len(names) > 1 else (lambda row: tuple(row[name] for name in names))

    def plain(employer: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return (employer, *pick(row))

    def turned(employer: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
        found = [employer, *pick(row)]
        for at, turn in special:
            if found[at] is not None:
                found[at] = turn(found[at])
        return tuple(found)

    return names, turned if special else plain


def _turn(table: Table, name: str) -> Callable[[Any], Any] | None:
    kind = table.c[name].type
    if isinstance(kind, JSON):
        return as_text
    return date.isoformat if isinstance(kind, Date) else None


def as_text(content: Any) -> str:
    """Content as JSON text."""
    return to_json(content).decode()


def _copy(connection: Connection, table: Table, names: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    import psycopg

    columns = ", ".join(f'"{name}"' for name in names)
    raw: Any = connection.connection.driver_connection
    command = f'COPY "{table.name}" ({columns}) FROM STDIN'
    try:
        with raw.cursor() as cursor, cursor.copy(command) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.DataError as error:
        raise DataError(command, None, error) from error
    except psycopg.IntegrityError as error:
        raise IntegrityError(command, None, error) from error
    except psycopg.Error as error:
        raise DBAPIError(command, None, error) from error
