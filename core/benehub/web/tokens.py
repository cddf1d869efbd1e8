"""`/access/tokens`: keys of programs that call the API. A token is shown once, on the page that answers its making."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from benehub.access import Caller, Permission, tokens
from benehub.api.front import place
from benehub.api.guard import Needs
from benehub.errors import DataError
from benehub.flows import Hub, users
from benehub.store.schema import INSTALLATION
from benehub.web.pages import Page, address, page

router = APIRouter(route_class=Page)

Manager = Annotated[Caller, Depends(Needs(Permission.MANAGE_ACCESS))]
Adds = Annotated[Caller, Depends(Needs(Permission.MANAGE_ACCESS, again="/access/tokens"))]
Text = Annotated[str, Form(max_length=254)]


@router.get("/access/tokens")
def listed(request: Request, caller: Manager) -> Response:
    """All tokens, the newest first, and the form for another."""
    return _page(request, caller)


@router.post("/access/tokens")
def added(
    request: Request, caller: Adds, user: Text, label: Text, days: Annotated[int, Form()],
    scope: Annotated[list[str] | None, Form()] = None,
) -> Response:  # fmt: skip
    """Another token, shown this once."""
    wanted = scope or []
    unknown = sorted(set(wanted) - set(Permission))
    if unknown:
        raise DataError(
            f"there is no scope {unknown[0][:30]!r}", where="scope", mend=f"Scopes: {', '.join(Permission)}"
        )
    scopes = [Permission(one) for one in wanted]
    _, token = users.add_token(request.app.state.hub, caller, user.strip(), label, scopes, days, place(request))
    return _page(request, caller, token, 201)


@router.post("/access/tokens/{token}/revoke")
def revoked(request: Request, caller: Manager, token: str) -> Response:
    """End a token at once."""
    users.revoke_token(request.app.state.hub, caller, token, place(request))
    return RedirectResponse(address("/access/tokens", done="revoked"), 303)


def _page(request: Request, caller: Caller, token: str = "", status: int = 200) -> Response:
    hub: Hub = request.app.state.hub
    with hub.store.read(INSTALLATION) as session:
        rows = tokens.listed(session)
    return page(request, caller, "access/tokens.html", status=status, rows=rows, token=token, most=tokens.MAX_DAYS,
                scopes=list(Permission))  # fmt: skip
