"""Whoever opens a line and says nothing, or says it drop by drop, does not keep it; who is answered does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import uvicorn

from benehub.api import patience
from benehub.api.patience import Patient

CALL = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


async def app(_scope: Any, _receive: Any, send: Any) -> None:
    """Answers ok."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server that waits for a head no longer than the test says, and that is a minute at first."""
    monkeypatch.setattr(patience, "HEAD_SECONDS", 60)
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=Patient, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(60)


def answered(caller: socket.socket) -> bool:
    """Whether a whole answer comes, in however many parts."""
    got = b""
    while not got.endswith(b"ok") and (part := caller.recv(1000)):
        got += part
    return got.startswith(b"HTTP/1.1 200") and got.endswith(b"ok")


def line(port: int) -> socket.socket:
    """An open line."""
    return socket.create_connection(("127.0.0.1", port), timeout=60)


@pytest.mark.parametrize("drops", [[], [b"GET / HT", b"TP/1.1\r\n"], [b"GET / HTTP/1.1\r\n", b"a: b\r\n", b"c: d\r\n"]])
def test_a_head_that_does_not_come_whole_is_not_waited_for(
    port: int, drops: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.3)
    got = b""
    with line(port) as caller, suppress(ConnectionError):  # it may be over before all is said
        for drop in drops:
            caller.sendall(drop)
            time.sleep(0.02)
        got = caller.recv(100)
    assert got == b""


def test_the_next_head_on_a_line_is_not_waited_for_either(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with line(port) as caller:
        caller.sendall(CALL)
        assert answered(caller)
        monkeypatch.setattr(patience, "HEAD_SECONDS", 0.3)
        caller.sendall(CALL[:10])
        assert caller.recv(100) == b""


def test_a_line_between_two_calls_is_kept(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with line(port) as caller:
        caller.sendall(CALL)
        assert answered(caller)
        monkeypatch.setattr(patience, "HEAD_SECONDS", 0.3)
        for _ in range(2):
            caller.sendall(CALL)
            assert answered(caller)
            time.sleep(0.5)
