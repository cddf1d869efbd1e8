"""SFTP against a real server: pinned keys, whole files, broken lines."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benehub.connect.files import RemoteFile
from benehub.connect.sftp import SftpAccount, SftpMailbox
from benehub.connect.sftp_server import SftpAddress, new_key_pair, serve_sftp
from benehub.connect.verdict import was_sent
from benehub.errors import (
    ConfigError,
    ConflictError,
    DataError,
    NeedsPersonError,
    ReauthNeeded,
    VendorUnavailable,
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SftpAddress]:
    root = tmp_path / "vendor"
    (root / "in").mkdir(parents=True)
    with serve_sftp(root) as address:
        yield address


def account(server: SftpAddress) -> SftpAccount:
    return SftpAccount(server.host, server.user, (server.host_key,), server.port, server.password)


@pytest.fixture
def box(server: SftpAddress) -> Iterator[SftpMailbox]:
    with SftpMailbox(account(server), timeout_seconds=10) as mailbox:
        yield mailbox


def test_fm09_round_trip_by_part_and_rename(server: SftpAddress, box: SftpMailbox) -> None:
    data = bytes(range(256)) * 1000
    box.put("in/e.834", data)
    assert server.events == ["write in/e.834.part", "rename in/e.834.part in/e.834"]
    (server.root / "in/half.834.part").write_bytes(b"x")
    (server.root / "in/link.834").symlink_to(server.root / "in/e.834")
    assert box.list("in/*.834") == [RemoteFile("in/e.834", 256_000)]
    assert box.read("in/e.834") == data
    assert box.archive("in/e.834") == "archive/in/e.834"
    assert (server.root / "archive/in/e.834").read_bytes() == data
    assert box.list("in/*.834") == []


def test_archiving_keeps_every_file(box: SftpMailbox) -> None:
    names = []
    for data in (b"1", b"2"):
        box.put("in/a", data)
        names.append(box.archive("in/a"))
    assert names == ["archive/in/a", "archive/in/a.1"]


def test_the_same_delivery_twice_is_one_and_another_is_refused(server: SftpAddress, box: SftpMailbox) -> None:
    box.put("in/a", b"one")
    box.put("in/a", b"one")
    assert server.events.count("write in/a.part") == 1
    with pytest.raises(ConflictError, match="never overwritten"):
        box.put("in/a", b"two")
    assert (server.root / "in/a").read_bytes() == b"one"


def test_a_file_that_comes_in_pieces_arrives_as_one(server: SftpAddress, box: SftpMailbox) -> None:
    parts = [bytes([number]) * 70_000 for number in range(5)]
    box.put("in/long", lambda: iter(parts))
    assert (server.root / "in/long").read_bytes() == b"".join(parts)
    box.put("in/long", lambda: iter(parts))
    assert server.events.count("rename in/long.part in/long") == 1
    with pytest.raises(ConflictError):
        box.put("in/long", lambda: iter([*parts[:4], b"x" * 70_000]))
    with pytest.raises(ConflictError):
        box.put("in/long", lambda: iter(parts[:4]))


def test_fm09_a_file_that_did_not_arrive_whole_never_gets_its_name(server: SftpAddress, box: SftpMailbox) -> None:
    server.fault("short_write")
    with pytest.raises(VendorUnavailable, match="did not arrive whole") as caught:
        box.put("in/a", b"12345")
    assert not was_sent(caught.value)
    assert list((server.root / "in").iterdir()) == []


def test_a_line_cut_at_the_rename_is_an_unknown_outcome(server: SftpAddress, box: SftpMailbox) -> None:
    server.fault("drop_after_rename")
    with pytest.raises(VendorUnavailable) as caught:
        box.put("in/a", b"1")
    assert was_sent(caught.value)
    assert (server.root / "in/a").read_bytes() == b"1"
    box.put("in/a", b"1")  # found there, so nothing is sent again
    assert server.events.count("rename in/a.part in/a") == 1


def test_a_kept_connection_that_died_is_replaced(server: SftpAddress, box: SftpMailbox) -> None:
    box.put("in/a", b"1")
    server.drop()
    assert box.read("in/a") == b"1"
    server.drop()
    box.put("in/b", b"2")
    assert (server.root / "in/b").read_bytes() == b"2"


@pytest.mark.parametrize("pinned", ["none", "other line", "other fingerprint"])
def test_a_host_key_that_is_not_pinned_is_refused_and_named(server: SftpAddress, pinned: str) -> None:
    other = new_key_pair()[1]
    pins = {"none": (), "other line": (other,), "other fingerprint": ("SHA256:" + "A" * 43,)}[pinned]
    with (
        SftpMailbox(replace(account(server), host_keys=pins), timeout_seconds=10) as box,
        pytest.raises(NeedsPersonError, match=r"host key SHA256:\S{43} is not") as caught,
    ):
        box.list("in/*")
    assert type(caught.value) is NeedsPersonError
    fingerprint = caught.value.what.split()[4]
    with SftpMailbox(replace(account(server), host_keys=(other, fingerprint)), timeout_seconds=10) as box:
        assert box.list("in/*") == []


def test_a_pin_that_cannot_be_read_is_a_configuration_error(server: SftpAddress) -> None:
    with pytest.raises(ConfigError, match="pinned host key"):
        SftpMailbox(replace(account(server), host_keys=("ssh-ed25519 nonsense",)))
    with (
        SftpMailbox(replace(account(server), private_key="no key"), timeout_seconds=10) as box,
        pytest.raises(ConfigError, match="private key cannot be read"),
    ):
        box.list("in/*")


def test_a_key_opens_the_door_and_a_wrong_one_asks_a_person(tmp_path: Path) -> None:
    private, public = new_key_pair()
    with serve_sftp(tmp_path, authorized_key=public) as server:
        mine = replace(account(server), password="", private_key=private)
        with SftpMailbox(mine, timeout_seconds=10) as box:
            assert box.list("*") == []
        for wrong in (
            replace(mine, private_key=new_key_pair()[0]),
            replace(mine, private_key="", password="hush"),
        ):
            with SftpMailbox(wrong, timeout_seconds=10) as box, pytest.raises(ReauthNeeded) as caught:
                box.list("*")
            assert "hush" not in str(caught.value) + repr(wrong)


def test_absences_caps_and_names(server: SftpAddress) -> None:
    (server.root / "in/big").write_bytes(b"1234")
    with SftpMailbox(account(server), timeout_seconds=10, max_bytes=3) as box:
        with pytest.raises(DataError, match="cap of 3"):
            box.read("in/big")
        with pytest.raises(DataError, match="cap of 3"):
            box.put("in/new", b"1234")
        for call in (box.read, box.archive, lambda n: box.list(n + "/*"), lambda n: box.put(n + "/x", b"1")):
            with pytest.raises(DataError, match="no such file"):
                call("nope")
        for name in ("../x", "/etc/passwd", "in/../../x"):
            for call in (box.read, box.archive, box.list, lambda n: box.put(n, b"")):
                with pytest.raises(DataError, match="leaves its mailbox"):
                    call(name)


def test_the_server_keeps_its_users_below_its_root(server: SftpAddress, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"s")
    outside = replace(account(server), root="/..")
    with SftpMailbox(outside, timeout_seconds=10) as box, pytest.raises(DataError):
        box.read("secret")


def test_nobody_there_and_somebody_silent() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        mute = SftpAccount("127.0.0.1", "u", ("SHA256:x",), port, "p")
        with SftpMailbox(mute, timeout_seconds=0.3) as box, pytest.raises(VendorUnavailable) as caught:
            box.put("a", b"1")
        assert not was_sent(caught.value)
    with SftpMailbox(mute, timeout_seconds=5) as box, pytest.raises(VendorUnavailable):
        box.list("*")


def test_an_unknown_fault_is_refused(server: SftpAddress) -> None:
    with pytest.raises(ValueError, match="no such fault"):
        server.fault("fire")
