"""Retention: what is done goes after its time, what is not stays, and of a schedule its last run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select

from benehub.errors import DataError
from benehub.flows import Hub, retention
from benehub.store.tables import notification, run, schedule, webhook_delivery, webhook_door

Open = Callable[..., Hub]
OLD, NEW = "2026-07-01T00:00:00.000000Z", "2026-09-30T00:00:00.000000Z"


@pytest.fixture
def hub(db_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType) -> Hub:
    made = open_hub(db_url)
    fakehub.set_up(made, tmp_path / "vendor", "read_back")
    return made


def fill(hub: Hub) -> None:
    ran = {"flow": "sync", "subject": "x", "executor": "w", "counts": {}, "error": ""}
    came = {
        "connection_id": "hris", "known_by": "k", "kind": "event", "signed": 1, "repeats": 0, "tries": 1,
        "streams": "", "reason": "", "body_sealed": b"x",
    }  # fmt: skip
    told = {"tries": 1, "error": "", "next_at": OLD}
    with hub.store.write("acme") as session:
        session.add(run, [
            {**ran, "run_id": f"run_{state}_{at[5:7]}", "state": state, "started_at": at, "ended_at": at}
            for state in ("done", "failed", "held") for at in (OLD, NEW)
        ] + [{**ran, "run_id": "run_last", "state": "done", "started_at": OLD, "ended_at": OLD}])  # fmt: skip
        session.add(schedule, [{
            "name": "night", "flow": "sync", "connection_id": "hris", "options": {}, "cron": "", "every_s": 60,
            "anchor_at": OLD, "zone": "UTC", "closed_days": "run", "country": "us", "blackouts": [], "jitter_s": 0,
            "catch_up": "once", "state": "on", "slot_at": OLD, "next_at": NEW, "last_at": OLD, "last_run": "run_last",
            "note": "",
        }])  # fmt: skip
        session.add(webhook_door, [{"connection_id": "hris", "secret": "", "opened_at": OLD}])
        session.add(webhook_delivery, [
            {**came, "delivery_id": f"whd_{state}_{at[5:7]}", "state": state, "received_at": at, "worked_at": at}
            for state in ("worked", "failed", "waiting") for at in (OLD, NEW)
        ])  # fmt: skip
        session.add(notification, [
            {**told, "notifier": f"{state}_{at[5:7]}", "seq": 1, "state": state, "at": at, "told_at": None}
            for state in ("told", "dropped", "waiting") for at in (OLD, NEW)
        ])  # fmt: skip


def left(hub: Hub, column: Any) -> set[str]:
    with hub.store.read("acme") as session:
        return {str(row[0]) for row in session.rows(select(column))}


def test_what_is_done_goes_after_its_time(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 1)  # many transactions
    fill(hub)
    done = hub.start_flow("retention", "acme", "1", 60)
    assert done == {"runs": 1, "webhooks": 1, "messages": 2}
    runs = left(hub, run.c.run_id)
    assert "run_done_07" not in runs
    assert runs >= {"run_last", "run_done_09", "run_failed_07", "run_failed_09", "run_held_07", "run_held_09"}
    kept = {"whd_worked_09", "whd_failed_07", "whd_failed_09", "whd_waiting_07", "whd_waiting_09"}
    assert left(hub, webhook_delivery.c.delivery_id) == kept
    assert left(hub, notification.c.notifier) == {"told_09", "dropped_09", "waiting_07", "waiting_09"}
    assert hub.start_flow("retention", "acme", "2", 60) == {"runs": 0, "webhooks": 0, "messages": 0}


def test_too_few_days_are_refused(hub: Hub) -> None:
    with pytest.raises(DataError, match="29 days are too few"):
        hub.start_flow("retention", "acme", "1", 29)
