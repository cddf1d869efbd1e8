"""Who a row speaks of: exact ids link, doubt does not, and nobody unknown is dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from benehub.connect.connector import Incoming
from benehub.crypto import mask
from benehub.identity import people, strangers, suggestions
from benehub.intake import relink
from benehub.store import Session
from benehub.store.tables import confirmation, crosswalk, seen

Person = Callable[..., Incoming]


@pytest.fixture
def hired(desk: Any, person: Person) -> Any:
    """Three employees of the HRIS: 1001 to 1003."""
    desk.take("employee", *(person(number, first_name=name) for number, name in enumerate(("Ann", "Ben", "Cy"), 1)))
    return desk


def payroll(desk: Any, **rows: dict[str, str]) -> None:
    """What payroll says of its people, the batch closed as the flow does."""
    desk.take("payroll_person", *(Incoming(key, data) for key, data in rows.items()), connection="payroll")
    with desk.store.write("acme") as session:
        session.take_seq(0)
        relink(session)


def linked(desk: Any) -> dict[str, tuple[str | None, str]]:
    """Payroll's ids: whose they are (by number), and how that is known."""
    with desk.store.read("acme") as session:
        numbers = {one: row.member_id for one, row in people.people(session).items()}
        rows = session.rows(select(crosswalk).where(*session.where(crosswalk, connection_id="payroll")))
        return {row.external_id: (numbers.get(row.person_id), row.how) for row in rows}


def test_ids_link_one_after_the_other(hired: Any) -> None:
    payroll(
        hired,
        p1={"employee_number": "1001"},
        p2={"employee_number": "77", "ssn": "900110002"},
        p3={"email": "A3@Example.org"},
        p4={"employee_number": "4711", "first_name": "Dee", "last_name": "Dole"},
    )
    assert linked(hired) == {
        "p1": ("1001", "number"), "p2": ("1002", "ssn"), "p3": ("1003", "email"), "p4": (None, "unlinked"),
    }  # fmt: skip
    with hired.store.read("acme") as session:
        assert strangers.counted(session) == {"payroll": 1}
        (one,) = strangers.listed(session)
        assert (one.told.first_name, one.told.employee_number, one.stream) == ("Dee", "4711", "payroll_person")


@pytest.mark.parametrize(
    "rows",
    [
        # number and SSN are of two people
        {"p1": {"employee_number": "1001", "ssn": "900110002"}},
        # the number was given to somebody new
        {"p1": {"employee_number": "1001", "first_name": "Zoe", "last_name": "Xu", "birth_date": "1971-05-06"}},
        # a mailbox that two use at payroll
        {"p1": {"email": "a1@example.org"}, "p2": {"email": "a1@example.org"}},
        # a mailbox of somebody who was born on another day
        {"p1": {"email": "a1@example.org", "birth_date": "1971-05-06"}},
        # two of payroll's records with one number
        {"p1": {"employee_number": "1001"}, "p2": {"employee_number": "1001"}},
    ],
)
def test_what_contradicts_itself_is_left_to_a_person(hired: Any, rows: dict[str, dict[str, str]]) -> None:
    payroll(hired, **rows)
    assert linked(hired) == dict.fromkeys(rows, (None, "unlinked"))


def test_a_second_record_of_somebody_linked_waits(hired: Any) -> None:
    payroll(hired, p1={"employee_number": "1001"})
    payroll(hired, p9={"employee_number": "1001"})
    assert linked(hired) == {"p1": ("1001", "number"), "p9": (None, "unlinked")}


def test_who_is_hired_later_is_linked_then(hired: Any, person: Person) -> None:
    payroll(hired, p4={"employee_number": "1004", "birth_date": "1990-01-01"})
    assert linked(hired)["p4"] == (None, "unlinked")
    hired.take("employee", person(4))
    with hired.store.write("acme") as session:
        session.take_seq(0)
        relink(session)
        about = session.rows(select(seen.c.about).where(*session.where(seen, stream="payroll_person")))
        assert [row.about for row in about] == [people.by_member_id(session, "1004")]
        told = session.rows(select(crosswalk.c.told_sealed).where(*session.where(crosswalk, external_id="p4")))
        assert [row.told_sealed for row in told] == [None]  # nothing more is kept than is needed
    assert linked(hired)["p4"] == ("1004", "number")


def test_who_was_ruled_out_is_not_linked_again(hired: Any) -> None:
    with hired.store.write("acme") as session:
        one = people.by_member_id(session, "1001") or ""
        suggestions.reject(session, "payroll", "p1", one)
    payroll(hired, p1={"employee_number": "1001"})
    assert linked(hired) == {"p1": (None, "unlinked")}


def unknown(session: Session) -> set[tuple[str, str, str]]:
    return {(one.connection_id, one.external_id, one.stream) for one in strangers.listed(session)}


def test_lines_and_rows_about_strangers_name_them(hired: Any) -> None:
    line = {"pay_run": "r1", "pay_date": "2026-11-13", "check": "c1", "kind": "deduction", "code": "MED",
            "amount_minor": 5}  # fmt: skip
    bill = {"invoice": "i", "invoice_date": "2026-11-01", "due_date": "2026-11-20", "plan": "ppo",
            "coverage_month": "2026-11", "premium_minor": 1, "first_name": "Dee", "last_name": "Dole"}  # fmt: skip
    credit = {"credit_id": "c1", "ssn": "900119999", "plan": "401k", "pay_date": "2026-11-13", "source": "EE_PRETAX",
              "amount_minor": 5, "trade_date": "2026-11-16"}  # fmt: skip
    hired.take("register_line", Incoming("l1", {**line, "employee": "p77"}), connection="payroll")
    hired.take("invoice_line", Incoming("b1", {**bill, "member": "m5"}), connection="carrier")
    hired.take("credit", Incoming("c1", credit), connection="summit")
    rows = [Incoming(f"e{n}", {"employee": name, "plan": "ppo", "tier": "EE", "effective_from": "2026-01-01"})
            for n, name in enumerate(("1001", "1099", "1099", "900118888"))]  # fmt: skip
    assert hired.take("election", *rows).quarantined == 3
    with hired.store.read("acme") as session:
        index = people.ssn_index(session, "900119999")[:40]
        hidden = people.ssn_index(session, "900118888")[:40]
        assert unknown(session) == {
            ("payroll", "p77", "register_line"), ("carrier", "m5", "invoice_line"), ("summit", index, "credit"),
            ("hris", "1099", "election"), ("hris", hidden, "election"),
        }  # fmt: skip
        told = {one.external_id: one.told for one in strangers.listed(session)}
        assert (told["m5"].last_name, told["m5"].only_employees) == ("Dole", False)
        assert (told["1099"].employee_number, told[hidden].employee_number) == ("1099", "")
        assert mask(repr(told)) == repr(told)


def test_an_id_that_no_link_can_hold_waits_and_holds_up_no_other(hired: Any) -> None:
    row = {"plan": "ppo", "tier": "EE", "effective_from": "2026-01-01"}
    rows = [Incoming(f"e{n}", {**row, "employee": name}) for n, name in enumerate(("x" * 128, "x" * 129, "1001"))]
    done = hired.take("election", *rows)
    assert (done.quarantined, done.applied) == (2, 1)
    with hired.store.read("acme") as session:
        assert {name for _, name, _ in unknown(session)} == {"x" * 128}
    assert hired.redrive().quarantined == 2


def test_a_row_that_breaks_its_set_hides_nobody(hired: Any) -> None:
    """Rows before and behind one that is undone are tried anew; whom they name is known all the same."""
    good = {"plan": "ppo", "tier": "EE", "effective_from": "2026-01-01"}
    rows = [Incoming("e1", {**good, "employee": "x1"}), Incoming("e2", {**good, "employee": "1001", "plan": "none"}),
            Incoming("e3", {**good, "employee": "x2"}), Incoming("e4", {**good, "employee": "1002"})]  # fmt: skip
    assert hired.take("election", *rows).quarantined == 3
    with hired.store.read("acme") as session:
        assert {name for _, name, _ in unknown(session)} == {"x1", "x2"}


def test_a_line_is_his_once_he_is_linked(hired: Any) -> None:
    line = {"pay_run": "r1", "pay_date": "2026-11-13", "check": "c1", "kind": "deduction", "code": "MED",
            "amount_minor": 5}  # fmt: skip
    hired.take("register_line", Incoming("l1", {**line, "employee": "p77"}), connection="payroll")
    with hired.store.write("acme") as session:
        one = people.by_member_id(session, "1002") or ""
        strangers.join(session, strangers.found(session, "payroll/p77"), one, "person")
        assert relink(session) == 1
    hired.take("register_line", Incoming("l2", {**line, "employee": "p77", "check": "c2"}), connection="payroll")
    with hired.store.read("acme") as session:
        found = session.rows(select(confirmation.c.person_id).where(*session.where(confirmation)))
    assert [row.person_id for row in found] == [one, one]


def test_what_is_told_of_a_stranger_is_sealed_and_adds_up(hired: Any) -> None:
    payroll(hired, p4={"first_name": "Dee"})
    payroll(hired, p4={"first_name": "Dee", "last_name": "Dole-Secret", "birth_date": "1971-05-06"})
    with hired.store.read("acme") as session:
        (one,) = strangers.listed(session)
        assert (one.told.first_name, one.told.last_name, one.told.birth_date) == ("Dee", "Dole-Secret", "1971-05-06")
        (row,) = session.rows(select(crosswalk).where(*session.where(crosswalk, external_id="p4")))
        assert b"Dole-Secret" not in row.told_sealed
        assert strangers.found(session, one.ref(session)).external_id == "p4"


def test_what_a_row_calls_him_does_not_hide_his_number(hired: Any, person: Person) -> None:
    """Payroll's list tells number 1004; a row that names him by payroll's own id comes after it."""
    payroll(hired, p4={"employee_number": "1004"})
    held = {"employee": "p4", "code": "MED", "employee_amount_minor": 5000}
    assert hired.take("payroll_benefit", Incoming("b1", held), connection="payroll").quarantined == 1
    with hired.store.read("acme") as session:
        assert [one.told.employee_number for one in strangers.listed(session)] == ["1004"]
    hired.take("employee", person(4))
    with hired.store.write("acme") as session:
        session.take_seq(0)
        relink(session)
    assert linked(hired)["p4"] == ("1004", "number")
    assert hired.redrive().applied == 1
