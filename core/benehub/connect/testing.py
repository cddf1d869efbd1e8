"""A transport that answers from a function, so that simulators outside this room need no HTTP library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx


@dataclass(frozen=True, slots=True)
class WireRequest:
    """What a vendor's side sees of a call: the path still quoted, header names in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class WireResponse:
    """What a vendor's side answers."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


def transport(answer: Callable[[WireRequest], WireResponse]) -> httpx.BaseTransport:
    """A transport for `VendorClient`; a `TimeoutError` of `answer` is the caller's time-out, at once."""

    def handle(request: httpx.Request) -> httpx.Response:
        wire = WireRequest(
            request.method,
            request.url.raw_path.split(b"?")[0].decode(),
            tuple(request.url.params.multi_items()),
            {name.lower(): value for name, value in request.headers.items()},
            request.read(),
        )
        try:
            got = answer(wire)
        except TimeoutError:
            raise httpx.ReadTimeout("no answer", request=request) from None
        return httpx.Response(got.status, headers=got.headers, content=got.body)

    return httpx.MockTransport(handle)
