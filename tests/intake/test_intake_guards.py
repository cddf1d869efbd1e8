"""A read that would do damage is held for a person before any of its rows is applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from benehub import facts, intake
from benehub.connect.connector import Incoming, Page
from benehub.errors import GuardTripped
from benehub.intake import Counts
from benehub.planbook import Guards
from benehub.store.tables import intake_batch, intake_chunk

Person = Callable[..., Incoming]


@pytest.fixture
def known(desk: Any, person: Person) -> list[Incoming]:
    """Twenty employees that are known, and guards at 10 % and 50 %."""
    rows = [person(number) for number in range(1, 21)]
    desk.take("employee", *rows)
    desk.book = desk.book.model_copy(update={"guards": Guards(mass_removal_percent=10, field_empty_percent=50)})
    return rows


def trips(desk: Any, rows: list[Incoming], **page: Any) -> str:
    batch_id = desk.stage("employee", rows, **page)
    with pytest.raises(GuardTripped) as caught:
        desk.check(batch_id)
    assert batch_id in str(caught.value)
    return caught.value.what


def test_too_many_are_missing_from_a_full_read(desk: Any, known: list[Incoming]) -> None:
    desk.check(desk.stage("employee", known[2:], full=True))
    assert trips(desk, known[3:], full=True) == "3 of 20 rows of employee are missing from a full read, over 10 %"
    desk.check(desk.stage("employee", known[3:]))  # not a full read: absence says nothing


def test_new_people_do_not_make_up_for_missing_ones(desk: Any, known: list[Incoming], person: Person) -> None:
    rows = known[10:] + [person(number) for number in range(101, 121)]
    assert trips(desk, rows, full=True).startswith("10 of 20 rows of employee are missing")


def test_changed_and_quarantined_rows_are_not_missing(desk: Any, known: list[Incoming], person: Person) -> None:
    changed = [person(number, city="Oslo") for number in range(1, 11)]
    wrong = [person(number, birth_date="x") for number in range(11, 21)]
    batch_id = desk.stage("employee", changed + wrong, full=True)
    desk.check(batch_id)
    assert desk.apply(batch_id) == Counts(rows=20, applied=10, quarantined=10)


def test_too_many_are_deleted(desk: Any, known: list[Incoming]) -> None:
    gone = [replace(row, deleted=True) for row in known]
    assert trips(desk, gone[:3]) == "3 of 20 rows of employee are deleted, over 10 %"
    desk.check(desk.stage("employee", gone[:2]))


def test_too_many_end(desk: Any, known: list[Incoming], person: Person) -> None:
    ended = [person(number, termination_date="2026-11-20") for number in range(1, 4)]
    assert trips(desk, ended) == "3 of 20 rows of employee are ended, over 10 %"
    desk.take("employee", *ended[:2])
    # Who has left already and comes again with a new address ends nothing.
    again = [person(number, termination_date="2026-11-20", city="Oslo") for number in (1, 2)]
    desk.check(desk.stage("employee", [*again, ended[2]]))


def test_a_field_that_goes_empty(desk: Any, known: list[Incoming], person: Person) -> None:
    empty = [person(number, email="") for number in range(1, 13)]
    assert trips(desk, empty) == "field email of employee was filled and is now empty in 12 of 12 rows"
    mixed = [person(number, city="Oslo") for number in range(13, 21)] + empty[:9]
    desk.check(desk.stage("employee", mixed))  # nine are too few to say anything


def test_of_a_few_rows_a_percentage_says_nothing(desk: Any, person: Person) -> None:
    rows = [person(number) for number in range(1, 8)]
    desk.take("employee", *rows)
    desk.check(desk.stage("employee", rows[:1], full=True))
    desk.check(desk.stage("employee", [replace(row, deleted=True) for row in rows]))


def test_a_held_batch_is_applied_only_when_released(desk: Any, known: list[Incoming], person: Person) -> None:
    rows = [person(number, termination_date="2026-11-20") for number in range(1, 6)]
    batch_id = desk.stage("employee", rows, run="mass")
    with pytest.raises(GuardTripped) as caught:
        desk.check(batch_id)
    with desk.store.write("acme") as session:
        intake.hold(session, batch_id, caught.value.what)
    with desk.store.read("acme") as session:
        held = intake.batch(session, batch_id)
        assert held is not None
        assert (held.state, held.applied) == ("held", 0)
        assert "ended" in held.reason
        assert len(facts.as_of(session, "employment", desk.store.clock().date())) == 20
    with pytest.raises(GuardTripped):  # asked again, by a retry or after a crash, nobody has decided
        desk.check(batch_id)
    # A person has: his word is `release`, which applies it without asking the guards.
    assert desk.apply(batch_id) == Counts(rows=5, applied=5)
    # Read again instead of released, it is asked again.
    desk.runs += 100
    assert trips(desk, [person(n, termination_date="2026-11-21") for n in range(6, 11)]).startswith("5 of 20")


@pytest.mark.parametrize("state", ["held", "refused"])
def test_what_is_told_once_is_never_read_over(desk: Any, person: Callable[..., Incoming], state: str) -> None:
    """A held batch whose run is retried before it is released still holds what no vendor tells again."""
    with desk.store.write("acme") as session:
        batch_id = intake.open_batch(session, "hris", "employee", "run", once=True)
        intake.stage(session, batch_id, Page("employee", [person(1)], b"1", cursor="queue"))
        session.change(intake_batch, {"batch_id": batch_id}, state=state)
    with desk.store.write("acme") as session:
        assert intake.open_batch(session, "hris", "employee", "run", once=True) == batch_id
        assert intake.begun(session, batch_id) is None
        kept = session.connection.execute(select(func.sum(intake_chunk.c.rows))).scalar_one()
        assert (intake.state(session, batch_id), kept) == (state, 1)
