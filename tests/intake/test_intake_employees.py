"""Employees: who is new is written by a shorter way, to the same end as by the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from benehub import intake
from benehub.connect.connector import Incoming, Page
from benehub.identity import people
from benehub.identity.newcomers import Newcomers
from benehub.store import Session
from benehub.store.tables import crosswalk, fact, intake_chunk, intake_row, person, seen

Person = Callable[..., Incoming]


def content(session: Session) -> dict[str, list[dict[str, Any]]]:
    """What stands in the tables that an employee's row touches, SSNs opened."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table in (person, crosswalk, fact, intake_row, intake_chunk, seen):
        rows = session.rows(select(table).order_by(*table.primary_key.columns))
        found[table.name] = [dict(row._mapping) for row in rows]
    for row in found["person"]:
        row["ssn_sealed"] = session.unseal(row["ssn_sealed"], "ssn")
    for row in found["intake_row"]:
        row["row_sealed"] = row["row_sealed"] and session.unseal(row["row_sealed"], "intake_row")
    return found


class Undo(Exception):
    """Takes the transaction back."""


def came_to(desk: Any, rows: list[Incoming]) -> dict[str, list[dict[str, Any]]]:
    """What the rows come to, applied in a transaction that is undone."""
    found = {}
    with pytest.raises(Undo), desk.store.write("acme") as session:
        batch_id = intake.open_batch(session, "hris", "employee", "compared")
        intake.stage(session, batch_id, Page("employee", rows, b"payload"))
        while intake.apply_chunk(session, batch_id, desk.book, desk.appliers):
            continue
        found = content(session)
        raise Undo
    return found


def test_who_is_new_comes_to_the_same_by_either_way(desk: Any, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.take("employee", person(1), person(2))
    with desk.store.write("acme") as session:
        people.link(session, "hris", "v9", None, "unlinked")
    rows = [
        person(1, last_name="Bell"),
        person(3, sex="M", weekly_hours=20, union="", original_hire_date="2020-02-01"),
        person(4, termination_date="2024-03-31"),
        person(5, pay_group="moonly"),
        person(2, ssn="900119999"),
        person(6, ssn="900110003"),  # the SSN of one who is new as well
        person(7, employee_number="1004"),  # and the number of one
        person(8, ssn="900119999"),  # and an SSN that has just been changed
        person(9),
        person(10, hire_date="9999-12-31"),
        person(11, termination_date="2023-12-31"),
        person(12, hire_date="2027-01-01", employment_type="regular"),
        person(13, termination_date="9999-12-31"),
    ]
    short = came_to(desk, rows)
    assert sorted((row["rows"], row["applied"]) for row in short["intake_chunk"]) == [(2, 2), (len(rows), 8)]
    assert len(short["intake_row"]) == len(rows) - 8
    assert len(short["person"]) == 8
    monkeypatch.setattr(Newcomers, "leading", lambda *_: [])
    assert came_to(desk, rows) == short


def test_who_is_new_may_be_told_again_in_the_same_transaction(desk: Any, person: Person) -> None:
    with desk.store.write("acme") as session:
        for run, row in (("1", person(1)), ("2", person(1, city="Oslo"))):
            batch_id = intake.open_batch(session, "hris", "employee", run)
            intake.stage(session, batch_id, Page("employee", [row], run.encode()))
            assert intake.apply_chunk(session, batch_id, desk.book, desk.appliers) == 1
    with desk.store.read("acme") as session:
        found = content(session)
        assert [row["kind"] for row in found["fact"]] == ["employee", "employment", "employee"]
        assert [row["data"].get("city") for row in found["fact"]] == ["", None, "Oslo"]
