"""One exchange over HTTP: on a line to a vendor's hosts, or through whatever stands in the network's place.

A line stands on httpcore, the transport below httpx: httpx's own client took half of a call's CPU (measured), most of
it for redirects, cookies and hooks that nobody wants here. A request leaves in one piece, head and body together, so
that it costs one system call and wakes the vendor once. Addresses are still read by httpx, which quotes them.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from benehub.connect.inflate import coding, inflated
from benehub.connect.verdict import unavailable
from benehub.errors import ConfigError

PIECE = 64 * 1024
"""Bytes of a request that are held back at most, so that its head leaves with its body."""

KEPT_SECONDS = 5.0
"""How long a connection without a call is kept."""

_NO_CONNECTION = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout,
    httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout,
)  # fmt: skip
_UNUSABLE = (
    httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL,
    httpcore.UnsupportedProtocol, httpcore.LocalProtocolError, UnicodeError,
)  # fmt: skip
_LATE = (httpx.TimeoutException, httpcore.TimeoutException)
_BROKE = (httpx.HTTPError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What leaves: a whole address, headers in ASCII, and the bytes of the body where there is one.

    `left` tells how many seconds the whole exchange may still take.
    """

    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    content: bytes | None
    left: Callable[[], float] = lambda: math.inf


@dataclass(frozen=True, slots=True)
class Answered:
    """What comes back: header names in lower case, the body piece by piece, decompressed (see `inflated`)."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]


class Line(Protocol):
    """Carries one exchange at a time."""

    @contextmanager
    def exchange(self, out: Outgoing) -> Iterator[Answered]:
        """Send, and give the answer to be read in here."""
        ...

    def close(self) -> None:
        """Give its connections back."""
        ...


@cache
def tls_context() -> ssl.SSLContext:
    """The shared TLS context (making one costs 33 ms, sharing it 0.3 ms a client); plain http goes without."""
    return httpx.create_ssl_context()


class NetworkLine:
    """A connection to each host that is called, kept for the next call; a proxy that the environment names is used.

    Args:
        tls: the context of https; the shared one unless given.
        connect_seconds: how long a connection may take.
        idle_seconds: how long nothing may come or go.
    """

    def __init__(self, tls: ssl.SSLContext | None, connect_seconds: float, idle_seconds: float) -> None:
        self._tls = tls
        times = {"connect": connect_seconds, "read": idle_seconds, "write": idle_seconds, "pool": idle_seconds}
        self._extensions = {"timeout": times}
        self._left: Callable[[], float] = lambda: math.inf
        self._ways: dict[tuple[bytes, bytes, int | None], httpcore.HTTPConnection | httpcore.HTTPProxy] = {}

    @contextmanager
    def exchange(self, out: Outgoing) -> Iterator[Answered]:
        """Send, and give the answer to be read in here."""
        url, self._left = out.url, out.left
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        way = self._way((url.raw_scheme, url.raw_host, url.port), target)
        response = way.handle_request(
            httpcore.Request(
                out.method, target, headers=_head(out), content=out.content or b"", extensions=self._extensions
            )
        )
        assert isinstance(response.stream, Iterable)
        try:
            headers: dict[str, str] = {}
            for raw_name, raw in response.headers:
                name, value = raw_name.decode("latin-1").lower(), raw.decode("latin-1")
                headers[name] = f"{headers[name]}, {value}" if name in headers else value
            yield Answered(response.status, headers, inflated(response.stream, coding(headers)))
        finally:
            response.close()

    def close(self) -> None:
        """Give its connections back."""
        for way in self._ways.values():
            way.close()
        self._ways.clear()

    def _way(
        self, origin: tuple[bytes, bytes, int | None], url: httpcore.URL
    ) -> httpcore.HTTPConnection | httpcore.HTTPProxy:
        """The connection of the last call to this host while it stands, else a new one; or the proxy to it."""
        way = self._ways.get(origin)
        if isinstance(way, httpcore.HTTPConnection):
            if way.is_available() and not way.has_expired():
                return way
            way.close()
        elif way is not None:
            return way
        proxy = "" if way is not None else _proxy(url)
        if proxy:
            self._ways[origin] = _through(proxy, self._tls or tls_context(), _Gathering(self._within))
        else:
            encrypted = url.scheme == b"https"
            self._ways[origin] = httpcore.HTTPConnection(
                url.origin,
                ssl_context=(self._tls or tls_context()) if encrypted else None,
                keepalive_expiry=KEPT_SECONDS,
                network_backend=_Gathering(self._within),
            )
        return self._ways[origin]

    def _within(self, seconds: float | None) -> float:
        """So many seconds, or what is left of the exchange under way: a vendor that drips begins no wait anew."""
        left = self._left()
        if left <= 0:
            raise httpcore.ReadTimeout("the exchange takes too long")
        return left if seconds is None else min(seconds, left)


class ReplacedLine:
    """What stands in the network's place: a simulator, a recorder; it belongs to whoever made it."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    @contextmanager
    def exchange(self, out: Outgoing) -> Iterator[Answered]:
        """Hand the request over, and give the answer to be read in here."""
        request = httpx.Request(out.method, out.url, headers=dict(out.headers), content=out.content)
        response = self._transport.handle_request(request)
        assert isinstance(response.stream, Iterable)
        try:
            headers = {name.lower(): value for name, value in response.headers.items()}
            yield Answered(response.status_code, headers, inflated(response.stream, coding(headers)))
        finally:
            response.close()

    def close(self) -> None:
        """Let the transport go."""
        self._transport.close()


@contextmanager
def errors_told(where: str, unusable: Callable[[str], ConfigError]) -> Iterator[None]:
    """Errors of either library as the hub's own.

    Raises:
        VendorUnavailable: no usable answer; whether the request left stands in it.
        ConfigError: `unusable`, for what cannot be sent in HTTP.
    """
    try:
        yield
    except _NO_CONNECTION as error:
        raise unavailable(f"no connection ({type(error).__name__})", where=where, sent=False, silent=True) from None
    except _UNUSABLE:
        raise unusable(where) from None
    except _LATE as error:
        raise unavailable(f"time-out ({type(error).__name__})", where=where, sent=True, silent=True) from None
    except _BROKE as error:
        raise unavailable(f"the exchange broke ({type(error).__name__})", where=where, sent=True, silent=True) from None


def _head(out: Outgoing) -> list[tuple[bytes, bytes]]:
    raw = [(b"host", out.url.netloc), *((name.encode(), value.encode()) for name, value in out.headers.items())]
    if out.content is not None or out.method in ("POST", "PUT", "PATCH"):
        raw.append((b"content-length", str(len(out.content or b"")).encode()))
    return raw


def _proxy(url: httpcore.URL) -> str:
    """The proxy that the environment names for this address, as for any other program."""
    named = getproxies()
    found = named.get(url.scheme.decode()) or named.get("all", "")
    # With its port, the usual one too: an entry of NO_PROXY may name one.
    return "" if not found or proxy_bypass(f"{url.host.decode()}:{url.origin.port}") else found


def _through(proxy: str, tls: ssl.SSLContext, network: httpcore.NetworkBackend) -> httpcore.HTTPProxy:
    """One connection through a proxy.

    Raises:
        ConfigError: it is none that speaks HTTP.
    """
    address = httpx.URL(proxy if "://" in proxy else f"http://{proxy}")
    if address.scheme not in ("http", "https") or not address.host:
        raise ConfigError(
            "the proxy that the environment names is not an http address",
            where="HTTPS_PROXY, HTTP_PROXY or ALL_PROXY",
            mend="Write http://host:port, or name the vendor's host in NO_PROXY",
        )
    return httpcore.HTTPProxy(
        httpcore.URL(scheme=address.raw_scheme, host=address.raw_host, port=address.port, target=b"/"),
        proxy_auth=(address.username, address.password) if address.username else None,
        ssl_context=tls, max_connections=1, keepalive_expiry=KEPT_SECONDS, network_backend=network,
    )  # fmt: skip


class _Gathering(httpcore.SyncBackend):
    """Connections on which a request leaves in one piece; `within` cuts how long each wait on them may be."""

    def __init__(self, within: Callable[[float | None], float]) -> None:
        super().__init__()
        self._within = within

    def connect_tcp(self, *args: Any, **wanted: Any) -> httpcore.NetworkStream:
        """One of them."""
        return _Gathered(super().connect_tcp(*args, **wanted), self._within)


class _Gathered(httpcore.NetworkStream):
    """Holds back what is written until an answer is wanted, or it is much."""

    def __init__(self, stream: httpcore.NetworkStream, within: Callable[[float | None], float]) -> None:
        self._stream, self._within, self._held = stream, within, b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has come; a request that could not leave whole may have been answered all the same."""
        if self._held:
            with suppress(httpcore.WriteError):
                self._flush(timeout)
        return self._stream.read(max_bytes, self._within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Hold it back, or send it with all that was held."""
        self._held += buffer
        if len(self._held) >= PIECE:
            self._flush(timeout)

    def close(self) -> None:
        """End the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same within TLS."""
        self._flush(timeout)
        return _Gathered(self._stream.start_tls(ssl_context, server_hostname, self._within(timeout)), self._within)

    def get_extra_info(self, info: str) -> Any:
        """Of the connection below."""
        return self._stream.get_extra_info(info)

    def _flush(self, timeout: float | None) -> None:
        held, self._held = self._held, b""
        if held:
            self._stream.write(held, self._within(timeout))
