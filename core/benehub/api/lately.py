"""Asks again who somebody is before what lets people in is changed: a browser that was left open is not enough.

That is another password or phone, a provider to come in by, an invitation, or an API token. Programs change none of
it: a token that could make tokens would never end.
"""

from __future__ import annotations

from urllib.parse import quote

from fastapi import HTTPException, Request

from benehub.access import Caller
from benehub.access.sessions import Standing
from benehub.api import who
from benehub.api.front import front
from benehub.flows import signing_in


class Unproved(HTTPException):
    """Somebody has to show again who he is, and then comes back to `then`."""

    def __init__(self, then: str) -> None:
        super().__init__(403, "Show again that it is you: at /signin/again")
        self.then = then


def proved(request: Request, held: Standing) -> bool:
    """Whether who has a session open has shown lately who he is."""
    return signing_in.lately(request.app.state.hub, held, front(request).policy)


def check(request: Request, caller: Caller, then: str) -> None:
    """Go on where the caller has shown lately who he is. Who came neither by a session nor by a token was told from
    others by whoever embeds the application, and is his to ask.

    Raises:
        Unproved: he has not; `then` is a path with names of parameters in braces.
        HTTPException: 403, a program may not do this.
    """
    if caller.by.startswith("tok_"):
        raise HTTPException(403, "No token may change what lets people in; do it at the page")
    if not caller.by.startswith("ses_"):
        return
    held = who.standing(request)
    if held is None or not proved(request, held):  # it may have ended since it told who calls
        raise Unproved(then.format(**{name: quote(str(value), "") for name, value in request.path_params.items()}))
