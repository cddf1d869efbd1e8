"""The vendor of the story: a server that outlives every worker.

It keeps what it holds, counts each effect, and answers some calls with an error, too late or not at all after it has
done what was asked.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LATENCY = 0.01
"""Seconds the vendor takes for an answer."""

PATIENCE = 1.0
"""Seconds a worker waits for one."""


class Quiet(ThreadingHTTPServer):
    """A server to whom it is nothing new that who asked is dead."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


class Server:
    """The vendor: `GET` tells what it holds, or a page of its books; `POST` has an effect each time.

    Args:
        books: what it tells when it is read.
        door: where calls are counted.
        faults: what goes wrong.
    """

    def __init__(self, books: Any, door: Any, faults: Any) -> None:
        self.books, self.door, self.faults = books, door, faults
        self.held: dict[str, Any] = {}
        self.effects: list[str] = []
        self.calls = 0
        self.lock = threading.Lock()
        self.http = Quiet(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def open(self) -> None:
        """From now on calls are counted, and people move."""
        self.door.open()
        self.books.still = False

    def carry_out(self, path: str, body: bytes | None) -> str:
        """What goes wrong with this call, which is counted; nothing most often. A write has a body."""
        self.door.arrive()
        time.sleep(LATENCY)
        write, fault = body is not None, ""
        with self.lock:
            self.calls += 1
            if write or path.startswith("/r/"):
                fault = self.faults.draw(write, not write and self.books.still)
            if body is not None and fault not in self.faults.before:
                self.held[path] = json.loads(body)
                self.effects.append(path)
        return fault if write else fault.removesuffix(" after")  # of a read it is all one

    def told(self, path: str) -> Any:
        """What it says to a `GET`."""
        if not path.startswith("/r/"):
            return self.held.get(path, {})
        employer, stream, start = path.split("/")[2:]
        with self.lock:
            return self.books.page(employer, stream, int(start))

    def close(self) -> None:
        """Stop serving."""
        self.http.shutdown()
        self.http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._say(server.carry_out(self.path, None), write=False)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self._say(server.carry_out(self.path, body), write=True)

            def _say(self, fault: str, write: bool) -> None:
                faults, code, wait = server.faults, fault[:3], fault == "429 and a wait"
                if fault == "too late":
                    time.sleep(PATIENCE * 1.3)
                    if write:
                        faults.came(fault, gone(self.connection))
                elif fault and not wait:
                    faults.came(fault)
                if fault.startswith("cut"):
                    self.close_connection = True
                    return
                self._tell(int(code) if code.isdigit() else 200, write, server.door.retry_after if wait else "")
                if wait:
                    server.door.watch(lambda so: faults.came(fault, so))

            def _tell(self, status: int, write: bool, retry_after: str) -> None:
                said = json.dumps({"id": self.path} if write else server.told(self.path)).encode()
                with contextlib.suppress(OSError):  # who asked may be dead
                    self.send_response(status)
                    if retry_after:
                        self.send_header("retry-after", retry_after)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", str(len(said)))
                    self.end_headers()
                    self.wfile.write(said)

            def log_message(self, format: str, *_: Any) -> None:
                """Say nothing."""

        return Handler


def gone(connection: socket.socket) -> bool:
    """Whether who asked waits no more: he has closed his side."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
