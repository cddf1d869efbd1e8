"""The words between a connector and the transport: a request to send, a response that came back.

They are frozen values without I/O, so a connector's write is tested without a network, and the request of a
dispatch can be stored before its first attempt. Bodies, headers and query strings stay out of `repr`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from benehub.connect import jsontext
from benehub.crypto import mask
from benehub.errors import DataError

Pairs = tuple[tuple[str, str], ...]
"""Ordered names and values; a name may come twice."""

_READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST"})


@dataclass(frozen=True, slots=True)
class Request:
    """One call to a vendor.

    Args:
        method: HTTP method in capitals.
        path: starts with `/` and follows the base address; or a whole address on the same host, as a vendor's
            "next page" link is. Make it with `path()` where it holds ids.
        query: query parameters in order.
        headers: headers beyond those of the client and its credentials.
        body: the already serialised text, or None.
        content_type: of the body.
        write: whether it may change something at the vendor's. True unless said otherwise: a forgotten flag
            then costs a retry, not a double deduction. A search by POST says False.
        idempotency_key: sent in `idempotency_header` when not empty.
        accept: statuses from 400 on that the connector reads itself instead of getting an error (404, 409).
        expect_json: whether a body that is no JSON is an error.
        bucket: the name of the limiter to count against; empty for the account's general one.
    """

    method: str
    path: str
    query: Pairs = field(default=(), repr=False)
    headers: Pairs = field(default=(), repr=False)
    body: str | None = field(default=None, repr=False)
    content_type: str = "application/json"
    write: bool = True
    idempotency_key: str = ""
    idempotency_header: str = "Idempotency-Key"
    accept: tuple[int, ...] = ()
    expect_json: bool = True
    bucket: str = ""

    def __post_init__(self) -> None:
        if not self.write and self.method not in _READ_METHODS:
            raise ValueError(f"{self.method} is a write")

    @property
    def place(self) -> str:
        """Method and path for messages: masked, without host, query or fragment."""
        return _place(self.method, self.path)


@lru_cache(maxsize=128)
def _place(method: str, path: str) -> str:
    """Asked for several times a call."""
    bare = re.sub(r"^https?://[^/]*", "", path)
    return f"{method} {mask(re.split(r'[?#]', bare)[0])}"


def read(
    path: str, query: Mapping[str, str] | Pairs = (), *, accept: tuple[int, ...] = (), bucket: str = ""
) -> Request:
    """A GET."""
    return Request("GET", path, query=_pairs(query), write=False, accept=accept, bucket=bucket)


def search(path: str, body: Any, query: Mapping[str, str] | Pairs = (), *, bucket: str = "") -> Request:
    """A read that the vendor wants as a POST with a JSON body."""
    return Request("POST", path, query=_pairs(query), body=jsontext.dump(body), write=False, bucket=bucket)


def change(
    method: str,
    path: str,
    body: Any = None,
    *,
    idempotency_key: str = "",
    accept: tuple[int, ...] = (),
    bucket: str = "",
) -> Request:
    """A write with a JSON body (none when `body` is None)."""
    text = None if body is None else jsontext.dump(body)
    return Request(method, path, body=text, idempotency_key=idempotency_key, accept=accept, bucket=bucket)


def path(template: str, **values: str | int) -> str:
    """A path with its ids filled in and quoted: `path("/v1/employees/{id}", id="a/b")`.

    Raises:
        DataError: an id is empty, `.` or `..`: it would name another resource.
    """
    quoted = {}
    for name, value in values.items():
        text = str(value)
        if text.strip() in ("", ".", ".."):
            raise DataError(f"no usable {name} for {template}", mend="Map the record to the vendor's id first")
        quoted[name] = quote(text, safe="")
    return template.format(**quoted)


@dataclass(frozen=True, slots=True)
class Response:
    """What a vendor answered, whole.

    Args:
        status: HTTP status.
        headers: names in lower case.
        body: bytes as received, decompressed.
        data: the parsed JSON body where the request expected JSON; None for an empty body.
        place: method and path of the request, for messages.
        attempts: how many times it was sent.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    data: Any = field(default=None, repr=False)
    place: str = ""
    attempts: int = 1

    @classmethod
    def of(cls, status: int, body: str | bytes = b"", headers: Mapping[str, str] | None = None) -> Response:
        """A response as the client would give it, for proving a connector's `receipt`."""
        raw = body.encode() if isinstance(body, str) else body
        low = {name.lower(): value for name, value in (headers or {}).items()}
        return cls(status, low, raw, jsontext.parse(raw) if raw.strip() else None)

    def header(self, name: str) -> str:
        """A header's value, or an empty text."""
        return self.headers.get(name.lower(), "")

    def json(self) -> Any:
        """The parsed body; numbers as in `jsontext`.

        Raises:
            DataError: the body is no JSON (only where the request did not expect JSON).
        """
        if self.data is not None or not self.body.strip():
            return self.data
        try:
            return jsontext.parse(self.body)
        except ValueError as error:
            raise DataError(f"the answer is no JSON: {error}", where=self.place) from None


def _pairs(query: Mapping[str, str] | Pairs) -> Pairs:
    if isinstance(query, Mapping):
        return tuple(query.items())
    return query
