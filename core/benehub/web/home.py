"""`/`: sends somebody to the employer whose pages he may see, or lets him choose where there are several."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from benehub.access import Permission
from benehub.errors import ConfigError
from benehub.flows import Hub
from benehub.periods import Month
from benehub.views.employers import employers
from benehub.views.today import Leg, legs, risk, working_month, worst
from benehub.web.pages import Page, navigation, page

router = APIRouter(route_class=Page)

SHOWN = 50
"""Employers whose months are told in the list; of the others only the names."""


@router.get("/")
def home(request: Request) -> Response:
    """On to the first page of an employer."""
    caller = request.app.state.resolve(request)
    if caller is None:
        raise HTTPException(401, "Nobody is signed in")
    known = employers(request.app.state.hub.store)
    seen = [row.employer_id for row in known if any(caller.may(one, row.employer_id) for one in Permission)]
    if len(seen) == 1 and (entries := navigation(request, caller, seen[0])):
        return RedirectResponse(f"/e/{seen[0]}/{entries[0].path}", 303)
    firsts = {one: entries[0].path for one in seen if (entries := navigation(request, caller, one))}
    months = {one: _month(request, one) for one in seen[:SHOWN] if caller.may(Permission.SEE_OVERVIEW, one)}
    return page(request, caller, "home.html", firsts=firsts, months=months)


def _month(request: Request, employer: str) -> tuple[Month, str, dict[str, int], list[Leg]] | None:
    """The month that is worked, its worst state, the money at stake and the legs; None without a plan book."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        try:
            book = hub.book(session)
        except ConfigError:
            return None
        month = working_month(session)
        found = legs(session, book, month)
        return month, worst(found), risk(found), found
