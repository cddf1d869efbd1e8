"""Persons entered twice are found among everybody, in one pass and however the name is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import event, select

from benehub import reconcile
from benehub.connect.connector import Incoming
from benehub.identity import people
from benehub.intake.twins import births_since, twins
from benehub.periods import Month
from benehub.reconcile import Relation, doubled
from benehub.store.tables import comparison, difference
from benehub.views.strangers import doubles

Person = Callable[..., Incoming]
OCTOBER = Month(2026, 10)


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


def compared(desk: Any) -> dict[str, str]:
    """A comparison; gives the pairs that are told, by their sentence, with the state."""
    with desk.store.write("acme") as session:
        found = doubled.compare(session, OCTOBER, session.latest_seq())
        reconcile.settle(session, Relation.INTAKE, str(OCTOBER), found, session.today(), session.latest_seq())
    with desk.store.read("acme") as session:
        rows = session.rows(select(difference).where(difference.c.type == "DUPLICATE_IDENTITY"))
    return {row.cause: row.state for row in rows}


def child(number: int, of: int, first: str = "Cleo", last: str = "Alder", **more: Any) -> Incoming:
    """The row of dependent d7 of employee v1."""
    data = {"employee": f"v{of}", "relationship": "child", "first_name": first, "last_name": last,
            "birth_date": "2015-05-05"}  # fmt: skip
    return Incoming(f"d{number}", {**data, **more}, row=number)


def test_two_of_ours_that_are_one_are_a_difference_until_one_is_mended(desk: Any, person: Person) -> None:
    desk.take("employee", person(1))
    desk.take("dependent", child(1, 1, last="Müller"), child(2, 1, last="Mueller"), child(3, 1, last="Ozan"))
    ((told, state),) = compared(desk).items()
    assert told.startswith("dependent ") and state == "discrepancy"
    assert compared(desk) == {told: "discrepancy"}
    desk.take("dependent", child(4, 1, last="Özan"))  # who comes later is held against all that are there
    both = compared(desk)
    assert len(both) == 2 and set(both.values()) == {"discrepancy"}
    desk.take("dependent", child(2, 1, last="Mueller", birth_date="2014-05-05"))
    assert compared(desk) == {**both, told: "resolved"}


def test_namesakes_that_a_person_has_looked_at_stay_two(desk: Any, person: Person) -> None:
    desk.take("employee", person(1))
    desk.take("dependent", child(1, 1, last="Müller"), child(2, 1, last="Mueller"))
    ((told, _),) = compared(desk).items()
    with desk.store.write("acme") as session:
        (row,) = session.rows(select(difference))
        reconcile.act(session, row.difference_id, "ann", state="dismissed", note="of two mothers")
    assert compared(desk) == {told: "dismissed"}


def test_namesakes_with_an_ssn_each_are_two(desk: Any, person: Person) -> None:
    desk.take("employee", person(1, last_name="Müller"), person(2, last_name="Mueller"))
    desk.take("dependent", child(1, 1, ssn="900115001"), child(2, 1, ssn="900115002"))
    assert compared(desk) == {}
    desk.take("dependent", child(3, 1))
    assert len(compared(desk)) == 1, "of whom one SSN alone is known nothing says that they are two"


def test_of_a_population_that_has_not_changed_nobody_is_gone_through(desk: Any, person: Person) -> None:
    desk.take("employee", *(person(number, last_name=f"Alder {number}") for number in range(1, 6)))
    assert compared(desk) == {}
    gone_through: list[str] = []
    with desk.store.read("acme") as session:
        assert births_since(session, session.latest_seq(), session.today(), ()) is None

    def seen(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        gone_through.append(statement)

    event.listen(desk.store.engine, "before_cursor_execute", seen)
    try:
        assert compared(desk) == {}
    finally:
        event.remove(desk.store.engine, "before_cursor_execute", seen)
    assert not [one for one in gone_through if "last_name" in one]


def test_of_two_first_comparisons_at_once_the_second_finds_what_the_first_has_noted(
    desk: Any, person: Person, monkeypatch: Any
) -> None:  # fmt: skip
    """The other one ends while this one still goes through everybody."""
    desk.take("employee", person(1))
    going = doubled.namesakes

    def meanwhile(session: Any, among: Any = None) -> Any:
        session.add(comparison, [{**doubled.LOOKED, "seq": 1, "at": session.now(), "silent": []}])
        return going(session, among)

    locks: list[int] = []
    monkeypatch.setattr(doubled, "namesakes", meanwhile)
    with desk.store.write("acme") as session:
        take = session.take_seq
        monkeypatch.setattr(session, "take_seq", lambda *given: (locks.append(1), take(*given))[1], raising=False)
        read_to = session.latest_seq()
        doubled.compare(session, OCTOBER, read_to)
        (row,) = session.rows(select(comparison).where(comparison.c.relation == "doubled"))
    assert (row.seq, locks) == (read_to, [1])


def test_who_is_covered_by_another_is_no_double(desk: Any, person: Person) -> None:
    """A child under both parents is right as it is; one that a parent has entered twice is not."""
    desk.take("employee", person(1), person(2, last_name="Ozan"))
    desk.take("dependent", child(1, 1), child(2, 2), child(4, 1, "Ann"))
    assert compared(desk) == {}
    desk.take("dependent", child(3, 1))
    ((told, state),) = compared(desk).items()
    assert told.startswith("dependent ") and state == "discrepancy"
