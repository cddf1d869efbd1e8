"""A database that is away: whether the job engine waits for it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from dbos import _utils as engine_utils
from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError

from benehub.engine import away


def fault_of(url: str, statement: str = "SELECT 1") -> DBAPIError:
    engine = create_engine(url)
    with pytest.raises(DBAPIError) as caught, engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
    return caught.value


def test_a_server_that_does_not_answer_is_waited_for(tmp_path: Path) -> None:
    away.wait_for_it()
    away.wait_for_it()
    gone = fault_of(f"postgresql+psycopg://nobody@/none?host={tmp_path}")
    assert gone.connection_invalidated and engine_utils.retriable_postgres_exception(gone)

    def refuse(*_: object) -> None:
        raise psycopg.OperationalError("nobody there")  # in words that nobody knows

    engine = create_engine(f"postgresql+psycopg://nobody@/none?host={tmp_path}")
    event.listen(engine, "do_connect", refuse)
    with pytest.raises(DBAPIError) as caught:
        engine.connect()
    assert engine_utils.retriable_postgres_exception(caught.value)


@pytest.mark.parametrize(
    "said",
    [
        'FATAL:  password authentication failed for user "hub"',
        "fe_sendauth: no password supplied",
        'FATAL:  database "hub" does not exist',
        'FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "hub", database "hub", no encryption',
    ],
)
def test_a_server_that_lets_nobody_in_is_not_waited_for(tmp_path: Path, said: str) -> None:
    away.wait_for_it()

    def refuse(*_: object) -> None:
        raise psycopg.OperationalError(f'connection to server at "10.0.0.2", port 5432 failed: {said}')

    engine = create_engine(f"postgresql+psycopg://nobody@/none?host={tmp_path}")
    event.listen(engine, "do_connect", refuse)
    with pytest.raises(DBAPIError) as caught:
        engine.connect()
    assert not caught.value.connection_invalidated
    assert not engine_utils.retriable_postgres_exception(caught.value)


@pytest.mark.pg
def test_a_fault_that_a_server_has_named_is_not_waited_for(fresh_pg_url: str, tmp_path: Path) -> None:
    away.wait_for_it()
    for fault in (
        fault_of(fresh_pg_url, "SELECT nothing"),
        fault_of("sqlite://", "SELECT nothing"),
        fault_of(f"sqlite:///{tmp_path / 'no folder' / 'hub.db'}"),
    ):
        assert not fault.connection_invalidated
        assert not engine_utils.retriable_postgres_exception(fault)


@pytest.mark.pg
def test_a_database_that_is_none_is_not_marked_as_away(fresh_pg_url: str) -> None:
    away.wait_for_it()
    none = make_url(fresh_pg_url).set(database="nowhere").render_as_string(hide_password=False)
    assert not fault_of(none).connection_invalidated
