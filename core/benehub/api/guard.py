"""What every route says of itself: which permission it needs, or why anybody may call it.

A route takes `Needs(permission)` as a dependency, or is listed as open with the reason. The tests walk the router:
a new route that says neither fails them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool

from benehub.access import Caller, Permission
from benehub.api import lately, unforged
from benehub.api.front import place
from benehub.api.trail import Act
from benehub.store.schema import INSTALLATION

Resolve = Callable[[Request], Caller | None]
"""Who calls, from the cookie or the token of a request; None for nobody we know. It may ask the database."""

OPEN: Final[dict[str, str]] = {
    "/healthz": "a machine asks whether the process lives; it says no more than that",
    "/readyz": "a machine asks whether the process can work; it says no more than that",
    "/metrics": "a monitor asks; the token of the setting metrics_token lets it in, or that it is on this machine",
    "/hooks/{employer}/{connection}": "a vendor calls; its signature is what lets it in",
    "/api/v1/openapi.json": "it says what may be called, and holds nothing of anybody",
    "/": "sends whoever is signed in on to an employer of his; it shows nothing to anybody else",
    "/static": "style and script of the pages, the same for everybody",
    "/scim/v2/{employer}/{path:path}": "a SCIM client calls; its own bearer token is what lets it in",
    "/signin": "nobody is signed in before it",
    "/signin/code": "the first step's session is what lets it in, and no further",
    "/signin/enrol": "the session is what lets it in: it is about oneself",
    "/signin/again": "the session is what lets it in: it is about oneself",
    "/signin/password": "the session is what lets it in: it is about oneself",
    "/signin/providers": "the session is what lets it in: it is about oneself",
    "/signin/providers/{provider}": "the session is what lets it in: it is about oneself",
    "/signout": "it ends the session that comes with it",
    "/signin/by/{provider}": "it leads to a provider that the settings name",
    "/signin/by/{provider}/back": "a provider's signed word is what lets it in",
}
"""Routes that need nobody signed in, by path, each with the reason."""

UNNOTED: Final = frozenset(
    {Permission.SEE_OVERVIEW, Permission.SEE_MONEY, Permission.SEE_CONNECTIONS, Permission.SEE_SELF}
)
"""Permissions whose reads name nobody else and stand in no trail; a route that does name people says so."""


def nobody(_request: Request) -> Caller | None:
    """Lets nobody in: an application that was given no way to tell who calls."""
    return None


class Needs:
    """A route's dependency: gives the caller, who may do this with the employer of the path.

    A path without `{employer}` belongs to the installation, and needs the permission everywhere. What shows people or
    the trail, and whatever changes something, stands in the audit trail; a refusal of somebody signed in too. An
    unsafe call by a cookie has to come from a page of ours.

    Args:
        permission: what the caller has to have.
        of_people: the route names people, though its permission is about money or counts.
        somewhere: the path belongs to no employer, and the route tells only of those with which the caller may do it.
        again: the route changes what lets somebody in: the caller has to have shown lately who he is. It is the page
            that he comes back to, with names of the path's parameters.

    Raises:
        HTTPException: 401 for nobody, 403 for somebody who may not. An employer that the caller may see nothing of
            is answered as one that does not exist would be: 404.
    """

    def __init__(
        self, permission: Permission, of_people: bool = False, somewhere: bool = False, again: str = ""
    ) -> None:  # fmt: skip
        self.permission, self.somewhere, self.again = permission, somewhere, again
        self.noted = of_people or permission not in UNNOTED

    async def __call__(self, request: Request) -> Caller:
        """Who calls."""
        resolve: Resolve = request.app.state.resolve
        caller = await run_in_threadpool(resolve, request)
        if caller is None:
            told = "Sign in, or send a token as `Authorization: Bearer ...`"
            raise HTTPException(401, told, {"www-authenticate": "Bearer"})
        await self._counted(request, caller)
        employer = request.path_params.get("employer")
        allowed = self._allows(caller, employer)
        seen = employer is None or (employer != INSTALLATION and any(caller.may(one, employer) for one in Permission))
        if not allowed and seen and employer is not None:
            allowed = await self._instead(request, caller, employer)
        act = self._act(request, caller, str(employer) if employer is not None and seen else INSTALLATION)
        unsafe = request.method not in unforged.SAFE
        if unsafe or not allowed or self.noted:
            request.state.act = act
        if allowed:
            await unforged.check(request)
            if self.again:
                await self._proved(request, caller, act)
            if unsafe:
                await run_in_threadpool(act.asked)
            return caller
        if not seen:
            act.refs = [str(employer)[:40]]
            raise HTTPException(404, f"There is no employer {employer} here")
        raise HTTPException(403, f"This needs the permission {self.permission}; an owner can give a role that has it")

    async def _counted(self, request: Request, caller: Caller) -> None:
        """Somebody we know has called: before he is refused or anything of it is written."""

    async def _instead(self, request: Request, caller: Caller, employer: str) -> bool:
        """Whether somebody without the permission may do it all the same, since it is his own."""
        return False

    async def _proved(self, request: Request, caller: Caller, act: Act) -> None:
        try:
            await run_in_threadpool(lately.check, request, caller, self.again)
        except lately.Unproved:
            act.unproved = True
            raise

    def _allows(self, caller: Caller, employer: str | None) -> bool:
        if employer is None:
            return caller.somewhere(self.permission) if self.somewhere else caller.anywhere(self.permission)
        # The mark of all employers is the name of none.
        return employer != INSTALLATION and caller.may(self.permission, employer)

    def _act(self, request: Request, caller: Caller, trail: str) -> Act:
        refs = [str(value)[:80] for name, value in request.path_params.items() if name != "employer"]
        action = f"{request.method} {_template(request)}"
        return Act(request.app.state.hub, trail, caller, action, self.permission.value, place(request), refs)


def _template(request: Request) -> str:
    """The path with the names of its parameters in place of their values; a router within others knows a part only."""
    path = str(request.scope["path"])
    for name, value in request.path_params.items():
        before, found, after = f"{path}/".rpartition(f"/{value}/")
        path = f"{before}/{{{name}}}/{after}".rstrip("/") if found else path
    return path
