"""Persons entered twice are found among everybody, in one pass and however the name is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benehub.connect.connector import Incoming
from benehub.identity import people
from benehub.intake.twins import twins
from benehub.views.strangers import doubles

Person = Callable[..., Incoming]


def test_who_was_entered_twice_is_found_as_believed_today(desk: Any, person: Person) -> None:
    desk.take(
        "employee",
            person(1, last_name="Müller"), person(2, last_name="Mueller"), person(3, last_name="MULLER Jr."),
            person(4, last_name="Müller", birth_date="1990-01-02"), person(5, last_name="Ozan"),
            person(6, last_name="Özan", birth_date="1990-01-02"),
    )  # fmt: skip
    # What was believed before counts no more: born on the same day, and then not.
    desk.take("employee", person(6, last_name="Özan"))
    desk.take("employee", person(3, last_name="Muller", birth_date="1991-01-01"))
    with desk.store.read("acme") as session:
        numbers = {one: row.member_id for one, row in people.people(session).items()}
        found = {frozenset((numbers[one], numbers[two])) for one, two in twins(session)}
        assert found == {frozenset(("1001", "1002")), frozenset(("1005", "1006"))}
        shown = doubles(session)
        assert {frozenset((one["who"], *one["others"])) for one in shown} == found
        assert {frozenset(numbers[one] for one in pair["persons"]) for pair in shown} == found
        assert doubles(session, most=1) == shown[:1]
        assert doubles(session, ours=False) == []
