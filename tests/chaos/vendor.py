"""The vendor of the story: a server that outlives every worker.

It keeps what it holds, counts each effect, and answers some calls with an error, too late or not at all after it has
done what was asked.
"""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LATENCY = 0.01
"""Seconds the vendor takes for an answer."""

PATIENCE = 1.0
"""Seconds a worker waits for one."""

DROPPED = 0
"""Stands for the status of an answer that never comes: the connection is cut."""


class Quiet(ThreadingHTTPServer):
    """A server to whom it is nothing new that who asked is dead."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


class Server:
    """The vendor: `GET` tells what it holds, or a page of its books; `POST` has an effect each time."""

    def __init__(self, seed: int, books: Any) -> None:
        self.chance = random.Random(seed)
        self.books = books
        self.held: dict[str, Any] = {}
        self.effects: list[str] = []
        self.calls = 0
        self.lock = threading.Lock()
        self.http = Quiet(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def answer(self, method: str, path: str, body: bytes) -> int:
        """The status; an error, or none at all, is said as often after the effect as before it."""
        time.sleep(LATENCY)
        status, late = self._decide(method, path, body)
        if late:
            time.sleep(PATIENCE * 1.3)
        return status

    def _decide(self, method: str, path: str, body: bytes) -> tuple[int, bool]:
        with self.lock:
            self.calls += 1
            fault = self.chance.random() if method == "POST" else 1
            if path.startswith("/r/") and not self.books.still:
                fault = self.chance.random() * 2  # half as often as writes
            if fault < 0.04:
                return 500, False
            if fault < 0.06:
                return 429, False
            if fault < 0.08:
                return DROPPED, False
            if method == "POST":
                self.held[path] = json.loads(body)
                self.effects.append(path)
            if fault < 0.12:
                return (500 if fault < 0.10 else DROPPED), False
            return 200, fault < 0.13

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
                self._say("GET", b"")

            def do_POST(self) -> None:
                self._say("POST", self.rfile.read(int(self.headers["content-length"])))

            def _say(self, method: str, body: bytes) -> None:
                status = server.answer(method, self.path, body)
                if status == DROPPED:
                    self.close_connection = True
                    return
                said = json.dumps(server.told(self.path) if method == "GET" else {"id": self.path}).encode()
                with contextlib.suppress(OSError):  # who asked may be dead
                    self.send_response(status)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", str(len(said)))
                    self.end_headers()
                    self.wfile.write(said)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler
