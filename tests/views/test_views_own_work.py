"""A month is signed once its own work was done: what was not is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from benehub import facts, ledger, planbook
from benehub.facts import Version
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.store import Session, Store
from benehub.store.tables import person, run, schedule
from benehub.testing.kithub import BOOK
from benehub.views.closing import checklist
from benehub.views.own_work import undone

OCTOBER = Month(2026, 10)


@pytest.fixture
def session(store: Store) -> Iterator[Session]:
    """On 23 November 2026, with somebody who is covered since the summer."""
    with store.write("acme") as session:
        row = {"kind": "employee", "subscriber_id": "", "ssn_sealed": None, "ssn_index": None, "seq": 1}
        session.add(person, [{**row, "person_id": "per_a", "member_id": "per_a"}])
        yield session


def covered(session: Session) -> None:
    cover = Version("coverage", "per_a", "medical", date(2026, 7, 1), {"plan": "ppo", "tier": "EE"})
    facts.record(session, [cover], "test")


def post(session: Session, kind: str, debit: str, credit: str, month: Month = OCTOBER) -> None:
    dims: dict[str, Any] = {"person_id": "per_a", "plan": "ppo", "coverage_month": str(month)}
    legs = (Leg(debit, "USD", 100, **dims), Leg(credit, "USD", -100, **dims))
    ledger.record(session, [NewEntry(f"{kind}/{month}", kind, month.first, legs, "test")])


def told(session: Session, month: Month = OCTOBER) -> list[str]:
    """What the condition names."""
    book = planbook.load(BOOK, "book")
    found = undone(session, book, month)
    one = next(each for each in checklist(session, book, month) if each.name == "The month's own work was done")
    assert (one.found, one.holds) == (tuple(found), not found)
    return found


def test_a_month_in_which_somebody_is_covered_has_its_premium_accrued(session: Session) -> None:
    assert told(session) == []  # nobody is covered
    covered(session)
    assert told(session) == ["no premium of ppo was accrued for 2026-10"]
    post(session, "premium.accrued", chart.BENEFIT_COST, chart.PREMIUM_PAYABLE)
    assert told(session) == told(session, OCTOBER.plus(-1)) == []  # September is from before the first month here
    assert len(told(session, OCTOBER.plus(1))) == 1


@pytest.mark.parametrize(
    ("subject", "flow", "counts", "holds"),
    [
        ("2026-10", "premiums.accrue", {}, True),
        ("20261101T06/2026-10", "premiums.accrue", {"lines": 3}, True),
        ("2026-11", "premiums.accrue", {}, False),
        ("2026-10", "premiums.accrue", {"lacking": 1}, False),
        ("nightly/2026-10-31T06:00:00.000000Z", "schedule.premiums.accrue", {}, True),
        ("nightly/2026-11-02T06:00:00.000000Z", "schedule.premiums.accrue", {}, False),
        ("nightly/2026-10-31T06:00:00.000000Z", "schedule.premiums.accrue", {"put_off": 1}, False),
    ],
)
def test_a_plan_that_costs_nothing_is_done_once_accruing_was_carried_out(
    session: Session, subject: str, flow: str, counts: dict[str, int], holds: bool
) -> None:
    covered(session)
    session.add(run, [
        {"run_id": "run_x", "flow": flow, "subject": subject, "executor": "x", "state": "done", "counts": counts,
         "error": "", "started_at": "2026-11-01T06:00:00.000000Z", "ended_at": "2026-11-01T06:00:00.000000Z"}
    ])  # fmt: skip
    assert (told(session) == []) is holds


def test_a_schedule_of_the_month_before_accrues_by_its_option(session: Session) -> None:
    covered(session)
    scheduled(session, options={"month": "both"})
    ran(session, "11-02", "done", flow="premiums.accrue")
    assert told(session) == []


def test_where_employees_owe_a_share_payroll_was_asked_for_it(session: Session) -> None:
    covered(session)
    post(session, "premium.accrued", chart.EMPLOYEE_SHARE_DUE, chart.PREMIUM_PAYABLE)
    assert told(session) == ["payroll was asked for nothing of 2026-10"]
    post(session, "deduction.expected", chart.PAYROLL_CLEARING, chart.EMPLOYEE_SHARE_DUE)
    assert told(session) == []


def scheduled(
    session: Session, slot_at: str = "2026-12-01T06:00:00.000000Z", next_at: str = "", options: Any = None
) -> None:
    session.add(schedule, [
        {"name": "nightly", "flow": "sync", "connection_id": None, "options": options or {}, "cron": "0 6 * * *",
         "every_s": 0, "anchor_at": "x", "zone": "UTC", "closed_days": "run", "country": "US", "blackouts": [],
         "jitter_s": 0, "catch_up": "once", "state": "on", "slot_at": slot_at, "next_at": next_at or slot_at,
         "last_at": None, "last_run": None, "note": ""}
    ])  # fmt: skip


def ran(session: Session, day: str, state: str, name: str = "nightly", counts: Any = None, flow: str = "sync") -> None:
    at = f"2026-{day}T06:00:00.000000Z"
    session.add(run, [
        {"run_id": f"run_{name}{day}", "flow": f"schedule.{flow}", "subject": f"{name}/{at}", "executor": "x",
         "state": state, "counts": counts or {}, "error": "", "started_at": at, "ended_at": at}
    ])  # fmt: skip


@pytest.mark.parametrize("state", ["failed", "canceled", "held", "running"])
def test_a_schedule_whose_last_time_of_the_month_did_not_end_well_is_named(session: Session, state: str) -> None:
    scheduled(session)
    ran(session, "10-29", "done")
    ran(session, "10-30", state)
    ran(session, "10-31", "done", "nightly-2")  # a schedule of another name
    assert told(session) == [
        "schedule nightly (sync) did not end well at 2026-10-30T06:00:00.000000Z, nor since"
    ]  # fmt: skip
    ran(session, "11-02", "failed")
    assert len(told(session)) == 1
    ran(session, "11-03", "done")
    assert told(session) == []


def test_what_failed_after_the_month_or_was_mended_within_it_is_no_obstacle(session: Session) -> None:
    scheduled(session)
    ran(session, "10-30", "failed")
    ran(session, "10-31", "done")
    ran(session, "11-05", "failed")
    assert told(session) == []


def test_a_schedule_that_is_due_since_the_month_and_has_not_run_is_named(session: Session) -> None:
    scheduled(session, "2026-10-30T06:00:00.000000Z")
    assert told(session) == ["schedule nightly (sync) is due since 2026-10-30T06:00:00.000000Z and has not run"]
    assert told(session, OCTOBER.plus(-1)) == []


def test_a_schedule_that_cannot_start_is_tried_later_and_named_all_the_same(session: Session) -> None:
    scheduled(session, "2026-10-30T06:00:00.000000Z", next_at="2026-11-23T12:10:00.000000Z")
    assert told(session) == ["schedule nightly (sync) is due since 2026-10-30T06:00:00.000000Z and has not run"]


def test_a_run_that_has_only_put_itself_off_has_mended_nothing(session: Session) -> None:
    scheduled(session)
    ran(session, "10-30", "failed")
    ran(session, "10-31", "done", counts={"put_off": 1})
    assert len(told(session)) == 1
