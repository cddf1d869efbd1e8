"""Transports for what stands outside this room: one that answers from a function, one that listens to the network.

So simulators and recorders need no HTTP library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from benehub.connect.http import tls_context


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
        try:
            got = answer(_asked(request))
        except TimeoutError:
            raise httpx.ReadTimeout("no answer", request=request) from None
        return httpx.Response(got.status, headers=got.headers, content=got.body)

    return httpx.MockTransport(handle)


def network(
    heard: Callable[[WireRequest, WireResponse], None], onward: httpx.BaseTransport | None = None
) -> httpx.BaseTransport:
    """The real network (or `onward`); every call that was answered is told to `heard`, body decompressed."""
    return _Listening(heard, onward or httpx.HTTPTransport(verify=tls_context()))


class _Listening(httpx.BaseTransport):
    def __init__(self, heard: Callable[[WireRequest, WireResponse], None], onward: httpx.BaseTransport) -> None:
        self._heard = heard
        self._onward = onward

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        got = self._onward.handle_request(request)
        body, headers = got.read(), {name.lower(): value for name, value in got.headers.items()}
        self._heard(_asked(request), WireResponse(got.status_code, headers, body))
        plain = {name: value for name, value in headers.items() if name not in ("content-encoding", "content-length")}
        return httpx.Response(got.status_code, headers=plain, content=body)

    def close(self) -> None:
        self._onward.close()


def _asked(request: httpx.Request) -> WireRequest:
    return WireRequest(
        request.method,
        request.url.raw_path.split(b"?")[0].decode(),
        tuple(request.url.params.multi_items()),
        {name.lower(): value for name, value in request.headers.items()},
        request.read(),
    )
