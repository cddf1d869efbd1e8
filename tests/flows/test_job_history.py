"""Jobs that were done long ago are forgotten; what is open, young, or may be retried is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from dbos import DBOS
from sqlalchemy import text

from benehub.engine import history
from benehub.errors import BenehubError
from benehub.flows import Hub, job_schedules
from benehub.flows.job_schedules import When
from benehub.flows.schedulable import Wanted
from benehub.flows.tick import tick
from benehub.views.runs import runs

Open = Callable[..., Hub]


@pytest.fixture
def hub(db_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """Five jobs that are done, one that failed, one that was canceled and one that waits for a worker."""
    made = open_hub(db_url)
    fakehub.set_up(made, tmp_path / "vendor", "read_back")
    with pytest.raises(BenehubError):
        made.start_flow("sync", "acme", "bad", "nobody", "employee", "2", False)
    monkeypatch.setattr(fakehub, "NOW", datetime.now(UTC))  # the engine stamps its jobs by the real clock
    for name in ("first", "second"):
        job_schedules.add(made, "acme", name, Wanted("coverage"), When(every="6h"))
    monkeypatch.setattr(fakehub, "NOW", datetime.now(UTC) + timedelta(hours=7))
    assert tick(made).started == 2
    made.cancel("acme", next(one["run"] for one in listed(made) if one["state"] == "queued"))
    monkeypatch.setattr(fakehub, "NOW", datetime.now(UTC))
    return made


def jobs() -> set[str]:
    return {one.workflow_id.partition(":")[0] for one in DBOS.list_workflows(load_input=False)}


def listed(hub: Hub) -> list[dict[str, Any]]:
    with hub.store.read("acme") as session:
        found = [one for one in runs(session) if one["flow"] != "jobs.trim"]
    return sorted(found, key=lambda one: str(one["run"]))


def trim(hub: Hub, key: str, days: int) -> Any:
    return hub.start_flow("jobs.trim", "acme", key, days)


def test_only_what_is_done_and_old_is_forgotten(hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    before, stood = listed(hub), jobs()
    assert {one["state"] for one in before} == {"done", "failed", "canceled", "queued"}
    assert trim(hub, "young", 30) == {"forgotten": 0, "kept": 0}

    monkeypatch.setattr(fakehub, "NOW", datetime.now(UTC) + timedelta(days=31))
    done = [one for one in before if one["state"] == "done"]
    assert trim(hub, "old", 30)["forgotten"] == len(done) + 1  # and the trim before it
    assert jobs() == {one["flow"] for one in before if one["state"] != "done"} | {"jobs.trim"}
    assert jobs() < stood | {"jobs.trim"}
    assert [(one["run"], one["state"], one["counts"]) for one in listed(hub)] == [
        (one["run"], one["state"], one["counts"]) for one in before
    ]
    assert hub.steps("acme", done[0]["run"]) == []


def test_what_failed_can_still_be_retried_after_it(
    hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fakehub, "NOW", datetime.now(UTC) + timedelta(days=400))
    trim(hub, "old", 30)
    (failed,) = [one for one in listed(hub) if one["state"] == "failed"]
    with pytest.raises(BenehubError, match="nobody"):
        hub.retry("acme", failed["run"])


def test_it_goes_on_behind_what_it_keeps(hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that ended well while its run was canceled stays, and does not stand in the way."""
    monkeypatch.setattr(history, "PART", 2)
    monkeypatch.setattr(fakehub, "NOW", datetime.now(UTC) + timedelta(days=400))
    with hub.store.write("acme") as session:
        session.connection.execute(text("UPDATE run SET state = 'canceled' WHERE flow = 'sync'"))
    assert trim(hub, "old", 30) == {"forgotten": 1, "kept": 3}


def test_the_runs_may_be_swept_before_their_jobs(
    hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both keep 90 days: which of them is first on that day is chance."""
    monkeypatch.setattr(fakehub, "NOW", datetime.now(UTC) + timedelta(days=91))
    swept = hub.start_flow("retention", "acme", "sweep", 90)["runs"]
    assert swept > 0
    assert not [one for one in listed(hub) if one["state"] == "done" and one["flow"] != "retention"]
    assert trim(hub, "after", 90)["kept"] == 0
    assert jobs() == {one["flow"] for one in listed(hub) if one["state"] != "done"} | {"jobs.trim"}
