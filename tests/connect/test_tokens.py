"""Tokens kept in a file: one renewal for all openings, for their owner alone, and lost by no crash."""

from __future__ import annotations

import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from benehub.connect import jsontext
from benehub.connect.auth import Grant, OAuth2, OAuthClient, Token
from benehub.connect.messages import Request, Response
from benehub.connect.tokens import TokenFile, kept_in
from benehub.errors import ConfigError, ReauthNeeded, RetriableError

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Rotating:
    """A vendor whose refresh tokens are good for one use each."""

    def __init__(self) -> None:
        self.number, self.asked = 0, list[str]()

    def fetch(self, request: Request) -> Response:
        (refresh,) = parse_qs(request.body or "")["refresh_token"]
        self.asked.append(refresh)
        if refresh != f"r{self.number}":
            return Response.of(400, b"{}")
        self.number += 1
        told = {"access_token": f"a{self.number}", "refresh_token": f"r{self.number}", "expires_in": 600}
        return Response.of(200, jsontext.dump(told).encode())


class Desk:
    """Openings of one connection; each has read the file at its own moment, as the hub does."""

    def __init__(self, file: Path) -> None:
        self.file, self.vendor, self.now = file, Rotating(), NOON
        file.write_text("r0\n")

    def opened(self) -> OAuth2:
        client = OAuthClient("https://vendor.example/token", "id", "s3cret", Grant.REFRESH_TOKEN)
        token = Token("", self.file.read_text().strip(), LONG_AGO)
        return OAuth2(client, lambda: self.now, token=token, keeper=kept_in(f"file:{self.file}"))

    def bearer(self, auth: OAuth2) -> str:
        return auth.headers(self.vendor.fetch)["authorization"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "refresh")


def test_each_opening_uses_the_token_that_is_kept_until_its_end(desk: Desk) -> None:
    assert [desk.bearer(desk.opened()) for _ in range(3)] == ["Bearer a1"] * 3
    desk.now += timedelta(seconds=541)
    assert desk.bearer(desk.opened()) == "Bearer a2"
    assert desk.vendor.asked == ["r0", "r1"]


def test_who_opened_before_a_renewal_takes_it_over(desk: Desk) -> None:
    first, second = desk.opened(), desk.opened()
    assert [desk.bearer(first), desk.bearer(second)] == ["Bearer a1", "Bearer a1"]
    assert first.renew(desk.vendor.fetch, {"authorization": "Bearer a1"})  # the vendor has ended it early
    assert second.renew(desk.vendor.fetch, {"authorization": "Bearer a1"})
    assert [desk.bearer(first), desk.bearer(second)] == ["Bearer a2", "Bearer a2"]
    assert desk.vendor.asked == ["r0", "r1"]


def test_two_openings_at_once_renew_once(desk: Desk) -> None:
    first, second, got = desk.opened(), desk.opened(), list[str]()
    other = threading.Thread(target=lambda: got.append(desk.bearer(second)))

    def fetch(request: Request) -> Response:
        other.start()
        other.join(0.1)  # it waits for its turn; without one it would spend the same refresh token
        return desk.vendor.fetch(request)

    assert first.headers(fetch)["authorization"] == "Bearer a1"
    other.join(60)
    assert (got, desk.vendor.asked) == (["Bearer a1"], ["r0"])


def test_whose_token_is_good_waits_for_nobody_and_who_waits_does_not_for_ever(desk: Desk) -> None:
    desk.bearer(desk.opened())
    now, file = [0.0], desk.file

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with TokenFile(file).turn():
        assert desk.bearer(desk.opened()) == "Bearer a1"
        with (
            pytest.raises(RetriableError, match="another process is renewing"),
            TokenFile(file, lambda: now[0], sleep).turn(),
        ):
            pass
    assert 60 < now[0] < 61
    with TokenFile(file).turn():
        pass


def test_a_token_that_a_person_puts_there_counts_at_once(desk: Desk) -> None:
    desk.bearer(desk.opened())
    desk.file.write_text("another")
    with pytest.raises(ReauthNeeded):
        desk.bearer(desk.opened())
    assert desk.vendor.asked == ["r0", "another"]


@pytest.mark.parametrize("kept", ["{", "[]", '{"with": 1}', ""])
def test_what_is_no_access_token_is_as_none(desk: Desk, kept: str) -> None:
    desk.file.with_name("refresh.access").write_text(kept)
    assert desk.bearer(desk.opened()) == "Bearer a1"


def test_tokens_are_for_their_owner_alone_and_nothing_else_is_left(desk: Desk) -> None:
    desk.bearer(desk.opened())
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in desk.file.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert modes.keys() == {"refresh", "refresh.access", "refresh.lock"}
    assert desk.file.read_text() == "r1"


def test_a_token_that_could_not_be_kept_is_not_asked_for(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "refresh")
    auth = desk.opened()
    (tmp_path / "refresh.lock").mkdir()
    with pytest.raises(ConfigError, match="cannot be kept"):
        desk.bearer(auth)
    (tmp_path / "refresh.lock").rmdir()
    desk.file.unlink()
    with pytest.raises(ConfigError, match="cannot be kept"):
        desk.bearer(auth)
    assert desk.vendor.asked == []


def test_a_folder_that_cannot_be_synced_is_tried_and_keeps_nothing_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []

    def sync(handle: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(handle).st_mode))
        if synced[-1]:
            raise OSError("not on this disk")

    monkeypatch.setattr("benehub.connect.tokens.os.fsync", sync)
    file = TokenFile(tmp_path / "refresh")
    file.keep(Token("a", "r1"))
    assert (file.held().refresh, synced) == ("r1", [False, True, False, True])


def test_what_cannot_be_written_leaves_the_former_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "refresh"
    file.write_text("r0")

    def full(_handle: int) -> None:
        raise OSError("no space")

    monkeypatch.setattr("benehub.connect.tokens.os.fsync", full)
    with pytest.raises(ConfigError, match="cannot be kept"):
        TokenFile(file).keep(Token("a", "r1"))
    assert [one.name for one in tmp_path.iterdir()] == ["refresh"]
    assert file.read_text() == "r0"
    assert kept_in("env:REFRESH") is None


def test_two_who_write_at_once_spoil_nothing_of_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, real, between = tmp_path / "refresh", os.fsync, list[str]()

    def kept_by_another(descriptor: int) -> None:
        if not between:
            between.append("r2")
            TokenFile(file).keep(Token("a2", "r2", NOON))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", kept_by_another)
    TokenFile(file).keep(Token("a1", "r1", NOON))  # a disk without locks, or a turn that was lost
    assert (TokenFile(file).held().refresh, between) == ("r1", ["r2"])
    assert sorted(one.name for one in tmp_path.iterdir()) == ["refresh", "refresh.access"]
