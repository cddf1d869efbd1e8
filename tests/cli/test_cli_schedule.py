"""Schedules and the worker by commands alone: added, seen, run now, worked off, stopped by a signal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text


@pytest.fixture
def nightly(cli: Any, employed: Path) -> Path:
    """A nightly read of the census."""
    done = cli.told("schedule", "add", "nightly", "--flow", "sync", "--cron", "0 2 * * *", "--zone", "America/New_York")
    assert done["added"] and len(done["next"]) == 5
    return employed


def test_a_schedule_is_added_seen_paused_and_removed(cli: Any, nightly: Path) -> None:
    (one,) = cli.told("schedule", "list")
    assert (one["name"], one["flow"], one["connection"], one["when"]) == ("nightly", "sync", "census", "0 2 * * *")
    assert (one["state"], one["zone"], one["catch_up"]) == ("on", "America/New_York", "once")
    tried = cli.told("schedule", "change", "nightly", "--every", "6h", "--dry-run")
    assert (tried["changed"], tried["when"]) == (False, "0 2 * * *")
    changed = cli.told("schedule", "change", "nightly", "--cron", "0 3 * * *", "--catch-up", "skip")
    assert (changed["when"], changed["catch_up"], changed["zone"]) == ("0 3 * * *", "skip", "America/New_York")
    cli.run("schedule", "change", "nightly", "--option", "group=none", code=2)
    (one,) = cli.told("schedule", "list")
    assert cli.told("schedule", "pause", "nightly", "--dry-run")["state"] == "on"
    paused = cli.told("schedule", "pause", "nightly")
    assert (paused["state"], paused["next_at"]) == ("paused", None)
    assert cli.told("schedule", "resume", "nightly", "--dry-run")["state"] == "paused"
    assert cli.told("schedule", "resume", "nightly")["next_at"] == one["next_at"]
    assert not cli.told("schedule", "remove", "nightly", "--dry-run")["removed"]
    assert cli.told("schedule", "remove", "nightly")["removed"]
    assert cli.told("schedule", "list") == []
    assert "no schedule" in cli.run("schedule", "remove", "nightly", code=2).stderr


def test_a_dry_run_adds_nothing_and_shows_the_next_times(cli: Any, employed: Path) -> None:
    done = cli.told(
        "schedule", "add", "tried", "--flow", "deductions.push", "--every", "6h", "--option", "group=monthly",
        "--blackout", "22:00-06:00", "--closed-days", "skip", "--jitter", "60", "--dry-run",
    )  # fmt: skip
    assert not done["added"] and len(done["next"]) == 5
    assert cli.told("schedule", "list") == []
    for words in (("--every", "1w"), ("--every", "1h", "--option", "group"), ("--cron", "x")):
        cli.run("schedule", "add", "wrong", "--flow", "deductions.push", *words, code=2)


def test_the_flows_are_listed_with_what_they_need(cli: Any, home: Path) -> None:
    flows = {one["flow"]: one for one in cli.told("schedule", "flows")}
    assert flows["deductions.push"]["writes"] and not flows["sync"]["writes"]
    assert "group" in flows["deductions.push"]["options"]
    assert "deductions.push" in cli.run("schedule", "flows").stdout


def test_run_now_does_it_here_and_a_dry_run_lists_the_jobs(cli: Any, nightly: Path) -> None:
    jobs = cli.told("schedule", "run-now", "nightly", "--dry-run")
    assert [(one["job"], one["arguments"][1]) for one in jobs] == [("sync", "employee"), ("sync", "election")]
    assert cli.told("runs", "list") == []
    assert cli.told("schedule", "run-now", "nightly")["applied"] == 4
    (run,) = cli.told("runs", "list")
    assert (run["flow"], run["state"]) == ("schedule.sync", "done")
    shown = cli.told("runs", "show", run["run"])
    assert [one["name"] for one in shown["steps"]] == ["plan", *["read", "apply", "tell", "unlinked"] * 2, "count"]
    assert all(one["millis"] >= 0 and one["error_class"] == "" for one in shown["steps"])
    assert "millis" in cli.run("runs", "show", run["run"]).stdout


def test_a_run_that_fails_tells_class_and_mend(cli: Any, nightly: Path) -> None:
    cli.run("schedule", "add", "odd", "--flow", "sync", "--every", "1h", "--option", "stream=credit")
    cli.run("schedule", "run-now", "odd", code=1)
    (run,) = cli.told("runs", "list", "--state", "failed")
    assert run["error_class"] == "Unsupported" and "connection's settings" in run["mend"]
    steps = cli.told("runs", "show", run["run"])["steps"]
    assert steps[1]["error_class"] == run["error_class"]


def make_due(home: Path) -> None:
    """As if its time had come an hour ago."""
    engine = create_engine(f"sqlite:///{home / 'benehub.db'}")
    with engine.begin() as connection:
        moment = "2026-01-01T02:00:00.000000Z"
        connection.execute(text("UPDATE schedule SET slot_at = :moment, next_at = :moment"), {"moment": moment})
    engine.dispose()


def test_a_worker_works_and_stops_at_sigterm(cli: Any, nightly: Path) -> None:
    cli.run("connection", "watch", "census")  # else payroll has to be told of pay dates, late on some days of a month
    make_due(nightly)
    assert "benehub worker" in cli.run("doctor", code=1).stdout
    (nightly / "benehub.toml").open("a").write('log_level = "INFO"\nlog_format = "json"\n')
    words = [sys.executable, "-m", "benehub", "worker", "--every", "1", "--name", "one"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as worker:
        try:
            assert worker.stdout is not None and worker.stdout.readline() == "worker one is at work\n"
            refused = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
            assert refused.returncode == 2 and "a worker is at this database already" in refused.stderr
            until = time.monotonic() + 300
            while [one["state"] for one in cli.told("runs", "list")] != ["done"]:
                assert time.monotonic() < until
                time.sleep(0.1)
            worker.send_signal(signal.SIGTERM)
            _, said = worker.communicate(timeout=300)
        finally:
            worker.kill()
    assert worker.returncode == 0, said
    lines = [json.loads(line) for line in said.splitlines()]
    assert lines[0]["event"] == "worker started" and lines[-1]["event"] == "worker stopped"
    (run,) = cli.told("runs", "list")
    assert run["counts"]["applied"] == 4
    assert [one["run"] for one in lines if one["event"] == "run done"] == [run["run"]]
    cli.run("doctor")
