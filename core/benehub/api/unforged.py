"""Refuses what another site lets a browser send: every unsafe call that comes by a cookie has to show that a page of
ours made it, by a token in the form or in a header. Calls by a bearer token need none: no browser adds those by itself.
"""

from __future__ import annotations

import hmac
from typing import Final

from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool

from benehub.api import who
from benehub.api.front import front

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
HEADER: Final = "x-csrf-token"
FIELD: Final = "csrf"

_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


async def check(request: Request) -> None:
    """Refuse an unsafe call by a cookie that no page of ours made.

    Raises:
        HTTPException: 403.
    """
    wanted = getattr(request.state, "csrf", "")
    if request.method in SAFE or not wanted:
        return
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise _forged()
    origin = request.headers.get("origin")
    if origin is not None and origin.rstrip("/") != front(request).origin(request):
        raise _forged()
    if not hmac.compare_digest(wanted.encode(), (await _sent(request)).encode()):
        raise _forged()


async def unforged(request: Request) -> None:
    """The dependency of a form that is open to who is not signed in: it is bound to the browser that asked for it.

    Raises:
        HTTPException: 403.
    """
    await run_in_threadpool(bind, request)
    if request.method not in SAFE and not getattr(request.state, "csrf", ""):
        raise _forged()
    await check(request)


def bind(request: Request) -> None:
    """Find what forms of this browser have to bring back: by its session, or by the cookie of forms."""
    if who.standing(request) is None and (secret := who.cookie(request, who.FORM)):
        request.state.csrf = who.form_token(secret)


async def _sent(request: Request) -> str:
    told = request.headers.get(HEADER)
    if told is None and request.headers.get("content-type", "").partition(";")[0].strip().casefold() in _FORMS:
        field = (await request.form()).get(FIELD)
        return field if isinstance(field, str) else ""
    return told or ""


def _forged() -> HTTPException:
    return HTTPException(403, "No page of this installation asked for that, or it stood open too long; load it again")
