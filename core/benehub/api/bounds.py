"""Bounds on what a caller may send: so many bytes, within so many seconds. It stands before every route.

A table that somebody uploads by hand may be larger than anything else, and lies on disk while it comes: that much is
taken from somebody only who may upload to that employer.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from benehub.access import Permission
from benehub.connect.webhooks import MAX_BODY

BODY_SECONDS = 30
"""How long a body may take to come."""
UPLOAD_SECONDS = 600
"""How long a table may take."""
_UPLOAD: Final = re.compile(r"/(?:e/([^/]+)/import|api/v1/employers/([^/]+)/imports)")
"""Where a table is uploaded: by a form of the page, or by a program."""
_FORM: Final = 64 * 1024
"""Bytes of a form beside the table in it."""
_PART: Final = 64 * 1024


class _TooLarge(Exception):
    """More bytes than are taken."""


class Bounded:
    """Refuses a body that is too large (413) or too slow (408), without having read it whole."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, its body read and bounded."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most, seconds = MAX_BODY, BODY_SECONDS
        if scope["method"] == "POST" and _UPLOAD.fullmatch(scope["path"]) and _may_be_more(scope):
            most, seconds = await run_in_threadpool(_of_table, scope), UPLOAD_SECONDS
        with closing(SpooledTemporaryFile(max_size=MAX_BODY)) as kept:  # `closing` ends it
            try:
                async with asyncio.timeout(seconds):
                    whole = await _read(scope, receive, kept, most)
            except _TooLarge:
                await _refuse(send, 413)
                return
            except TimeoutError:
                await _refuse(send, 408)
                return
            if whole:  # else the caller has hung up
                await self._app(scope, _again(kept, receive), send)


def _of_table(scope: Scope) -> int:
    """How many bytes this caller may upload there."""
    found, state = _UPLOAD.fullmatch(scope["path"]), scope["app"].state
    caller = state.resolve(Request(scope))
    if found is None or caller is None or not caller.may(Permission.EDIT_PEOPLE, found[1] or found[2]):
        return MAX_BODY
    return int(state.front.upload_bytes) + _FORM


def _may_be_more(scope: Scope) -> bool:
    """Whether a body is larger than others may be, or does not say how large it is: sent in chunks."""
    declared = _declared(scope)
    return declared is None or declared > MAX_BODY


def _declared(scope: Scope) -> int | None:
    told = dict(scope["headers"]).get(b"content-length", b"")
    return int(told) if told.isdigit() else None


async def _read(scope: Scope, receive: Receive, into: IO[bytes], most: int) -> bool:
    """Take a body; False where the caller has hung up."""
    if (_declared(scope) or 0) > most:
        raise _TooLarge
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return False
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise _TooLarge
        into.write(part)
        more = message.get("more_body", False)
    into.seek(0)
    return True


def _again(kept: IO[bytes], receive: Receive) -> Receive:
    """The body once more, part by part; then whatever the server tells."""
    parts = _parts(kept)

    async def told() -> Message:
        found = next(parts, None)
        return await receive() if found is None else found

    return told


def _parts(kept: IO[bytes]) -> Iterator[dict[str, Any]]:
    part = kept.read(_PART)
    while True:
        following = kept.read(_PART)
        yield {"type": "http.request", "body": part, "more_body": bool(following)}
        if not following:
            return
        part = following


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-length", b"0"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
