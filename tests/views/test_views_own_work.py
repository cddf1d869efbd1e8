"""A month is signed once its own work was done: what was not is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event

from benehub import facts, ledger, planbook
from benehub.facts import Version
from benehub.flows.job_schedules import first_from
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.store import Session, Store
from benehub.store.tables import closing, connection, person, run, schedule
from benehub.testing.kithub import BOOK
from benehub.views.closing import checklist
from benehub.views.own_times import passed
from benehub.views.own_work import undone
from benehub.views.upkeep import upkeep

OCTOBER = Month(2026, 10)
DENTAL = """  - id: dental
    name: Dental
    benefit_type: dental
    carrier: carrier
    effective_from: 2020-01-01
    rates: [{from: 2020-01-01, tiers: {EE: 50.00}}]
    employer_contribution: {scheme: percent_of_tier, percent: 80%}
    deduction: {code: DEN, tax_class: pretax, method: per_month, per_month: 1}
"""
PLANS = BOOK.replace("leave:\n", f"{DENTAL}leave:\n")


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


def post(session: Session, kind: str, debit: str, credit: str, month: Month = OCTOBER, plan: str = "ppo") -> None:
    dims: dict[str, Any] = {"person_id": "per_a", "plan": plan, "coverage_month": str(month)}
    legs = (Leg(debit, "USD", 100, **dims), Leg(credit, "USD", -100, **dims))
    ledger.record(session, [NewEntry(f"{kind}/{plan}/{month}", kind, month.first, legs, "test")])


def told(session: Session, month: Month = OCTOBER) -> list[str]:
    """What the condition names."""
    book = planbook.load(PLANS, "book")
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
        ("nightly/2026-10-31T06:00:00.000000Z", "schedule.premiums.accrue", {"months": ["2026-10"]}, True),
        ("nightly/2026-10-31T06:00:00.000000Z", "schedule.premiums.accrue", {"months": ["2026-11"]}, False),
        ("nightly/2026-10-31T06:00:00.000000Z", "schedule.premiums.accrue", {}, False),  # it came a day late
        ("nightly/2026-11-02T06:00:00.000000Z", "schedule.premiums.accrue", {}, False),
        ("premiums.accrue/0123456789abcdef", "schedule.premiums.accrue", {"months": ["2026-10"]}, True),
        ("nightly/2026-10-31T06:00:00.000000Z", "schedule.premiums.accrue", {"put_off": 1}, False),
    ],
)
def test_a_plan_that_costs_nothing_is_done_once_accruing_was_carried_out(
    session: Session, subject: str, flow: str, counts: dict[str, Any], holds: bool
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
    assert told(session) == ["payroll was asked for nothing of ppo for 2026-10"]
    post(session, "deduction.expected", chart.PAYROLL_CLEARING, chart.EMPLOYEE_SHARE_DUE)
    assert told(session) == []
    post(session, "deduction.expected.void", chart.EMPLOYEE_SHARE_DUE, chart.PAYROLL_CLEARING)
    assert told(session) == ["payroll was asked for nothing of ppo for 2026-10"]
    by_hand(session, "deductions.expect", "11-22")  # before the share was accrued
    assert len(told(session)) == 1
    by_hand(session, "deductions.expect", "11-24")
    assert told(session) == []  # who owes it is not paid


def test_one_plan_that_payroll_was_asked_for_hides_no_other_one(session: Session) -> None:
    for plan in ("ppo", "dental"):
        post(session, "premium.accrued", chart.EMPLOYEE_SHARE_DUE, chart.PREMIUM_PAYABLE, plan=plan)
    post(session, "deduction.expected", chart.PAYROLL_CLEARING, chart.EMPLOYEE_SHARE_DUE)
    assert told(session) == ["payroll was asked for nothing of dental for 2026-10"]
    back = chart.PREMIUM_PAYABLE, chart.EMPLOYEE_SHARE_DUE
    post(session, "premium.accrued.reversed", *back, plan="dental")
    assert told(session) == []  # nobody owes anything of it any more


def test_what_was_accrued_and_taken_back_is_not_accrued(session: Session) -> None:
    covered(session)
    post(session, "premium.accrued", chart.BENEFIT_COST, chart.PREMIUM_PAYABLE)
    post(session, "premium.accrued.reversed", chart.PREMIUM_PAYABLE, chart.BENEFIT_COST)
    assert told(session) == ["no premium of ppo was accrued for 2026-10"]


def test_cover_is_looked_at_part_by_part(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    real = facts.timelines
    monkeypatch.setattr(facts, "timelines", lambda *args, **more: asked.append(more["subjects"]) or real(*args, **more))
    covered(session)
    assert len(told(session)) == 1
    assert asked and None not in asked


def test_months_signed_along_are_asked_for_their_own_work(session: Session) -> None:
    covered(session)
    post(session, "premium.accrued", chart.BENEFIT_COST, chart.PREMIUM_PAYABLE, OCTOBER.plus(-2))
    post(session, "premium.accrued", chart.BENEFIT_COST, chart.PREMIUM_PAYABLE)
    book = planbook.load(PLANS, "book")
    along = [one for one in checklist(session, book, OCTOBER) if one.name == "The month's own work was done"]
    assert along[0].found == ("no premium of ppo was accrued for 2026-09",)


def test_many_months_signed_along_are_asked_for_in_as_many_statements_as_one(session: Session) -> None:
    asked: list[str] = []
    covered(session)
    scheduled(session, flow="leave.accrue")
    book = planbook.load(PLANS, "book")
    undone(session, book, OCTOBER)  # the employer's zone is read once
    event.listen(session.connection, "before_cursor_execute", lambda *told: asked.append(told[2]))
    many = []
    for months in (1, 12):
        asked.clear()
        assert undone(session, book, OCTOBER, [OCTOBER.plus(number - months) for number in range(months)])
        many.append(len(asked))
    assert many[0] == many[1] <= 16


def scheduled(
    session: Session, slot_at: str = "2026-12-01T06:00:00.000000Z", next_at: str = "", options: Any = None,
    flow: str = "sync", state: str = "on", anchor: str = "2026-09-01T00:00:00.000000Z", cron: str = "0 6 * * *",
    on: str | None = None,
) -> None:  # fmt: skip
    session.add(schedule, [
        {"name": "nightly", "flow": flow, "connection_id": on, "options": options or {}, "cron": cron,
         "every_s": 0, "anchor_at": anchor, "zone": "UTC", "closed_days": "run", "country": "US", "blackouts": [],
         "jitter_s": 0, "catch_up": "once", "state": state, "slot_at": slot_at, "next_at": next_at or slot_at,
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


def test_a_run_now_by_the_api_has_no_time_of_its_own_and_hides_no_failed_one(session: Session) -> None:
    scheduled(session)
    ran(session, "10-30", "failed")
    row = {"flow": "schedule.sync", "executor": "x", "counts": {}, "error": "", "ended_at": None}
    before, after = "2026-10-29T06:00:00.000000Z", "2026-11-01T06:00:00.000000Z"
    session.add(run, [row | {"run_id": "run_x", "subject": "nightly/f" * 2, "state": "done", "started_at": before}])
    assert len(told(session)) == 1
    session.add(run, [row | {"run_id": "run_y", "subject": "nightly/0abc", "state": "done", "started_at": after}])
    assert told(session) == []


def by_hand(session: Session, flow: str, day: str, what: str = "2026-10", state: str = "done") -> None:
    at = f"2026-{day}T07:00:00.000000Z"
    session.add(run, [
        {"run_id": f"run_{flow}{day}{what}"[:40], "flow": flow, "subject": f"{at}/{what}", "executor": "x",
         "state": state, "counts": {}, "error": "", "started_at": at, "ended_at": at}
    ])  # fmt: skip


MONTHLY = "0 6 5 * *"


@pytest.mark.parametrize("state", ["failed", "canceled", "held", "running"])
def test_a_later_months_good_run_is_none_of_this_months(session: Session, state: str) -> None:
    scheduled(session, flow="leave.accrue", cron=MONTHLY, slot_at="2026-12-05T06:00:00.000000Z")
    ran(session, "09-05", "done", flow="leave.accrue")
    ran(session, "10-05", state, flow="leave.accrue")
    ran(session, "11-05", "done", flow="leave.accrue")
    told_ = ["schedule nightly (leave.accrue) did not end well at 2026-10-05T06:00:00.000000Z, nor since"]
    assert told(session) == told_
    assert told(session, OCTOBER.plus(-1)) == []
    by_hand(session, "leave.accrue", "11-20", state="failed")
    by_hand(session, "leave.accrue", "11-20", "2026-11")
    assert told(session) == told_
    by_hand(session, "leave.accrue", "11-21")
    assert told(session) == []  # whether it failed or was canceled on purpose


def test_a_run_by_hand_for_another_carrier_mends_nothing(session: Session) -> None:
    for name in ("carrier", "other"):
        joined(session, name)
    scheduled(session, flow="premiums.remit", cron=MONTHLY, on="carrier")
    ran(session, "10-05", "failed", flow="premiums.remit")
    by_hand(session, "premiums.remit", "10-06", "other/2026-10")
    assert len(told(session)) == 1
    by_hand(session, "premiums.remit", "10-06", "carrier/2026-10")
    assert told(session) == []


def test_what_is_run_for_the_month_before_is_that_months(session: Session) -> None:
    scheduled(session, flow="leave.accrue", cron=MONTHLY, options={"month": "last"})
    ran(session, "10-05", "failed", flow="leave.accrue")
    ran(session, "11-05", "done", flow="leave.accrue")
    assert told(session) == []
    assert len(told(session, OCTOBER.plus(-1))) == 1


def test_a_time_of_the_month_that_an_older_run_kept_from_starting_is_named(session: Session) -> None:
    scheduled(session)
    ran(session, "09-20", "running")
    assert told(session) == [
        "schedule nightly (sync) did not end well at 2026-09-20T06:00:00.000000Z, nor since"
    ]  # fmt: skip


def joined(session: Session, name: str, mode: str = "live") -> None:
    session.add(connection, [{"connection_id": name, "connector": "files", "settings": {}, "mode": mode}])


@pytest.mark.parametrize(("state", "mode", "why"), [
    ("paused", "live", "is paused: it started nothing at 2026-10-15T06:00:00.000000Z, nor since"),
    ("on", "paused", "started nothing at 2026-10-15T06:00:00.000000Z, nor since: connection hris is paused"),
])  # fmt: skip
def test_a_pause_that_hides_times_of_the_month_is_named_until_it_is_run(
    session: Session, state: str, mode: str, why: str
) -> None:
    joined(session, "hris", mode)
    scheduled(session, "2026-10-15T06:00:00.000000Z" if state == "paused" else "2026-11-24T06:00:00.000000Z",
              state=state, on="hris")  # fmt: skip
    session.change(schedule, {"name": "nightly"}, note="2026-10-15T06:00:00.000000Z: connection hris is paused")
    ran(session, "09-14", "done")
    assert told(session) == [f"schedule nightly (sync) {why}"]
    ran(session, "11-20", "done")  # `benehub schedule run-now`
    assert told(session) == []


def test_a_pause_after_the_month_is_nothing_of_it(session: Session) -> None:
    scheduled(session, "2026-11-02T06:00:00.000000Z", state="paused")
    ran(session, "11-01", "done")
    assert told(session) == []


def passed_of(session: Session) -> list[tuple[str, str, str]]:
    return [(one.schedule, str(one.month), one.at[:10]) for one in passed(session, first_from)]


def test_a_month_for_which_a_schedule_never_started_anything_is_named(session: Session) -> None:
    """After an outage it starts once, for one time alone: nothing else tells of the months between."""
    scheduled(session, flow="premiums.accrue", cron="0 6 28 * *", anchor="2026-08-01T00:00:00.000000Z",
              slot_at="2026-11-28T06:00:00.000000Z")  # fmt: skip
    assert passed_of(session) == [
        ("nightly", f"2026-{month}", f"2026-{month}-28") for month in ("08", "09", "10")
    ]  # fmt: skip
    ran(session, "08-28", "done", flow="premiums.accrue")
    ran(session, "09-28", "failed", flow="premiums.accrue")
    assert [month for _, month, _ in passed_of(session)] == ["2026-10"], "what failed is told as such"
    by_hand(session, "premiums.accrue", "10-29")
    assert passed_of(session) == []


def test_what_is_due_now_paused_or_of_no_month_is_no_time_that_passed_in_vain(session: Session) -> None:
    due = "2026-10-28T06:00:00.000000Z"
    scheduled(session, flow="premiums.accrue", cron="0 6 28 * *", anchor="2026-10-01T00:00:00.000000Z", slot_at=due)
    assert passed_of(session) == [], "it is due, and told as overdue"
    session.change(schedule, {"name": "nightly"}, slot_at="2026-11-28T06:00:00.000000Z")
    assert len(passed_of(session)) == 1
    session.change(schedule, {"name": "nightly"}, state="paused")
    assert passed_of(session) == []
    session.change(schedule, {"name": "nightly"}, state="on", flow="sync")
    assert passed_of(session) == []
    session.change(schedule, {"name": "nightly"}, flow="premiums.accrue", anchor_at="2026-10-29T00:00:00.000000Z")
    assert passed_of(session) == [], "it was made after its time"


def test_the_month_that_its_option_means_is_named(session: Session) -> None:
    scheduled(session, flow="premiums.accrue", cron="0 6 2 * *", anchor="2026-10-01T00:00:00.000000Z",
              slot_at="2026-12-02T06:00:00.000000Z", options={"month": "next"})  # fmt: skip
    assert [month for _, month, _ in passed_of(session)] == ["2026-11", "2026-12"]


def test_months_that_are_signed_or_whose_runs_were_tidied_away_are_not_named(session: Session) -> None:
    scheduled(session, flow="premiums.accrue", cron="0 6 28 * *", anchor="2026-08-01T00:00:00.000000Z",
              slot_at="2026-11-28T06:00:00.000000Z")  # fmt: skip
    assert [month for _, month, _ in passed_of(session)] == ["2026-08", "2026-09", "2026-10"]
    ran(session, "09-20", "done", "tidy", flow="retention")
    assert [month for _, month, _ in passed_of(session)] == ["2026-10"]
    session.add(closing, [
        {"period": "2026-10", "closing_id": "clo_x", "seq": 1, "head": "", "closed_at": "2026-11-05T06:00:00.000000Z",
         "who": "Ann", "note": "", "digest": "", "report": ""}
    ])  # fmt: skip
    assert passed_of(session) == []


def test_runs_are_asked_for_once_from_a_moment_on_however_many_there_are(session: Session) -> None:
    """The index of runs is by when they began."""
    scheduled(session, flow="premiums.accrue", cron="0 6 28 * *", anchor="2026-08-01T00:00:00.000000Z",
              slot_at="2026-11-28T06:00:00.000000Z")  # fmt: skip
    asked: list[str] = []
    event.listen(session.connection, "before_cursor_execute", lambda *told: asked.append(told[2]))
    assert len(passed_of(session)) == 3
    (only,) = [text for text in asked if "FROM run" in text]
    assert "run.started_at >=" in only and " OR " not in only


def test_doctor_names_the_schedule_and_the_month(session: Session) -> None:
    assert next(one for one in upkeep(session, times=first_from) if one.name == "months of acme").ok
    scheduled(session, flow="premiums.accrue", cron="0 6 28 * *", anchor="2026-10-01T00:00:00.000000Z",
              slot_at="2026-11-28T06:00:00.000000Z")  # fmt: skip
    found = next(one for one in upkeep(session, times=first_from) if one.name == "months of acme")
    assert found.state == "nothing was started by nightly (premiums.accrue) for 2026-10"
    assert "premiums.accrue for 2026-10" in found.mend
