"""`/access`: who may sign in, and what each may do to which employer. It belongs to the installation, as users do."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from benehub.access import Caller, Permission, Role, identities
from benehub.access import users as kept
from benehub.api.front import front, place
from benehub.api.guard import Needs
from benehub.errors import DataError
from benehub.flows import Hub, users
from benehub.flows.providers import leading
from benehub.store.schema import INSTALLATION
from benehub.views.employers import employers
from benehub.web.pages import Page, address, page

router = APIRouter(route_class=Page)

Manager = Annotated[Caller, Depends(Needs(Permission.MANAGE_ACCESS))]
Adds = Annotated[Caller, Depends(Needs(Permission.MANAGE_ACCESS, again="/access"))]
Changes = Annotated[Caller, Depends(Needs(Permission.MANAGE_ACCESS, again="/access/users/{user}"))]
"""Who lets somebody in, or in by another way, has shown lately who he is."""
Text = Annotated[str, Form(max_length=254)]

SHOWN = 100
"""Users on one page of the list."""


@router.get("/access")
def listed(request: Request, caller: Manager, find: str = "", after: str = "") -> Response:
    """All users by address, and the form for another."""
    hub: Hub = request.app.state.hub
    with hub.store.read(INSTALLATION) as session:
        rows = kept.listed(session, find, after, SHOWN + 1)
    further = rows[SHOWN - 1]["email"] if len(rows) > SHOWN else ""
    return page(request, caller, "access/users.html", rows=rows[:SHOWN], find=find, after=after, further=further,
                names=_names(hub), providers=_labels(request))  # fmt: skip


@router.post("/access/users")
def added(
    request: Request, caller: Adds, email: Text, name: Text, password: Text = "", provider: Text = ""
) -> Response:  # fmt: skip
    """Another user; on to him, to say what he may do."""
    user = users.add(request.app.state.hub, caller, email, name, password, place(request))
    if provider:
        users.invite(request.app.state.hub, caller, user, _known(request, provider), place(request))
    return _to(user, "user_added")


@router.get("/access/users/{user}")
def one(request: Request, caller: Manager, user: str) -> Response:
    """One user: roles, how he signs in, and what can be done about it."""
    hub: Hub = request.app.state.hub
    with hub.store.read(INSTALLATION) as session:
        row = kept.get(session, user)
        found = next(one for one in kept.listed(session, row.email) if one["user"] == row.user_id)
        invited, issuers = identities.invited(session, row.user_id), identities.linked(session, row.user_id)
    known = front(request).providers
    comes = [known[name].label for name in leading(issuers, known)]
    roles = [tuple(role.split("@", 1)) for role in found["roles"]]
    return page(request, caller, "access/user.html", one=found, held=roles, names=_names(hub), roles=list(Role),
                comes=comes, invited=invited, providers=_labels(request))  # fmt: skip


@router.post("/access/users/{user}/give")
def given(
    request: Request, caller: Changes, user: str, role: Text, role_for: Text, person: Text = ""
) -> Response:  # fmt: skip
    """Let him be something to an employer."""
    users.give(request.app.state.hub, caller, user, as_role(role), role_for, person.strip(), place(request))
    return _to(user, "role_given")


@router.post("/access/users/{user}/take")
def taken(request: Request, caller: Manager, user: str, role: Text, role_for: Text) -> Response:
    """Take a role back."""
    users.take(request.app.state.hub, caller, user, as_role(role), role_for, place(request))
    return _to(user, "role_taken")


@router.post("/access/users/{user}/disable")
def disabled(request: Request, caller: Manager, user: str) -> Response:
    """Let him in no more."""
    users.disable(request.app.state.hub, caller, user, place=place(request))
    return _to(user, "disabled")


@router.post("/access/users/{user}/enable")
def enabled(request: Request, caller: Changes, user: str) -> Response:
    """Let him in again."""
    users.disable(request.app.state.hub, caller, user, undo=True, place=place(request))
    return _to(user, "enabled")


@router.post("/access/users/{user}/reset")
def reset(request: Request, caller: Changes, user: str, password: Text = "", factor: Text = "") -> Response:
    """Another password, or no second factor until he enrols a phone anew."""
    users.reset(request.app.state.hub, caller, user, password, factor == "yes", place(request))
    return _to(user, "reset")


@router.post("/access/users/{user}/invite")
def invited(request: Request, caller: Changes, user: str, provider: Text) -> Response:
    """Let him come in by a provider."""
    users.invite(request.app.state.hub, caller, user, _known(request, provider), place(request))
    return _to(user, "invited")


def _to(user: str, done: str) -> RedirectResponse:
    return RedirectResponse(address(f"/access/users/{user}", done=done), 303)


def as_role(name: str) -> Role:
    """The role of a name.

    Raises:
        DataError: there is none.
    """
    if name not in list(Role):
        raise DataError(f"there is no role {name[:20]!r}", where="role", mend=f"Roles: {', '.join(Role)}")
    return Role(name)


def _labels(request: Request) -> dict[str, str]:
    """What a provider of the settings is called, by its name there."""
    return {name: one.label for name, one in front(request).providers.items()}


def _known(request: Request, provider: str) -> str:
    if provider not in front(request).providers:
        raise DataError("there is no such sign-in provider", where="provider", mend="Name one of the setting oidc")
    return provider


def _names(hub: Hub) -> dict[str, Any]:
    """What an employer is called, by id."""
    return {row.employer_id: row.name for row in employers(hub.store)}
