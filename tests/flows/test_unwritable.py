"""One person who cannot be written: named and held, while the others go where his absence ends nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from benehub import dispatch, reconcile
from benehub.flows.enrollments import told_state
from benehub.flows.onboarding import connect
from benehub.identity import people
from benehub.sandbox.story.world import partner
from benehub.store.tables import dispatch as dispatch_table
from benehub.store.tables import obligation

FULL, CHANGE = "enrollment.full", "enrollment.change"
WHY = "member 1003: a delimiter or control character in data (NM103)"


def agree(office: Any, **changes: Any) -> None:
    """The partner's profile from now on."""
    settings = partner({"folder": str(office.root / "carrier")}) | changes
    connect(office.hub, "acme", {"carrier": {"connector": "carrier_x12", "settings": settings}})


def hire(office: Any, number: int, name: str) -> None:
    row = f"{number},Ann,{name},1980-02-03,F,90011{number},2025-03-01,monthly"
    office.drop(f"census {number}.csv", "No,First,Last,Born,Sex,SSN,Hired,Group", row)
    office.sync("files", "employee")
    office.drop(f"elections {number}.csv", "No,Plan,Tier,From", f"{number},ppo,EE,2026-01-01")
    office.sync("files", "election")
    office.flow("coverage", "2026-10-01")


def full(office: Any) -> dict[str, Any]:
    told: dict[str, Any] = office.flow("enrollments.full", "carrier", f"{office.now:%Y-%m-%d}")
    return told


def files(office: Any, operation: str = FULL) -> list[str]:
    """What each file says."""
    rows = office.rows(select(dispatch_table).where(dispatch_table.c.operation == operation))
    with office.hub.store.read("acme") as session:
        return [dispatch.frozen_bytes(session, row).decode() for row in sorted(rows, key=lambda one: one.seq)]


def owed(office: Any, kind: str) -> dict[str, tuple[str, str]]:
    with office.hub.store.read("acme") as session:
        numbers = {one: row.member_id for one, row in people.people(session).items()}
    rows = office.rows(select(obligation).where(obligation.c.kind == kind))
    return {numbers.get(row.person_id, ""): (row.state, row.reason) for row in rows}


def told(office: Any) -> set[str]:
    with office.hub.store.read("acme") as session:
        numbers = {one: row.member_id for one, row in people.people(session).items()}
        return {numbers[who] for who in told_state(session, "carrier")}


def named(office: Any) -> list[tuple[str, str, str]]:
    """The differences of premium: type, member, cause."""
    office.flow("reconcile", "2026-10", ["premium"])
    with office.hub.store.read("acme") as session:
        numbers = {one: row.member_id for one, row in people.people(session).items()}
        return [(row.type, numbers.get(row.person_id, ""), row.cause) for row in reconcile.listed(session)]


@pytest.fixture
def one_bad(enrolled: Any) -> Any:
    """1001 and 1002 are with the carrier; the name of 1003 has a delimiter that the partner does not let us replace."""
    enrolled.answered()
    agree(enrolled, replace_delimiters=False)
    hire(enrolled, 1003, "Al*der")
    return enrolled


def test_a_full_file_is_held_whole_and_says_who_and_why(one_bad: Any) -> None:
    done = full(one_bad)
    assert done["families"] == 3 and "sent" not in done
    assert done["waits"].startswith("not sent: a family cannot be written") and WHY in done["waits"]
    assert files(one_bad) == []
    state, reason = owed(one_bad, FULL)[""]
    assert (state, reason) == ("held", done["waits"])
    state, reason = owed(one_bad, CHANGE)["1003"]
    assert state == "refused" and reason.startswith(f"not sent: {WHY}")
    assert [(kind, who) for kind, who, cause in named(one_bad) if cause.startswith(f"not sent: {WHY}")] == [
        ("MEMBER_REFUSED", "1003")
    ]
    # Asked again, it waits as before; no control number is spent on it.
    assert full(one_bad)["waits"] == done["waits"]

    agree(one_bad, replace_delimiters=True)
    assert full(one_bad)["sent"] == 1
    (text,) = files(one_bad)
    assert text.count("INS*Y*18*030") == 3 and "NM1*IL*1*AL DER" in text and "*000000002*" in text
    assert owed(one_bad, CHANGE)["1003"][0] == "canceled"
    assert one_bad.answered()["acked"] == 3 and told(one_bad) == {"1001", "1002", "1003"}


def test_where_absence_is_no_end_the_others_go_and_he_is_owed_by_name(one_bad: Any) -> None:
    agree(one_bad, replace_delimiters=False, exchange={"unwritable": "leave_out"})
    done = full(one_bad)
    assert (done["families"], done["sent"]) == (2, 1)
    (text,) = files(one_bad)
    assert text.count("INS*Y*18*030") == 2 and "1003" not in text
    state, reason = owed(one_bad, CHANGE)["1003"]
    assert state == "refused" and WHY in reason
    assert one_bad.answered()["acked"] == 2
    assert told(one_bad) == {"1001", "1002"}  # nobody believes that the carrier was told of him
    assert ("MEMBER_REFUSED", "1003") in [(kind, who) for kind, who, _ in named(one_bad)]
    assert "sent" not in full(one_bad)  # the same file is not sent twice

    one_bad.now += timedelta(days=1)
    agree(one_bad, replace_delimiters=True)
    done = one_bad.flow("enrollments.send", "carrier", f"{one_bad.now:%Y-%m-%d}")
    assert done["sent"] == 1 and files(one_bad, CHANGE)[-1].count("INS*Y*18*021") == 1
    one_bad.answered()
    assert told(one_bad) == {"1001", "1002", "1003"}


def test_a_change_file_goes_without_him_whatever_the_profile_says_of_full_files(one_bad: Any) -> None:
    hire(one_bad, 1004, "Alder")
    done = one_bad.flow("enrollments.send", "carrier", "2026-10-01")
    assert done["sent"] == 1 and "1004" in files(one_bad, CHANGE)[-1] and "1003" not in files(one_bad, CHANGE)[-1]
    assert owed(one_bad, CHANGE)["1003"][1].startswith(f"not sent: {WHY}")
