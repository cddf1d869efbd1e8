"""The full file: everybody whom the carrier shall cover, always whole, and never far fewer than it covers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from benehub import dispatch, facts
from benehub.facts import Version
from benehub.flows import dispatches
from benehub.flows.told import told_state
from benehub.formats.x12 import checks
from benehub.identity import people
from benehub.store.tables import dispatch as dispatch_table
from benehub.store.tables import obligation

QUIET = {"confirmed": 0, "overdue": 0}
"""Nobody is on a roster yet, and no answer is late."""

HEADER = "No,First,Last,Born,Sex,SSN,Hired,Group"


def files(office: Any) -> list[Any]:
    query = select(dispatch_table).where(dispatch_table.c.operation == "enrollment.full")
    return list(office.rows(query.order_by(dispatch_table.c.seq)))


def text(office: Any, row: Any) -> str:
    with office.hub.store.read("acme") as session:
        return dispatch.frozen_bytes(session, row).decode("ascii")


def covered(office: Any, day: date) -> list[str]:
    """Whom the carrier covers on a day."""
    return [row.member for row in office.carrier.book.roster(day)]


def held(office: Any) -> dict[str, bool]:
    with office.hub.store.read("acme") as session:
        members = {one: row.member_id for one, row in people.people(session).items()}
        return {
            members[who]: not plans["ppo"].get("gone") and plans["ppo"]["to"] is None
            for who, plans in told_state(session, "carrier").items()
        }


def hire(office: Any, *numbers: int) -> None:
    """Somebody new, or several, elect cover."""
    rows = [f"{n},Ann,Alder {n},1980-02-03,F,90011{n},2025-03-01,monthly" for n in numbers]
    office.drop(f"census {numbers[0]}.csv", HEADER, *rows)
    office.sync("files", "employee")
    elected = [f"{n},ppo,EE,2026-01-01" for n in numbers]
    office.drop(f"elections {numbers[0]}.csv", "No,Plan,Tier,From", *elected)
    office.sync("files", "election")
    office.flow("coverage", "2026-10-01")


def waive(office: Any, *numbers: int) -> None:
    """Their cover is taken back from its beginning."""
    with office.hub.store.write("acme") as session:
        for number in numbers:
            who = people.by_member_id(session, str(number))
            facts.record(session, [Version("coverage", who or "", "medical", date(2026, 9, 1), None)], "test")


def test_everybody_is_in_it_and_the_file_is_clean(enrolled: Any) -> None:
    enrolled.answered()
    hire(enrolled, 1003)
    sent = enrolled.flow("enrollments.full", "carrier", "2026-10-01")
    assert (sent["families"], sent["sent"]) == (3, 1)
    (row,) = files(enrolled)
    content = text(enrolled, row)
    assert checks.check(content) == []
    assert content.count("INS*Y*18*030") == 3 and content.count("HD*030") == 3 and "**4~" in content
    assert enrolled.answered() == {**QUIET, "acked": 3, "refused": 0, "refused_late": 0}
    assert held(enrolled) == {"1001": True, "1002": True, "1003": True}
    # What it told is told: no change file follows, nor the same full file again.
    assert "sent" not in enrolled.flow("enrollments.full", "carrier", "2026-10-01")
    assert enrolled.flow("enrollments.send", "carrier", "2026-10-01") == {"changes": 0, "members": 0}


def test_asked_twice_it_is_sent_once_and_a_later_one_is_whole_again(enrolled: Any) -> None:
    enrolled.answered()
    enrolled.flow("enrollments.full", "carrier", "2026-10-01")
    enrolled.answered()
    assert "sent" not in enrolled.flow("enrollments.full", "carrier", "2026-10-01")
    enrolled.now += timedelta(days=7)
    hire(enrolled, 1003)
    assert enrolled.flow("enrollments.full", "carrier", "2026-10-08")["sent"] == 1
    first, second = files(enrolled)
    assert text(enrolled, first).count("INS*Y") == 2 and text(enrolled, second).count("INS*Y") == 3


def test_an_end_that_is_news_is_in_it_and_one_that_is_known_is_not(enrolled: Any) -> None:
    enrolled.answered()
    hire(enrolled, 1003)
    waive(enrolled, 1001)
    enrolled.flow("enrollments.full", "carrier", "2026-10-01")
    (row,) = files(enrolled)
    assert text(enrolled, row).count("HD*024") == 1 and text(enrolled, row).count("HD*030") == 2
    enrolled.answered()
    assert sorted(covered(enrolled, date(2026, 10, 1))) == ["1002", "1003"]
    enrolled.now += timedelta(days=7)
    enrolled.flow("enrollments.full", "carrier", "2026-10-08")
    assert "HD*024" not in text(enrolled, files(enrolled)[-1])


def test_a_family_refused_in_it_is_owed_as_a_change(enrolled: Any) -> None:
    enrolled.answered()
    hire(enrolled, 1003)
    enrolled.carrier.refuse_member("1003")
    enrolled.flow("enrollments.full", "carrier", "2026-10-01")
    assert enrolled.answered() == {**QUIET, "acked": 2, "refused": 1, "refused_late": 0}
    assert held(enrolled) == {"1001": True, "1002": True}
    refused = enrolled.rows(select(obligation).where(obligation.c.state == "refused"))
    assert [row.kind for row in refused] == ["enrollment.change"]


@pytest.mark.parametrize("member", ["", "1002"])
def test_it_may_be_refused_late(enrolled: Any, member: str) -> None:
    enrolled.answered()
    hire(enrolled, 1003)
    enrolled.flow("enrollments.full", "carrier", "2026-10-01")
    enrolled.answered()
    (row,) = files(enrolled)
    enrolled.carrier.reject_late(row.control, member or "")
    assert enrolled.answered()["refused_late"] == (1 if member else 3)
    # 1001 and 1002 were told by the change file before, so that is what the carrier still holds.
    assert held(enrolled)["1001"] and held(enrolled)["1002"]
    assert held(enrolled)["1003"] is bool(member)
    assert enrolled.answered()["refused_late"] == 0


def test_far_fewer_than_the_carrier_covers_wait_for_a_person(office: Any) -> None:
    """A broken read that would end people is held, whole; a person who has looked lets it go."""
    hire(office, *range(2001, 2031))
    office.flow("enrollments.send", "carrier", "2026-10-01")
    office.answered()
    waive(office, *range(2001, 2003))
    assert office.flow("enrollments.full", "carrier", "2026-10-01")["held"] == 1
    (held_one,) = files(office)
    assert held_one.state == "held" and "28 families, and the carrier covers 30" in held_one.reason
    assert office.carrier.collect() == []
    assert dispatches.reopen(office.hub, "acme", held_one.dispatch_id, "ann", "two have left") == "prepared"
    office.flow("dispatch.resend", held_one.dispatch_id)
    assert [row.state for row in files(office)] == ["sent"]
    office.answered()
    # From now on heads are counted against the last file that was accepted.
    office.now += timedelta(days=7)
    waive(office, *range(2003, 2006))
    assert office.flow("enrollments.full", "carrier", "2026-10-08")["held"] == 1
    assert "25 members, and the carrier covers 28" in files(office)[-1].reason
