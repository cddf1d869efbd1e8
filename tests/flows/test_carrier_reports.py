"""A carrier's own report after the file was fine: its error refuses the member, its warning is kept and shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from benehub import reconcile
from benehub.connect.exchange import Acks
from benehub.flows.onboarding import connect
from benehub.identity import people
from benehub.sandbox.story.world import partner
from benehub.store.tables import confirmation, difference, obligation
from benehub.store.tables import dispatch as dispatch_table
from benehub.views.answers import answers
from benehub.views.members import of_carrier

HEADER = "file,line,member_id,severity,code,field,message\n"


@pytest.fixture
def report(enrolled: Any) -> Callable[[str], dict[str, int]]:
    """The carrier puts a report, and it is taken."""
    settings = partner({"folder": str(enrolled.root / "carrier")}) | {"report": "discrepancy"}
    connect(enrolled.hub, "acme", {"carrier": {"connector": "carrier_x12", "settings": settings}})

    def put(rows: str) -> dict[str, int]:
        enrolled.runs += 1
        folder = enrolled.root / "carrier" / "from-carrier"
        (folder / f"report_{enrolled.runs}.csv").write_text(HEADER + rows)
        enrolled.sync("carrier", "acknowledgement")
        tally: dict[str, int] = enrolled.flow("enrollments.acks", "carrier")
        return tally

    return put


def sent(office: Any) -> Any:
    (row,) = office.rows(select(dispatch_table).where(dispatch_table.c.operation == "enrollment.change"))
    return row


def states(office: Any) -> dict[str, tuple[str, str]]:
    with office.hub.store.read("acme") as session:
        members = {one: row.member_id for one, row in people.people(session).items()}
    rows = office.rows(select(obligation).where(obligation.c.kind == "enrollment.change"))
    return {members[row.person_id]: (row.state, row.reason) for row in rows}


@pytest.mark.parametrize("named", [True, False])
def test_an_error_after_the_999_takes_the_member_back(
    enrolled: Any, report: Callable[[str], dict[str, int]], named: bool
) -> None:
    enrolled.carrier.collect()
    control = sent(enrolled).control if named else ""
    tally = report(f"{control},,1001,E,D17,birth date,differs\n{control},,1002,W,D20,,no provider chosen\n")
    assert (tally["refused"], tally["refused_late"]) == (1, 0)
    assert states(enrolled) == {
        "1001": ("refused", "the carrier's report code D17: birth date: differs"),
        "1002": ("confirmed", "file accepted"),
    }
    enrolled.flow("reconcile", "2026-10", ["premium"])
    with enrolled.hub.store.read("acme") as session:
        assert "MEMBER_REFUSED" in {row.type for row in reconcile.listed(session)}
        shown = answers(session, "carrier")
        assert [(a["by"], a["status"], a["member"], a["code"]) for a in shown if a["by"] == "report"] == [
            ("report", "accepted_with_errors", "", "report"),
            ("report", "accepted_with_errors", "1002", "D20"),
            ("report", "rejected", "1001", "D17"),
        ]
        assert {a["by"] for a in answers(session, "carrier", sent(enrolled).control)} >= {"TA1", "999"}
    # Taken again, nothing changes.
    again = enrolled.flow("enrollments.acks", "carrier")
    assert (again["refused"], again["refused_late"]) == (0, 0)


def test_a_report_alone_answers_for_a_carrier_that_sends_no_999(
    enrolled: Any, report: Callable[[str], dict[str, int]]
) -> None:
    for answer in (enrolled.root / "carrier" / "from-carrier").glob("*.999"):
        answer.unlink()
    tally = report(f"{sent(enrolled).control},,1001,E,D17,,unknown group\n")
    assert (tally["refused"], tally["refused_late"]) == (1, 0)
    assert states(enrolled)["1002"] == ("confirmed", "file accepted_with_errors")
    assert sent(enrolled).ack_state == "accepted_with_errors"


def test_a_late_report_reopens_what_was_confirmed(enrolled: Any, report: Callable[[str], dict[str, int]]) -> None:
    enrolled.carrier.collect()
    assert report("")["refused"] == 0
    assert {state for state, _ in states(enrolled).values()} == {"confirmed"}
    assert report(",,1001,E,D17,,not in the group\n")["refused_late"] == 1
    assert states(enrolled)["1001"][0] == "refused"


def test_an_error_about_the_file_rejects_it_whole(enrolled: Any, report: Callable[[str], dict[str, int]]) -> None:
    enrolled.carrier.collect()
    report(f"{sent(enrolled).control},,,E,F01,,head count dropped by half\n")
    assert {state for state, _ in states(enrolled).values()} == {"refused"}
    assert sent(enrolled).ack_state == "rejected"


@pytest.mark.parametrize("shape", ["{0}{1}{2}", "{0}-{1}-{2}"])
def test_a_carrier_that_names_by_ssn_refuses_and_confirms_our_people(
    enrolled: Any, report: Callable[[str], dict[str, int]], shape: str
) -> None:
    def ssn(last: str) -> str:
        return shape.format("900", "11", last)

    enrolled.carrier.collect()
    assert report(f"{sent(enrolled).control},,{ssn('0001')},E,D17,birth date,differs\n")["refused"] == 1
    assert states(enrolled)["1001"] == ("refused", "the carrier's report code D17: birth date: differs")
    enrolled.now += timedelta(days=1)
    path = enrolled.root / "carrier" / enrolled.carrier.write_roster(enrolled.now.date())
    path.write_text(path.read_text().replace("1001", ssn("0001")).replace("1002", ssn("0002")))
    enrolled.sync("carrier", "roster")
    enrolled.flow("enrollments.acks", "carrier")
    with enrolled.hub.store.read("acme") as session:
        assert {one.member: one.state for one in of_carrier(session, "carrier", Acks())}["1002"] == "confirmed"
        enrolled.flow("reconcile", "2026-10", ["premium"])
        kept = session.rows(select(confirmation).where(confirmation.c.kind == "roster"))
    assert {row.external_id for row in kept} == {"1001", "1002"}
    assert "MEMBER_DROPPED" not in {row.type for row in enrolled.rows(select(difference))}
