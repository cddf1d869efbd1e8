"""The fix of a difference: what could be done, previewed as it would leave; proposed, and approved by somebody."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from benehub import reconcile
from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.api.own_runs import by
from benehub.api.sends import may_start
from benehub.api.trail import seen as named
from benehub.api.trail import seen_in
from benehub.errors import BenehubError
from benehub.flows import Hub, fixes
from benehub.reconcile import fixes as room
from benehub.store import Session, iso
from benehub.views.fixes import listed, of_difference, shown
from benehub.web.pages import Page, a_day, must_work, page, then

router = APIRouter(route_class=Page)

PART = 50
"""Fixes shown at once."""

Sees = Annotated[Caller, Depends(Needs(Permission.SEE_PEOPLE))]
Works = Annotated[Caller, Depends(Needs(Permission.WORK_DIFFERENCES))]
Approves = Annotated[Caller, Depends(Needs(Permission.APPROVE))]
Sends = Annotated[Caller, Depends(Needs(Permission.SEND))]
Note = Annotated[str, Form(max_length=2000)]
Seen = Annotated[str, Form(max_length=400)]
Action = Annotated[str, Form(max_length=40)]


@router.get("/e/{employer}/reconcile/differences/{difference}/fix")
def offered(request: Request, employer: str, difference: str, caller: Works) -> Response:
    """What could be done about it, and what was proposed: a part of its page."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        known = of_difference(session, difference)
        named(request, [reconcile.get(session, difference).person_id])
    try:
        found, told = [asdict(one) for one in fixes.options(hub, employer, difference)], ""
        if not found and not known:
            told = fixes.why_none(hub, employer, difference)
    except BenehubError as error:
        found, told = [], str(error)
    bare = "hx-request" in request.headers
    return page(request, caller, "fixes/offered.html" if bare else "fixes/offers.html", difference=difference,
                options=found, told=told, fixes=known)  # fmt: skip


@router.get("/e/{employer}/reconcile/differences/{difference}/fix/preview")
def preview(
    request: Request, employer: str, difference: str, caller: Sees, action: Annotated[str, Query(max_length=40)] = "",
    notice_day: Annotated[str, Query(max_length=10)] = "",
) -> Response:  # fmt: skip
    """What would leave, before anybody proposes it; nothing is written."""
    found = fixes.preview(request.app.state.hub, employer, difference, action, notice_day=_noticed(notice_day))
    named(request, *found.people)
    return page(request, caller, "fixes/preview.html", difference=difference, preview=found, notice_day=notice_day)


@router.post("/e/{employer}/reconcile/differences/{difference}/fix/propose")
def propose(
    request: Request, employer: str, difference: str, caller: Works, action: Action = "", note: Note = "",
    notice_day: Annotated[str, Form(max_length=10)] = "",
) -> Response:  # fmt: skip
    """Propose it, frozen with its preview."""
    told = _noticed(notice_day)
    made = fixes.propose(request.app.state.hub, employer, difference, caller.user, action, note.strip(), told)
    return then(request, f"fixes/{made}", done="proposed")


@router.get("/e/{employer}/fixes")
def every(request: Request, employer: str, caller: Sees, state: str = "", after: int = 0) -> Response:
    """Fixes in a state, the newest first; in any where none is named."""
    hub: Hub = request.app.state.hub
    states = (state,) if state in room.STATES else ()
    with hub.store.read(employer) as session:
        found = listed(session, states, PART + 1, after if after > 0 else None)
        rows = found[:PART]
        seen_in(request, session, [row["employee"] for row in rows if row["employee"]])
    more = rows[-1]["seq"] if len(found) > PART else 0
    return page(request, caller, "fixes/list.html", rows=rows, state="".join(states), states=room.STATES, after=more,
                begun=after)  # fmt: skip


@router.get("/e/{employer}/fixes/{fix}")
def one(request: Request, employer: str, fix: str, caller: Sees) -> Response:
    """One fix: what it would do, what it made owed, who said what."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        row = room.get(session, fix)
        found, version = shown(session, fix, _alone(hub, session)), room.version_of(session, row)
        named(request, *room.told_of(session, row))
    own = found["needs_second"] and found["proposed_by"] == caller.user
    return page(request, caller, "fixes/one.html", fix=found, own=own, version=version,
                asked=row.action in room.ASKED)  # fmt: skip


def _noticed(text: str) -> date | None:
    return a_day(text, "day of the notice") if text.strip() else None


def _alone(hub: Hub, session: Session) -> int | None:
    """Money up to which one person may propose and approve."""
    limit: int | None = hub.book(session).guards.alone_up_to_minor
    return limit


@router.post("/e/{employer}/fixes/{fix}/approve")
def approve(request: Request, employer: str, fix: str, caller: Approves, seen: Seen, note: Note = "") -> Response:
    """Approve what was looked at; by whoever may send it is carried out by a worker, too."""
    hub: Hub = request.app.state.hub
    if not may_start(caller, employer, fixes.CARRY):
        fixes.approve(hub, employer, fix, caller.user, note.strip(), seen)
        return then(request, f"fixes/{fix}", done="approved_waits")
    must_work(hub)
    mine = by(request, Permission.SEND)
    run = fixes.approve(hub, employer, fix, caller.user, note.strip(), seen, iso(hub.store.clock()), mine)
    return then(request, f"runs/{run}", done="approved")


@router.post("/e/{employer}/fixes/{fix}/carry-out")
def carry_out(request: Request, employer: str, fix: str, caller: Sends) -> Response:
    """Carry out what is approved and has not been, or stopped half-way."""
    hub: Hub = request.app.state.hub
    must_work(hub)
    with hub.store.write(employer) as session:
        run = fixes.queue(hub, session, fix, session.now(), by(request))
    return then(request, f"runs/{run}", done="started")


@router.post("/e/{employer}/fixes/{fix}/reject")
def reject(request: Request, employer: str, fix: str, caller: Approves, seen: Seen, note: Note = "") -> Response:
    """Say no, and why."""
    return _said(request, employer, fix, caller, seen, note, fixes.reject)


@router.post("/e/{employer}/fixes/{fix}/withdraw")
def withdraw(request: Request, employer: str, fix: str, caller: Works, seen: Seen, note: Note = "") -> Response:
    """Take it back, and why."""
    return _said(request, employer, fix, caller, seen, note, fixes.withdraw)


def _said(request: Request, employer: str, fix: str, caller: Caller, seen: str, note: str, word: Any) -> Response:
    word(request.app.state.hub, employer, fix, caller.user, note.strip(), seen)
    return then(request, f"fixes/{fix}", done="settled")
