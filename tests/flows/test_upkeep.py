"""What doctor says of work that stopped or is late: each thing is found, with its mend, and gone once it is mended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import update

from benehub.errors import BenehubError
from benehub.flows import Hub, meeting
from benehub.flows.job_schedules import first_from
from benehub.store.tables import dispatch, notification, run, schedule, stream_state
from benehub.views.health import examine
from benehub.views.upkeep import Check, upkeep

Open = Callable[..., Hub]


@pytest.fixture
def hub(db_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType) -> Hub:
    made = open_hub(db_url)
    fakehub.set_up(made, tmp_path / "vendor", "read_back")
    made.start_flow("enrollments.send", "acme", "1", "carrier", "2026-10-01")
    return made


def said(hub: Hub, name: str) -> Check:
    with hub.store.read("acme") as session:
        return next(one for one in upkeep(session) if one.name == f"{name} of acme")


def change(hub: Hub, table: Any, **values: Any) -> None:
    with hub.store.write("acme") as session:
        session.connection.execute(update(table).values(**values))


def test_all_is_well_where_all_is_done(hub: Hub) -> None:
    with hub.store.read("acme") as session:
        assert [one.name for one in upkeep(session) if not one.ok] == []


def test_a_pay_date_that_was_not_told_in_time(hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 10, 14, 18, tzinfo=UTC))
    found = said(hub, "deadlines")
    assert found.state == "1 late: deductions.push to payroll (to be sent by 2026-10-14)"
    assert found.mend.startswith("benehub deductions push -c payroll -g monthly --pay-date 2026-10-15")
    hub.start_flow("deductions.push", "acme", "1", "payroll", "monthly", "2026-10-15")
    assert said(hub, "deadlines").ok


def test_a_connection_that_was_not_read_for_days(hub: Hub) -> None:
    change(hub, stream_state, read_at="2026-09-28T11:59:00.000000Z")
    assert "hris (election last read 2026-09-28T11:59Z)" in said(hub, "reads").state
    change(hub, stream_state, read_at="2026-09-28T12:01:00.000000Z")
    assert said(hub, "reads").ok


def test_a_stream_that_a_connection_reads_no_more_is_not_missed(hub: Hub) -> None:
    row = {"connection_id": "hris", "cursor": None, "seq": 1, "read_at": "2026-01-01T12:00:00.000000Z"}
    with hub.store.write("acme") as session:
        session.add(stream_state, [{**row, "stream": "register_line"}])
    found = [
        one.state for one in examine(hub.store, hub.plugins, hub.given_up, first_from) if one.name == "reads of acme"
    ]
    assert found == ["none is stale"] != [said(hub, "reads").state]


def test_a_run_that_failed_until_the_same_flow_comes_to_an_end(
    hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BenehubError):
        hub.start_flow("sync", "acme", "bad", "hris", "no_such_stream", "2", False)
    found = said(hub, "dead letters")
    assert found.state.startswith("1 failed: sync (run_")
    assert "benehub runs show run_" in found.mend
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 10, 1, 13, tzinfo=UTC))
    hub.start_flow("sync", "acme", "good", "hris", "employee", "3", False)
    assert said(hub, "dead letters").ok


def test_a_command_that_failed_is_made_up_for_by_meeting_its_deadline(
    hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = {"executor": "w", "counts": {}, "error": "", "error_class": "", "mend": "", "ended_at": None}
    at = "2026-10-01T11:00:00.000000Z"
    with hub.store.write("acme") as session:
        for day in (14, 15):
            told = {"run_id": f"run_{day}", "subject": f"payroll/monthly/2026-10-{day}/{at}", "started_at": at}
            session.add(run, [{**ended, **told, "flow": "deductions.push", "state": "failed"}])
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 10, 14, 18, tzinfo=UTC))
    met = meeting.meet(hub, "acme", "deductions.push/payroll/monthly/2026-10-15", "deductions.push")
    assert said(hub, "dead letters").state.startswith("2 failed")
    with hub.store.write("acme") as session:
        session.change(run, {"run_id": met}, state="done")
    assert said(hub, "dead letters").state == "1 failed: deductions.push (run_14, )"


def test_a_schedule_that_fails_is_told_while_another_of_the_same_flow_does_well(hub: Hub) -> None:
    ran = {"flow": "schedule.sync", "executor": "w", "counts": {}, "error": "", "error_class": "", "mend": ""}

    def add(name: str, day: int, state: str) -> None:
        at = f"2026-09-{day}T02:00:00.000000Z"
        row = {"run_id": f"run_{name}_{day}", "subject": f"{name}/{at}", "state": state}
        with hub.store.write("acme") as session:
            session.add(run, [{**ran, **row, "started_at": at, "ended_at": at}])

    add("hris-nightly", 28, "failed")
    add("payroll-nightly", 29, "done")
    assert said(hub, "dead letters").state == "1 failed: schedule.sync (run_hris-nightly_28, )"
    add("hris-nightly", 29, "failed")
    assert said(hub, "dead letters").state.startswith("2 failed")
    add("hris-nightly", 30, "done")
    assert said(hub, "dead letters").ok


def test_a_dispatch_whose_fate_is_unknown(hub: Hub) -> None:
    change(hub, dispatch, state="unknown")
    assert said(hub, "dispatches").state.startswith("1 failed or of unknown fate, dis_")


def test_a_notifier_that_is_failing(hub: Hub) -> None:
    row = {
        "seq": 1, "state": "waiting", "error": "", "at": "2026-10-01T12", "next_at": "2026-10-01T12", "told_at": None,
    }  # fmt: skip
    with hub.store.write("acme") as session:
        session.add(notification, [{**row, "notifier": "finance", "tries": 0}])
    assert said(hub, "notifiers").ok  # nobody has tried yet
    change(hub, notification, tries=2, error="the mail server cannot be reached")
    assert said(hub, "notifiers").state == "finance has not taken 1: the mail server cannot be reached"


def test_a_schedule_that_missed_its_time(hub: Hub) -> None:
    empty: dict[str, Any] = {
        "connection_id": None, "options": {}, "cron": "", "every_s": 60, "anchor_at": "2026", "zone": "UTC",
        "closed_days": "run", "country": "us", "blackouts": [], "jitter_s": 0, "catch_up": "skip", "state": "on",
        "slot_at": "2026", "next_at": "2027", "last_at": None, "last_run": None,
    }  # fmt: skip
    with hub.store.write("acme") as session:
        session.add(schedule, [
            {**empty, "name": "night", "flow": "reconcile",
             "note": "2026: missed, and this schedule does not catch up"},
            {**empty, "name": "day", "flow": "reconcile", "note": ""},
        ])  # fmt: skip
    found = said(hub, "missed times")
    assert (found.state, found.mend) == (
        "1 missed: night",
        "Run it now if it is needed: benehub schedule run-now night",
    )
    assert said(hub, "starts").ok
    change(hub, schedule, note="2026: cannot be started: no time zone 'Mars/Olympus'")
    found = said(hub, "starts")
    assert found.state.startswith("2 kept from starting: day cannot be started: no time zone")
    assert "benehub schedule change day" in found.mend
