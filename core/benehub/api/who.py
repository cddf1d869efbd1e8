"""Who calls: from the bearer token of a program, or from the cookie of a browser. Never from both.

The cookie holds a random secret and no meaning. Over https it is named `__Host-...`: only this very host may set it,
only over https, and it goes to no other. `request.state.csrf` is what a form has to bring back.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from benehub.access import Caller
from benehub.access.sessions import Standing
from benehub.api.front import front
from benehub.flows import Hub
from benehub.flows.callers import by_session, by_token

SESSION: Final = "benehub"
FORM: Final = "benehub-form"
"""The cookie that binds the forms of somebody not signed in yet to his browser."""


def resolve(request: Request) -> Caller | None:
    """Who calls; None for nobody we know, or somebody whose sign-in is not whole."""
    hub: Hub = request.app.state.hub
    given = request.headers.get("authorization")
    if given is not None:
        kind, _, token = given.partition(" ")
        return by_token(hub, token.strip()) if kind.casefold() == "bearer" else None
    found = _session(request)
    return found[1] if found is not None else None


def standing(request: Request) -> Standing | None:
    """The session of the browser, whatever is still to be done before it opens anything."""
    found = _session(request)
    return found[0] if found is not None else None


def _session(request: Request) -> tuple[Standing, Caller | None] | None:
    secret = cookie(request, SESSION)
    if not secret:
        return None
    found = by_session(request.app.state.hub, secret, front(request).policy.lifetimes)
    if found is not None:
        request.state.csrf = form_token(secret)
    return found


def form_token(secret: str) -> str:
    """What a form brings back to show that it is ours: it follows from the cookie's secret, and tells nothing of it."""
    return hmac.new(secret.encode(), b"benehub form", hashlib.sha256).hexdigest()


def cookie(request: Request, name: str) -> str:
    """What a cookie of ours holds."""
    return request.cookies.get(_named(request, name), "")


def set_cookie(response: Response, request: Request, name: str, value: str, seconds: int | None = None) -> None:
    """Set a cookie of ours: for this host alone, out of reach of scripts, and not sent with what other sites post."""
    response.set_cookie(
        _named(request, name), value, max_age=seconds, path="/", httponly=True,
        secure=front(request).secure(request), samesite="lax",
    )  # fmt: skip


def drop_cookie(response: Response, request: Request, name: str) -> None:
    """Take a cookie of ours back."""
    set_cookie(response, request, name, "", 0)


def fresh() -> str:
    """A secret for a cookie."""
    return secrets.token_urlsafe(32)


def _named(request: Request, name: str) -> str:
    return f"__Host-{name}" if front(request).secure(request) else name
