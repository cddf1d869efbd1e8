"""Machinery for stateful simulators of vendors: routes, scripted faults, a log, and two ways to reach one.

A simulator subclasses `Simulator`, registers its routes and keeps its state in plain attributes.
`as_transport` puts it under a client without a socket; `serve` puts it on a real port, where time-outs are
real too. Calls are handled one at a time, so the state needs no locks.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from benehub.connect import jsontext
from benehub.connect.testing import WireRequest, WireResponse, transport
from benehub.sandbox.faults import Fault, FaultKind, Faults

__all__ = [
    "Call",
    "Fault",
    "FaultKind",
    "Faults",
    "SimRequest",
    "SimResponse",
    "Simulator",
    "as_transport",
    "serve",
]

MAX_BODY = 32 * 1024 * 1024
"""Largest request body a served simulator takes."""


@dataclass(frozen=True, slots=True)
class SimRequest:
    """A call as a handler sees it: `params` are the values of the path template, unquoted."""

    method: str
    path: str
    params: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON, None when empty; ValueError when it is none (answered with 400)."""
        return jsontext.parse(self.body) if self.body.strip() else None


@dataclass(frozen=True, slots=True)
class SimResponse:
    """What a handler answers: `json` is serialised unless None; `text` is sent as it is otherwise."""

    status: int = 200
    json: Any = field(default=None, repr=False)
    text: str = field(default="", repr=False)
    headers: dict[str, str] = field(default_factory=dict)

    def wire(self) -> WireResponse:
        """As it goes over the line."""
        if self.json is None:
            return WireResponse(self.status, self.headers, self.text.encode())
        headers = {"content-type": "application/json"} | self.headers
        return WireResponse(self.status, headers, jsontext.dump(self.json).encode())


Handler = Callable[[SimRequest], SimResponse]


@dataclass(frozen=True, slots=True)
class Call:
    """One line of a simulator's log; status 0 stands for no answer."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    status: int
    fault: str = ""


class Simulator:
    """A vendor's side with state. Subclasses call `route` in `__init__` and may override `admit`."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.log: list[Call] = []
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self._lock = threading.RLock()

    def route(self, method: str, template: str, handler: Handler) -> None:
        """Answer `method` on a path template such as `/v1/employees/{id}`; the first match wins."""
        pattern = "".join(
            f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{\w+\})", template)
        )
        self._routes.append((method, re.compile(pattern), handler))

    def admit(self, request: SimRequest) -> SimResponse | None:
        """Called before every handler: a refusal (a wrong token, a missing header), or None to go on."""
        return None

    def handle(self, wire: WireRequest) -> WireResponse:
        """Answer a call, faults included, and log it.

        Raises:
            TimeoutError: a scripted time-out.
        """
        with self._lock:
            fault = self.faults.due(wire)
            try:
                answer = WireResponse() if fault is not None and not fault.applied else self._answer(wire)
                answer = answer if fault is None else fault.spoil(answer)
            except TimeoutError:
                self._note(wire, 0, fault)
                raise
            self._note(wire, answer.status, fault)
            return answer

    def calls(self, method: str = "*", path: str = "*") -> list[Call]:
        """Logged calls by exact method and path; `*` for any, `write` for all methods but GET."""
        return [
            call
            for call in self.log
            if (method in ("*", call.method) or (method == "write" and call.method not in ("GET", "HEAD")))
            and path in ("*", call.path)
        ]

    def _note(self, wire: WireRequest, status: int, fault: Fault | None) -> None:
        kind = fault.kind.value if fault is not None else ""
        query = dict(wire.query)
        self.log.append(Call(wire.method, wire.path, query, wire.body, wire.headers, status, kind))

    def _answer(self, wire: WireRequest) -> WireResponse:
        """The handler's answer; 404 and 405 where there is none, 400 for a body that is no JSON."""
        known = False
        for method, pattern, handler in self._routes:
            found = pattern.fullmatch(wire.path)
            if found is None:
                continue
            known = True
            if method != wire.method:
                continue
            params = {name: unquote(value) for name, value in found.groupdict().items()}
            request = SimRequest(wire.method, wire.path, params, dict(wire.query), wire.headers, wire.body)
            try:
                return (self.admit(request) or handler(request)).wire()
            except ValueError as error:
                return SimResponse(400, {"message": f"bad request: {error}"}).wire()
        return SimResponse(405 if known else 404, {"message": "no such resource"}).wire()


def as_transport(simulator: Simulator) -> Any:
    """A transport for `VendorClient(transport=...)` that reaches the simulator without a socket."""
    return transport(simulator.handle)


@contextmanager
def serve(simulator: Simulator, *, stall_seconds: float = 30.0) -> Iterator[str]:
    """Serve the simulator on a free loopback port; gives its address (`http://127.0.0.1:PORT`).

    A scripted time-out holds the line for `stall_seconds`, then hangs up.
    """
    closing = threading.Event()

    class Line(BaseHTTPRequestHandler):
        """One connection."""

        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the simulator keeps its own log, and a line here would show query strings."""

        def answer(self) -> None:
            """Pass the call on, and its answer back."""
            size = int(self.headers.get("content-length") or 0)
            if size > MAX_BODY:
                self.send_error(413)
                return
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = tuple(parse_qsl(parts.query, keep_blank_values=True))
            body = self.rfile.read(size)
            try:
                got = simulator.handle(WireRequest(self.command, parts.path, query, headers, body))
            except TimeoutError:
                closing.wait(stall_seconds)
                self.close_connection = True
                return
            self.send_response(got.status)
            for name, value in got.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(got.body)))
            self.end_headers()
            self.wfile.write(got.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    server = ThreadingHTTPServer(("127.0.0.1", 0), Line)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        closing.set()
        server.shutdown()
        # Kept-alive lines of clients still open must not hold the block's end.
        server.block_on_close = False
        server.server_close()
        thread.join(5)
