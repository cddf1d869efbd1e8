"""Writes over HTTP on the loopback: our client beside a bare httpx.Client, alone and with 16 threads.

The server is a process of its own, so that its CPU is nobody's. With 16 threads it answers after 50 ms, as a
vendor would: that is when a pool of connections shows what it costs.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

THREADS = 16
DELAY_SECONDS = 0.05
BODY = json.dumps({"employee": "v1", "code": "MEDPPO", "amount": "50.00", "effective": "2026-12-01"})
ANSWER = b'{"id":"d1","version":"1"}'
REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)

LENGTH = re.compile(rb"\ncontent-length: *(\d+)\r", re.IGNORECASE)

Call = Callable[[int], Any]


class Vendor(asyncio.Protocol):
    """Answers each request of a connection after a while, with as little work as can be: it shares our cores."""

    def __init__(self, delay: float) -> None:
        self.delay, self.got, self.loop = delay, b"", asyncio.get_running_loop()

    def connection_made(self, transport: Any) -> None:
        """Keep it for the answers."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer what is whole by now."""
        self.got += data
        while (end := self.got.find(b"\r\n\r\n") + 4) > 3:
            found = LENGTH.search(self.got, 0, end)
            end += int(found[1]) if found else 0
            if len(self.got) < end:
                return
            self.got = self.got[end:]
            self.loop.call_later(self.delay, self.transport.write, REPLY)


async def serve(delay: float) -> None:
    """Print the port, then answer until ended."""
    server = await asyncio.get_running_loop().create_server(lambda: Vendor(delay), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


@contextmanager
def served(delay: float) -> Iterator[str]:
    """The address of a running server."""
    with subprocess.Popen([sys.executable, __file__, str(delay)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


@contextmanager
def our_client(base: str) -> Iterator[Call]:
    """A write through VendorClient."""
    from benehub.connect.http import VendorClient
    from benehub.connect.messages import Request

    with VendorClient(base) as client:
        yield lambda n: client.send(Request("POST", "/deductions", body=BODY, idempotency_key=str(n))).json()["id"]


@contextmanager
def bare_client(base: str) -> Iterator[Call]:
    """The same with nothing but httpx."""
    import httpx

    limits = httpx.Limits(max_connections=THREADS)
    headers = {"content-type": "application/json"}
    with httpx.Client(base_url=base, limits=limits, headers=headers, timeout=30) as client:
        yield lambda n: client.post("/deductions", content=BODY, headers={"Idempotency-Key": str(n)}).json()["id"]


def run(make: Any, size: int, threads: int, delay: float) -> Iterator[Any]:
    """`size` calls after a first one that opens the connection."""
    with served(delay) as base, make(base) as call, ThreadPoolExecutor(threads) as pool:
        call(0)
        yield
        got = [call(n) for n in range(size)] if threads == 1 else list(pool.map(call, range(size)))
        yield [len(got), sorted(set(got))]


def one_prepare(folder: Path, size: int) -> None:
    """Nothing to prepare."""


many_prepare = one_prepare


def one_ours(folder: Path, size: int) -> Iterator[Any]:
    """Our client, call after call."""
    yield from run(our_client, size, 1, 0)


def one_httpx(folder: Path, size: int) -> Iterator[Any]:
    """Bare httpx, call after call."""
    yield from run(bare_client, size, 1, 0)


def many_ours(folder: Path, size: int) -> Iterator[Any]:
    """Our client, shared by 16 threads."""
    yield from run(our_client, size, THREADS, DELAY_SECONDS)


def many_httpx(folder: Path, size: int) -> Iterator[Any]:
    """Bare httpx, shared by 16 threads."""
    yield from run(bare_client, size, THREADS, DELAY_SECONDS)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
