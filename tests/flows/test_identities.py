"""A person's word on who is who: it links, takes back and rejects, in the trail of both, and what waited goes on."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from benehub import intake
from benehub.connect.connector import Incoming, Page
from benehub.errors import DataError
from benehub.flows import identities
from benehub.flows.onboarding import connect
from benehub.identity import people, strangers
from benehub.store import acts
from benehub.store.tables import confirmation, connection, intake_row, row_waits
from benehub.views import strangers as view

HEADER = "No,First,Last,Born,Sex,SSN,Hired,Group"
ANN = "1001,Ann,Alder,1980-02-03,F,900110001,2025-03-01,monthly"
BEN = "1002,Ben,Boehm,1990-07-09,M,900110002,2025-01-05,monthly"
TWIN = "1003,Ben,Böhm,1990-07-09,M,900110003,2025-01-05,monthly"


@pytest.fixture
def desk(office: Any) -> Any:
    """Ann, Ben and his namesake, and a payroll `pay` that numbers people in its own way."""
    (row,) = office.rows(select(connection).where(connection.c.connection_id == "files"))
    connect(office.hub, "acme", {"pay": {"connector": "files", "settings": row.settings}})
    office.drop("census.csv", HEADER, ANN, BEN, TWIN)
    office.sync("files", "employee")
    return office


def told(desk: Any, stream: str, **rows: dict[str, Any]) -> intake.Counts:
    """Payroll says something; as `sync` does it."""
    desk.runs += 1
    with desk.hub.store.write("acme") as session:
        batch = intake.open_batch(session, "pay", stream, f"run {desk.runs}")
        page = Page(stream, [Incoming(key, data) for key, data in rows.items()], f"page {desk.runs}".encode())
        intake.stage(session, batch, page)
    from benehub.flows.sync import apply

    return intake.Counts(**apply(desk.hub, "acme", batch))


LINE = {"pay_run": "r1", "pay_date": "2026-10-30", "check": "c1", "kind": "deduction", "code": "MED", "amount_minor": 5}
ANN_TOLD = {"employee_number": "77", "first_name": "Anne", "last_name": "Alder", "birth_date": "1980-02-03"}


def shown(desk: Any) -> list[tuple[str, str, int]]:
    with desk.hub.store.read("acme") as session:
        return [(one["employee"], one["id"], one["level"]) for one in view.suggested(session)]


def test_a_suggestion_is_explained_and_links_nobody(desk: Any) -> None:
    told(desk, "payroll_person", p1=ANN_TOLD)
    counts = identities.suggest(desk.hub, "acme")
    assert counts == {"linked": 0, "unlinked": 1, "with_suggestion": 1, "suggestions": 1}
    with desk.hub.store.read("acme") as session:
        (one,) = view.suggested(session)
        assert (one["name"], one["known_as"], one["employee"]) == ("A*** A***", "A*** A***", "1001")
        assert one["score"] >= 90
        assert one["why"][:2] == ["birth date agrees", "last name agrees"]
        assert view.suggested(session, clear=True)[0]["name"] == "Anne Alder"
        assert people.find(session, "pay", "p1") is None
    assert identities.suggest(desk.hub, "acme") == counts  # the same question, the same answer


def test_two_who_are_as_good_stay_two(desk: Any) -> None:
    told(desk, "payroll_person", p2={"first_name": "Ben", "last_name": "BÖHM", "birth_date": "1990-07-09"})
    assert identities.suggest(desk.hub, "acme")["suggestions"] == 2
    assert shown(desk) == [("1002", "p2", 1), ("1003", "p2", 1)] or shown(desk) == [
        ("1003", "p2", 1),
        ("1002", "p2", 1),
    ]
    with desk.hub.store.read("acme") as session:
        (double,) = view.doubles(session)
    assert {double["who"], *double["others"]} == {"1002", "1003"}


def test_a_link_lets_what_waited_go_on(desk: Any) -> None:
    told(desk, "payroll_person", p1=ANN_TOLD)
    told(desk, "register_line", l1={**LINE, "employee": "p1"})
    held = {"employee": "p1", "code": "MED", "employee_amount_minor": 5000}
    assert told(desk, "payroll_benefit", b1=held).quarantined == 1
    done = identities.link(desk.hub, "acme", "pay/p1", "1001", "ann", "asked payroll")
    assert (done["confirmations"], done["applied"], done["quarantined"]) == (1, 1, 0)
    with desk.hub.store.read("acme") as session:
        assert people.find(session, "pay", "p1") == done["person"] == people.by_member_id(session, "1001")
        assert strangers.counted(session) == {}
        assert [(one.who, one.what, one.note) for one in acts(session, done["ref"])] == [
            ("ann", "link", "1001: asked payroll")
        ]
        assert [(one.who, one.what) for one in acts(session, done["person"])] == [("ann", "link")]
        assert view.details(session, done["ref"])["linked_to"] == "1001"
    assert desk.reasons() == []
    with pytest.raises(DataError, match="linked already"):
        identities.link(desk.hub, "acme", done["ref"], "1002", "ann", "no, he")


def test_a_link_tries_again_what_waits_for_that_person_alone(desk: Any) -> None:
    told(desk, "payroll_person", p1=ANN_TOLD)
    held = {"code": "MED", "employee_amount_minor": 5000}
    waits = {"b1": {**held, "employee": "p1"}, "b2": {**held, "employee": "p9"}}
    assert told(desk, "payroll_benefit", **waits).quarantined == 2
    done = identities.link(desk.hub, "acme", "pay/p1", "1001", "ann", "asked payroll")
    assert (done["applied"], done["quarantined"]) == (1, 0)
    with desk.hub.store.read("acme") as session:
        (left,) = session.rows(select(intake_row).where(row_waits))
    assert (left.row_key, left.names, left.tries) == ("b2", "p9", 0)
    with desk.hub.store.write("acme") as session:  # as it stood before it was kept for whom a row waits
        session.connection.execute(update(intake_row).values(names=None))
    done = identities.link(desk.hub, "acme", "pay/p9", "1002", "ann", "asked payroll")
    assert (done["applied"], done["quarantined"]) == (1, 0)


def test_a_link_is_taken_back_and_stays_so(desk: Any) -> None:
    told(desk, "register_line", l1={**LINE, "employee": "p1"})
    told(desk, "payroll_person", p1={"employee_number": "1001"})
    done = identities.unlink(desk.hub, "acme", "pay/p1", "ann", "it is Anna of the other firm")
    assert (done["confirmations"], done["facts_that_stay"]) == (1, 0)
    told(desk, "payroll_person", p1={"employee_number": "1001"})  # payroll says it again
    assert identities.suggest(desk.hub, "acme")["linked"] == 0
    assert shown(desk) == []
    assert [row.person_id for row in desk.rows(select(confirmation.c.person_id))] == [None]
    identities.link(desk.hub, "acme", done["ref"], "1001", "ben", "it was her after all")
    with desk.hub.store.read("acme") as session:
        assert [one.what for one in acts(session, done["ref"])] == ["unlink", "link"]
        assert people.find(session, "pay", "p1") is not None


def test_a_rejected_suggestion_does_not_come_again(desk: Any) -> None:
    told(desk, "payroll_person", p1=ANN_TOLD)
    identities.suggest(desk.hub, "acme")
    identities.reject(desk.hub, "acme", "pay/p1", "1001", "ann", "another Anne")
    assert shown(desk) == []
    assert identities.suggest(desk.hub, "acme")["suggestions"] == 0
    with desk.hub.store.read("acme") as session:
        assert strangers.counted(session) == {"pay": 1}


def test_who_is_none_of_ours_is_laid_aside_until_hired(desk: Any) -> None:
    told(desk, "payroll_person", p4={"employee_number": "1004", "first_name": "Dee"})
    done = identities.reject(desk.hub, "acme", "pay/p4", "", "ann", "a contractor")
    with desk.hub.store.read("acme") as session:
        assert strangers.counted(session) == {}
        assert view.unlinked(session) == []
        (one,) = view.unlinked(session, aside=True)
        assert (one["ref"], one["aside"], one["name"]) == (done["ref"], True, "D***")
    desk.drop("census2.csv", HEADER, ANN, BEN, TWIN, "1004,Dee,Dole,1985-01-01,F,900110004,2026-10-01,monthly")
    desk.sync("files", "employee")
    with desk.hub.store.read("acme") as session:
        assert people.find(session, "pay", "p4") == people.by_member_id(session, "1004")


def test_what_cannot_be(desk: Any) -> None:
    told(desk, "payroll_person", p1={"employee_number": "1001"}, p9=ANN_TOLD)
    for act, words, match in (
        (identities.link, ("pay/p9", "1001", "ann", "both"), "linked to another id there: p1"),
        (identities.link, ("pay/p9", "4711", "ann", "who"), "no such person"),
        (identities.link, ("pay/p8", "1001", "ann", "who"), "no such person of a vendor's"),
        (identities.link, ("unl_nobody", "1001", "ann", "who"), "no such person of a vendor's"),
        (identities.link, ("pay/p9", "1002", "ann", " "), "needs a name and a reason"),
        (identities.unlink, ("files/1001", "ann", "not hers"), "made from this record|no such person"),
        (identities.unlink, ("pay/p9", "ann", "not linked"), "nobody is linked"),
        (identities.reject, ("pay/p1", "", "ann", "no"), "it is linked"),
    ):
        with pytest.raises(DataError, match=match):
            act(desk.hub, "acme", *words)
    with desk.hub.store.read("acme") as session:
        assert people.find(session, "pay", "p9") is None
        taken = [one for one in view.doubles(session, "pay") if one["who"] == "p9"]
        assert taken == []  # her number there is another one
    done = identities.link(desk.hub, "acme", "pay/p9", "1001", "ann", "both are hers", True)
    with desk.hub.store.read("acme") as session:
        assert people.external_ids(session, "pay")[done["person"]] == "p9"  # the last linked is written to
        assert [one["what"] for one in view.doubles(session, "pay")] == ["is linked to 2 ids"]


def test_a_second_record_with_a_number_that_is_taken_is_named(desk: Any) -> None:
    told(desk, "payroll_person", p1={"employee_number": "1001"})
    told(desk, "payroll_person", p2={"employee_number": "1001"})
    with desk.hub.store.read("acme") as session:
        (one,) = view.doubles(session, "pay")
    assert (one["who"], one["what"], one["others"]) == (
        "p2", "has the number or SSN of 1001, who is linked to", ["p1"],
    )  # fmt: skip
    identities.suggest(desk.hub, "acme")
    with desk.hub.store.read("acme") as session:
        assert view.suggested(session) == []  # a number alone is no suggestion
