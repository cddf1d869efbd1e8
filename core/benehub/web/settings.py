"""`/e/{employer}/settings`: what decides when benehub stops and asks, whom it tells, and where each setting stands."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.flows import Hub
from benehub.views.connected import listed
from benehub.views.notices import KINDS
from benehub.web.pages import Entry, Page, page

router = APIRouter(route_class=Page)

NAV = Entry("settings", "settings", Permission.SEE_OVERVIEW)


@router.get("/e/{employer}/settings")
def shown(
    employer: str, request: Request, caller: Annotated[Caller, Depends(Needs(Permission.SEE_OVERVIEW))]
) -> Response:
    """The settings in force; all of them stand in the plan book."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        book = hub.book(session)
        known = {one.name for one in listed(session)}
    guards = book.guards.model_dump()
    pushes = {name: part.model_dump() for name, part in book.guards.pushes.items()}
    roles = [(role, who, who in known) for role, who in book.roles.model_dump().items() if who]
    return page(request, caller, "settings.html", book=book, guards=guards, pushes=pushes, roles=roles,
                notices=list(KINDS))  # fmt: skip
