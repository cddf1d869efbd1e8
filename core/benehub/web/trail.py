"""`/e/{employer}/trail` and `/access/trail`: who saw or changed what, the newest first, and the whole to take along."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from benehub.access import Caller, Permission, audit
from benehub.api.guard import Needs
from benehub.flows import Hub
from benehub.store.schema import INSTALLATION
from benehub.web.pages import Entry, Page, page

router = APIRouter(route_class=Page)
NAV = Entry("trail", "trail", Permission.SEE_AUDIT)

Auditor = Annotated[Caller, Depends(Needs(Permission.SEE_AUDIT))]

SHOWN = 100
"""Rows on one page."""


@router.get("/e/{employer}/trail")
def of_employer(
    request: Request, employer: str, caller: Auditor, who: str = "", ref: str = "", after: int = 0
) -> Response:  # fmt: skip
    """The trail of an employer."""
    return _page(request, caller, employer, who, ref, after)


@router.get("/e/{employer}/trail/export")
def export_of_employer(request: Request, employer: str, caller: Auditor) -> Response:
    """All of it, as CSV."""
    return _export(request, employer, employer)


@router.get("/access/trail")
def of_installation(request: Request, caller: Auditor, who: str = "", ref: str = "", after: int = 0) -> Response:
    """The trail of the installation: sign-ins, users, tokens."""
    return _page(request, caller, INSTALLATION, who, ref, after)


@router.get("/access/trail/export")
def export_of_installation(request: Request, caller: Auditor) -> Response:
    """All of it, as CSV."""
    return _export(request, INSTALLATION, "installation")


def _page(request: Request, caller: Caller, trail: str, who: str, ref: str, after: int) -> Response:
    hub: Hub = request.app.state.hub
    with hub.store.read(trail) as session:
        rows, further = audit.searched(session, after, SHOWN, who.strip(), ref.strip())
    return page(request, caller, "access/trail.html", rows=rows, who=who, ref=ref, after=after,
                further=further, looked=audit.LOOKED, whole=trail == INSTALLATION)  # fmt: skip


def _export(request: Request, trail: str, name: str) -> Response:
    hub: Hub = request.app.state.hub
    lines = audit.csv_lines(audit.streamed(lambda: hub.store.read(trail)))
    head = {"content-disposition": f'attachment; filename="trail-{name}.csv"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=head)
