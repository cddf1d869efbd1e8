"""A database that is away: whether the job engine waits for it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from dbos import _utils as engine_utils
from sqlalchemy import create_engine, event, text
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
