"""What a carrier hears when a year has turned: nothing of what it knows to have ended, and every end it does not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from benehub import dispatch, facts
from benehub.facts import Version
from benehub.flows import enrollments, fixes
from benehub.formats.x12 import enrollment_834
from benehub.identity import people
from benehub.store.tables import difference, obligation
from benehub.store.tables import dispatch as dispatch_table

Line = tuple[str, str, date | None, date | None]


def covers(office: Any, number: str, plan: str | None, since: date) -> None:
    """Somebody's medical cover from a day on; None: no more."""
    data = plan and {"plan": plan, "tier": "EE", "dependents": [], "pretax_rate": "", "roth_rate": "", "event": ""}
    with office.hub.store.write("acme") as session:
        who = people.by_member_id(session, number) or ""
        facts.record(session, [Version("coverage", who, "medical", since, data or None)], "a test")


def leaves(office: Any, number: str, last: date) -> None:
    """Somebody's employment ends after a day, and cover with the month."""
    (key,) = office.employment(number)
    with office.hub.store.write("acme") as session:
        who = people.by_member_id(session, number) or ""
        facts.record(
            session, [Version("employment", who, key, date(last.year, last.month, last.day + 1), None)], "test"
        )
    covers(office, number, None, date(last.year + last.month // 12, last.month % 12 + 1, 1))


def send(office: Any, kind: str = "send") -> list[Line]:
    """Send what is owed; the lines of the newest file, if any left: member, HD01, begin, last day."""
    if office.flow(f"enrollments.{kind}", "carrier", f"{office.now:%Y-%m-%d}").get("sent") != 1:
        return []
    row = office.rows(select(dispatch_table).order_by(dispatch_table.c.seq))[-1]
    with office.hub.store.read("acme") as session:
        text = dispatch.frozen_bytes(session, row).decode("ascii")
    office.answered()
    (received,) = enrollment_834.parse(text)
    return [(dict(one.references)["23"], line.maintenance, line.date("348"), line.date("349"))
            for one in received.members for line in one.coverages]  # fmt: skip


@pytest.fixture
def moved(two_plans: Any) -> Any:
    """One has moved to the other plan and one has waived, both told and answered; now it is January."""
    covers(two_plans, "1001", "hdhp", date(2026, 11, 1))
    covers(two_plans, "1002", None, date(2026, 11, 1))
    assert sorted(line[:2] for line in send(two_plans)) == [("1001", "021"), ("1001", "024"), ("1002", "024")]
    two_plans.now = datetime(2027, 1, 5, 12, tzinfo=UTC)
    return two_plans


def test_an_end_that_was_told_last_year_is_not_told_as_void(moved: Any) -> None:
    assert moved.flow("enrollments.send", "carrier", "2027-01-05") == {"changes": 0, "members": 0}
    assert {row.member for row in moved.carrier.book.roster(date(2026, 10, 15))} == {"1001", "1002"}


def test_nor_in_a_full_file(moved: Any) -> None:
    assert send(moved, "full") == [("1001", "030", date(2026, 11, 1), None)]


def test_nor_by_a_fix_of_another_plan(moved: Any) -> None:
    del moved.carrier.book.members["1001"]
    moved.carrier.book.members["1002"].add("ppo", "EE", date(2026, 1, 1))  # somebody is on it, though wrongly
    moved.flow("premiums.accrue", "2027-01")
    moved.carrier.write_roster(date(2027, 1, 5))
    moved.sync("carrier", "roster", full=True)
    moved.flow("reconcile", "2027-01", ["premium"])
    (row,) = [one for one in moved.rows(select(difference)) if one.type == "MEMBER_DROPPED"]
    shown = fixes.preview(moved.hub, "acme", row.difference_id, "enrollment_correction").text
    assert "HD*021**" in shown and "HD*024**" not in shown


@pytest.mark.parametrize("kind", ["send", "full"])
def test_an_end_in_december_that_is_learned_in_january_is_told(two_plans: Any, kind: str) -> None:
    two_plans.now = datetime(2027, 1, 5, 12, tzinfo=UTC)
    leaves(two_plans, "1002", date(2026, 12, 15))
    ended = ("1002", "024", date(2026, 1, 1), date(2026, 12, 31))
    assert [line for line in send(two_plans, kind) if line[0] == "1002"] == [ended]
    assert send(two_plans) == []


def test_what_waits_over_the_turn_of_the_year_leaves(two_plans: Any) -> None:
    two_plans.now = datetime(2026, 12, 30, 12, tzinfo=UTC)
    leaves(two_plans, "1002", date(2026, 12, 15))
    enrollments.want_changes(two_plans.hub, "acme", "carrier", date(2026, 12, 30))
    two_plans.now = datetime(2027, 1, 5, 12, tzinfo=UTC)
    assert send(two_plans) == [("1002", "024", date(2026, 1, 1), date(2026, 12, 31))]


def test_who_came_and_left_last_year_untold_is_told_and_nobody_of_before_the_carrier_was_ours(two_plans: Any) -> None:
    rows = [f"{n},Ann,Alder {n},1980-02-03,F,90011{n},2025-03-01,monthly" for n in (1003, 1004)]
    two_plans.drop("census 2.csv", "No,First,Last,Born,Sex,SSN,Hired,Group", *rows)
    two_plans.sync("files", "employee")
    covers(two_plans, "1003", "ppo", date(2026, 11, 1))
    covers(two_plans, "1004", "ppo", date(2026, 1, 1))
    covers(two_plans, "1004", None, date(2026, 9, 1))
    for number in ("1003", "1004"):
        leaves(two_plans, number, date(2026, 12, 15))
    covers(two_plans, "1004", None, date(2026, 9, 1))
    two_plans.now = datetime(2027, 1, 5, 12, tzinfo=UTC)
    assert send(two_plans) == [("1003", "021", date(2026, 11, 1), date(2026, 12, 31))]


def test_cover_of_who_left_last_year_that_is_not_ours_stays_as_it_is(two_plans: Any) -> None:
    """Adopted from the roster: others cover them on (COBRA), and no cover of theirs was ever decided here."""
    leaves(two_plans, "1002", date(2026, 12, 15))
    covers(two_plans, "1002", None, date(2026, 1, 1))
    two_plans.now = datetime(2027, 1, 5, 12, tzinfo=UTC)
    assert send(two_plans) == []


def test_a_void_that_waits_over_the_turn_of_the_year_is_not_called_off(two_plans: Any) -> None:
    leaves(two_plans, "1002", date(2026, 12, 15))
    covers(two_plans, "1002", None, date(2026, 1, 1))
    enrollments.want_changes(two_plans.hub, "acme", "carrier", date(2026, 12, 30))
    two_plans.now = datetime(2027, 1, 5, 12, tzinfo=UTC)
    assert send(two_plans) == [("1002", "024", date(2026, 1, 1), date(2025, 12, 31))]
    owed = two_plans.rows(select(obligation).where(obligation.c.kind == "enrollment.change"))
    assert "canceled" not in {row.state for row in owed}
