"""Alarms by webhook against a real server: signed as Standard Webhooks asks, repeated, and of nobody by name."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from benehub.errors import ConfigError, DataError, VendorUnavailable
from benehub.records.notices import AlarmLine, AlarmNotice, NotifierTerms
from benehub_plugins.webhook import notify

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LINE = AlarmLine(
    "deduction.set", "payroll", "late", "2026-10-15", "2026-10-14", "2026-10-14T17:00:00.000000Z", 3, "obl_1",
    "/e/acme/deadlines",
)  # fmt: skip
NOTICE = AlarmNotice("acme-17-pager", "acme", "2026-10-14T18:00:00.000000Z", (LINE,))


class Receiver(ThreadingHTTPServer):
    """Keeps what is posted; answers by a script, then 204."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Door)
        self.took: list[tuple[str, dict[str, str], bytes]] = []
        self.script: list[int] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}/alarms?team=pay"


class Door(BaseHTTPRequestHandler):
    """One post."""

    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.took.append((self.path, {name.lower(): text for name, text in self.headers.items()}, body))
        self.send_response(self.server.script.pop(0) if self.server.script else 204)
        self.send_header("retry-after", "0")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def terms(url: str, **secrets: str) -> NotifierTerms:
    return NotifierTerms("pager", "webhook", {"url": url}, secrets or {"key": KEY}, datetime.now(UTC))


def test_a_receiver_verifies_it_by_the_reference_library(receiver: Receiver) -> None:
    assert notify(NOTICE, terms(receiver.url)) == "answered 204"
    ((path, headers, body),) = receiver.took
    assert path == "/alarms?team=pay"
    told = Webhook(KEY).verify(body, headers)
    assert told["type"] == "deadline.alarms"
    assert told["data"]["lines"][0] == {
        "kind": "deduction.set", "connection": "payroll", "level": "late", "due": "2026-10-15",
        "send_by": "2026-10-14", "latest_safe": "2026-10-14T17:00:00.000000Z", "count": 3, "first": "obl_1",
        "link": "/e/acme/deadlines",
    }  # fmt: skip
    with pytest.raises(WebhookVerificationError):
        Webhook(KEY).verify(body.replace(b"late", b"soon"), headers)


def test_what_was_not_taken_is_repeated_under_the_same_id(receiver: Receiver) -> None:
    receiver.script = [429, 429]
    assert notify(NOTICE, terms(receiver.url)) == "answered 204"
    assert [headers["webhook-id"] for _, headers, _ in receiver.took] == ["acme-17-pager"] * 3


@pytest.mark.parametrize(("status", "error"), [(500, VendorUnavailable), (400, DataError)])
def test_a_receiver_that_does_not_take_it_is_told_by_an_error(
    receiver: Receiver, status: int, error: type[Exception]
) -> None:
    receiver.script = [status] * 3
    with pytest.raises(error) as told:
        notify(NOTICE, terms(receiver.url))
    assert KEY not in str(told.value)


def test_it_is_another_kinds(receiver: Receiver) -> None:
    assert notify(NOTICE, NotifierTerms("pager", "email", {}, {}, datetime.now(UTC))) is None


@pytest.mark.parametrize(
    ("settings", "secrets", "wrong"),
    [
        ({"url": "https://a.example"}, {}, "no key"),
        ({"url": "nowhere"}, {"key": KEY}, "url"),
        ({}, {"key": KEY}, "url"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, str], secrets: dict[str, str], wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong):
        notify(NOTICE, NotifierTerms("pager", "webhook", settings, secrets, datetime.now(UTC)))


def test_plain_http_beyond_this_machine_is_refused() -> None:
    with pytest.raises(ConfigError):
        notify(NOTICE, terms("http://alerts.acme.example/x"))


def test_the_body_is_json_of_ids_counts_and_days(receiver: Receiver) -> None:
    notify(NOTICE, terms(receiver.url))
    assert set(json.loads(receiver.took[0][2])["data"]) == {"reference", "employer", "at", "lines", "more"}
