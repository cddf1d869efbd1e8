"""The tick: what is due becomes one run, whoever ticks and however often; what is not due costs one query."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from dbos import DBOS
from dbos import error as dbos_error
from sqlalchemy import String, event, select

from benehub.engine import Steps
from benehub.errors import ConfigError, DataError
from benehub.flows import JOBS, Hub, job_schedules, scheduled
from benehub.flows import runs as runs_kept
from benehub.flows import tick as ticking
from benehub.flows.job_schedules import When
from benehub.flows.schedulable import FLOWS, Wanted
from benehub.flows.tick import Ticked, tick
from benehub.periods import Month
from benehub.store import Session, iso
from benehub.store.tables import run as run_table
from benehub.store.tables import schedule
from benehub.views.health import _schedules
from benehub.views.own_times import not_run, passed
from benehub.views.runs import runs
from benehub.views.schedules import schedules

Open = Callable[..., Hub]
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.fixture
def hub(db_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType) -> Iterator[Hub]:
    """A hub of three people and a nightly read; it is noon."""
    made = open_hub(db_url)
    fakehub.set_up(made, tmp_path / "vendor", "read_back")
    add(made, "nightly", Wanted("sync", "hris"), When(cron="0 2 * * *"))
    yield made


@pytest.fixture
def at(fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the hub's clock."""
    return lambda moment: monkeypatch.setattr(fakehub, "NOW", moment)


def add(hub: Hub, name: str, wanted: Wanted, when: When) -> None:
    job_schedules.add(hub, "acme", name, wanted, when)


def told(hub: Hub, name: str = "nightly") -> dict[str, Any]:
    with hub.store.read("acme") as session:
        return next(one for one in schedules(session) if one["name"] == name)


def started(hub: Hub) -> list[dict[str, Any]]:
    """Runs that schedules started, oldest first."""
    with hub.store.read("acme") as session:
        return [one for one in reversed(runs(session)) if one["flow"].startswith("schedule.")]


def test_what_is_due_is_started_once(hub: Hub, at: Any) -> None:
    assert tick(hub) == Ticked()
    at(NOON + timedelta(hours=14))
    assert tick(hub) == Ticked(started=1)
    assert tick(hub) == Ticked()
    (only,) = started(hub)
    assert (only["flow"], only["state"], only["subject"]) == ("schedule.sync", "queued",
                                                              "nightly/2026-10-02T02:00:00.000000Z")  # fmt: skip
    one = told(hub)
    assert (one["last_run"], one["last_at"], one["next_at"]) == (
        only["run"], "2026-10-02T02:00:00.000000Z", "2026-10-03T02:00:00.000000Z",
    )  # fmt: skip


def test_nothing_due_writes_nothing_and_thousands_cost_one_query(hub: Hub, at: Any) -> None:
    with hub.store.write("acme") as session:
        row = dict(job_schedules.get(session, "nightly")._mapping)
        session.add(schedule, [{**row, "name": f"s{number}"} for number in range(3000)])
    seen: list[str] = []
    jobs, threads = len(DBOS.list_workflows()), threading.active_count()
    with counting(hub, seen):
        assert tick(hub) == Ticked()
    asked = [text for text in seen if text.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))]
    assert len([text for text in asked if "schedule" in text]) == 1
    assert not [text for text in asked if not text.upper().lstrip().startswith("SELECT")]
    assert (len(DBOS.list_workflows()), threading.active_count()) == (jobs, threads)
    at(NOON + timedelta(hours=14))
    assert len(ticking.due(hub)) == ticking.AT_ONCE


class counting:
    """Notes every statement."""

    def __init__(self, hub: Hub, seen: list[str]) -> None:
        self.engine, self.seen = hub.store.engine, seen

    def note(self, _connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        self.seen.append(text)

    def __enter__(self) -> None:
        event.listen(self.engine, "before_cursor_execute", self.note)

    def __exit__(self, *_: object) -> None:
        event.remove(self.engine, "before_cursor_execute", self.note)


def test_a_tick_that_dies_half_way_makes_no_second_run(hub: Hub, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    at(NOON + timedelta(hours=14))

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(job_schedules, "move_on", die)
        tick(hub)
    assert started(hub) == []  # run, job and next time are one
    assert tick(hub) == Ticked(started=1)
    (only,) = started(hub)
    assert only["run"] == told(hub)["last_run"]
    assert len(DBOS.list_workflows(workflow_id_prefix="schedule.sync:")) == 1


def test_two_who_tick_at_once_make_one_run(hub: Hub, at: Any) -> None:
    at(NOON + timedelta(hours=14))
    rows = ticking.due(hub)
    for row in rows * 3:  # as two processes would that had both looked before either had started it
        ticking._start(hub, row)
    assert len(started(hub)) == 1
    assert told(hub)["next_at"] == "2026-10-03T02:00:00.000000Z"
    lock = hub.store.lock("schedules' tick")
    assert lock.take()
    at(NOON + timedelta(days=3))
    assert tick(hub) == Ticked()
    lock.release()


def test_after_an_outage_it_runs_once(hub: Hub, at: Any) -> None:
    at(NOON + timedelta(days=30))
    assert not _schedules(hub.store, "acme").ok
    assert tick(hub) == Ticked(started=1)
    assert tick(hub) == Ticked()
    assert _schedules(hub.store, "acme").ok
    assert len(started(hub)) == 1
    assert told(hub)["next_at"] == "2026-11-01T02:00:00.000000Z"


def test_one_that_does_not_catch_up_tells_what_it_missed(hub: Hub, at: Any) -> None:
    add(hub, "morning", Wanted("reconcile"), When(cron="0 8 * * *", catch_up="skip"))
    at(datetime(2026, 10, 2, 8, 5, tzinfo=UTC))
    tick(hub)
    assert [one["state"] for one in started(hub)] == ["queued", "queued"]
    hub.cancel("acme", told(hub, "morning")["last_run"])
    at(datetime(2026, 10, 3, 8, 15, tzinfo=UTC))
    tick(hub)
    missed = started(hub)[-1]
    assert (missed["flow"], missed["state"], missed["error_class"]) == ("schedule.reconcile", "canceled", "DataError")
    assert "run-now" in missed["mend"]
    assert told(hub, "morning")["note"].endswith("does not catch up")


def carried_out(hub: Hub) -> None:
    """What was started last of accruing premiums comes to a good end."""
    one = started(hub)[-1]
    job = scheduled.job("premiums.accrue", {"premiums.accrue": lambda *_: {"lines": 1}})
    counts = job(hub, Steps(), "acme", "", {}, one["subject"])
    with hub.store.write("acme") as session:
        runs_kept.end(session, one["run"], counts)


def months_passed(hub: Hub) -> list[tuple[str, str]]:
    with hub.store.read("acme") as session:
        return [(str(one.month), one.at[:10]) for one in passed(session, job_schedules.first_from)]


def test_a_late_run_is_of_the_month_that_it_works_out(hub: Hub, at: Any) -> None:
    """It goes by the day on which it runs: what it missed is named, and keeps its month from being signed."""
    add(hub, "monthly", Wanted("premiums.accrue"), When(cron="0 6 28 * *"))
    job_schedules.pause(hub, "acme", "nightly")
    at(datetime(2026, 12, 2, 12, tzinfo=UTC))
    assert tick(hub) == Ticked(started=1)
    carried_out(hub)
    (late,) = started(hub)
    assert (late["subject"][:18], late["counts"]) == ("monthly/2026-10-28", {"months": ["2026-12"], "lines": 1})
    assert months_passed(hub) == [("2026-10", "2026-10-28"), ("2026-11", "2026-11-28")]
    with hub.store.read("acme") as session:
        (why,) = [one for one in not_run(session, [Month(2026, 10)]) if "monthly" in one]
        assert [one for one in not_run(session, [Month(2026, 12)]) if "monthly" in one] == []
    assert why == ("schedule monthly (premiums.accrue) started so late for 2026-10-28T06:00:00.000000Z that it did "
                   "another month, and has not done 2026-10 since")  # fmt: skip


def test_what_was_missed_and_never_ran_was_not_started(hub: Hub, at: Any) -> None:
    add(hub, "monthly", Wanted("premiums.accrue"), When(cron="0 6 28 * *", catch_up="skip"))
    job_schedules.pause(hub, "acme", "nightly")
    at(datetime(2026, 12, 2, 12, tzinfo=UTC))
    tick(hub)
    assert [one["state"] for one in started(hub)] == ["canceled"]
    assert months_passed(hub) == [("2026-10", "2026-10-28"), ("2026-11", "2026-11-28")]


def test_what_a_schedule_did_not_start_before_it_was_changed_to_it_is_not_named(hub: Hub, at: Any) -> None:
    at(datetime(2026, 12, 2, 12, tzinfo=UTC))
    job_schedules.change(hub, "acme", "nightly", Wanted("premiums.accrue"), When(cron="0 6 28 * *"))
    assert months_passed(hub) == []
    at(datetime(2026, 12, 29, tzinfo=UTC))
    with hub.store.write("acme") as session:
        session.change(schedule, {"name": "nightly"}, slot_at="2027-01-28T06:00:00.000000Z")
    assert months_passed(hub) == [("2026-12", "2026-12-28")]


def test_what_comes_due_in_a_blackout_waits_for_its_end(hub: Hub, at: Any) -> None:
    """No worker was there from before nine until eleven."""
    night = When(cron="0 21 * * *", blackouts=["22:00-06:00"])
    add(hub, "evening", Wanted("reconcile"), night)
    at(datetime(2026, 10, 1, 23, tzinfo=UTC))
    assert tick(hub) == Ticked(put_off=1)
    one = told(hub, "evening")
    assert (one["next_at"], one["last_run"]) == ("2026-10-02T06:00:00.000000Z", None)
    assert one["note"] == "2026-10-01T21:00:00.000000Z: nothing starts until 2026-10-02T06:00:00.000000Z"
    job_schedules.pause(hub, "acme", "nightly")
    assert tick(hub) == Ticked() and started(hub) == []
    at(datetime(2026, 10, 2, 6, 0, 20, tzinfo=UTC))
    assert tick(hub) == Ticked(started=1)
    (run,) = started(hub)
    assert run["subject"] == "evening/2026-10-01T21:00:00.000000Z"  # the time that was meant
    one = told(hub, "evening")
    assert (one["next_at"], one["note"]) == ("2026-10-02T21:00:00.000000Z", "")


def test_what_comes_due_on_a_closed_day_waits_for_the_next_open_one(hub: Hub, at: Any) -> None:
    add(hub, "friday", Wanted("reconcile"), When(cron="0 23 * * fri", closed="skip"))
    job_schedules.pause(hub, "acme", "nightly")
    at(datetime(2026, 10, 3, 9, tzinfo=UTC))
    assert tick(hub) == Ticked(put_off=1)
    assert told(hub, "friday")["next_at"] == "2026-10-05T00:00:00.000000Z"


class Straight(Steps):
    """Steps without the job engine."""

    def step(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run it."""
        return function(*args, **kwargs)


def test_what_waited_for_a_worker_until_a_blackout_begins_after_it(hub: Hub, at: Any) -> None:
    add(hub, "evening", Wanted("deadlines.check"), When(cron="30 21 * * *", blackouts=["22:00-06:00"]))
    job_schedules.pause(hub, "acme", "nightly")
    at(datetime(2026, 10, 1, 21, 31, tzinfo=UTC))
    assert tick(hub) == Ticked(started=1)
    (waits,) = started(hub)
    at(datetime(2026, 10, 1, 22, 30, tzinfo=UTC))
    # A worker has time now; a person who runs it now is asked for no hour.
    key = waits["subject"]
    check = JOBS["schedule.deadlines.check"]
    assert check(hub, Straight(), "acme", "", {}, key) == {"put_off": 1}
    assert "put_off" not in check(hub, Straight(), "acme", "", {}, "evening/now")
    one = told(hub, "evening")
    assert one["next_at"] == "2026-10-02T06:00:00.000000Z"
    assert one["note"] == "2026-10-01T21:30:00.000000Z: nothing starts until 2026-10-02T06:00:00.000000Z"
    with hub.store.write("acme") as session:
        session.change(run_table, {"run_id": waits["run"]}, state="failed")
        runs_kept.again(session, waits["run"], "somebody's")
    assert "put_off" not in check(hub, Straight(), "acme", "", {}, key)
    with hub.store.write("acme") as session:
        session.change(run_table, {"run_id": waits["run"]}, state="done")
    at(datetime(2026, 10, 2, 6, 0, 20, tzinfo=UTC))
    assert tick(hub) == Ticked(started=1)
    assert started(hub)[-1]["subject"] == "evening/2026-10-02T06:00:00.000000Z"
    assert told(hub, "evening")["next_at"] == "2026-10-02T21:30:00.000000Z"


def test_what_was_put_off_and_died_before_that_was_kept_as_a_step_runs_once(hub: Hub, at: Any) -> None:
    add(hub, "evening", Wanted("deadlines.check"), When(cron="30 21 * * *", blackouts=["22:00-06:00"]))
    job_schedules.pause(hub, "acme", "nightly")
    at(datetime(2026, 10, 1, 21, 31, tzinfo=UTC))
    tick(hub)
    (waits,) = started(hub)
    begin = "acme", "deadlines.check", "", {}, waits["subject"]
    at(datetime(2026, 10, 1, 22, 30, tzinfo=UTC))
    assert scheduled._begin(hub, *begin) == (waits["run"], None)
    at(datetime(2026, 10, 2, 6, 0, 20, tzinfo=UTC))  # taken up again: its schedule's own time has come meanwhile
    assert scheduled._begin(hub, *begin) == (waits["run"], None)
    with hub.store.write("acme") as session:
        session.change(run_table, {"run_id": waits["run"]}, state="failed")
        runs_kept.again(session, waits["run"], "somebody's")
    assert scheduled._begin(hub, *begin)[1] is not None  # a person's word


def test_broken_ones_stand_aside_for_the_others(hub: Hub, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticking, "AT_ONCE", 2)
    for name in ("first", "second"):
        add(hub, name, Wanted("reconcile"), When(cron="0 1 * * *"))
    with hub.store.write("acme") as session:
        session.change(schedule, {"name": "first"}, zone="Mars/Olympus")
        session.change(schedule, {"name": "second"}, closed_days="before", country="br")
    at(NOON + timedelta(hours=14))
    assert tick(hub) == Ticked(stopped=2)
    assert tick(hub) == Ticked(started=1)  # the nightly one, which was not among the two oldest
    assert told(hub, "first")["note"].startswith(
        "2026-10-02T01:00:00.000000Z: cannot be started: no time zone 'Mars/Olympus'"
    )
    assert "br" in told(hub, "second")["note"]
    assert told(hub, "first")["next_at"] == "2026-10-02T02:10:00.000000Z"
    with hub.store.write("acme") as session:
        session.change(schedule, {"name": "first"}, zone="UTC")
    at(NOON + timedelta(hours=14, minutes=10))
    assert tick(hub) == Ticked(started=1, stopped=1)
    assert told(hub, "first")["note"] == ""


def test_one_that_is_mended_starts_for_the_time_that_was_due(hub: Hub, at: Any) -> None:
    add(hub, "monthly", Wanted("coverage"), When(cron="0 1 2 * *"))
    job_schedules.pause(hub, "acme", "nightly")
    with hub.store.write("acme") as session:
        session.change(schedule, {"name": "monthly"}, zone="Mars/Olympus")
    at(NOON + timedelta(hours=14))
    assert tick(hub) == Ticked(stopped=1)
    assert job_schedules.change(hub, "acme", "monthly", Wanted("coverage"), When(cron="0 1 3 * *", zone="UTC"))
    one = told(hub, "monthly")
    assert (one["note"], one["next_at"]) == ("", "2026-10-02T02:00:00.000000Z")
    assert tick(hub) == Ticked(started=1)
    one = told(hub, "monthly")
    assert (one["last_at"], one["next_at"]) == ("2026-10-02T01:00:00.000000Z", "2026-10-03T01:00:00.000000Z")
    job_schedules.change(hub, "acme", "nightly", Wanted("sync", "hris"), When(cron="0 3 * * *"))
    assert told(hub)["note"] == "paused by hand"


def test_a_fault_of_the_engine_at_one_ends_no_tick(hub: Hub, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> str:
        raise dbos_error.DBOSException("a value that nobody need see")

    monkeypatch.setattr(Hub, "enqueue_flow", fail)
    at(NOON + timedelta(hours=14))
    assert tick(hub) == Ticked(stopped=1)
    assert told(hub)["note"] == "2026-10-02T02:00:00.000000Z: cannot be started: DBOSException"


def test_a_run_that_is_not_done_keeps_the_next_one_back(hub: Hub, at: Any) -> None:
    at(NOON + timedelta(hours=14))
    tick(hub)
    first = told(hub)["last_run"]
    at(NOON + timedelta(hours=38))
    assert tick(hub) == Ticked(passed_over=1)
    assert len(started(hub)) == 1 and first in told(hub)["note"]
    hub.cancel("acme", first)
    at(NOON + timedelta(hours=62))
    assert tick(hub) == Ticked(started=1)
    assert (told(hub)["note"], len(started(hub))) == ("", 2)


def test_a_run_that_the_engine_gave_up_holds_nothing_up(hub: Hub, at: Any) -> None:
    at(NOON + timedelta(hours=14))
    tick(hub)
    DBOS.cancel_workflow(f"schedule.sync:{told(hub)['last_run']}")
    at(NOON + timedelta(hours=38))
    assert tick(hub) == Ticked(started=1)
    gone = started(hub)[0]
    assert (gone["state"], gone["error_class"]) == ("failed", "DataError")
    assert "without a word" in gone["error"]


def test_a_paused_connection_starts_nothing(hub: Hub, at: Any, fakehub: ModuleType, tmp_path: Path) -> None:
    one = {"connector": "read_back", "settings": {"folder": str(tmp_path / "vendor")}, "mode": "paused"}
    fakehub.connect(hub, "acme", {"hris": one})
    assert told(hub)["state"] == "connection paused"
    at(NOON + timedelta(hours=14))
    assert tick(hub) == Ticked(passed_over=1)
    assert started(hub) == [] and "hris is paused" in told(hub)["note"]


def test_a_paused_schedule_starts_nothing_and_makes_up_for_nothing(hub: Hub, at: Any) -> None:
    job_schedules.pause(hub, "acme", "nightly")
    at(NOON + timedelta(days=5))
    assert tick(hub) == Ticked()
    assert job_schedules.resume(hub, "acme", "nightly") == datetime(2026, 10, 7, 2, tzinfo=UTC)
    assert tick(hub) == Ticked()
    job_schedules.remove(hub, "acme", "nightly")
    at(NOON + timedelta(days=50))
    assert tick(hub) == Ticked()
    with pytest.raises(DataError, match="no schedule"):
        job_schedules.pause(hub, "acme", "nightly")


def test_one_that_cannot_be_started_holds_up_no_other(hub: Hub, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    add(hub, "second", Wanted("coverage"), When(every="6h"))
    enqueue = Hub.enqueue_flow

    def fail(self: Hub, session: Session, name: str, *rest: Any) -> str:
        if name == "schedule.sync":
            raise ConfigError("no such flow")
        return enqueue(self, session, name, *rest)

    monkeypatch.setattr(Hub, "enqueue_flow", fail)
    at(NOON + timedelta(hours=14))
    assert tick(hub) == Ticked(started=1, stopped=1)
    assert [one["flow"] for one in started(hub)] == ["schedule.coverage"]


def test_what_a_tick_that_is_over_leaves_is_the_next_ones(hub: Hub, at: Any) -> None:
    add(hub, "second", Wanted("coverage"), When(every="6h"))
    at(NOON + timedelta(hours=14))
    assert tick(hub, iter([False, True]).__next__) == Ticked(started=1)
    assert tick(hub) == Ticked(started=1)


def test_one_of_which_no_time_comes_any_more_is_paused_with_the_reason(hub: Hub, at: Any) -> None:
    add(hub, "tariff", Wanted("coverage"), When(cron="0 9 * * *", closed="skip"))
    last = datetime(2050, 12, 31, 12, tzinfo=UTC)
    with hub.store.write("acme") as session:
        session.change(schedule, {"name": "tariff"}, slot_at=iso(last), next_at=iso(last))
        session.change(schedule, {"name": "nightly"}, state="paused")
    at(last + timedelta(hours=1))
    assert tick(hub) == Ticked(started=1)
    one = told(hub, "tariff")
    assert (one["state"], one["next_at"]) == ("paused", None)
    assert "2051" in one["note"]


def test_a_job_carries_ids_and_options_only(hub: Hub, at: Any) -> None:
    add(hub, "push", Wanted("deductions.push", options={"group": "monthly"}), When(cron="0 6 * * *"))
    at(NOON + timedelta(hours=20))
    tick(hub)
    (job,) = DBOS.list_workflows(workflow_id_prefix="schedule.deductions.push:")
    run = told(hub, "push")["last_run"]
    key = "push/2026-10-02T06:00:00.000000Z"
    assert job.input is not None
    assert job.input["args"] == ("schedule.deductions.push", [run, "acme", "payroll", {"group": "monthly"}, key])
    assert job.queue_partition_key == "acme/payroll"


@pytest.mark.parametrize(
    ("wanted", "when", "what"),
    [
        (Wanted("nothing"), When(every="1h"), "starts by itself"),
        (Wanted("sync", options={"group": "monthly"}), When(every="1h"), "no option"),
        (Wanted("sync", options={"full": "maybe"}), When(every="1h"), "cannot be"),
        (Wanted("coverage", "hris"), When(every="1h"), "needs no connection"),
        (Wanted("premiums.answers"), When(every="1h"), "needs a bank"),
        (Wanted("sync", "nobody"), When(every="1h"), "nobody"),
        (Wanted("sync"), When(), "cron or by an interval"),
        (Wanted("sync"), When(every="1w"), "no interval"),
        (Wanted("sync"), When(every="1h", zone="Mars/Olympus"), "no time zone"),
        (Wanted("sync"), When(every="1h", closed="never"), "closed days"),
        (Wanted("sync"), When(every="1h", catch_up="twice"), "catch up"),
        (Wanted("sync"), When(every="1h", jitter=100_000), "jitter"),
        (Wanted("sync"), When(every="1h", blackouts=["noon"]), "no blackout"),
        (Wanted("sync"), When(cron="0 0 30 2 *"), "no time comes"),
    ],
)
@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_what_cannot_be_kept_is_not_added(hub: Hub, wanted: Wanted, when: When, what: str) -> None:
    with pytest.raises((DataError, ConfigError), match=what):
        add(hub, "wrong", wanted, when)
    with hub.store.read("acme") as session:
        assert [one["name"] for one in schedules(session)] == ["nightly"]


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_a_name_is_given_once_and_a_dry_run_keeps_nothing(hub: Hub) -> None:
    times = job_schedules.add(hub, "acme", "tried", Wanted("sync"), When(every="6h"), keep=False)
    assert [one.hour for one in times] == [18, 0, 6, 12, 18]
    for name in ("nightly", "Not this", ""):
        with pytest.raises(DataError):
            add(hub, name, Wanted("sync"), When(every="1h"))
    with hub.store.read("acme") as session:
        assert len(session.rows(select(schedule))) == 1


def test_every_flow_says_what_it_does_and_is_a_job() -> None:
    from benehub.flows.schedulable import OPTIONS

    columns = run_table.c.flow.type
    assert isinstance(columns, String) and columns.length is not None
    for name, flow in FLOWS.items():
        assert flow.says.endswith(".") and flow.says.count(".") == 1, name
        assert f"schedule.{name}" in JOBS and len(f"schedule.{name}") <= columns.length
        assert set(flow.options) <= OPTIONS.keys()
