"""`/e/{employer}/access`: an owner of one employer says who is what to that employer, and to no other."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response

from benehub.access import GRANTS, Caller, Permission, Role
from benehub.access import users as kept
from benehub.api.front import place
from benehub.api.guard import Needs
from benehub.flows import Hub, users
from benehub.store.schema import INSTALLATION
from benehub.web.pages import Entry, Page, page, then
from benehub.web.users import as_role

router = APIRouter(route_class=Page)

NAV = Entry("access", "access", Permission.MANAGE_ACCESS)

Manager = Annotated[Caller, Depends(Needs(Permission.MANAGE_ACCESS))]
LetsIn = Annotated[Caller, Depends(Needs(Permission.MANAGE_ACCESS, again="/e/{employer}/access"))]
Text = Annotated[str, Form(max_length=254)]


@router.get("/e/{employer}/access")
def listed(employer: str, request: Request, caller: Manager) -> Response:
    """Who has a role with the employer, and the form for another."""
    hub: Hub = request.app.state.hub
    with hub.store.read(INSTALLATION) as session:
        rows = kept.of_employer(session, employer)
    may = [role for role in Role if all(caller.may(one, employer) for one in GRANTS[role] - {Permission.SEE_SELF})]
    return page(request, caller, "access/employer.html", rows=rows, roles=may)


@router.post("/e/{employer}/access")
def let_in(
    employer: str, request: Request, caller: LetsIn, email: Text, role: Text, name: Text = "", password: Text = "",
    person: Text = "",
) -> Response:  # fmt: skip
    """Let somebody be something to the employer."""
    hub: Hub = request.app.state.hub
    users.let_in(hub, caller, employer, email, as_role(role), name, password, person.strip(), place(request))
    return then(request, "access", done="role_given")


@router.post("/e/{employer}/access/{user}/take")
def let_out(employer: str, user: str, request: Request, caller: Manager, role: Text) -> Response:
    """Take a role with the employer back."""
    users.let_out(request.app.state.hub, caller, employer, user, as_role(role), place(request))
    return then(request, "access", done="role_taken")
