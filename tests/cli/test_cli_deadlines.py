"""Deadlines by commands alone: listed, raised once, told by e-mail and webhook to real servers, explained, mended."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import time_machine
from aiosmtpd.controller import Controller
from standardwebhooks import Webhook

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOTIFY = """
deadlines:
  notify:
    finance: {{kind: email, level: t5, connection: post, settings: {{to: finance@acme.example}}}}
    pager: {{kind: webhook, level: late, settings: {{url: "http://127.0.0.1:{port}/a"}}, secrets: {{key: "env:PAGER"}}}}
"""


@pytest.fixture
def monday() -> Iterator[time_machine.Traveller]:
    """It is Monday, 23 November 2026; the test moves it on."""
    with time_machine.travel("2026-11-23T12:00:00Z", tick=True) as clock:
        yield clock


class Mails:
    """What the mail server took."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.texts.append(bytes(envelope.content).decode())
        return "250 ok"


@pytest.fixture
def mail() -> Iterator[Controller]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    running = Controller(Mails(), hostname="127.0.0.1", port=port)
    running.start()
    yield running
    if not running.loop.is_closed():
        running.stop()


@pytest.fixture
def pager() -> Iterator[HTTPServer]:
    calls: list[tuple[dict[str, str], bytes]] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            calls.append(({name.lower(): text for name, text in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Door)
    server.calls = calls  # type: ignore[attr-defined]  # for the test to read
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def told(
    cli: Any, monday: Any, employed: Path, mail: Controller, pager: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Cover is decided for two people, and two notifiers are in the plan book."""
    monkeypatch.setenv("PAGER", KEY)
    text = (employed / "book.yaml").read_text() + NOTIFY.format(port=pager.server_address[1])
    (employed / "book.yaml").write_text(text)
    (employed / "post.yaml").write_text(
        f"host: 127.0.0.1\nport: {mail.port}\nsecurity: none\nsender: benefits@acme.example\n"
        "link: https://benefits.acme.example/notices\n"
    )
    cli.run("plan", "load", "book.yaml")
    cli.run("connection", "add", "post", "--connector", "email", "--settings", "post.yaml")
    cli.run("sync", "census")
    cli.run("enrollments", "decide", "--day", "2026-11-23")
    return employed


def test_a_pay_date_is_listed_raised_and_told_until_it_is_late(
    cli: Any, monday: Any, told: Path, mail: Controller, pager: HTTPServer
) -> None:
    (one,) = cli.told("deadlines", "list")
    # The 26th is Thanksgiving: three business days are left until Friday.
    assert (one["kind"], one["due"], one["send_by"], one["slack_days"], one["level"]) == (
        "deductions.push", "2026-11-30", "2026-11-27", 3, "t5"
    )  # fmt: skip
    assert one["mend"] == "benehub deductions push -c census -g monthly --pay-date 2026-11-30"
    assert cli.told("deadlines", "list", "--within", "3") == []
    first = cli.told("deadlines", "check")
    assert (first["alarms t5"], first["told"], first["not_told"]) == (1, 1, 0)
    assert cli.told("deadlines", "check")["told"] == 0
    monday.move_to("2026-11-27T17:00:01Z")
    assert cli.told("deadlines", "list", code=1)[0]["level"] == "late"
    assert cli.told("deadlines", "check", code=1)["told"] == 2
    assert len(mail.handler.texts) == 2
    assert "1 late" in mail.handler.texts[1] and "1001" not in mail.handler.texts[1]
    ((headers, body),) = pager.calls  # type: ignore[attr-defined]  # see above
    assert headers["webhook-id"].startswith("acme-") and headers["webhook-id"].endswith("-pager")
    assert Webhook(KEY).verify(body, headers)["data"]["lines"][0]["level"] == "late"
    wrong = [check for check in cli.told("doctor", code=1) if not check["ok"]]
    assert "deadlines of acme" in [check["name"] for check in wrong]


def test_a_notifier_that_is_away_is_told_by_check_and_doctor(
    cli: Any, monday: Any, told: Path, mail: Controller
) -> None:
    mail.stop()
    assert cli.told("deadlines", "check", code=1)["not_told"] == 1
    notes = {check["name"]: check for check in cli.told("doctor", code=1)}
    assert "cannot be reached" in notes["notifiers of acme"]["state"]
    assert "plan book" in notes["notifiers of acme"]["mend"]


def test_schedules_take_the_check_the_statements_and_retention(cli: Any, monday: Any, told: Path) -> None:
    for name, flow, more in (
        ("guardian", "deadlines.check", ("--every", "15m")),
        ("statements", "statements.make", ("--cron", "0 3 1 * *")),
        ("sweep", "retention", ("--every", "1d", "-o", "keep=365")),
    ):
        assert cli.told("schedule", "add", name, "--flow", flow, *more)["added"]
    assert [one["flow"] for one in cli.told("schedule", "list")] == ["deadlines.check", "statements.make", "retention"]
    assert "option keep" in cli.run("schedule", "add", "x", "--flow", "retention", "-o", "keep=7", "--every", "1d",
                                    code=2).stderr  # fmt: skip


def test_statements_are_made_listed_and_shown(cli: Any, monday: Any, told: Path) -> None:
    assert cli.told("statements", "make")["made"] == 2
    assert cli.told("statements", "make")["there_before"] == 2
    assert [(one["day"], one["statements"]) for one in cli.told("statements", "list")] == [("2026-11-23", 2)]
    shown = json.loads(cli.run("statements", "show", "1001").stdout)
    assert shown["day"] == "2026-11-23" and shown["sections"]
    assert "no statement" in cli.run("statements", "show", "1001", "--day", "2026-11-22", code=2).stderr


def test_retention_deletes_what_is_done(cli: Any, monday: Any, told: Path) -> None:
    before = len(cli.told("runs", "list"))
    assert before > 1
    monday.move_to("2027-03-01T12:00:00Z")
    assert cli.told("retention")["runs"] == before
    assert [one["flow"] for one in cli.told("runs", "list")] == ["retention"]
