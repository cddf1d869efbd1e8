"""A schedule's run, its job and its next time are one: a process that dies between them leaves all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from dbos import DBOS
from sqlalchemy import select
from tests import forks

from benehub.flows import Hub, job_schedules
from benehub.flows.job_schedules import When
from benehub.flows.schedulable import Wanted
from benehub.flows.tick import Ticked, tick
from benehub.store.tables import run, schedule

Open = Callable[..., Hub]
LATER = datetime(2026, 10, 2, 12, tzinfo=UTC)

# Another process: it ticks, and dies at the point it is given.
DYING = """
import importlib.util, os, signal, sys
from datetime import datetime

from benehub.engine import Engine
from benehub.flows import job_schedules, runs
from benehub.flows.tick import tick

place, url, point, now = sys.argv[1:]
spec = importlib.util.spec_from_file_location("fakehub", place)
fakehub = sys.modules["fakehub"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fakehub)
fakehub.NOW = datetime.fromisoformat(now)

def dying(room, name, after):
    whole = getattr(room, name)
    def work(*words):
        if not after:
            os.kill(os.getpid(), signal.SIGKILL)
        whole(*words)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(room, name, work)

hub = fakehub.open_hub(url)
if point == "before the job":
    dying(Engine, "enqueue", False)
elif point == "after the job":
    dying(Engine, "enqueue", True)
elif point == "after the next time":
    dying(job_schedules, "move_on", True)
tick(hub)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def hub(db_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A hub with a schedule that is due."""
    made = open_hub(db_url)
    fakehub.set_up(made, tmp_path / "vendor", "read_back")
    job_schedules.add(made, "acme", "nightly", Wanted("coverage"), When(cron="0 2 * * *"))
    monkeypatch.setattr(fakehub, "NOW", LATER)
    return made


def standing(hub: Hub) -> tuple[int, int, bool]:
    """Runs, jobs, and whether the schedule has moved on."""
    with hub.store.read("acme") as session:
        started = session.rows(select(run.c.run_id).where(run.c.flow == "schedule.coverage"))
        (row,) = session.rows(select(schedule.c.next_at))
    jobs = DBOS.list_workflows(workflow_id_prefix="schedule.coverage:")
    assert {one.workflow_id for one in jobs} <= {f"schedule.coverage:{row.run_id}" for row in started}
    return len(started), len(jobs), row.next_at > "2026-10-02T12"


@pytest.mark.parametrize(
    ("point", "left"),
    [
        ("before the job", (0, 0, False)),
        ("after the job", (0, 0, False)),
        ("after the next time", (0, 0, False)),
        ("after the commit", (1, 1, True)),
    ],
)
def test_who_dies_between_them_leaves_all_or_nothing(
    point: str, left: tuple[int, int, bool], hub: Hub, db_url: str, fakehub: ModuleType
) -> None:
    done = forks.run(DYING, fakehub.__file__, db_url, point, LATER.isoformat())
    assert done.code == -9, done.stderr
    assert standing(hub) == left
    assert tick(hub) == Ticked(started=1 - left[0])
    assert tick(hub) == Ticked()
    assert standing(hub) == (1, 1, True)


def test_what_is_undone_leaves_no_job(hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(job_schedules, "move_on", fail)
        assert tick(hub) == Ticked(stopped=1)
    assert standing(hub)[:2] == (0, 0)
    monkeypatch.setattr(fakehub, "NOW", LATER + timedelta(minutes=11))  # it stands aside for ten
    assert tick(hub) == Ticked(started=1)


def test_a_run_that_is_done_is_not_enqueued_again_though_its_job_is_forgotten(hub: Hub) -> None:
    run_id = ""
    for _ in range(2):
        with hub.store.write("acme") as session:
            run_id = hub.enqueue_flow(session, "coverage", "once", "-", str((LATER - timedelta(days=1)).date()))
        assert len(DBOS.list_workflows(workflow_id_prefix="coverage:")) == 2  # one is of the setting up
    hub.engine.again("coverage", run_id)
    DBOS.delete_workflow(f"coverage:{run_id}")
    with hub.store.write("acme") as session:
        assert hub.enqueue_flow(session, "coverage", "once", "-", "2026-10-01") == run_id
    assert len(DBOS.list_workflows(workflow_id_prefix="coverage:")) == 1
