"""What a carrier takes back: an 820 it rejects is owed and sent again, a late refusal reopens what was confirmed."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from benehub import dispatch, ledger, reconcile
from benehub.flows import acknowledgements
from benehub.flows.told import told_state
from benehub.identity import people
from benehub.ledger import accounts as chart
from benehub.store.tables import dispatch as dispatch_table
from benehub.store.tables import obligation
from benehub.views.why import why

QUIET = {"confirmed": 0, "overdue": 0}
"""Nobody is on a roster yet, and no answer is late."""

OCTOBER = "2026-10"


def dispatches(office: Any, operation: str) -> list[Any]:
    query = select(dispatch_table).where(dispatch_table.c.operation == operation).order_by(dispatch_table.c.seq)
    return list(office.rows(query))


def clearing(office: Any) -> tuple[int, int]:
    """What is owed to the carrier, and what is on its way to it."""
    with office.hub.store.read("acme") as session:
        assert ledger.verify(session).ok
        found = ledger.clearing(session)
    return found.get(chart.PREMIUM_PAYABLE, 0), found.get(chart.CARRIER_TRANSIT, 0)


def owed(office: Any, kind: str) -> list[tuple[str, str]]:
    rows = office.rows(select(obligation).where(obligation.c.kind == kind).order_by(obligation.c.business_key))
    return [(row.state, row.reason) for row in rows]


@pytest.fixture
def remitted(enrolled: Any) -> Any:
    """October's premium of two people has left for the carrier."""
    enrolled.answered()
    enrolled.flow("premiums.accrue", OCTOBER)
    assert clearing(enrolled) == (-100000, 0)
    assert enrolled.flow("premiums.remit", "carrier", OCTOBER)["sent"] == 1
    assert clearing(enrolled) == (0, -100000)
    return enrolled


def test_a_rejected_820_is_owed_again_and_sent_again_only_when_asked(remitted: Any) -> None:
    remitted.carrier.reject_files()
    remitted.answered()
    (first,) = dispatches(remitted, "premium.remit")
    assert first.ack_state == "rejected"
    assert clearing(remitted) == (-100000, 0)
    assert owed(remitted, "premium.remit") == [("refused", "the whole file was rejected")]
    remitted.answered()
    remitted.flow("reconcile", OCTOBER, ["premium"])
    assert len(dispatches(remitted, "premium.remit")) == 1  # nothing is sent by itself

    assert remitted.flow("premiums.remit", "carrier", OCTOBER)["sent"] == 1
    _, second = dispatches(remitted, "premium.remit")
    assert (second.revision, second.state) == (2, "sent")
    assert second.control > first.control
    assert second.file_name != first.file_name
    assert clearing(remitted) == (0, -100000)
    with remitted.hub.store.read("acme") as session:
        told = why(session, second.dispatch_id).data
        assert told["revisions"] == [f"{first.dispatch_id} revision 1 sent rejected"]
        before = why(session, first.dispatch_id).data
        assert before["revisions"] == [f"{second.dispatch_id} revision 2 sent"]
        assert all(why(session, one).data["reversed_by"] for one in before["entries"])
    remitted.answered()
    assert owed(remitted, "premium.remit") == [("confirmed", "file accepted")]
    assert [paid.minor for paid in remitted.carrier.payments] == [50000, 50000]
    # Asked again, it is paid already.
    assert "sent" not in remitted.flow("premiums.remit", "carrier", OCTOBER)
    assert clearing(remitted) == (0, -100000)


def test_an_820_rejected_after_its_999_had_accepted_it_is_owed_again(remitted: Any) -> None:
    remitted.answered()
    (sent,) = dispatches(remitted, "premium.remit")
    assert owed(remitted, "premium.remit") == [("confirmed", "file accepted")]
    remitted.carrier.reject_late(sent.control)
    assert remitted.answered()["refused_late"] == 1
    assert clearing(remitted) == (-100000, 0)
    assert remitted.answered()["refused_late"] == 0
    assert remitted.flow("premiums.remit", "carrier", OCTOBER)["sent"] == 1
    assert clearing(remitted) == (0, -100000)


def told(office: Any) -> dict[str, bool]:
    """Member -> whether the carrier is believed to hold the cover."""
    with office.hub.store.read("acme") as session:
        members = {one: row.member_id for one, row in people.people(session).items()}
        found = told_state(session, "carrier")
    return {members[who]: not plans["ppo"].get("gone") for who, plans in found.items()}


def differences(office: Any) -> list[tuple[str, str]]:
    office.flow("reconcile", OCTOBER, ["premium"])
    return listed(office)


def listed(office: Any) -> list[tuple[str, str]]:
    """Type and member of each difference that is open."""
    with office.hub.store.read("acme") as session:
        members = {one: row.member_id for one, row in people.people(session).items()}
        return sorted((row.type, members.get(row.person_id, "")) for row in reconcile.listed(session))


def test_a_member_refused_after_the_file_was_accepted_is_owed_again(enrolled: Any) -> None:
    enrolled.answered()
    (sent,) = dispatches(enrolled, "enrollment.change")
    assert told(enrolled) == {"1001": True, "1002": True}
    enrolled.carrier.reject_late(sent.control, "1002")
    assert enrolled.answered() == {**QUIET, "acked": 0, "refused": 0, "refused_late": 1}
    assert sorted(state for state, _ in owed(enrolled, "enrollment.change")) == ["confirmed", "refused"]
    assert told(enrolled) == {"1001": True, "1002": False}
    assert differences(enrolled) == [("MEMBER_REFUSED", "1002")]
    assert enrolled.answered()["refused_late"] == 0  # said once


def test_a_file_rejected_after_it_was_accepted_takes_everything_back(enrolled: Any) -> None:
    enrolled.answered()
    (sent,) = dispatches(enrolled, "enrollment.change")
    enrolled.carrier.reject_late(sent.control)
    assert enrolled.answered()["refused_late"] == 2
    assert told(enrolled) == {"1001": False, "1002": False}
    with enrolled.hub.store.read("acme") as session:
        assert dispatch.get(session, sent.dispatch_id).ack_state == "rejected"
    assert [kind for kind, _ in differences(enrolled)] == ["FILE_REJECTED", "MEMBER_REFUSED", "MEMBER_REFUSED"]
    enrolled.flow("premiums.accrue", OCTOBER)
    enrolled.flow("reconcile", "2026-08", ["premium"])  # before the first accrued: the file is rejected all the same
    assert "FILE_REJECTED" in [kind for kind, _ in listed(enrolled)]


def test_a_late_refusal_gives_back_what_the_carrier_held_before(enrolled: Any) -> None:
    enrolled.answered()
    enrolled.now += timedelta(days=4)
    enrolled.drop("elections_2.csv", "No,Plan,Tier,From", "1002,ppo,FAM,2026-10-01")
    enrolled.sync("files", "election")
    enrolled.flow("coverage", "2026-10-05")
    assert enrolled.flow("enrollments.send", "carrier", "2026-10-05")["sent"] == 1
    enrolled.carrier.book.rates["ppo"]["FAM"] = 120000
    enrolled.answered()
    sent = dispatches(enrolled, "enrollment.change")[-1]
    enrolled.carrier.reject_late(sent.control, "1002")
    assert enrolled.answered()["refused_late"] == 1
    with enrolled.hub.store.read("acme") as session:
        who = people.by_member_id(session, "1002")
        assert told_state(session, "carrier")[who or ""]["ppo"]["tier"] == "EE"


@pytest.mark.parametrize(("named", "person"), [("e7", None), ("E7", "per_other"), ("their-own-id", "per_7")])
def test_a_refusal_is_the_familys_by_number_or_by_person(named: str, person: str | None) -> None:
    said = {"status": "rejected", "text": "no such class"}
    row = SimpleNamespace(external_id=named, person_id=person, part="member", code="7", detail=said)
    family = {"members": [{"member_id": "E7", "person": "per_7"}]}
    assert acknowledgements._named_in(family, acknowledgements._named([row])) == (
        "the carrier's report code 7: no such class"
    )
