"""The worker: what schedules start is done, what needs a person is held, and a worker that lost its life stops."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
import structlog
from dbos import DBOSClient
from sqlalchemy import select

from benehub.cli.logs import configure
from benehub.crypto import Vault
from benehub.errors import BenehubError, ConfigError, GuardTripped, RetriableError
from benehub.flows import Hub, custody, job_schedules, notifying, worker
from benehub.flows.dispatches import reopen
from benehub.flows.job_schedules import When
from benehub.flows.schedulable import Wanted
from benehub.flows.tick import Ticked
from benehub.flows.worker import run_worker
from benehub.hookspecs import hookimpl
from benehub.records.notices import Decision, DispatchNotice, Verdict
from benehub.store import open_store
from benehub.store.scratch import HELD
from benehub.store.tables import dispatch, obligation
from benehub.views.runs import runs
from benehub.views.schedules import schedules

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
Made = Callable[..., Hub]


def wait(ready: Callable[[], Any]) -> Any:
    until = time.monotonic() + 90
    while not (found := ready()):
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)
    return found


@pytest.fixture
def made(db_url: str, tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    """made(*plugins): a hub of three people with its engine stopped; a push is due since an hour."""
    opened: list[Hub] = []

    def make(*plugins: Any, guard: str = "read_back", mode: str = "live") -> Hub:
        monkeypatch.setattr(fakehub, "NOW", NOON)
        first = fakehub.open_hub(db_url, *plugins)
        fakehub.set_up(first, tmp_path / "vendor", guard, mode)
        job_schedules.add(first, "acme", "push", Wanted("deductions.push"), When(cron="0 6 * * *"))
        first.engine.stop()
        first.store.close()
        monkeypatch.setattr(fakehub, "NOW", NOON + timedelta(hours=19))
        opened.append(fakehub.make_hub(db_url, *plugins))
        return opened[-1]

    yield make
    for hub in opened:
        hub.store.close()


@contextmanager
def working(hub: Hub, name: str = "") -> Iterator[list[BenehubError]]:
    """A worker at it in the background, stopped at the end; what it raised."""
    stop, ready, raised = threading.Event(), threading.Event(), list[BenehubError]()

    def work() -> None:
        try:
            run_worker(hub, stop, name, 1, ready.set)
        except BenehubError as error:
            raised.append(error)
        ready.set()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert ready.wait(90)
        yield raised
    finally:
        stop.set()
        thread.join(90)
        assert not thread.is_alive()


def last(hub: Hub, *states: str) -> dict[str, Any] | None:
    """The newest run of a schedule, once it is in one of these states."""
    with hub.store.read("acme") as session:
        found = [one for one in runs(session) if one["flow"].startswith("schedule.")]
    return found[0] if found and found[0]["state"] in states else None


def test_a_scheduled_push_is_done_and_told(made: Made, tmp_path: Path, fakehub: ModuleType) -> None:
    hub = made()
    with working(hub):
        run = wait(lambda: last(hub, "done", "failed", "held"))
        assert (run["state"], run["counts"]["sent"], run["error"]) == ("done", 3, "")
        steps = hub.steps("acme", run["run"])
        assert steps[0].name == "plan" and steps[-1].name == "count"
        assert all(one.millis is not None and not one.error for one in steps)
    assert len(fakehub.Vendor(str(tmp_path / "vendor")).effects()) == 3
    with hub.store.read("acme") as session:
        (one,) = schedules(session)
        assert {row.state for row in session.rows(select(obligation))} == {"confirmed"}
    assert (one["last_run"], one["last_state"]) == (run["run"], "done")


def test_the_engine_keeps_no_person(made: Made, db_url: str) -> None:
    hub = made()
    with working(hub):
        run = wait(lambda: last(hub, "done"))
    client = DBOSClient(system_database_url=db_url)
    job = f"schedule.deductions.push:{run['run']}"
    (kept,) = client.list_workflows(workflow_ids=[job])
    told = repr((kept.input, kept.output, client.list_workflow_steps(job)))
    client.destroy()
    assert run["run"] in told and "monthly" in told
    # Names, SSNs, birth dates and amounts of the three stay in the hub's own tables.
    assert not [word for word in ("Alder", "90011000", "1990-01-01", "10000", "1001") if word in told]


class Asks:
    """A plugin that asks for a person at one of the three, until told otherwise."""

    def __init__(self) -> None:
        self.seen = 0

    @hookimpl
    def before_dispatch(self, dispatch: DispatchNotice) -> Verdict | None:
        """Hold the second."""
        self.seen += 1
        return Verdict(Decision.HOLD, "look at this one") if self.seen == 2 else None


def test_what_asks_for_a_person_is_held_with_the_mend_and_goes_on_after(made: Made) -> None:
    hub = made(Asks())
    with working(hub):
        run = wait(lambda: last(hub, "done", "failed", "held"))
        # The two others have gone: nobody waits for the one.
        assert (run["state"], run["error_class"], run["counts"]["sent"], run["counts"]["held"]) == (
            "held", "NeedsPersonError", 2, 1,
        )  # fmt: skip
        assert "dispatches list --state held" in run["mend"]
        assert hub.steps("acme", run["run"])[-1].mend == run["mend"]
        with pytest.raises(BenehubError, match="are held"):
            hub.retry("acme", run["run"])
        with hub.store.read("acme") as session:
            (stuck,) = session.rows(select(dispatch).where(dispatch.c.state == "held"))
        assert reopen(hub, "acme", stuck.dispatch_id, "ann", "looked at") == "prepared"
        hub.start_flow("dispatch.resend", "acme", "resend", stuck.dispatch_id)
        assert hub.retry("acme", run["run"])["held"] == 1  # what it met; nothing is held any more
        assert last(hub, "done")


def test_a_connection_that_watches_holds_no_run(made: Made, tmp_path: Path, fakehub: ModuleType) -> None:
    hub = made(mode="watch")
    with working(hub):
        run = wait(lambda: last(hub, "done", "failed", "held"))
    assert (run["state"], run["counts"]["held"]) == ("done", 3)
    assert fakehub.Vendor(str(tmp_path / "vendor")).effects() == []


def test_a_poisoned_one_does_not_hold_up_the_others(made: Made, fakehub: ModuleType) -> None:
    hub = made()
    fakehub.Vendor.script = ["", "400", ""]
    with working(hub):
        run = wait(lambda: last(hub, "done", "failed", "held"))
    assert (run["state"], run["counts"]["sent"], run["counts"]["failed"]) == ("done", 2, 1)


def test_a_guard_that_trips_holds_the_run_until_a_person_has_decided(
    made: Made, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = made()
    job_schedules.pause(hub, "acme", "push")
    job_schedules.add(hub, "acme", "read", Wanted("sync", "hris", {"stream": "employee", "full": "yes"}),
                      When(cron="30 * * * *"))  # fmt: skip
    fakehub.feed(40)
    first = fakehub.bind(hub)
    first.engine.start()
    hub.start_flow("sync", "acme", "many", "hris", "employee", "many", True)
    first.engine.stop()
    fakehub.FakeConnector.rows["employee"] = [
        fakehub.person(number, termination_date="2026-09-30") for number in range(1, 41)
    ]
    monkeypatch.setattr(fakehub, "NOW", NOON + timedelta(hours=20))
    with working(hub):
        run = wait(lambda: last(hub, "done", "failed", "held"))
        assert (run["state"], run["error_class"]) == ("held", "GuardTripped")
        assert "--release" in run["mend"] and run["counts"] == {"stopped": 1}
        with pytest.raises(GuardTripped):  # nobody has decided yet
            hub.retry("acme", run["run"])
        custody.release(hub, "acme", run["mend"].rpartition(" ")[2], "ann", "the plant is closed")
        assert hub.retry("acme", run["run"])["applied"] == 40
        assert last(hub, "done")


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_a_deaf_mail_server_keeps_no_schedule_waiting(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf, ticks = threading.Event(), list[int]()

    def tell(*_: Any, **__: Any) -> dict[str, int]:
        deaf.wait(30)
        return {"told": 0, "not_told": 0}

    def tick(*_: Any) -> Ticked:
        ticks.append(1)
        if len(ticks) == 2:
            raise OSError("the lock's file")  # nor does that end the worker
        return Ticked()

    monkeypatch.setattr(notifying, "deliver", tell)
    monkeypatch.setattr(worker, "tick", tick)
    with working(made()) as raised:
        try:
            wait(lambda: len(ticks) >= 3)
            assert not raised
        finally:
            deaf.set()


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_beside_an_sqlite_file_works_one(made: Made, db_url: str, fakehub: ModuleType) -> None:
    hub, second = made(), fakehub.make_hub(db_url)
    with working(hub) as raised:
        with pytest.raises(ConfigError, match="a worker is at this database already") as caught:
            run_worker(second, threading.Event())
        assert "PostgreSQL" in caught.value.mend
        with pytest.raises(ConfigError, match="runs already"):
            run_worker(hub, threading.Event())
    assert raised == []
    with working(second):  # the first one is gone
        assert wait(lambda: last(second, "done"))
    second.store.close()


def test_a_worker_whose_sign_of_life_is_lost_stops(fresh_pg_url: str, fakehub: ModuleType) -> None:
    hub = fakehub.make_hub(fresh_pg_url)
    with working(hub, "cut") as raised:
        with psycopg.connect(fresh_pg_url.replace("+psycopg", ""), autocommit=True) as outside:
            outside.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        wait(lambda: raised)
        assert not hub.engine.running
    (error,) = raised
    assert isinstance(error, RetriableError) and "worker cut" in str(error)
    with working(hub, "cut"):
        assert hub.engine.running
    hub.store.close()


def test_log_lines_are_json_with_the_run_and_no_person(made: Made, capfd: pytest.CaptureFixture[str]) -> None:
    hub = made()
    before = structlog.get_config()
    try:
        configure("INFO", "json", runs=True)
        with working(hub):
            run = wait(lambda: last(hub, "done"))
    finally:
        structlog.configure(**before)
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    events = {one["event"] for one in lines}
    assert {"worker started", "schedule started", "run goes on", "run done", "worker stopped"} <= events
    assert all(one["run"] == run["run"] for one in lines if one["event"].startswith("run "))
    assert all({"timestamp", "level"} <= one.keys() for one in lines)
    assert "900110001" not in json.dumps(lines)


def test_what_a_dead_process_tried_on_goes_as_soon_as_another_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Begun(Exception):
        """The engine would start now."""

    def begun(*_: Any) -> None:
        raise Begun

    monkeypatch.setattr(worker, "bind", begun)
    store = open_store(f"sqlite:///{tmp_path / 'hub.db'}", Vault({"k1": b"k" * 32}))
    store.engine.connect().close()
    hub, left = cast(Hub, SimpleNamespace(store=store)), tmp_path / ".tried-left"
    for start in (lambda: run_worker(hub, threading.Event()), lambda: worker.engine_beside(hub).__enter__()):
        left.mkdir()
        (left / HELD).touch()
        with pytest.raises(Begun):
            start()
        assert not left.exists()
    store.close()
