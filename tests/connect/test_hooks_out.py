"""Where a webhook of ours may go: nowhere inside, whatever its name says, and to the address that was looked at."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest

from benehub.connect.hooks_out import Target, addresses_of, post, public, target
from benehub.errors import DataError


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.5", "172.16.3.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "fe80::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.5", "::",
     "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "ff02::1", "x", ""],
)  # fmt: skip
def test_what_is_not_public(address: str) -> None:
    assert not public(address)
    with pytest.raises(DataError, match="inside"):
        target("https://hooks.example/x", resolve=lambda *_: [address])


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_what_is_public(address: str) -> None:
    found = target("https://hooks.example:8443/x?y=1", resolve=lambda *_: [address])
    assert (found.host, found.port, found.path, found.address) == ("hooks.example", 8443, "/x?y=1", address)


def test_one_address_inside_is_enough_to_refuse() -> None:
    with pytest.raises(DataError):
        target("https://hooks.example", resolve=lambda *_: ["8.8.8.8", "127.0.0.1"])


@pytest.mark.parametrize(
    "url",
    ["http://8.8.8.8/x", "ftp://8.8.8.8", "https://", "https://user@8.8.8.8/", "https://8.8.8.8/#x", "https://8.8.8.8:99999/",
     "https://8.8.8.8/ x", "https://[::1", "https://exämple.com/", "file:///etc/passwd", "https://8.8.8.8/\n", "x", ""],
)  # fmt: skip
def test_what_is_no_address_to_be_called(url: str) -> None:
    with pytest.raises(DataError):
        target(url, resolve=lambda *_: ["8.8.8.8"])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "0177.0.0.1", "[::1]", "127.1"])
def test_this_machine_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(DataError):
        target(f"https://{host}/", resolve=addresses_of)


def test_what_the_settings_allow_may_lie_inside() -> None:
    for allowed in ({"hooks.acme"}, {"hooks.acme:8080"}):
        found = target("http://hooks.acme:8080/x", allowed, lambda *_: ["10.0.0.5"])
        assert (found.scheme, found.address) == ("http", "10.0.0.5")
    for url in ("http://hooks.acme:80/x", "http://other.acme:8080/x"):
        with pytest.raises(DataError):
            target(url, {"hooks.acme:8080"}, lambda *_: ["10.0.0.5"])


def test_a_name_that_stands_for_nothing() -> None:
    with pytest.raises(DataError, match="nothing"):
        target("https://hooks.example", resolve=lambda *_: [])


def test_who_answers_a_byte_at_a_time_is_waited_for_no_longer_than_who_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        over, patient = threading.Event(), threading.Event()

        def trickle() -> None:
            line, _ = server.accept()
            with line, suppress(OSError):
                line.sendall(b"HTTP/1.1 200 OK\r\nx: ")
                for _ in range(1200):  # a minute
                    if over.wait(0.05):
                        return
                    line.sendall(b"y")
                patient.set()

        server.settimeout(60)
        talker = threading.Thread(target=trickle, daemon=True)
        talker.start()
        where = Target("http", "localhost", server.getsockname()[1], "/", "127.0.0.1")
        answer = post(where, {}, b"{}", seconds=0.4)
        assert answer.status == 0 and not answer.taken
        assert not patient.is_set()  # it was left while it still talked
        over.set()
        talker.join(60)


def test_the_address_that_was_looked_at_is_called_and_no_other_that_it_names() -> None:
    heard: list[bytes] = []

    def answer() -> None:
        with suppress(OSError):
            while True:
                line, _ = server.accept()
                with line:
                    line.settimeout(60)
                    heard.append(line.recv(65536))
                    port = server.getsockname()[1]
                    line.sendall(f"HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:{port}/in\r\n\r\n".encode())

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, daemon=True).start()
        # A name that stands for nothing by now: whoever asks anew what it stands for finds nobody.
        where = Target("http", "hooks.invalid", server.getsockname()[1], "/a", "127.0.0.1")
        before = set(threading.enumerate())
        said = post(where, {"x-sig": "1"}, b"{}", seconds=30)
    assert (said.status, said.taken, len(heard)) == (307, False, 1)
    assert heard[0].startswith(b"POST /a HTTP/1.1\r\n")
    assert f"host: hooks.invalid:{where.port}\r\n".encode() in heard[0].lower()
    # What would have cut the line does not outlive the call.
    for one in set(threading.enumerate()) - before:
        if isinstance(one, threading.Timer):
            one.join(10)
            assert not one.is_alive()
