"""/metrics: read by the reference parser, right in its figures, quick with many employers, and not for everybody."""

from __future__ import annotations

import re
from datetime import timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, select, update
from tests.api.conftest import NOW, Desk

from benehub.api.app import create_app
from benehub.api.front import Front
from benehub.store import iso
from benehub.store.locks import sign_of_life
from benehub.store.tables import (
    alarm,
    closing,
    connection,
    difference,
    dispatch,
    employer,
    intake_batch,
    intake_row,
    notification,
    obligation,
    run,
    schedule,
    stream_state,
)

HERE = ("127.0.0.1", 50_000)
DAY = timedelta(days=1)


def scrape(desk: Desk) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Every sample by its name and labels."""
    answer = TestClient(create_app(desk.hub), client=HERE).get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_a_fresh_installation_has_its_figures(desk: Desk) -> None:
    found = scrape(desk)
    assert found["benehub_limiter_accounts_held"] == {(): 0.0}
    assert "benehub_limiter_waits_total" in found


def fill(desk: Desk) -> None:
    """One of each thing that is counted."""
    with desk.store.write("acme") as session:
        hour_ago, days_ago = iso(NOW - timedelta(hours=1)), iso(NOW - timedelta(days=3))
        mine = {"connection_id": "idp"}
        session.add(stream_state, [
            {**mine, "stream": "employee", "cursor": None, "seq": 1, "read_at": hour_ago, "told_at": days_ago}
        ])  # fmt: skip
        queued: dict[str, Any] = {
            "flow": "sync",
            "subject": "x",
            "counts": {},
            "error": "",
            "started_at": hour_ago,
            "ended_at": None,
        }
        session.add(run, [
            {"run_id": "run_1", "executor": "queue", "state": "running", **queued},
            {"run_id": "run_2", "executor": "w", "state": "running", **queued},
            {"run_id": "run_3", "executor": "w", "state": "failed", **queued},
            {"run_id": "run_4", "executor": "w", "state": "done", **queued},
            {"run_id": "run_5", "executor": "gone", "state": "running", **queued},
        ])  # fmt: skip
        empty = dict.fromkeys(("reference", "side", "owner", "cause", "action", "unit", "work_step"), "")
        session.add(difference, [{
            **empty, "difference_id": "dif_1", "relation": "payroll", "type": "NOT_TAKEN", "content_key": "k",
            "period": "2026-11", "severity": "high", "at_stake": 5, "state": "discrepancy", "times_seen": 1,
            "first_seq": 1, "last_seq": 1, "first_seen": days_ago, "last_seen": hour_ago,
        }])  # fmt: skip
        sent = {
            **mine, "operation": "deduction.set", "revision": 1, "guard": "none", "file_name": "",
            "frozen_sealed": b"x", "frozen_hash": "x", "items": 1, "worth_minor": 0, "currency": "USD",
            "reason": "", "seq": 1, "prepared_at": hour_ago, "ack_state": "",
        }  # fmt: skip
        late = iso(NOW - timedelta(hours=1) + timedelta(seconds=20))
        session.add(dispatch, [
            {**sent, "dispatch_id": "dis_1", "business_key": "a", "state": "sent", "sent_at": late},
            {**sent, "dispatch_id": "dis_2", "business_key": "b", "state": "unknown", "sent_at": None},
        ])  # fmt: skip
        session.add(obligation, [{
            **mine, "obligation_id": "obl_1", "kind": "deduction.set", "business_key": "a", "period": "2026-11",
            "due_date": NOW.date(), "send_by": NOW.date(), "worth_minor": 1, "currency": "USD", "content_sealed": b"x",
            "content_hash": "x", "state": "open", "reason": "", "seq": 1,
        }])  # fmt: skip
        session.add(alarm, [{
            **mine, "subject": "obl_1", "send_by": NOW.date(), "level": "late", "kind": "deduction.set",
            "period": "2026-11", "due_date": NOW.date(), "cutoff": "17:00", "items": 1, "worth_minor": 1,
            "currency": "USD", "seq": 1, "at": hour_ago,
        }])  # fmt: skip
        session.add(notification, [{
            "notifier": "pager", "seq": 1, "state": "waiting", "tries": 1, "error": "x", "at": hour_ago,
            "next_at": hour_ago, "told_at": None,
        }])  # fmt: skip
        session.add(intake_batch, [{
            **mine, "batch_id": "int_1", "stream": "employee", "run_key": "k", "state": "applied", "reason": "",
            "full_read": 0, "rows": 10, "applied": 4, "unchanged": 3, "quarantined": 2, "superseded": 1, "seq": 2,
            "recorded_at": hour_ago,
        }])  # fmt: skip
        waits = {"batch_id": "int_1", "outcome": "quarantined", "reason": "x", "row_sealed": b"x"}
        session.add(intake_row, [{**waits, "row_no": number, "row_key": f"v{number}"} for number in (1, 2)])
        session.add(schedule, [{
            "name": "nightly", "flow": "sync", "options": {}, "cron": "0 6 * * *", "every_s": 0, "anchor_at": days_ago,
            "zone": "UTC", "closed_days": "run", "country": "US", "blackouts": [], "jitter_s": 0, "catch_up": "once",
            "state": "on", "slot_at": hour_ago, "next_at": hour_ago, "note": "",
        }])  # fmt: skip
        session.add(closing, [{
            "period": "2026-10", "closing_id": "clo_1", "seq": 3, "head": "x", "closed_at": days_ago, "who": "ann",
            "note": "", "digest": "x", "report": "",
        }])  # fmt: skip


def never_read(desk: Desk) -> None:
    """A connection that a schedule reads soon, for the first time."""
    days_ago, hour_ago = iso(NOW - timedelta(days=3)), iso(NOW - timedelta(hours=1))
    with desk.store.write("acme") as session:
        session.add(connection, [{"connection_id": "new", "connector": "scim", "settings": {}, "mode": "live"}])
        session.add(schedule, [{
            "name": "first", "flow": "sync", "connection_id": "new", "options": {}, "cron": "0 6 * * *", "every_s": 0,
            "anchor_at": days_ago, "zone": "UTC", "closed_days": "run", "country": "US", "blackouts": [], "jitter_s": 0,
            "catch_up": "once", "state": "on", "slot_at": hour_ago, "next_at": iso(NOW + DAY), "note": "",
        }])  # fmt: skip


STATES = ("queued", "running", "interrupted", "failed")


def test_a_connection_that_was_never_read_is_told_until_it_is(desk: Desk) -> None:
    fill(desk)
    never_read(desk)
    assert scrape(desk)["benehub_connections_never_read"] == {(("employer", "acme"),): 1.0}
    with desk.store.write("acme") as session:
        session.change(schedule, {"name": "first"}, flow="retirement.deposit")
    assert "benehub_connections_never_read" not in scrape(desk), "it only sends"
    with desk.store.write("acme") as session:
        session.change(schedule, {"name": "first"}, flow="retirement.credits")
    assert scrape(desk)["benehub_connections_never_read"] == {(("employer", "acme"),): 1.0}
    with desk.store.write("acme") as session:
        session.connection.execute(update(stream_state).values(connection_id="new"))
        session.connection.execute(update(schedule).where(schedule.c.name == "first").values(connection_id="idp"))
    assert scrape(desk)["benehub_connections_never_read"] == {(("employer", "acme"),): 1.0}
    with desk.store.write("acme") as session:
        session.connection.execute(update(schedule).where(schedule.c.name == "first").values(connection_id="new"))
    assert "benehub_connections_never_read" not in scrape(desk)


def test_each_figure_says_what_is_in_the_books(desk: Desk) -> None:
    fill(desk)
    living = desk.store.lock(sign_of_life("w"))
    assert living.take()
    found = scrape(desk)
    living.release()
    acme, idp = ("employer", "acme"), ("connection", "idp")
    assert found["benehub_connection_last_read_seconds"] == {(idp, acme, ("stream", "employee")): 3600.0}
    assert found["benehub_connection_last_told_seconds"] == {(idp, acme, ("stream", "employee")): 3 * 86400.0}
    assert found["benehub_runs"] == {(acme, ("state", state)): 1.0 for state in STATES}
    assert found["benehub_queue_oldest_seconds"] == {(acme,): 3600.0}
    assert found["benehub_differences"] == {(("age", "7d"), acme, ("state", "discrepancy")): 1.0}
    assert found["benehub_obligations"] == {(acme, ("state", "open")): 1.0}
    assert found["benehub_dispatches"] == {(idp, acme, ("state", "unknown")): 1.0}
    assert found["benehub_alarms_total"] == {(acme, ("level", "late")): 1.0}
    assert found["benehub_notifications_waiting"] == {(acme,): 1.0}
    read = {"applied": 4.0, "unchanged": 3.0, "quarantined": 2.0, "superseded": 1.0}
    assert found["benehub_rows_read"] == {(acme, ("outcome", name)): number for name, number in read.items()}
    assert found["benehub_rows_waiting"] == {(acme,): 2.0}
    assert found["benehub_schedules_overdue"] == {(acme,): 1.0}
    assert found["benehub_ledger_verified_timestamp_seconds"] == {(acme,): (NOW - timedelta(days=3)).timestamp()}
    buckets = found["benehub_dispatch_latency_seconds_bucket"]
    assert [buckets[idp, acme, ("le", bound)] for bound in ("5.0", "30.0", "+Inf")] == [0.0, 1.0, 1.0]
    assert found["benehub_dispatch_latency_seconds_sum"][idp, acme] == pytest.approx(20, abs=0.01)
    names = {name for values in found.values() for labels in values for name, _ in labels}
    assert names <= {"employer", "connection", "state", "age", "level", "outcome", "le", "stream"}


def test_the_handbook_lists_what_is_measured(desk: Desk, root: Path) -> None:
    fill(desk)
    never_read(desk)
    listed = re.findall(r"`(benehub_[a-z_*]+)`", (root / "docs" / "operations.md").read_text(encoding="utf-8"))
    told = {name for name in scrape(desk) if not name.endswith(("_bucket", "_sum", "_count"))}
    assert {name for name in told if not any(fnmatch(name, one) for one in listed)} == set()
    assert {one for one in listed if not any(fnmatch(name, one) for name in scrape(desk))} <= {
        "benehub_dispatch_latency_seconds"  # its samples have endings
    }


def test_many_employers_cost_no_more_queries(desk: Desk) -> None:
    def queries() -> int:
        asked: list[str] = []
        event.listen(desk.store.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
        scrape(desk)
        return len(asked)

    few = queries()
    with desk.store.read("acme") as session:
        like = session.rows(select(employer))[0]._mapping
    for number in range(300):
        with desk.store.write("acme") as session:
            session.connection.execute(employer.insert().values({**like, "employer_id": f"e{number}"}))
            session.connection.execute(
                connection.insert().values(
                    employer_id=f"e{number}", connection_id="hris", connector="files", settings={}, mode="live"
                )
            )
    many = queries()
    assert many <= 2 * few  # the listener of the first time counts again


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.0.0.7", {}, 403),
        ("127.0.0.1", {"x-forwarded-for": "10.0.0.7"}, 403),
        ("127.0.0.1", {"forwarded": "for=10.0.0.7"}, 403),
        ("testclient", {}, 403),
    ],
)
def test_without_a_token_only_this_machine_reads_it(
    desk: Desk, peer: str, headers: dict[str, str], status: int
) -> None:
    client = TestClient(create_app(desk.hub), client=(peer, 50_000))
    assert client.get("/metrics", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("given", "status"), [("Bearer mon-1", 200), ("", 401), ("Bearer mon", 401), ("mon-1", 401), ("bearer mon-1", 401)]
)
def test_with_a_token_it_is_asked_for_from_everywhere(desk: Desk, given: str, status: int) -> None:
    client = TestClient(create_app(desk.hub, front=Front(metrics_token="mon-1")), client=HERE)
    assert client.get("/metrics", headers={"authorization": given}).status_code == status
