"""Refusals of the SDK that nothing else would miss, each by its type and words."""

from __future__ import annotations

import os
import smtplib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import asyncssh
import httpx
import pydantic
import pytest

from benehub.connect import files, mail, sftp
from benehub.connect.files import FolderMailbox
from benehub.connect.http import VendorClient
from benehub.connect.inflate import inflated
from benehub.connect.limits import Pause, SharedWindow
from benehub.connect.mail import MailAccount, Security, SmtpMailbox
from benehub.connect.messages import Response, change, read
from benehub.connect.oidc import MOST, OidcClient, Provider
from benehub.connect.pgp import Pgp
from benehub.connect.sftp import SftpAccount, SftpMailbox
from benehub.connect.testing import transport
from benehub.connect.verdict import judge, was_sent
from benehub.connect.webhooks import STANDARD, receive
from benehub.errors import (
    BenehubError,
    ConfigError,
    ConflictError,
    DataError,
    FatalError,
    NeedsPersonError,
    RateLimited,
    ReauthNeeded,
    RetriableError,
    Unsupported,
    VendorUnavailable,
)

ACCOUNT = MailAccount("mail.example", 25, Security.NONE, "us", "secret")


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        (Response(404), DataError, "refused it"),
        (Response(200, {"content-encoding": "br"}, b"{}"), DataError, "compressed otherwise"),
        (Response(200, {}, b'{"wait":1}'), RateLimited, "in the body of a 200"),
        (Response(200, {"content-type": "text/html"}, b"{}"), VendorUnavailable, "an HTML page"),
    ],
)
def test_an_answer_that_is_none_is_told_by_type(answer: Response, kind: type[BenehubError], told: str) -> None:
    with pytest.raises(kind, match=told):
        judge(read("/x"), answer, where="acme", body_check=lambda got: 3 if got.data == {"wait": 1} else None)


def test_a_time_out_of_what_stands_in_the_networks_place_is_the_callers() -> None:
    def late(_: Any) -> Any:
        raise TimeoutError

    client = VendorClient("https://vendor.example", transport=transport(late))
    with pytest.raises(VendorUnavailable, match="time-out") as told:
        client.send(change("POST", "/x", {}))
    assert was_sent(told.value)


def test_what_is_not_packed_as_it_says_is_told_so() -> None:
    with pytest.raises(httpx.DecodingError, match="not in gzip"):
        list(inflated([b"{}"], "gzip"))


def test_a_pause_longer_than_one_may_wait_is_told() -> None:
    now = [0.0]
    pause = Pause(lambda: now[0], lambda seconds: now.__setitem__(0, now[0] + seconds))
    pause.hold(10)
    with pytest.raises(RateLimited, match="used up"):
        pause.acquire(1)
    assert now == [0.0]
    pause.acquire(11)
    assert now == [10.0]


@pytest.mark.parametrize(("limit", "period"), [(0, 60), (10, 0)])
def test_no_window_without_a_limit(limit: int, period: float) -> None:
    shared: Any = None
    with pytest.raises(ValueError, match="no usable limit"):
        SharedWindow(shared, "a", limit, period)


def test_a_file_that_the_disk_has_not_taken_whole_does_not_appear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda number: os.truncate(number, 1))
    with pytest.raises(VendorUnavailable, match="not written whole") as told:
        FolderMailbox(tmp_path).put("a.834", b"whole")
    assert list(tmp_path.iterdir()) == [] and not was_sent(told.value)


def test_a_folder_that_nobody_empties_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_ENTRIES", 2)
    box = FolderMailbox(tmp_path)
    for number in range(3):
        (tmp_path / f"{number}").touch()
    with pytest.raises(FatalError, match="more than"):
        box.list("*")


def test_an_archive_that_holds_a_name_too_often_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "archived_name", lambda name, _attempt: f"archive/{name}")
    box = FolderMailbox(tmp_path)
    for _ in range(2):
        (tmp_path / "a").touch()
        last = (tmp_path / "archive").exists()
        if not last:
            assert box.archive("a") == "archive/a"
    with pytest.raises(FatalError, match="too often"):
        box.archive("a")
    assert (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("error", "kind"), [(PermissionError(13, "no"), NeedsPersonError), (OSError(28, "full"), VendorUnavailable)]
)
def test_what_the_system_refuses_is_told_by_type(
    error: OSError, kind: type[BenehubError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(kind):
        FolderMailbox(tmp_path).read("a")


def test_without_a_folder_of_reports_none_is_read() -> None:
    for ask in (SmtpMailbox(ACCOUNT).read, SmtpMailbox(ACCOUNT).archive):
        with pytest.raises(Unsupported, match="no folder of delivery reports"):
            ask("a")


@pytest.mark.parametrize(("code", "kind"), [(450, RetriableError), (550, DataError)])
def test_a_mail_servers_no_is_for_now_or_for_good(code: int, kind: type[BenehubError]) -> None:
    with pytest.raises(kind) as told:
        mail._judge((code, b"no"), "the sender", "mail server")
    assert type(told.value) is kind


class Server:
    """A mail server that fails where it is told to."""

    def __init__(self, at: str, error: Exception) -> None:
        self.at, self.error = at, error

    def __getattr__(self, name: str) -> Any:
        def ask(*_: object, **__: object) -> Any:
            if name == self.at:
                raise self.error
            return False if name == "has_extn" else (250, b"ok")

        return ask


@pytest.mark.parametrize(
    ("at", "error", "kind", "told"),
    [
        ("login", smtplib.SMTPAuthenticationError(535, b"no"), ReauthNeeded, "user and password"),
        ("ehlo_or_helo_if_needed", smtplib.SMTPHeloError(500, b"no"), VendorUnavailable, "no secure session"),
        ("rcpt", smtplib.SMTPServerDisconnected("gone"), VendorUnavailable, "broke off"),
    ],
)
def test_a_mail_server_that_fails_before_the_message_has_not_taken_it(
    at: str, error: Exception, kind: type[BenehubError], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtplib, "SMTP", lambda *_, **__: Server(at, error))
    with pytest.raises(kind, match=told) as caught:
        SmtpMailbox(ACCOUNT).put("a", b"From: a@b.example\nTo: c@d.example\n\nx")
    assert kind is ReauthNeeded or not was_sent(caught.value)


def test_a_code_that_the_provider_refuses_is_no_outage() -> None:
    base = "https://idp.example"
    told = {"issuer": base, "token_endpoint": f"{base}/token", "authorization_endpoint": f"{base}/authorize"}
    client = OidcClient(
        Provider("idp", base, "us"), lambda: datetime(2026, 11, 23, tzinfo=UTC),
        httpx.MockTransport(lambda asked: httpx.Response(400 if asked.method == "POST" else 200, json=told)),
    )  # fmt: skip
    _, begun = client.begin("https://hub.example/back")
    with pytest.raises(DataError, match="refuses the code"):
        client.finish("https://hub.example/back", begun, {"state": begun.state, "code": "c"})


def test_keys_that_signing_needs_are_asked_for() -> None:
    with pytest.raises(pydantic.ValidationError, match="need our_key"):
        Pgp.model_validate({"partner_key": "env:THEIRS"})
    Pgp.model_validate({"partner_key": "env:THEIRS", "sign": False, "inbound": "clear"})


@pytest.mark.parametrize(
    ("more", "kind", "told"),
    [({"x": "y" * MOST}, VendorUnavailable, "DecodingError"), ({}, ConfigError, "tells no authorization_endpoint")],
)
def test_a_provider_that_tells_too_much_or_too_little(
    more: dict[str, str], kind: type[BenehubError], told: str
) -> None:
    told_by = {"issuer": "https://idp.example", **more}
    provider = Provider("idp", "https://idp.example", "us")
    client = OidcClient(
        provider, lambda: datetime(2026, 11, 23, tzinfo=UTC),
        httpx.MockTransport(lambda _: httpx.Response(200, json=told_by)),
    )  # fmt: skip
    with pytest.raises(kind, match=told):
        client.begin("https://hub.example/back")


class Folder:
    """An SFTP session that is told what to say: nothing is there, a rename fails; `full`: each name is taken."""

    def __init__(self, full: bool = False) -> None:
        self.full = full

    async def exists(self, _: str) -> bool:
        """Whether it is there."""
        return self.full

    async def stat(self, _: str) -> None:
        """It can be looked at."""

    async def scandir(self, _: str) -> AsyncIterator[asyncssh.SFTPName]:
        """Three names."""
        for name in "abc":
            yield asyncssh.SFTPName(name.encode(), attrs=asyncssh.SFTPAttrs(type=1, size=1))

    async def getsize(self, _: str) -> int:
        """One byte."""
        return 1

    async def rename(self, *_: str) -> None:
        """Refused."""
        raise asyncssh.SFTPFailure("no")

    def open(self, *_: str) -> Folder:
        """Itself."""
        return self

    async def __aenter__(self) -> Folder:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def write(self, _: bytes) -> None:
        """Taken."""


def on_server(session: Folder) -> SftpMailbox:
    box = SftpMailbox(SftpAccount("sftp.example", "us", ()))
    opened: Any = (Mock(), session)
    box._session = opened
    return box


def test_an_sftp_archive_that_holds_a_name_too_often_is_told() -> None:
    with pytest.raises(FatalError, match="too often"):
        on_server(Folder(full=True)).archive("a")


def test_a_rename_that_the_server_refuses_is_no_delivery() -> None:
    with pytest.raises(VendorUnavailable, match="rename was refused") as told:
        on_server(Folder()).put("a", b"x")
    assert not was_sent(told.value)


def test_a_server_folder_that_nobody_empties_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sftp, "MAX_ENTRIES", 2)
    with pytest.raises(FatalError, match="more than"):
        on_server(Folder()).list("*")


def test_a_name_that_another_writer_took_meanwhile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def holds(*_: object) -> bool:
        return False

    async def exists(self: Folder, _: str) -> bool:
        before, self.full = self.full, True  # at first it was free
        return before

    monkeypatch.setattr(sftp, "_holds", holds)
    monkeypatch.setattr(Folder, "exists", exists)
    with pytest.raises(ConflictError, match="another file has this name"):
        on_server(Folder()).put("a", b"x")


def test_any_other_failure_of_sftp_is_told_by_its_kind() -> None:
    async def work(_: Any) -> None:
        raise asyncssh.SFTPError(99, "no")

    with pytest.raises(VendorUnavailable, match="SFTP failed"):
        on_server(Folder())._do("a", work, sent=lambda: True)


def test_a_right_that_the_server_does_not_give_asks_a_person() -> None:
    async def work(_: Any) -> None:
        raise asyncssh.SFTPPermissionDenied("no")

    with pytest.raises(NeedsPersonError, match="no permission"):
        on_server(Folder())._do("a", work)


def test_an_address_that_no_http_can_carry_is_a_fault_of_the_settings() -> None:
    client = VendorClient("https://vendor.example", transport=transport(lambda _: pytest.fail("asked")))
    with pytest.raises(ConfigError, match="not usable in HTTP"):
        client.send(read("/x\x00"))


def test_a_webhook_names_the_header_that_it_lacks() -> None:
    with pytest.raises(DataError, match="no id in its headers"):
        receive(STANDARD, "whsec_a2V5", {"webhook-timestamp": "1"}, b"{}", datetime(2026, 11, 23, tzinfo=UTC))
