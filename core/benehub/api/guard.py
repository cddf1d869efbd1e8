"""What every route says of itself: which permission it needs, or why anybody may call it.

A route takes `Needs(permission)` as a dependency, or is listed as open with the reason. The tests walk the router:
a new route that says neither fails them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import HTTPException, Request

from benehub.access import Caller, Permission

Resolve = Callable[[Request], Caller | None]
"""Who calls, from the cookie or the token of a request; None for nobody we know. It may ask the database."""

OPEN: Final[dict[str, str]] = {
    "/healthz": "a machine asks whether the process lives; it says no more than that",
    "/readyz": "a machine asks whether the process can work; it says no more than that",
    "/hooks/{employer}/{connection}": "a vendor calls; its signature is what lets it in",
    "/": "sends whoever is signed in on to an employer of his; it shows nothing to anybody else",
    "/static": "style and script of the pages, the same for everybody",
    "/scim/v2/{employer}/{path:path}": "a SCIM client calls; its own bearer token is what lets it in",
}
"""Routes that need nobody signed in, by path, each with the reason."""


def nobody(_request: Request) -> Caller | None:
    """Lets nobody in: an application that was given no way to tell who calls."""
    return None


class Needs:
    """A route's dependency: gives the caller, who may do this with the employer of the path.

    A path without `{employer}` belongs to the installation, and needs the permission everywhere.

    Raises:
        HTTPException: 401 for nobody, 403 for somebody who may not. An employer that the caller may see nothing of
            is answered as one that does not exist would be: 404.
    """

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(self, request: Request) -> Caller:
        """Who calls."""
        resolve: Resolve = request.app.state.resolve
        caller = resolve(request)
        if caller is None:
            raise HTTPException(401, "Sign in, or send a token as `Authorization: Bearer ...`")
        employer = request.path_params.get("employer")
        allowed = caller.anywhere(self.permission) if employer is None else caller.may(self.permission, employer)
        if allowed:
            return caller
        if employer is not None and not any(caller.may(one, employer) for one in Permission):
            raise HTTPException(404, f"There is no employer {employer} here")
        raise HTTPException(403, f"This needs the permission {self.permission}; an owner can give a role that has it")
