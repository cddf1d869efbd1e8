"""*Deadlines*: what has to leave by when, what is left until then, which alarms it raised and who was told of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.api.own_runs import by
from benehub.api.trail import about
from benehub.errors import DataError
from benehub.flows import Hub, meeting
from benehub.flows.deadlines import open_now, told_of
from benehub.rules.deadline.latest_safe import Level
from benehub.views.deadlines import Deadline, Only, behind, pay, place
from benehub.web.pages import Entry, Page, must_work, page, then

router = APIRouter(route_class=Page)
NAV = Entry("deadlines", "deadlines", Permission.SEE_OVERVIEW)

LEVELS = tuple(one.value for one in reversed(Level))
"""The most pressing first."""
AHEAD = (7, 14, 30, 90)
"""Days ahead that may be asked for."""
SHOWN = 50

Sees = Annotated[Caller, Depends(Needs(Permission.SEE_OVERVIEW))]
Sends = Annotated[Caller, Depends(Needs(Permission.SEND))]
Name = Annotated[str, Query(max_length=40)]


@router.get("/e/{employer}/deadlines")
def listed(
    request: Request, employer: str, caller: Sees, level: Name = "", kind: Name = "", connection: Name = "",
    within: Annotated[int, Query(ge=0, le=meeting.FURTHEST)] = 14, after: Annotated[str, Query(max_length=300)] = "",
) -> Response:  # fmt: skip
    """What is open, the most pressing first."""
    if not (level + kind + connection + after).isprintable():
        raise DataError("a filter holds signs that no text has", mend="Type it anew")
    hub: Hub = request.app.state.hub
    known, today = open_now(hub, employer, within), _today(hub, employer)
    only = Only(level, kind, connection)
    found = behind(known, only, _place(after), SHOWN + 1)
    shown = found[:SHOWN]
    last = "~".join(place(shown[-1])) if len(found) > SHOWN else ""
    return page(
        request, caller, "deadlines.html", deadlines=shown, last=last, after_now=after, only=only, within=within,
        alarms=told_of(hub, employer, shown), levels=LEVELS, ahead=sorted({*AHEAD, within}), late=_late(known),
        places={one.subject: _looked_at(one) for one in shown},
        meets={one.subject for one in shown if meeting.job(one, today)},
        kinds=sorted({one.kind for one in known}), connections=sorted({one.connection for one in known}),
    )  # fmt: skip


@router.post("/e/{employer}/deadlines/meet")
def meet(
    request: Request, employer: str, caller: Sends, subject: Annotated[str, Form(max_length=200)],
    kind: Annotated[str, Form(max_length=40)],
) -> Response:  # fmt: skip
    """Do now what a deadline asks for, by a run that is followed."""
    hub: Hub = request.app.state.hub
    must_work(hub)
    run = meeting.meet(hub, employer, subject, kind, by=by(request))
    about(request, run)
    return then(request, f"runs/{run}", done="started")


def _today(hub: Hub, employer: str) -> date:
    with hub.store.read(employer) as session:
        return session.today()


def _looked_at(one: Deadline) -> tuple[str, str, dict[str, str], str]:
    """The page where what is due is looked at: its name in words, its path and query, and what a reader needs."""
    if one.subject.startswith("obl_"):
        return "owed", "outgoing/owed", {"kind": one.kind}, "see_money"
    if one.subject.startswith("dis_"):
        return "sent", f"outgoing/{one.subject.partition('/')[0]}", {}, "see_money"
    if one.kind == pay.PAYOUT:
        return "why", f"why/{one.subject}", {}, "see_people"
    if one.kind == pay.PUSH:
        return "payroll", f"connections/{one.connection}", {}, "see_connections"
    return "money", "money", {"month": one.period}, "see_money"


def _late(known: list[Deadline]) -> int:
    return sum(1 for one in known if one.level is Level.LATE)


def _place(after: str) -> tuple[str, str, str] | None:
    """The place of the list that a part begins behind."""
    moment, _, rest = after.partition("~")
    kind, _, subject = rest.partition("~")
    return (moment, kind, subject) if after else None
