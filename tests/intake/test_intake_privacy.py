"""No SSN stands in clear anywhere in the database, whatever stream, key or fault it came with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from benehub.connect.connector import Incoming
from benehub.errors import DataError
from benehub.identity import people, strangers
from benehub.intake import relink, staging
from benehub.store import Store
from benehub.store.tables import confirmation, intake_row, metadata

Person = Callable[..., Incoming]
SSN, SPOUSE, STRANGER = "900110001", "900119991", "900119992"
DASHED = f"{SSN[:3]}-{SSN[3:5]}-{SSN[5:]}"
SHOWN = [
    f"{digits[:3]}{dash}{digits[3:5]}{dash}{digits[5:]}" for digits in (SSN, SPOUSE, STRANGER) for dash in ("", "-")
]


@pytest.fixture
def told(desk: Any, person: Person) -> Any:
    """A hub that was told SSNs in every way there is."""
    desk.take("employee", person(1), person(2, ssn=f"{SSN[:3]}-{SSN[3:5]}-{SSN[5:]}"), person(3, ssn=SSN))
    desk.take("employee", Incoming("v4", {"ssn": SSN}, problem=f"SSN {SSN} is not hers"))
    desk.take("employee", person(5, termination_date=SSN, weekly_hours=SSN), name=f"in/emp_{SSN}.csv")
    spouse = {
        "employee": "v1", "first_name": "Kim", "last_name": "Alder", "birth_date": "1991-01-01",
        "relationship": "spouse", "ssn": SPOUSE,
    }  # fmt: skip
    desk.take("dependent", Incoming("d1", spouse), Incoming("d2", {**spouse, "employee": SSN}))
    desk.take("compensation", Incoming("c", {"employee": SSN, "effective_from": "2026-01-01", "rate_minor": 1}))
    credit = {
        "credit_id": "cr1", "plan": "401k", "source": "EE_PRETAX", "pay_date": "2026-11-20",
        "trade_date": "2026-11-23", "amount_minor": 100,
    }  # fmt: skip
    desk.take(
        "credit",
        *(Incoming(f"cr1/{ssn}/EE_PRETAX", {**credit, "ssn": ssn}) for ssn in (SSN, STRANGER)),
        connection="summit",
    )
    change = {"plan": "401k", "source": "EE_ROTH", "rate": "5%", "effective_from": "2026-12-01"}
    desk.take(
        "deferral_change",
        *(Incoming(ssn, {**change, "ssn": ssn}) for ssn in (SSN, STRANGER)),
        connection="summit",
    )
    ack = {"level": "member", "control": "1", "status": "rejected", "text": f"SSN {SSN} is on file twice"}
    desk.take("acknowledgement", Incoming("a", ack), connection="carrier")
    desk.take(
        "acknowledgement",
        *(Incoming(f"a/{name}", {**ack, "member": name}) for name in (SSN, DASHED, STRANGER)),
        connection="carrier",
    )
    cover = {
        "relationship": "self", "first_name": "A", "last_name": "B", "plan": "MED", "effective_from": "2026-01-01",
    }  # fmt: skip
    desk.take(
        "roster",
        *(
            Incoming(f"{name}/MED/2026-01-01", {**cover, "member": name, "subscriber": of})
            for name, of in ((DASHED, SSN), (SPOUSE, DASHED), (STRANGER, STRANGER))
        ),
        connection="carrier",
    )
    bill = {
        "invoice": "I", "invoice_date": "2026-10-20", "due_date": "2026-11-01", "plan": "MED",
        "coverage_month": "2026-11", "premium_minor": 1,
    }  # fmt: skip
    desk.take(
        "invoice_line",
        *(Incoming(f"I/{name}/MED", {**bill, "member": name}) for name in (SSN, STRANGER)),
        connection="carrier",
    )
    desk.redrive()
    return desk


def cells(store: Store) -> Iterator[tuple[str, str]]:
    with store.engine.connect() as connection:
        for name, table in metadata.tables.items():
            for row in connection.execute(select(table)).mappings():
                for column, value in row.items():
                    yield (
                        f"{name}.{column}",
                        value.decode("latin-1") if isinstance(value, bytes) else str(value),
                    )


def test_no_ssn_stands_in_any_table(told: Any) -> None:
    found = {(place, shown) for place, text in cells(told.store) for shown in SHOWN if shown in text}
    assert found == set()


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_no_ssn_stands_in_the_file(told: Any, tmp_path: Path) -> None:
    files = sorted(tmp_path.glob("hub.db*"))
    content = b"".join(file.read_bytes() for file in files)
    assert b"Alder 1" in content  # what is not sealed is seen
    assert [shown for shown in SHOWN if shown.encode() in content] == []


def test_the_people_behind_them_are_found_all_the_same(told: Any) -> None:
    with told.store.read("acme") as session:
        ann = people.find(session, "hris", "v1")
        assert ann is not None
        assert people.by_ssn(session, SSN) == ann
        assert people.by_ssn(session, SPOUSE) == people.find(session, "hris", "dep:d1")
        linked = session.rows(
            select(confirmation.c.person_id, confirmation.c.row_key).where(confirmation.c.kind == "credit")
        )
        assert {row.person_id for row in linked} == {ann, None}
        assert len({row.row_key for row in linked}) == 2
        reasons = [row.reason for row in session.rows(select(intake_row)) if row.outcome == "quarantined"]
    assert any("SSN ***-**-**** is not hers" in reason for reason in reasons)
    assert any("employee '***-**-****' is unknown" in reason for reason in reasons)
    assert any("already belongs to another person" in reason for reason in reasons)


def test_a_carrier_that_names_people_by_ssn_means_our_people(told: Any) -> None:
    with told.store.read("acme") as session:
        ann, kim = people.find(session, "hris", "v1"), people.find(session, "hris", "dep:d1")
        number = people.people(session)[str(ann)].member_id
        stranger = people.ssn_index(session, STRANGER)[:40]

        def kept(kind: str) -> set[tuple[Any, ...]]:
            names = ("person_id", "external_id", "reference")
            rows = session.rows(select(*(confirmation.c[one] for one in names)).where(confirmation.c.kind == kind))
            return {tuple(row) for row in rows}

        assert kept("roster") == {
            (ann, number, number), (kim, f"{number}-01", number), (None, stranger, stranger),
        }  # fmt: skip
        assert kept("invoice_line") == {(ann, number, "I"), (None, stranger, "I")}
        assert kept("acknowledgement") == {(None, "", "1"), (ann, number, "1"), (None, stranger, "1")}


def test_a_stranger_named_by_ssn_is_found_once_he_is_known(told: Any, person: Person) -> None:
    told.take("employee", person(7, ssn=STRANGER))
    with told.store.write("acme") as session:
        relink(session)
        found = people.by_ssn(session, STRANGER)
        rows = session.rows(select(confirmation.c.person_id).where(confirmation.c.kind == "invoice_line"))
    assert found is not None and {row.person_id for row in rows} >= {found}
    assert None not in {row.person_id for row in rows}
    with told.store.read("acme") as session:
        name = people.ssn_index(session, STRANGER)[:40]
        assert {people.find(session, one, name) for one in ("carrier", "summit")} == {found}
        assert name not in {one.external_id for one in strangers.listed(session, aside=True)}


def test_a_stranger_named_by_ssn_has_no_number_made_of_it(told: Any) -> None:
    with told.store.read("acme") as session:
        index = people.ssn_index(session, STRANGER)
        found = {one.connection_id: one.told for one in strangers.listed(session) if one.external_id == index[:40]}
    assert {name: (one.employee_number, one.ssn_index) for name, one in found.items()} == {
        "carrier": ("", index), "summit": ("", index),
    }  # fmt: skip


def test_a_deferral_of_a_stranger_keeps_him_findable(desk: Any, person: Person) -> None:
    change = {"plan": "401k", "source": "EE_ROTH", "rate": "5%", "effective_from": "2026-12-01", "ssn": STRANGER}
    desk.take("deferral_change", Incoming("c1", change), connection="summit")
    with desk.store.read("acme") as session:
        (one,) = strangers.listed(session)
        assert (one.told.employee_number, one.told.ssn_index) == ("", people.ssn_index(session, STRANGER))
    desk.take("employee", person(7, ssn=STRANGER))
    with desk.store.write("acme") as session:
        relink(session)
        assert strangers.counted(session) == {}


def test_what_is_told_of_somebody_linked_by_a_person_goes_with_the_link(desk: Any, person: Person) -> None:
    bill = {
        "invoice": "I", "invoice_date": "2026-10-20", "due_date": "2026-11-01", "plan": "MED",
        "coverage_month": "2026-11", "premium_minor": 1, "member": STRANGER,
    }  # fmt: skip
    desk.take("employee", person(1))
    desk.take("invoice_line", Incoming("b1", bill), connection="carrier")
    with desk.store.write("acme") as session:
        (one,) = strangers.listed(session)
        ours = people.find(session, "hris", "v1")
        strangers.join(session, strangers.found(session, one.ref(session)), str(ours), "person")
        relink(session)
    desk.take("invoice_line", Incoming("b2", {**bill, "invoice": "J"}), connection="carrier")
    with desk.store.read("acme") as session:
        rows = session.rows(select(confirmation.c.person_id, confirmation.c.external_id))
        assert [tuple(row) for row in rows] == [(ours, one.external_id)] * 2


def test_nine_digits_of_a_payroll_are_nobodys_ssn(desk: Any, person: Person) -> None:
    desk.take("employee", person(1, ssn=SSN))
    line = {"pay_run": "r1", "pay_date": "2026-11-13", "check": "c1", "kind": "deduction", "code": "MED",
            "amount_minor": 5, "employee": SSN}  # fmt: skip
    desk.take("register_line", Incoming("l1", line), connection="payroll")
    with desk.store.write("acme") as session:
        relink(session)
        (one,) = strangers.listed(session)
        assert one.told.ssn_index == ""
        assert people.find(session, "payroll", one.external_id) is None
        assert [row.person_id for row in session.rows(select(confirmation.c.person_id))] == [None]


def test_what_is_wrong_with_a_field_is_told_without_its_value() -> None:
    with pytest.raises(DataError) as caught:
        staging.validate("employee", {"ssn": "12345678", "birth_date": "31.12.1990", "shoe": "42", "sex": "F"})
    told = str(caught.value)
    for part in (
        "ssn:",
        "('99999999')",
        "birth_date:",
        "employee_number: Field required",
        "shoe: Extra inputs",
    ):
        assert part in told
    assert "12345678" not in told
    assert "1990" not in told
