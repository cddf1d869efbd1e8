"""*Today*: whether this month is right, in one look, and where to go for what is not."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.flows import Hub
from benehub.flows.deadlines import open_now
from benehub.flows.job_schedules import first_from
from benehub.periods import Month
from benehub.views.today import SOON, today, working_month
from benehub.web.pages import Entry, Page, page

router = APIRouter(route_class=Page)
NAV = Entry("today", "today", Permission.SEE_OVERVIEW)


@router.get("/e/{employer}/today")
def show(
    request: Request,
    employer: str,
    caller: Annotated[Caller, Depends(Needs(Permission.SEE_OVERVIEW))],
    month: Annotated[str, Query()] = "",
) -> Response:
    """The look at the month that is worked, or at another one."""
    hub: Hub = request.app.state.hub
    ahead = open_now(hub, employer, SOON.days)
    with hub.store.read(employer) as session:
        at = Month.parse(month) if month else working_month(session)
        found = today(session, hub.book(session), at, ahead, hub.connectors, first_from)
    return page(request, caller, "today.html", today=found)
