"""*Closing*: what must hold before a month is signed, the signature, and the reports of signed months."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.errors import DataError
from benehub.flows import Hub
from benehub.flows.closing import close, signs
from benehub.periods import Month
from benehub.views.closing import checklist, silent
from benehub.views.signed import signed, signed_report
from benehub.views.today import working_month
from benehub.web.pages import Entry, Page, page, then

router = APIRouter(route_class=Page)
NAV = Entry("closing", "closing", Permission.SEE_MONEY)

Sees = Annotated[Caller, Depends(Needs(Permission.SEE_MONEY))]
Closes = Annotated[Caller, Depends(Needs(Permission.CLOSE_PERIOD))]


@router.get("/e/{employer}/closing")
def show(
    request: Request, employer: str, caller: Sees, month: Annotated[str, Query(max_length=7)] = ""
) -> Response:  # fmt: skip
    """The month to be closed, and those that are signed."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        at = Month.parse(month) if month else working_month(session)
        known = signed(session)
    is_signed = any(one["period"] == str(at) for one in known)
    return page(request, caller, "closing/list.html", at=at, signed=known, is_signed=is_signed)


@router.get("/e/{employer}/closing/{month}/checklist")
def check(request: Request, employer: str, month: str, caller: Sees) -> Response:
    """Every condition, looked at now; the proof of the ledger among them may take some seconds."""
    hub: Hub = request.app.state.hub
    at = Month.parse(month)
    with hub.store.read(employer) as session:
        found, quiet = checklist(session, hub.book(session), at), silent(session, at)
    template = "closing/checklist.html" if "hx-request" in request.headers else "closing/checked.html"
    return page(request, caller, template, at=at, found=found, silent=quiet)


@router.post("/e/{employer}/closing/{month}/sign")
def sign(
    request: Request, employer: str, month: str, caller: Closes, note: Annotated[str, Form(max_length=2000)] = "",
    sure: Annotated[str, Form(max_length=3)] = "",
) -> Response:  # fmt: skip
    """Sign it; a condition that does not hold is told."""
    if sure != "yes":
        raise DataError("it was not said that the month is signed for ever", mend="Tick the box")
    at = Month.parse(month)
    close(request.app.state.hub, employer, at, signs(caller), note)
    return then(request, f"closing/{at}", done="signed")


@router.get("/e/{employer}/closing/{month}")
def report(request: Request, employer: str, month: str, caller: Sees) -> Response:
    """The report as it was signed."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        data = signed_report(session, Month.parse(month))
    return page(request, caller, "closing/report.html", report=data)


@router.get("/e/{employer}/closing/{month}/report.pdf")
def paper(request: Request, employer: str, month: str, caller: Sees) -> Response:
    """The same as a PDF."""
    from benehub.views.signed_pdf import signed_pdf  # with the fonts' library, for who asks for a PDF only

    hub: Hub = request.app.state.hub
    at = Month.parse(month)
    with hub.store.read(employer) as session:
        content = signed_pdf(signed_report(session, at))
    headers = {"content-disposition": f'attachment; filename="closing-{at}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)
