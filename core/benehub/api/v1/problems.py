"""What a caller hears when something is wrong: problem+json (RFC 9457), by the kind of the error, never a value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from fastapi import Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from benehub.api.v1.models import Fault, Kind, Problem
from benehub.crypto import mask
from benehub.errors import (
    BenehubError,
    ChangedMeanwhile,
    ConfigError,
    ConflictError,
    DataError,
    FatalError,
    IgnorableError,
    IntegrityError,
    NeedsPersonError,
    RateLimited,
    RetriableError,
)

MEDIA: Final = "application/problem+json"
BASE: Final = "/api/v1"
WAIT: Final = 5
"""Seconds after which what may succeed later is worth another try."""

STATUS: Final[tuple[tuple[type[BenehubError], int, Kind], ...]] = (
    (ChangedMeanwhile, 412, "needs_person"),
    (NeedsPersonError, 409, "needs_person"),
    (ConflictError, 409, "fatal"),
    (IntegrityError, 500, "fatal"),
    (FatalError, 409, "fatal"),
    (RetriableError, 503, "retriable"),
    (IgnorableError, 422, "ignorable"),
    (DataError, 422, "data"),
)
"""Status and kind of the hub's errors, the narrower class first."""


MENDS: Final = {
    400: f"Send JSON as {BASE}/openapi.json describes it",
    401: "Send an API token: Authorization: Bearer bhb_...",
    403: "Ask an owner for a role that has the permission, or use a token with that scope",
    404: "List what there is, and name one of those",
    405: "Use one of the methods that `Allow` names",
    408: "Send the whole body at once",
    413: "Send less at a time",
    415: "Send the file's bytes as they are, as application/octet-stream",
    429: "Wait for as many seconds as `Retry-After` says",
    503: "Send the same again after as many seconds as `Retry-After` says",
}
"""What to do about a refusal that says nothing of its own, by status."""


class Refused(Exception):
    """A request that is refused by the front itself."""

    def __init__(self, status: int, what: str, mend: str = "", kind: Kind = "request", wait: int = 0) -> None:
        super().__init__(what)
        self.status, self.what, self.mend, self.wait = status, what, mend, wait
        self.kind: Kind = kind


@contextmanager
def named() -> Iterator[None]:
    """What the hub does not know within is a thing of the address: 404."""
    try:
        yield
    except (DataError, ConfigError) as error:
        raise Refused(404, mask(error.what), mask(error.mend)) from None


@contextmanager
def given() -> Iterator[None]:
    """What does not fit within was given by the caller, also where the hub takes it for its configuration: 422."""
    try:
        yield
    except ConfigError as error:
        raise DataError(error.what, where=error.where, mend=error.mend) from None


def told(error: Exception) -> Response:
    """The answer to an error.

    Raises:
        Exception: the error itself, where it is none that a caller is told of.
    """
    match error:
        case Refused():
            headers = {"retry-after": str(error.wait)} if error.wait else {}
            return answer(error.status, error.what, error.kind, headers, mend=error.mend)
        case RequestValidationError():
            faults = [Fault(place=_place(one["loc"]), what=_what(one)) for one in error.errors()[:50]]
            return answer(422, "the request does not fit its description", "request", errors=faults,
                          mend=f"See {BASE}/openapi.json")  # fmt: skip
        case HTTPException():
            kind: Kind = "access" if error.status_code in (401, 403) else "request"
            return answer(error.status_code, str(error.detail), kind, error.headers)
        case BenehubError():
            return _of_hub(error)
    raise error


def _of_hub(error: BenehubError) -> Response:
    status: int
    kind: Kind
    status, kind = next((status, kind) for one, status, kind in STATUS if isinstance(error, one))
    headers, more = dict[str, str](), dict[str, Any]()
    if isinstance(error, RateLimited) and error.retry_after:
        headers["retry-after"] = str(error.retry_after)
    elif status == 503:
        headers["retry-after"] = str(WAIT)
    if isinstance(error, ChangedMeanwhile):
        more["changed"] = list(error.changed)
    return answer(status, mask(error.what), kind, headers, where=mask(error.where), mend=mask(error.mend), **more)


def answer(status: int, detail: str, kind: Kind, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """A problem as an answer."""
    title = HTTPStatus(status).phrase
    more["mend"] = more.get("mend") or MENDS.get(status, f"See {BASE}/openapi.json")
    problem = Problem(type=f"urn:benehub:problem:{kind}", title=title, status=status, detail=detail, kind=kind, **more)
    sent = dict(headers or {})
    if status == 401:
        sent.setdefault("www-authenticate", "Bearer")
    return Response(problem.model_dump_json(), status, headers=sent, media_type=MEDIA)


def _place(loc: tuple[Any, ...]) -> str:
    return ".".join(str(one) for one in loc)[:120]


def _what(fault: Mapping[str, Any]) -> str:
    """The fault without the value: pydantic's own texts repeat none, a validator's of ours might."""
    return mask(str(fault["msg"]))[:300]


class Problems:
    """Makes a problem of every other error under `/api/v1`: no such address, no such method, a body too large."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        if scope["type"] != "http" or not str(scope["path"]).startswith(f"{BASE}/"):
            await self._app(scope, receive, send)
            return
        begun: Message | None = None
        parts: list[bytes] = []

        async def spoken(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start" and message["status"] >= 400:
                kind = MutableHeaders(raw=list(message["headers"])).get("content-type", "")
                if not kind.startswith(MEDIA):
                    begun = message
                    return
            if begun is None:
                await send(message)
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                told = _anew(begun, b"".join(parts))
                if begun["status"] == 405:
                    told.headers["allow"] = ", ".join(sorted(_methods(scope)))
                await told(scope, receive, send)

        await self._app(scope, receive, spoken)


def _methods(scope: Scope) -> set[str]:
    """All methods of an address: whoever routed the call names those of the first route that fits it."""
    found: set[str] = set()
    for one in iter_route_contexts(scope["app"].routes):
        if one.methods and one.path_regex.match(scope["path"]):
            found |= one.methods
    return found


def _anew(begun: Message, body: bytes) -> Response:
    status = int(begun["status"])
    kept = ("allow", "retry-after", "www-authenticate", "connection")
    headers = {name.decode(): value.decode() for name, value in begun["headers"] if name.decode() in kept}
    kind: Kind = "retriable" if status >= 500 else "access" if status in (401, 403) else "request"
    return answer(status, _detail(body) or HTTPStatus(status).phrase, kind, headers)


def _detail(body: bytes) -> str:
    try:
        found = json.loads(body)["detail"]
    except (ValueError, KeyError, TypeError):
        return ""
    return mask(found)[:500] if isinstance(found, str) else ""
