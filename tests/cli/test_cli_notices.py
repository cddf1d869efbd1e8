"""Notices against a real SMTP server: told once, without a word about the person, bounces brought back."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

DAY = ("--day", "2026-11-15")
REFUSED = "nobody@acme.example"


class Inbox:
    """What the server took; one address is unknown to it, and it can be told to hang up."""

    def __init__(self) -> None:
        self.messages: list[tuple[list[str], bytes]] = []
        self.hang_up = False

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address == REFUSED:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        self.messages.append((list(envelope.rcpt_tos), bytes(envelope.content)))
        if self.hang_up:
            server.transport.abort()
        return f"250 2.0.0 queued as N{len(self.messages)}"


@pytest.fixture
def server() -> Iterator[Controller]:
    """A mail server on the loopback."""
    running = Controller(Inbox(), hostname="127.0.0.1", port=0)
    # The library waits for its own port; 0 lets the system choose one.
    running.port = _free_port()
    running.start()
    yield running
    if not running.loop.is_closed():
        running.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def changed(cli: Any, employed: Path, server: Controller) -> Path:
    """Employee 1001 changes tier on 1 November; October and November are expected; a mail connection is there."""
    book = (employed / "book.yaml").read_text().replace("recordkeeper: keeper}", "recordkeeper: keeper, mail: post}")
    (employed / "book.yaml").write_text(book)
    census = ["No,First,Last,Born,SSN,Hired,Group,Mail"]
    people = [("1001", "Ada", "1001@acme.example"), ("1002", "Ben", REFUSED), ("1003", "Cy", "")]
    census += [
        f"{no},{name},X,1980-02-0{no[-1]},90001000{no[-1]},2025-03-01,monthly,{mail}" for no, name, mail in people
    ]
    (employed / "drop" / "census.csv").write_text("\n".join(census) + "\n")
    rows = [
        f"{no},ppo,{tier},{day}" for no, _, _ in people for tier, day in (("EE", "2026-02-01"), ("ES", "2026-11-01"))
    ]
    (employed / "drop" / "elections.csv").write_text("\n".join(["No,Plan,Tier,From", *rows]) + "\n")
    settings = (employed / "census.yaml").read_text().replace("pay_group: Group}", "pay_group: Group, email: Mail}")
    (employed / "census.yaml").write_text(settings)
    (employed / "bounces").mkdir()
    (employed / "post.yaml").write_text(
        f"{{host: 127.0.0.1, port: {server.port}, security: none, sender: benefits@acme.example,"
        " link: https://hub.acme.example/notices, reports: {folder: bounces}}"
    )
    cli.run("plan", "load", "book.yaml")
    cli.run("connection", "add", "census", "--connector", "files", "--settings", "census.yaml")
    cli.run("connection", "add", "post", "--connector", "email", "--settings", "post.yaml")
    cli.run("sync", "census")
    cli.run("enrollments", "decide", "--day", "2026-11-15")
    for period in ("2026-10", "2026-11"):
        cli.run("deductions", "expect", "--period", period)
    return employed


def test_due_says_who_is_told_what(cli: Any, changed: Path) -> None:
    found = cli.told("notices", "due", *DAY)
    assert [(one["kind"], one["employee"], one["by"]) for one in sorted(found, key=lambda one: one["employee"])] == [
        ("deduction_change", no, "2026-11-30") for no in ("1001", "1002", "1003")
    ]
    assert all(one["refs"].startswith("ent_") for one in found)


def test_a_notice_leaves_once_and_says_nothing_of_the_person(cli: Any, changed: Path, server: Controller) -> None:
    shown = cli.told("notices", "preview", *DAY)["dispatches"]
    assert server.handler.messages == []
    first = cli.told("notices", "send", *DAY, code=1)  # one address is refused by the server
    assert (first["due"], first["new"], first["no_address"], first["sent"], first["failed"]) == (3, 2, 1, 1, 1)
    ((to, raw),) = server.handler.messages
    message = message_from_bytes(raw, policy=policy.default)
    assert to == ["1001@acme.example"] and message["Subject"] == "Your next pay takes another amount"
    body = message.get_content()
    assert "https://hub.acme.example/notices/obl_" in body
    for word in ("Ada", "1001", "PPO", "180", "100.00", "9000"):
        assert word not in body
    assert _undated(raw.decode()) in [_undated(one["content"]) for one in shown]
    again = cli.told("notices", "send", *DAY)
    assert (again["new"], again["told_before"]) == (0, 2) and len(server.handler.messages) == 1


def test_the_servers_word_is_the_receipt_and_why_tells_it(cli: Any, changed: Path) -> None:
    cli.told("notices", "send", *DAY, code=1)
    sent = next(one for one in _dispatches(cli) if one["state"] == "sent")
    assert sent["receipt"]["reference"] == "2.0.0 queued as N1"
    refused = next(one for one in _dispatches(cli) if one["state"] == "failed")
    assert "the recipient is refused (550)" in refused["reason"] and REFUSED not in str(refused)


def test_a_bounce_comes_back_to_its_notice(cli: Any, changed: Path, server: Controller) -> None:
    cli.told("notices", "send", *DAY, code=1)
    name = str(message_from_bytes(server.handler.messages[0][1])["Message-ID"])
    (changed / "bounces" / "b.eml").write_bytes(_bounce(name, "failed", "5.2.2"))
    (changed / "bounces" / "absence.eml").write_bytes(b"Subject: I am away\r\n\r\nBack on Monday.\r\n")
    done = cli.told("sync", "post", code=1)  # what is no report is kept aside, not dropped
    assert (done[0]["applied"], done[0]["quarantined"]) == (1, 1)
    assert cli.told("notices", "reports", code=1) == {"delivered": 0, "bounced": 1}
    assert cli.told("notices", "reports") == {"delivered": 0, "bounced": 0}
    sent = next(one for one in _dispatches(cli) if one["state"] == "sent")
    assert sent["acknowledged"] == "bounced"
    assert "came back (5.2.2)" in cli.told("why", sent["obligations"][0])["reason"]


def test_a_broken_transfer_is_held_and_never_sent_blindly(cli: Any, changed: Path, server: Controller) -> None:
    server.handler.hang_up = True
    done = cli.told("notices", "send", *DAY, code=1)
    assert done["unknown"] == 1 and len(server.handler.messages) == 1
    server.handler.hang_up = False
    later = cli.told("notices", "send", "--day", "2026-11-16", code=3)
    assert later["held"] == 1 and len(server.handler.messages) == 1


def test_a_server_that_is_away_costs_nothing(
    cli: Any, changed: Path, server: Controller, request: pytest.FixtureRequest
) -> None:
    server.stop()
    assert cli.told("notices", "send", *DAY)["prepared"] == 2
    back = Controller(server.handler, hostname="127.0.0.1", port=server.port)
    back.start()
    request.addfinalizer(back.stop)
    assert cli.told("notices", "send", "--day", "2026-11-16", code=1)["sent"] == 1


def test_without_a_mail_connection_it_says_what_to_name(cli: Any, employed: Path) -> None:
    assert "roles.mail" in cli.run("notices", "send", *DAY, code=2).stderr


def _undated(text: str) -> list[str]:
    """Without the moment it was frozen, which a preview has of its own."""
    return [line for line in text.strip().splitlines() if not line.startswith("Date: ")]


def _dispatches(cli: Any) -> list[dict[str, Any]]:
    import sqlite3

    with sqlite3.connect("benehub.db") as connection:
        ids = [row[0] for row in connection.execute("SELECT dispatch_id FROM dispatch")]
    return [cli.told("why", one) for one in ids]


def _bounce(name: str, action: str, status: str) -> bytes:
    report = EmailMessage(policy=policy.SMTP)
    report["From"], report["To"], report["Subject"] = (
        "MAILER-DAEMON@acme.example",
        "benefits@acme.example",
        "Undelivered",
    )
    report.set_content("Your message did not get through.")
    report.make_mixed()
    text = report.as_bytes().decode()
    boundary = report.get_boundary()
    parts = (
        f"--{boundary}\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.acme.example\r\n\r\n"
        f"Final-Recipient: rfc822; x@acme.example\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        f"--{boundary}\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {name}\r\n\r\n--{boundary}--\r\n"
    )
    return text.replace(f"--{boundary}--", parts).encode()
