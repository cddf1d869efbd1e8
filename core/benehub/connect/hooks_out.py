"""Sends a webhook of ours to an address that a caller has named: only where that is safe, once, and without patience.

Whoever may name an address must not reach by it what he could not reach himself. So a target is https, every address
its name stands for is public, and the one that was looked at is the one that is called: a name that changes its answer
in between changes nothing. What an installation's settings allow by name may lie inside, and be plain http.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from benehub.connect.http import tls_context
from benehub.errors import DataError

SECONDS = 10.0
"""How long a receiver may take to answer, and how long until his next byte: then the line is cut."""

Resolve = Callable[[str, int], Sequence[str]]
"""(host, port) -> the addresses it stands for."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a webhook goes."""

    scheme: str
    host: str
    port: int
    path: str
    address: str
    """The address that was looked at."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said; status 0 where nothing came."""

    status: int
    reason: str

    @property
    def taken(self) -> bool:
        """Whether he has it."""
        return 200 <= self.status < 300


def addresses_of(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as this machine resolves it; none where there is no such name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def target(url: str, allowed: Collection[str] = (), resolve: Resolve = addresses_of) -> Target:
    """Where an address leads, if it may be called.

    Args:
        url: https://HOST[:PORT]/PATH, without a user and without a fragment.
        allowed: hosts, or HOST:PORT, that may lie inside and be plain http.
        resolve: what a name stands for.

    Raises:
        DataError: it is no such address, its name stands for nothing, or it leads inside.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise _no_target("it is no address") from None
    free = host in allowed or f"{host}:{port}" in allowed
    if parts.scheme != "https" and not (free and parts.scheme == "http"):
        raise _no_target("it is not https")
    if not host or "@" in parts.netloc or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        raise _no_target("it is no plain address")
    found = resolve(host, port)
    if not found:
        raise _no_target("its name stands for nothing")
    if not free and not all(map(public, found)):
        raise _no_target("it leads inside")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path, found[0])


def public(text: str) -> bool:
    """Whether an address belongs to the public network, also where another one is wrapped in it."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return public(str(address.ipv4_mapped))
        wrapped = address in ipaddress.ip_network("64:ff9b::/96") or address in ipaddress.ip_network("2002::/16")
        if wrapped or address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def post(where: Target, headers: Mapping[str, str], body: bytes, seconds: float = SECONDS) -> Answer:
    """Send it; the answer's status is all that is looked at, and a redirection is none.

    The name stands in the call and is what the certificate has to show; the line goes to the address looked at.
    """
    shown = f"[{where.address}]" if ":" in where.address else where.address
    usual = where.port == (443 if where.scheme == "https" else 80)
    named = where.host if usual else f"{where.host}:{where.port}"
    client = httpx.Client(
        transport=httpx.HTTPTransport(verify=tls_context(), retries=0), timeout=seconds, follow_redirects=False
    )
    try:
        with client, _cut(client, seconds), client.stream(
            "POST", f"{where.scheme}://{shown}:{where.port}{where.path}", content=body,
            headers={**headers, "host": named, "user-agent": "benehub", "content-type": "application/json"},
            extensions={"sni_hostname": where.host},
        ) as answer:  # fmt: skip
            return Answer(answer.status_code, f"status {answer.status_code}")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, RuntimeError) as error:
        return Answer(0, f"no answer ({type(error).__name__})")


@contextmanager
def _cut(client: httpx.Client, seconds: float) -> Iterator[None]:
    """Close the client after so long: a timeout alone begins anew with every byte that trickles in."""
    timer = threading.Timer(seconds, client.close)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _no_target(what: str) -> DataError:
    return DataError(f"a webhook cannot be sent there: {what}", where="webhook address",
                     mend="Name a public https address, or let the setting webhook_hosts allow the host")  # fmt: skip
