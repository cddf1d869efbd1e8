"""The trail is only ever added to, by the database's own word, and what is done to it from beside is found."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from tests.access.conftest import Desk

from benehub.access import Caller
from benehub.access import audit as trail
from benehub.errors import DataError
from benehub.store import guards
from benehub.store.access_tables import audit, trail_head


def filled(desk: Desk, rows: int = 5) -> str:
    with desk.store.write("acme") as session:
        for number in range(rows):
            trail.note(session, Caller("usr_1", "Ann", by="ses_1"), "look", f"per_{number}")
        return trail.verify(session).head


def found(desk: Desk, expected: str = "") -> str:
    with desk.store.read("acme") as session:
        return trail.verify(session, expected).wrong


def beside(desk: Desk, *commands: str) -> None:
    """What somebody with the database's password does, guards taken away."""
    with desk.store.engine.connect().execution_options(benehub_write=True) as connection, connection.begin():
        for name in [one for one in (*guards.SQLITE, *guards.POSTGRES) if one.startswith("audit_")]:
            if connection.dialect.name == "sqlite":
                connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
            else:
                connection.execute(text(f"DROP TRIGGER IF EXISTS {name} ON audit"))
        for command in commands:
            connection.execute(text(command))


@pytest.mark.parametrize(
    "command",
    [
        "UPDATE audit SET who = 'x'", "DELETE FROM audit", "DELETE FROM audit WHERE audit_no = 5",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE audit_no = 2", "TRUNCATE audit",
    ],
)  # fmt: skip
def test_the_database_refuses_to_change_it(desk: Desk, command: str) -> None:
    dialect = desk.store.engine.dialect.name
    if ("REPLACE" in command) != (dialect == "sqlite") and ("REPLACE" in command or "TRUNCATE" in command):
        pytest.skip("no such statement there")
    if "TRUNCATE" in command and dialect == "sqlite":
        pytest.skip("no such statement there")
    filled(desk)
    with (
        pytest.raises(DBAPIError),
        desk.store.engine.connect().execution_options(benehub_write=True) as connection,
        connection.begin(),
    ):
        connection.execute(text(command))
    assert found(desk) == ""


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("DELETE FROM audit WHERE audit_no = 3", "row 3 is gone"),
        ("DELETE FROM audit WHERE audit_no = 1", "row 1 is gone"),
        ("DELETE FROM audit WHERE audit_no = 5", "rows after 4 are gone: the trail went on to 5"),
        ("DELETE FROM audit", "rows after 0 are gone: the trail went on to 5"),
        ("UPDATE audit SET ref = 'per_9' WHERE audit_no = 2", "row 2 is not as it was written"),
        ("UPDATE audit SET outcome = 'refused' WHERE audit_no = 5", "row 5 is not as it was written"),
        ("UPDATE audit SET at = '2020' WHERE audit_no = 4", "row 4 is not as it was written"),
        ("UPDATE audit SET employer_id = 'other' WHERE audit_no = 5", "rows after 4 are gone"),
    ],
)
def test_what_is_done_beside_it_is_found(desk: Desk, command: str, says: str) -> None:
    filled(desk)
    assert found(desk) == ""
    beside(desk, command)
    assert found(desk).startswith(says)
    with desk.store.engine.connect() as connection:
        assert {name for name in guards.missing(connection) if name.startswith("audit_")}


def test_a_trail_that_was_set_back_is_found_by_a_head_kept_elsewhere(desk: Desk) -> None:
    early = filled(desk, 2)
    kept = filled(desk, 3)
    assert kept.startswith("5:") and found(desk, kept) == found(desk, early) == ""
    number, digest = early.split(":")
    beside(
        desk, "DELETE FROM audit WHERE audit_no > 2",
        f"UPDATE trail_head SET audit_no = {number}, digest = '{digest}'",
    )  # fmt: skip
    assert found(desk) == "" and found(desk, early) == ""
    assert "set back" in found(desk, kept)
    with pytest.raises(DataError, match="no head"):
        found(desk, "seven")


def test_each_employer_has_a_trail_of_its_own(desk: Desk) -> None:
    filled(desk)
    with desk.store.read("other") as session:
        assert list(trail.read(session)) == [] and trail.verify(session).rows == 0


def test_an_undone_transaction_leaves_no_gap(desk: Desk) -> None:
    filled(desk, 1)
    with pytest.raises(RuntimeError), desk.store.write("acme") as session:
        trail.note(session, "ann", "look")
        raise RuntimeError
    filled(desk, 1)
    assert found(desk) == ""


def test_two_who_write_at_once_get_two_numbers(desk: Desk) -> None:
    def many(name: str) -> Callable[[], None]:
        def write() -> None:
            for _ in range(10):
                with desk.store.write("acme") as session:
                    trail.note(session, name, "look")

        return write

    threads = [threading.Thread(target=many(name)) for name in ("ann", "bob", "cem")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with desk.store.read("acme") as session:
        assert trail.verify(session) == trail.Verdict(30, trail.verify(session).head)
        assert session.connection.execute(select(func.count()).select_from(trail_head)).scalar() == 1


def test_it_is_read_in_parts_and_between_moments(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "_PART", 2)
    filled(desk, 3)
    moment = desk.later(days=1)
    filled(desk, 2)
    with desk.store.read("acme") as session:
        assert [row.audit_no for row in trail.read(session)] == [1, 2, 3, 4, 5]
        assert [row.audit_no for row in trail.read(session, since=moment.strftime("%Y-%m-%d"))] == [4, 5]
        assert [row.audit_no for row in trail.read(session, until=moment.strftime("%Y-%m-%d"))] == [1, 2, 3]


@pytest.mark.parametrize("command", ["DELETE FROM trail_head", "UPDATE trail_head SET audit_no = 2"])
def test_all_rows_are_told_where_its_head_is_gone_or_set_back(desk: Desk, command: str) -> None:
    filled(desk, 5)
    beside(desk, command)
    with desk.store.read("acme") as session:
        assert [row.audit_no for row in trail.read(session)] == [1, 2, 3, 4, 5]
        assert trail.searched(session)[0][0].audit_no == 5


def test_what_looks_like_a_number_of_a_person_is_masked(desk: Desk) -> None:
    with desk.store.write("acme") as session:
        trail.note(session, "ann", "look", "900-00-0001")
    with desk.store.read("acme") as session:
        (row,) = session.rows(audit.select())
    assert "900-00" not in row.ref


def test_the_newest_rows_by_who_and_what(desk: Desk) -> None:
    with desk.store.write("acme") as session:
        for number, who in enumerate(("ann", "bob", "ann", "ann"), 1):
            trail.note(session, who, "look", f"per_{number} per_9{number % 2}")

    def numbers(**asked: Any) -> list[int]:
        with desk.store.read("acme") as session:
            return [row.audit_no for row in trail.searched(session, **asked)[0]]

    with desk.store.read("acme") as session:
        assert [row.audit_no for row in trail.newest(session, limit=2)] == [4, 3]
    assert numbers() == [4, 3, 2, 1] and numbers(limit=2) == [4, 3] and numbers(before=3) == [2, 1]
    assert numbers(who="ann") == [4, 3, 1] and numbers(ref="per_91") == [3, 1] and numbers(ref="per_9") == []
    assert numbers(ref="%") == []
