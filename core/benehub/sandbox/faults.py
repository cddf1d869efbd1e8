"""Scripted faults by name: what vendors really do on a bad day, played exactly when a script says so."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from benehub.connect.testing import WireRequest, WireResponse


class FaultKind(StrEnum):
    """The faults; those marked "applied" let the vendor do the work first."""

    BURST_429 = "burst_429"
    """429 with Retry-After."""
    BODY_429 = "body_429"
    """200 whose body says 429."""
    UNAUTHORIZED = "unauthorized"
    """401."""
    UNAVAILABLE = "unavailable"
    """503, nothing applied."""
    APPLY_THEN_500 = "apply_then_500"
    """Applied, then 500."""
    APPLY_THEN_TIMEOUT = "apply_then_timeout"
    """Applied, then no answer."""
    TIMEOUT = "timeout"
    """No answer, nothing applied."""
    HTML_PAGE = "html_page"
    """A gateway's 200 page in HTML, nothing applied."""
    MALFORMED_JSON = "malformed_json"
    """Applied, then an answer cut in the middle."""


_APPLIED = frozenset({FaultKind.APPLY_THEN_500, FaultKind.APPLY_THEN_TIMEOUT, FaultKind.MALFORMED_JSON})


@dataclass(slots=True)
class Fault:
    """One scripted fault.

    Args:
        kind: what happens.
        path: pattern of the paths it may hit.
        method: exact method, or `*`; `write` stands for all but GET.
        skip: matching calls that pass first, so that the n-th is hit by `skip=n-1`.
        times: calls it then hits.
        retry_after: seconds told with a 429.
        seen: matching calls so far.
    """

    kind: FaultKind
    path: str = "*"
    method: str = "*"
    skip: int = 0
    times: int = 1
    retry_after: int = 1
    seen: int = 0

    @property
    def applied(self) -> bool:
        """Whether the vendor does the work before it fails."""
        return self.kind in _APPLIED

    def matches(self, request: WireRequest) -> bool:
        """Whether it is about such a call."""
        if self.method == "write":
            right_method = request.method not in ("GET", "HEAD")
        else:
            right_method = self.method in ("*", request.method)
        return right_method and fnmatchcase(request.path, self.path)

    def spoil(self, answer: WireResponse) -> WireResponse:
        """The answer the caller gets; `answer` is the vendor's own where the fault applies first.

        Raises:
            TimeoutError: for the time-outs.
        """
        match self.kind:
            case FaultKind.BURST_429:
                return _said(429, '{"message":"Too many requests"}', {"retry-after": str(self.retry_after)})
            case FaultKind.BODY_429:
                return _said(200, '{"error":{"code":429,"message":"Too many requests"}}')
            case FaultKind.UNAUTHORIZED:
                return _said(401, '{"message":"Unauthorized"}')
            case FaultKind.UNAVAILABLE:
                return _said(503, '{"message":"Service unavailable"}')
            case FaultKind.APPLY_THEN_500:
                return _said(500, '{"message":"Internal error"}')
            case FaultKind.HTML_PAGE:
                return _said(200, "<html><body>Maintenance</body></html>", {"content-type": "text/html"})
            case FaultKind.MALFORMED_JSON:
                return replace(answer, body=answer.body[: len(answer.body) // 2] or b"{")
            case FaultKind.TIMEOUT | FaultKind.APPLY_THEN_TIMEOUT:
                raise TimeoutError


class Faults:
    """The script: faults in the order they were added; the first that is due hits the call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: list[Fault] = []

    def add(
        self,
        kind: FaultKind | str,
        *,
        path: str = "*",
        method: str = "*",
        skip: int = 0,
        times: int = 1,
        retry_after: int = 1,
    ) -> None:
        """Script a fault by name; the arguments are those of `Fault`.

        Raises:
            ValueError: no fault has that name.
        """
        fault = Fault(FaultKind(kind), path, method, skip, times, retry_after)
        with self._lock:
            self._script.append(fault)

    def clear(self) -> None:
        """Forget the script."""
        with self._lock:
            self._script.clear()

    def due(self, request: WireRequest) -> Fault | None:
        """The fault that hits this call; every matching fault counts the call."""
        hit: Fault | None = None
        with self._lock:
            for fault in self._script:
                if fault.matches(request):
                    fault.seen += 1
                    if hit is None and fault.skip < fault.seen <= fault.skip + fault.times:
                        hit = fault
        return hit


def _said(status: int, body: str, headers: dict[str, str] | None = None) -> WireResponse:
    return WireResponse(status, {"content-type": "application/json"} | (headers or {}), body.encode())
