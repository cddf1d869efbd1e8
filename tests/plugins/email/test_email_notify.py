"""Alarms by e-mail against a real SMTP server: one message an address, and only what kind of thing is due by when."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from benehub.errors import ConfigError, DataError, VendorUnavailable
from benehub.records.notices import AlarmLine, AlarmNotice, NotifierTerms
from benehub_plugins.email import notify

LATE = AlarmLine(
    "deduction.set", "payroll", "late", "2026-10-15", "2026-10-14", "2026-10-14T17:00:00.000000Z", 3, "obl_1",
    "/e/acme/deadlines",
)  # fmt: skip
SOON = AlarmLine(
    "premium.remit", "northstar", "t2", "2026-11-01", "2026-10-28", "2026-10-28T17:00:00.000000Z", 1, "premium.remit/x",
    "/e/acme/deadlines",
)  # fmt: skip
NOTICE = AlarmNotice("acme-17-finance", "acme", "2026-10-14T18:00:00.000000Z", (LATE, SOON), more=2)
NOW = datetime(2026, 10, 14, 18, tzinfo=UTC)


class Inbox:
    """What the server took; one address is unknown to it."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        message = message_from_bytes(bytes(envelope.content), policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 2.0.0 queued as N1"


@pytest.fixture
def server() -> Iterator[Controller]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    running = Controller(Inbox(), hostname="127.0.0.1", port=port)
    running.start()
    yield running
    running.stop()


def terms(port: int, to: str, **more: Any) -> NotifierTerms:
    settings = {
        "host": "127.0.0.1", "port": port, "security": "none", "sender": "benefits@acme.example", "to": to,
        "link": "https://benefits.acme.example/notices", **more,
    }  # fmt: skip
    return NotifierTerms("finance", "email", settings, {}, NOW)


def test_each_address_gets_a_message_of_what_is_due(server: Controller) -> None:
    page = "https://benefits.acme.example"
    said = notify(NOTICE, terms(server.port, "ann@acme.example, ben@acme.example", page=page))
    assert said is not None and "queued" in said
    first, second = server.handler.messages
    assert [first["To"], second["To"]] == ["ann@acme.example", "ben@acme.example"]
    assert first["Subject"] == "acme: 3 late, 1 due within two business days"
    assert first["Message-ID"] != second["Message-ID"]
    assert first.get_content().splitlines() == [
        "late: 3 x deduction.set to payroll, to be sent by 2026-10-14 17:00 UTC, due 2026-10-15 (obl_1)",
        "due within two business days: 1 x premium.remit to northstar, to be sent by 2026-10-28 17:00 UTC,"
        " due 2026-11-01 (premium.remit/x)",
        "... and 2 lines more",
        "",
        "All of them: https://benefits.acme.example/e/acme/deadlines, or benehub deadlines list --employer acme",
    ]


def test_a_whole_address_stays_as_it_is(server: Controller) -> None:
    whole = replace(NOTICE, lines=(replace(LATE, link="https://hub.acme.example/e/acme/deadlines"),))
    notify(whole, terms(server.port, "ann@acme.example", page="https://benefits.acme.example"))
    assert "All of them: https://hub.acme.example/e/acme/deadlines, or" in server.handler.messages[0].get_content()


def test_the_same_notice_has_the_same_message_id(server: Controller) -> None:
    for _ in range(2):
        notify(NOTICE, terms(server.port, "ann@acme.example"))
    assert len({message["Message-ID"] for message in server.handler.messages}) == 1


def test_a_refused_address_is_an_error_without_the_address(server: Controller) -> None:
    with pytest.raises(DataError, match="the recipient is refused") as told:
        notify(NOTICE, terms(server.port, "nobody@acme.example"))
    assert "nobody@" not in str(told.value)


def test_a_server_that_is_away_is_an_error() -> None:
    with pytest.raises(VendorUnavailable):
        notify(NOTICE, terms(9, "ann@acme.example"))


@pytest.mark.parametrize("to", ["", "ann", "ann@acme.example;ben@acme.example", "ann@acme.example\r\nBcc: x@y.example"])
def test_an_address_that_is_none_is_refused(to: str) -> None:
    with pytest.raises(ConfigError, match="to"):
        notify(NOTICE, terms(25, to))


def test_it_is_another_kinds() -> None:
    assert notify(NOTICE, NotifierTerms("pager", "webhook", {}, {}, NOW)) is None
