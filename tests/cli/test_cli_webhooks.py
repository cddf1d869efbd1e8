"""`benehub up` and `benehub webhooks`: served on a port, stopped by a signal, worked off by hand."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benehub.cli.opening import opened
from benehub.flows.webhooks import receive
from benehub.intake import deliveries

RIPPLING = "api_key: env:RIPPLING_KEY\n"
BAMBOO = "company: acme\napi_key: env:BAMBOO_KEY\n"
EVENT = b"event_name=employee.updated&id=e1"


@contextmanager
def up(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`benehub up` on a free port: its address, and the process."""
    env = {**os.environ, "RIPPLING_KEY": "k"}
    command = [sys.executable, "-m", "benehub", "up", "--port", "0"]
    process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "listening on http://127.0.0.1:" in line, process.communicate()[1]
        yield line.split()[2].rstrip(";"), process
    finally:
        process.kill()
        process.wait()


def call(address: str, body: bytes | None = None) -> int:
    """The status of a call."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, data=body), timeout=60) as got:
            return int(got.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture
def payroll(cli: Any, employed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with a payroll whose vendor may call."""
    monkeypatch.setenv("RIPPLING_KEY", "k")
    (employed / "rippling.yaml").write_text(RIPPLING)
    cli.run("connection", "add", "rip", "--connector", "rippling", "--settings", "rippling.yaml")
    cli.run("webhooks", "open", "rip")
    return employed


def test_it_serves_until_it_is_told_to_stop_and_keeps_what_was_called(cli: Any, payroll: Path) -> None:
    with up(payroll) as (address, process):
        assert call(f"{address}/readyz") == 200
        assert call(f"{address}/hooks/acme/rip", EVENT) == 200
        assert call(f"{address}/hooks/acme/rip", EVENT) == 200
        assert call(f"{address}/hooks/acme/nobody", EVENT) == 404
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=300)
        assert (process.returncode, out.splitlines()[-1]) == (0, "stopped")
        assert "/hooks/" not in out + err
    (row,) = cli.told("webhooks", "list")
    assert (row["state"], row["signed"], row["repeats"]) == ("waiting", False, 1)
    (door,) = cli.told("webhooks", "doors")
    assert (door["address"], door["waiting"], door["refused"]) == ("/hooks/acme/rip", 1, 0)
    assert cli.told("webhooks", "show", row["delivery"])["body"] == ""
    assert cli.told("webhooks", "show", row["delivery"], "--clear")["body"] == EVENT.decode()
    assert cli.told("webhooks", "work", "--dry-run")[0]["delivery"] == row["delivery"]


def test_its_worker_works_off_what_is_called(cli: Any, payroll: Path) -> None:
    cli.run("schedule", "add", "calls", "--flow", "webhooks.work", "--every", "1h")
    with sqlite3.connect(payroll / "benehub.db") as database:
        database.execute(
            "UPDATE schedule SET slot_at = :past, next_at = :past", {"past": "2026-01-01T00:00:00.000000Z"}
        )
    with up(payroll) as (address, process):
        assert call(f"{address}/readyz") == 200
        until = time.monotonic() + 60
        while not cli.told("runs", "list", "--state", "done") and time.monotonic() < until:
            time.sleep(0.5)
        assert "a worker is at this database already" in cli.run("worker", code=2).stderr
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=300)
        assert process.returncode == 0
    assert [(one["flow"], one["state"]) for one in cli.told("runs", "list")] == [("schedule.webhooks.work", "done")]


def test_a_port_that_is_taken_is_told(payroll: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "benehub", "up", "--no-worker", "--port", port], cwd=payroll,
            capture_output=True, text=True, check=False, env={**os.environ, "RIPPLING_KEY": "k"}, timeout=300,
        )  # fmt: skip
    assert done.returncode == 2
    assert "Choose another --port or --host" in done.stderr


def test_doors_are_opened_closed_and_replayed_by_hand(cli: Any, payroll: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAMBOO_KEY", "k")
    monkeypatch.setenv("BAMBOO_HOOK", "s")
    (payroll / "bamboo.yaml").write_text(BAMBOO)
    cli.run("connection", "add", "hris", "--connector", "bamboohr", "--settings", "bamboo.yaml")
    assert "needs a secret" in cli.run("webhooks", "open", "hris", code=2).stderr
    assert "plain text" in cli.run("webhooks", "open", "hris", "--secret", "s3cret", code=2).stderr
    cli.run("webhooks", "open", "hris", "--secret", "env:BAMBOO_HOOK", "--dry-run")
    assert [door["connection"] for door in cli.told("webhooks", "doors")] == ["rip"]
    cli.run("webhooks", "open", "hris", "--secret", "env:BAMBOO_HOOK")
    assert [door["key"] for door in cli.told("webhooks", "doors")] == ["env:BAMBOO_HOOK", "none"]
    assert "0 wait anew" in cli.run("webhooks", "replay", "--connection", "hris", "--since", "2026-11-01").stdout
    assert "name a delivery or a connection" in cli.run("webhooks", "replay", code=2).stderr
    monkeypatch.delenv("BAMBOO_HOOK")
    wrong = [one["name"] for one in json.loads(cli.run("doctor", "--json", code=1).stdout) if not one["ok"]]
    assert wrong == ["webhooks of hris of acme"]
    cli.run("webhooks", "close", "hris")
    assert [door["connection"] for door in cli.told("webhooks", "doors")] == ["rip"]


def test_what_came_waits_anew_by_its_state_its_day_or_its_id(cli: Any, payroll: Path) -> None:
    with opened("acme") as desk:
        for number in (1, 2, 3):
            receive(desk.hub, "acme", "rip", {}, EVENT + str(number).encode())
        with desk.store.write("acme") as session:
            ids = deliveries.due(session, "rip")["rip"]
            for one, state in zip(ids, ("worked", "failed", "failed"), strict=True):
                deliveries.settle(session, one, state)
    whole = ("webhooks", "replay", "--connection", "rip")

    def states() -> list[str]:
        told = {one["delivery"]: one["state"] for one in cli.told("webhooks", "list")}
        return [told[one] for one in ids]

    assert "2 wait anew (dry run)" in cli.run(*whole, "--state", "failed", "--dry-run").stdout
    assert "1 wait anew (dry run)" in cli.run("webhooks", "replay", ids[0], "--dry-run").stdout
    assert states() == ["worked", "failed", "failed"]
    assert "0 wait anew" in cli.run(*whole, "--since", "2999-01-01").stdout
    assert "0 wait anew" in cli.run(*whole, "--until", "2001-01-01").stdout
    assert "after the begin" in cli.run(*whole, "--since", "2026-11-01", "--until", "2026-11-01", code=2).stderr
    assert "1 wait anew" in cli.run("webhooks", "replay", ids[1]).stdout
    assert states() == ["worked", "waiting", "failed"]
    assert "1 wait anew" in cli.run(*whole, "--state", "worked").stdout
    assert "1 wait anew" in cli.run(*whole).stdout
    assert states() == ["waiting"] * 3
    assert "waiting" in cli.run(*whole, "--state", "waiting", code=2).stderr


def test_webhooks_of_ours_are_added_tried_changed_and_removed(cli: Any, employed: Path) -> None:
    mine = ("webhooks", "subscriptions")
    assert "not https" in cli.run(*mine, "add", "http://8.8.8.8/in", code=2).stderr
    assert "leads inside" in cli.run(*mine, "add", "https://192.168.0.1/in", code=2).stderr
    assert "no event is called" in cli.run(*mine, "add", "https://8.8.8.8/in", "--event", "all", code=2).stderr
    assert cli.told(*mine, "add", "https://8.8.8.8/in", "--dry-run")["secret"] == "(dry run)"
    assert cli.told(*mine, "list") == []
    made = cli.told(*mine, "add", "https://8.8.8.8/in", "--event", "run.ended")
    name = made["subscription"]
    assert made["secret"].startswith("whsec_")
    (row,) = cli.told(*mine, "list")
    assert (row["url"], row["events"], row["state"]) == ("https://8.8.8.8/in", ["run.ended"], "on")
    assert made["secret"] not in cli.run(*mine, "list").output
    cli.run(*mine, "test", name)
    (message,) = cli.told(*mine, "deliveries", name)
    assert (message["event"], message["state"]) == ("subscription.test", "waiting")
    assert "no such message has failed" in cli.run(*mine, "resend", name, message["message"], code=2).stderr
    assert cli.run(*mine, "resend", name).stdout.startswith("0 tried anew")
    assert "delivered" in cli.run(*mine, "deliveries", name, "--state", "lost", code=2).stderr
    assert cli.told(*mine, "rotate", name)["secret"] != made["secret"]
    assert "still signs" in cli.run(*mine, "rotate", name, code=3).stderr
    other = cli.told(*mine, "add", "https://8.8.8.8/in", "--event", "run.ended")["subscription"]
    assert cli.told(*mine, "rotate", other, "--secret", "env:BENEHUB_HOOK_X")["secret"] == "by reference"
    cli.run(*mine, "remove", other)
    cli.run(*mine, "pause", name)
    assert "Resume it first" in cli.run(*mine, "test", name, code=3).stderr
    assert cli.told(*mine, "list")[0]["state"] == "paused"
    cli.run(*mine, "resume", name, "--dry-run")
    assert cli.told(*mine, "list")[0]["state"] == "paused"
    cli.run(*mine, "remove", name)
    assert cli.told(*mine, "list") == []
    assert "no subscription" in cli.run(*mine, "remove", name, code=2).stderr
