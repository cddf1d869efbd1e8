"""The line to a vendor: one piece out, one connection a host, proxies of the environment, errors as the hub's own."""

from __future__ import annotations

import gzip
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing

import httpcore
import httpx
import pytest

from benehub.connect.auth import bearer
from benehub.connect.http import Caps, RetryBudget, VendorClient, tls_context
from benehub.connect.inflate import PIECE
from benehub.connect.messages import Request, change, read
from benehub.connect.verdict import was_sent
from benehub.connect.wire import NetworkLine, Outgoing
from benehub.errors import ConfigError, DataError, ReauthNeeded, VendorUnavailable

ONCE = RetryBudget(max_attempts=1)
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
GZIPPED = b"HTTP/1.1 200 OK\r\ncontent-encoding: %s\r\ncontent-length: %d\r\n\r\n%s"


def _whole(asked: bytes) -> bool:
    """Whether a request has come to its end: who answers earlier races the rest of it."""
    head, ended, body = asked.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    return bool(ended) and len(body) >= int(length[1] if length else 0)


class Host:
    """Notes each piece that comes on each connection, and says what it is told to say next."""

    def __init__(self) -> None:
        self.says: list[bytes] = []
        self.pieces: list[tuple[int, bytes]] = []
        self.hang_up = False
        self.ended = threading.Semaphore(0)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        number = 0
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            number += 1
            self._open.append(connection)
            threading.Thread(target=self._speak, args=(number, connection), daemon=True).start()

    def _speak(self, number: int, connection: socket.socket) -> None:
        asked = b""
        while piece := connection.recv(1 << 20):
            self.pieces.append((number, piece))
            asked += piece
            if not _whole(asked):
                continue
            asked = b""
            said = self.says.pop(0) if self.says else OK
            if said:
                connection.sendall(said)
            if self.hang_up or not said:
                break
        connection.close()
        self.ended.release()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for one in self._open:
            one.close()


class Drip(httpcore.NetworkStream):
    """An answer of which so much comes at once, and then a byte every 20 seconds."""

    def __init__(self, said: bytes, at_once: int) -> None:
        self.pieces = [said[:at_once], *(said[at : at + 1] for at in range(at_once, len(said)))]
        self.now = 0.0
        self.waits: list[float | None] = []

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.waits.append(timeout)
        self.now += 20
        return self.pieces.pop(0)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        pass

    def close(self) -> None:
        pass

    def get_extra_info(self, info: str) -> None:
        return None


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    made = Host()
    yield made
    made.close()


def test_head_and_body_leave_in_one_piece_on_one_connection(host: Host) -> None:
    with VendorClient(host.address) as client:
        client.send(change("POST", "/d", {"a": "ü"}, idempotency_key="k"))
        client.send(Request("POST", "/e"))
        client.send(read("/p/a%2Fb", {"q": "1 2", "r": "&"}))
    assert [number for number, _ in host.pieces] == [1, 1, 1]
    head, _, body = host.pieces[0][1].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /d HTTP/1.1"
    said = dict(line.lower().split(b": ", 1) for line in lines[1:])
    assert said[b"host"] == f"127.0.0.1:{host.port}".encode()
    assert said[b"content-length"] == str(len(body)).encode()
    assert (said[b"idempotency-key"], said[b"user-agent"]) == (b"k", b"benehub")
    assert b"content-length: 0\r\n" in host.pieces[1][1]
    assert host.pieces[2][1].startswith(b"GET /p/a%2Fb?q=1+2&r=%26 HTTP/1.1\r\n")
    assert b"content-length" not in host.pieces[2][1]


def test_a_body_that_is_much_goes_whole(host: Host) -> None:
    text = "x" * 300_000
    with VendorClient(host.address) as client:
        client.send(change("POST", "/d", {"a": text}))
    assert b"".join(piece for _, piece in host.pieces).count(b"x" * 1000) == 300


def test_answers_are_undone_and_repeated_headers_joined(host: Host) -> None:
    packed = gzip.compress(b'{"a": 1}')
    host.says = [
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\nX-A: 1\r\nx-a: 2\r\n"
        b"content-length: %d\r\n\r\n%s" % (len(packed), packed),
        b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n{"b"\r\n3\r\n:2}\r\n0\r\n\r\n',
    ]
    with VendorClient(host.address) as client:
        first, second = client.send(read("/a")), client.send(read("/b"))
    assert (first.data, first.headers["x-a"]) == ({"a": 1}, "1, 2")
    assert second.data == {"b": 2}
    assert {number for number, _ in host.pieces} == {1}


def test_plain_http_makes_no_tls_context(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def make() -> ssl.SSLContext:
        made.append("one")
        return ssl.create_default_context()

    monkeypatch.setattr(httpx, "create_ssl_context", make)
    tls_context.cache_clear()
    try:
        with VendorClient(host.address) as client:
            assert client.send(read("/a")).status == 200
        assert made == []
        with VendorClient("https://127.0.0.1:1", budget=ONCE) as client, pytest.raises(VendorUnavailable):
            client.send(read("/a"))
        assert made == ["one"]
    finally:
        tls_context.cache_clear()


def test_the_cap_counts_while_an_answer_is_undone(host: Host) -> None:
    bomb = gzip.compress(b" " * 4_000_000)  # comes in one piece
    host.says = [GZIPPED % (b"gzip", len(bomb), bomb)] * 2
    asked = Outgoing("GET", httpx.URL(host.address), {}, None)
    with closing(NetworkLine(tls_context(), 60, 60)) as line, line.exchange(asked) as answer:
        sizes = [len(chunk) for chunk in answer.chunks]
    assert (max(sizes), sum(sizes)) == (PIECE, 4_000_000)
    with VendorClient(host.address, caps=Caps(max_bytes=1000)) as client, pytest.raises(DataError, match="larger"):
        client.send(read("/a"))


def test_an_answer_compressed_twice_or_otherwise_is_not_undone(host: Host) -> None:
    twice = gzip.compress(gzip.compress(b" " * 4_000_000))
    said = [GZIPPED % (name, len(twice), twice) for name in (b"gzip, gzip", b"gzip\r\ncontent-encoding: gzip", b"br")]
    host.says = [*said, said[0], said[2].replace(b"200 OK", b"401 No")]
    with VendorClient(host.address, budget=ONCE, auth=bearer("t")) as client:
        for _ in said:
            with pytest.raises(DataError, match="compressed otherwise"):
                client.send(read("/a"))
        with pytest.raises(VendorUnavailable, match="compressed otherwise") as caught:
            client.send(change("POST", "/d", {}))
        assert was_sent(caught.value)
        with pytest.raises(ReauthNeeded):  # what the status says is known all the same
            client.send(read("/a"))


def test_a_vendor_that_drips_is_cut_in_the_head_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    drip = Drip(OK, at_once=20)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lambda *_given, **_wanted: drip)
    caps = Caps(idle_seconds=30, exchange_seconds=70)
    client = VendorClient("http://127.0.0.1:1", caps=caps, budget=ONCE, clock=lambda: drip.now)
    with client, pytest.raises(VendorUnavailable, match="time-out") as caught:
        client.send(change("POST", "/d", {}))
    assert was_sent(caught.value)
    assert (drip.waits, drip.now) == ([30, 30, 30, 10], 80)


def test_a_connection_that_the_vendor_has_ended_is_not_used_again(host: Host) -> None:
    host.hang_up = True
    with VendorClient(host.address, budget=ONCE) as client:
        for _ in range(3):
            assert client.send(change("POST", "/d", {})).status == 200
            assert host.ended.acquire(timeout=60)
    assert [number for number, _ in host.pieces] == [1, 2, 3]


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", b"no http\r\n\r\n"])
def test_an_answer_that_breaks_off_leaves_the_write_in_doubt(said: bytes, host: Host) -> None:
    host.says, host.hang_up = [said], True
    with VendorClient(host.address, budget=ONCE) as client, pytest.raises(VendorUnavailable, match="broke") as caught:
        client.send(change("POST", "/d", {}))
    assert was_sent(caught.value)


def test_a_proxy_of_the_environment_is_used_unless_the_host_is_left_out(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://me:secret@127.0.0.1:{host.port}")
    with VendorClient("http://localhost:1") as client:
        for _ in range(2):
            assert client.send(read("/a")).status == 200
    number, piece = host.pieces[-1]
    assert number == 1
    assert piece.startswith(b"GET http://localhost:1/a HTTP/1.1\r\n")
    assert b"proxy-authorization: basic bwu6c2vjcmv0" in piece.lower()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with VendorClient(host.address) as client:
        client.send(read("/b"))
    assert host.pieces[-1][1].startswith(b"GET /b HTTP/1.1\r\n")
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
    with VendorClient("http://localhost:1", budget=ONCE) as client, pytest.raises(ConfigError, match="proxy"):
        client.send(read("/c"))


@pytest.mark.parametrize(
    ("address", "left_out", "direct"),
    [
        ("https://pay.example", "pay.example:443", True),
        ("https://pay.example:8443", "other.example, pay.example:8443", True),
        ("https://pay.example:8443", "example", True),
        ("http://localhost", "localhost:80", True),
        ("http://[::1]:81", "::1", True),
        ("https://pay.example", "pay.example:80,pay.example:8443", False),
        ("https://pay.example:8443", "pay.example:443", False),
    ],
)
def test_a_host_may_be_left_out_with_its_port(
    address: str, left_out: str, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.setenv(name, "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", left_out)
    reached: list[str] = []

    def connect_tcp(_self: object, host: str, *_given: object, **_wanted: object) -> httpcore.NetworkStream:
        reached.append(host)
        raise httpcore.ConnectError

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect_tcp)
    with VendorClient(address, budget=ONCE) as client, pytest.raises(VendorUnavailable, match="no connection"):
        client.send(read("/a"))
    assert (reached != ["proxy.example"]) is direct
