"""Who is who: nothing guessed, nothing merged in silence, SSNs sealed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError

from benehub.errors import DataError
from benehub.identity import people, strangers
from benehub.store import Session, Store
from benehub.store.tables import connection, person
from benehub.views import persons

ANN, BOB, KIM = "900110001", "900110002", "900110003"


@pytest.fixture
def hired(store: Store) -> Store:
    """Connections of both employers, and Ann at acme."""
    for employer in ("acme", "other"):
        with store.write(employer) as session:
            for name in ("hris", "payroll"):
                session.add(connection, [{"connection_id": name, "connector": "x", "settings": {}, "mode": "live"}])
    with store.write("acme") as session:
        people.add_employee(session, "hris", "v1", "1001", ANN)
    return store


def ann(session: Session) -> str:
    found = people.find(session, "hris", "v1")
    assert found is not None
    return found


def test_everything_that_names_a_person_finds_it(hired: Store) -> None:
    with hired.read("acme") as session:
        one = ann(session)
        assert one.startswith("per_")
        assert people.by_member_id(session, "1001") == people.by_ssn(session, ANN) == one
        assert people.external_ids(session, "hris") == {one: "v1"}
        assert people.ssns(session, [one]) == {one: ANN}
        assert (people.by_ssn(session, BOB), people.by_member_id(session, "1002")) == (None, None)
        assert people.find(session, "payroll", "v1") is None
        assert list(people.people(session)) == list(people.people(session, "employee")) == [one]
        assert people.people(session, "dependent") == {}


def test_two_people_with_one_ssn_are_refused(hired: Store) -> None:
    with hired.write("acme") as session:
        with pytest.raises(DataError, match="already belongs to another person") as caught:
            people.add_employee(session, "hris", "v2", "1002", ANN)
        assert ANN not in str(caught.value)
        with pytest.raises(DataError, match="SSN already belongs"):
            people.add_dependent(session, "hris", "dep:1", ann(session), ANN)
        assert len(people.people(session)) == 1


def test_the_database_refuses_one_ssn_twice_too(hired: Store) -> None:
    with pytest.raises(IntegrityError), hired.write("acme") as session:
        row = {"person_id": "per_x", "kind": "employee", "subscriber_id": "per_x", "member_id": "9", "seq": 1}
        session.add(person, [{**row, "ssn_index": people.ssn_index(session, ANN)}])


def test_one_ssn_at_two_employers_is_two_people(hired: Store) -> None:
    with hired.write("other") as session:
        assert people.by_ssn(session, ANN) is None
        mine = people.add_employee(session, "hris", "v1", "1001", ANN)
    with hired.read("acme") as session:
        assert ann(session) != mine


def test_two_people_with_one_employee_number_are_refused(hired: Store) -> None:
    with hired.write("acme") as session, pytest.raises(DataError, match="'1001' already belongs"):
        people.add_employee(session, "hris", "v2", "1001", BOB)


def test_the_same_employee_again_is_the_same_person(hired: Store) -> None:
    with hired.write("acme") as session:
        assert people.add_employee(session, "hris", "v1", "1001", ANN) == ann(session)
        assert people.add_employee(session, "hris", "v1", "1001", BOB) == ann(session)  # a mended SSN
        assert people.by_ssn(session, BOB) == ann(session)
        assert people.by_ssn(session, ANN) is None
        assert people.ssns(session, [ann(session)]) == {ann(session): BOB}


def test_dependents_are_numbered_under_their_employee(hired: Store) -> None:
    with hired.write("acme") as session:
        first = people.add_dependent(session, "hris", "dep:1", ann(session), None)
        second = people.add_dependent(session, "hris", "dep:2", ann(session), KIM)
        known = people.people(session, "dependent")
        assert [known[one].member_id for one in (first, second)] == ["1001-01", "1001-02"]
        assert {known[one].subscriber_id for one in (first, second)} == {ann(session)}
        assert people.ssns(session, [first, second]) == {second: KIM}
        # A newborn's SSN comes later, and is kept then.
        assert people.add_dependent(session, "hris", "dep:1", ann(session), BOB) == first
        assert people.by_ssn(session, BOB) == first
        assert people.add_dependent(session, "hris", "dep:1", ann(session), None) == first
        assert people.by_ssn(session, BOB) == first


def test_what_cannot_be_linked_is_kept(hired: Store) -> None:
    with hired.write("acme") as session:
        assert people.link(session, "payroll", "p9", None, "unlinked") is True
        assert people.link(session, "payroll", "p9", None, "unlinked") is False
        assert strangers.counted(session) == {"payroll": 1}
        assert people.external_ids(session, "payroll") == {}
        assert people.link(session, "payroll", "p9", ann(session), "number") is True
        assert strangers.counted(session) == {}
        assert people.find(session, "payroll", "p9") == ann(session)


def test_a_link_is_never_turned_to_somebody_else(hired: Store) -> None:
    with hired.write("acme") as session:
        bob = people.add_employee(session, "hris", "v2", "1002", BOB)
        people.link(session, "payroll", "p1", ann(session), "number")
        assert people.link(session, "payroll", "p1", ann(session), "number") is False
        assert people.link(session, "payroll", "p1", None, "unlinked") is False
        with pytest.raises(DataError, match="already linked to another person"):
            people.link(session, "payroll", "p1", bob, "number")
        assert people.find(session, "payroll", "p1") == ann(session)


def test_no_ssn_stands_in_the_table(hired: Store) -> None:
    with hired.read("acme") as session:
        row = session.rows(select(person))[0]
    assert ANN.encode() not in row.ssn_sealed
    assert ANN not in row.ssn_index


def test_families_are_found_by_an_index_of_their_own(hired: Store) -> None:
    with hired.write("acme") as session:
        employee = ann(session)
        people.add_dependent(session, "hris", "dep:1", employee, KIM)
    asked: list[tuple[str, Any]] = []
    with hired.read("acme") as session:
        event.listen(session.connection, "before_cursor_execute", lambda *sent: asked.append((sent[2], sent[3])))
        assert len(people.families(session, [employee])[employee]) == 1
        assert len(persons.told_of(session, persons.find_person(session, "1001"))["members"]) == 2
        if session.connection.dialect.name == "sqlite":
            family = [one for one in asked if "subscriber_id =" in one[0] or "subscriber_id IN" in one[0]]
            plans = [
                session.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", sent).all() for sql, sent in family
            ]
            assert len(plans) == 2
            assert all("ix_person_family" in str(plan) for plan in plans), plans
