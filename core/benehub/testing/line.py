"""The wire between a connector and its vendor in the kit: every call logged, faults played, answers changed."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from glob import escape

from benehub.connect.testing import WireRequest, WireResponse
from benehub.sandbox.faults import FaultKind
from benehub.sandbox.http import Simulator

Answer = Callable[[WireRequest], WireResponse]

MAX_CALLS = 3_000
"""Calls of one check at most: a connector that asks on for ever is stopped here."""


class Killed(BaseException):
    """The process dies here; nothing may catch it."""


class Line(Simulator):
    """A vendor behind a wire that can be tampered with.

    `change` sees every answer before the connector does, `change_write` the good answer to the next write;
    `before_write` is called once, when the next write arrives; `kill_after_write` lets the vendor apply the next write
    and then ends the process.

    Args:
        answer: the vendor's side.
        harmless: patterns of paths whose POST or PUT changes nothing (a token, a search).
    """

    def __init__(self, answer: Answer, harmless: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._behind = answer
        self._harmless = harmless
        self._next: tuple[FaultKind, int] | None = None
        self.change: Callable[[WireRequest, WireResponse], WireResponse] | None = None
        self.change_write: Callable[[WireRequest, WireResponse], WireResponse] | None = None
        self.before_write: Callable[[], None] | None = None
        self.kill_after_write = False

    def is_write(self, method: str, path: str) -> bool:
        """Whether such a call may change something at the vendor's."""
        return method not in ("GET", "HEAD") and not any(fnmatchcase(path, one) for one in self._harmless)

    def hit_next_write(self, kind: FaultKind, retry_after: int = 1) -> None:
        """Script a fault for the next write, wherever it goes."""
        self._next = (kind, retry_after)

    def written(self) -> list[bytes]:
        """Bodies of all writes so far."""
        return [call.body for call in self.log if self.is_write(call.method, call.path) and call.body]

    def handle(self, wire: WireRequest) -> WireResponse:
        """Answer a call, the scripted fault included."""
        if self._next is not None and self.is_write(wire.method, wire.path):
            (kind, wait), self._next = self._next, None
            self.faults.add(kind, path=escape(wire.path), method=wire.method, retry_after=wait)
        return super().handle(wire)

    def _answer(self, wire: WireRequest) -> WireResponse:
        if len(self.log) >= MAX_CALLS:
            raise TimeoutError
        writes = self.is_write(wire.method, wire.path)
        if writes and self.before_write is not None:
            called, self.before_write = self.before_write, None
            called()
        got = self._behind(wire)
        if writes and self.change_write is not None and got.status < 300:
            altered, self.change_write = self.change_write, None
            return altered(wire, got)
        if self.kill_after_write and self.is_write(wire.method, wire.path) and got.status < 300:
            self.kill_after_write = False
            raise Killed
        return got if self.change is None else self.change(wire, got)
