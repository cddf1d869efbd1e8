"""*Outgoing*: every file and call before and after it left, byte for byte, and a person's word on what stopped."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from benehub.access import Caller, Permission
from benehub.api.frozen import exact_bytes
from benehub.api.guard import Needs
from benehub.api.own_runs import by
from benehub.api.sends import may_start
from benehub.api.trail import seen_in
from benehub.errors import BenehubError, DataError
from benehub.flows import Hub, dispatches, push_guard
from benehub.views.carried import whose
from benehub.views.outgoing import about, history, masked_of, outgoing, segments
from benehub.views.outgoing import listed as listed_outgoing
from benehub.views.unsent import answered, operations, owed
from benehub.views.why import why
from benehub.web.pages import Entry, Page, must_work, page, then, works

router = APIRouter(route_class=Page)
NAV = Entry("outgoing", "outgoing", Permission.SEE_MONEY)

STATES = ("prepared", "held", "sending", "unknown", "sent", "refused", "failed")
PART, LINES = 50, 200
"""Dispatches, and lines of a file, shown at once."""

SeesOf = Annotated[Caller, Depends(Needs(Permission.SEE_MONEY, of_people=True))]
SeesPeople = Annotated[Caller, Depends(Needs(Permission.SEE_PEOPLE))]
Approves = Annotated[Caller, Depends(Needs(Permission.APPROVE))]
Sends = Annotated[Caller, Depends(Needs(Permission.SEND))]
SendsOf = Annotated[Caller, Depends(Needs(Permission.SEND, of_people=True))]
Note = Annotated[str, Form(max_length=2000)]


@router.get("/e/{employer}/outgoing")
def listed(
    request: Request, employer: str, caller: SeesOf, state: Annotated[str, Query(max_length=14)] = "",
    operation: Annotated[str, Query(max_length=32)] = "", connection: Annotated[str, Query(max_length=40)] = "",
    after: Annotated[str, Query(max_length=60)] = "",
) -> Response:  # fmt: skip
    """The newest dispatches."""
    number, _, name = after.partition("~")
    if not (state + operation + connection + after).isprintable() or (after and not number.isdecimal()):
        raise DataError("a filter holds signs that no text has", mend="Type it anew")
    hub: Hub = request.app.state.hub
    states = (state,) if state else ()
    with hub.store.read(employer) as session:
        found = listed_outgoing(session, states, connection, operation, PART + 1,
                                (int(number[:18]), name) if after else None)  # fmt: skip
        known, ways = operations(session)
        seen_in(request, session, *whose(session, [one["dispatch"] for one in found[:PART]]))
        names = about(session, found)
        stops = push_guard.stopped(session)
    last = f"{found[PART - 1]['seq']}~{found[PART - 1]['dispatch']}" if len(found) > PART else ""
    set_now: dict[str, Any] = {"state": state, "operation": operation, "connection": connection, "after_now": after}
    return page(request, caller, "outgoing/list.html", found=found[:PART], last=last, states=STATES, operations=known,
                connections=ways, about=names, stops=stops, **set_now)  # fmt: skip


@router.get("/e/{employer}/outgoing/owed")
def due(
    request: Request, employer: str, caller: SeesOf, kind: Annotated[str, Query(max_length=32)] = "",
    after: Annotated[str, Query(max_length=60)] = "",
) -> Response:  # fmt: skip
    """What is owed to vendors and has not left, by the day by which it must."""
    if not (kind + after).isprintable():
        raise DataError("a filter holds signs that no text has", mend="Type it anew")
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        found, last = owed(session, kind, after, PART)
        day = session.today()
        seen_in(request, session, [row.member_id for row in found])
    return page(request, caller, "outgoing/owed.html", found=found, last=last, after_now=after, kind=kind, today=day)


@router.post("/e/{employer}/outgoing/permit")
def permit(
    request: Request, employer: str, caller: Approves, connection: Annotated[str, Form(max_length=40)],
    operation: Annotated[str, Form(max_length=32)], people: Annotated[int, Form(ge=1, le=100_000_000)], note: Note = "",
) -> Response:  # fmt: skip
    """Let a push leave that stopped as it changes or ends many; its run goes on where who permits may send, too."""
    hub: Hub = request.app.state.hub
    push_guard.permit(hub, employer, connection, operation, people, caller.user, note)
    with hub.store.read(employer) as session:
        stops = push_guard.stopped(session)
    stop = next((one for one in stops if (one.connection, one.operation) == (connection, operation)), None)
    if stop and stop.permitted and caller.may(Permission.SEND, employer) and works(hub):
        hub.retry_beside(employer, stop.run)
        return then(request, f"runs/{stop.run}", done="retried")
    return then(request, f"runs/{stop.run}" if stop else "outgoing", done="permitted")


@router.post("/e/{employer}/outgoing/go-on")
def go_on(
    request: Request, employer: str, caller: Sends, connection: Annotated[str, Form(max_length=40)],
    operation: Annotated[str, Form(max_length=32)],
) -> Response:  # fmt: skip
    """Let the run of a stopped push that somebody has permitted go on."""
    hub: Hub = request.app.state.hub
    must_work(hub)
    with hub.store.read(employer) as session:
        run = push_guard.may_go_on(session, connection, operation)
    if not run:
        raise DataError("nothing of it has stopped that is permitted", where=f"connection {connection[:40]}",
                        mend="Have it permitted first: a permit is for a day")  # fmt: skip
    hub.retry_beside(employer, run)
    return then(request, f"runs/{run}", done="retried")


@router.get("/e/{employer}/outgoing/{dispatch}")
def one(request: Request, employer: str, dispatch: str, caller: SeesOf) -> Response:
    """One dispatch: its attempts, what came of it, and who said what of it."""
    hub: Hub = request.app.state.hub
    if not dispatch.startswith("dis_"):
        raise DataError(f"no dispatch {dispatch[:50]!r}", mend="See what has left")
    people = dispatches.carried(hub, employer, dispatch)
    with hub.store.read(employer) as session:
        told = why(session, dispatch)
        members = answered(session, dispatch)
        seen_in(request, session, *people)
        data, past = told.data, history(session, dispatch)
        named = about(session, [{"dispatch": dispatch, **data}])
    return page(request, caller, "outgoing/one.html", ref=told.ref, told=data, members=members, about=named[dispatch],
                past=past, **_may(data))  # fmt: skip


def _may(told: dict[str, Any]) -> dict[str, bool]:
    """What a person can say of it as it stands; the flow has the last word."""
    state, tried = told["state"], bool(told["attempts"])
    return {
        "may_hold": state == "prepared" and not tried,
        "may_leave": state == "prepared" or (state == "held" and not tried),
        "may_settle": state in ("sending", "unknown") or (state == "held" and tried),
        "may_resend": state in ("refused", "failed"),
        "may_return": dispatches.may_come_back(told["operation"], state, told["acknowledged"]),
    }


@router.get("/e/{employer}/outgoing/{dispatch}/content")
def content(
    request: Request, employer: str, dispatch: str, caller: SeesPeople,
    first: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
) -> Response:  # fmt: skip
    """What it carries, so many lines at a time: a file as it was frozen, an item with the calls that write it."""
    hub: Hub = request.app.state.hub
    people = dispatches.carried(hub, employer, dispatch)
    with hub.store.read(employer) as session:
        shown = outgoing(session, [dispatch])[0]
        seen_in(request, session, *people)
    lines = segments(shown.content) or (shown.content.splitlines(keepends=True) if shown.file else [shown.content])
    name = "outgoing/content.html" if "hx-request" in request.headers else "outgoing/carried.html"
    return page(request, caller, name, shown=shown, lines=lines[first : first + LINES], first=first,
                total=len(lines), following=first + LINES if first + LINES < len(lines) else None, step=LINES,
                calls=_calls(hub, employer, dispatch) if not shown.file else [])  # fmt: skip


@router.get("/e/{employer}/outgoing/{dispatch}/bytes")
def exact(request: Request, employer: str, dispatch: str, caller: SendsOf) -> Response:
    """The frozen bytes of a file or call, exact and unmasked, to be kept; for whoever may send them."""
    return exact_bytes(request, employer, dispatch)


def _calls(hub: Hub, employer: str, dispatch: str) -> list[tuple[str, str | BenehubError]]:
    try:
        found = dispatches.calls(hub, employer, dispatch)
    except BenehubError as error:
        return [("", error)]
    with hub.store.read(employer) as session:
        return [(place, masked_of(session, dispatch, body)) for place, body in found]


@router.post("/e/{employer}/outgoing/{dispatch}/leave")
def leave(request: Request, employer: str, dispatch: str, caller: Approves, note: Note = "") -> Response:
    """Approve what is ready or held and was never tried: it leaves now, where the approver may send too."""
    return _go(request, employer, dispatch, caller, note, again=False)


@router.post("/e/{employer}/outgoing/{dispatch}/hold")
def hold(request: Request, employer: str, dispatch: str, caller: Approves, note: Note = "") -> Response:
    """Keep what waits to leave until somebody lets it go."""
    dispatches.hold(request.app.state.hub, employer, dispatch, caller.user, note)
    return then(request, f"outgoing/{dispatch}", done="held")


@router.post("/e/{employer}/outgoing/{dispatch}/resend")
def resend(request: Request, employer: str, dispatch: str, caller: Sends, note: Note = "") -> Response:
    """Let what was refused or failed go again, made anew from what is true then."""
    return _go(request, employer, dispatch, caller, note, again=True)


def _go(request: Request, employer: str, dispatch: str, caller: Caller, note: str, again: bool) -> Response:
    hub: Hub = request.app.state.hub
    must_work(hub)
    with hub.store.read(employer) as session:
        state = str(why(session, dispatch, depth=0).data["state"])
    if again != (state in ("refused", "failed")):
        raise DataError(f"it is {state}", where=dispatch, mend="Look at it anew: it has changed")
    if dispatches.reopen(hub, employer, dispatch, caller.user, note) == "prepared":
        if not may_start(caller, employer, "dispatch.resend"):
            return then(request, f"outgoing/{dispatch}", done="approved_waits")
        with hub.store.write(employer) as session:
            key = f"{dispatch}/{session.now()}"
            mine = by(request, Permission.SEND)
            run = hub.enqueue_flow(session, "dispatch.resend", key, "dispatch.resend", dispatch, by=mine)
        return then(request, f"runs/{run}", done="let_go")
    return then(request, f"outgoing/{dispatch}", done="settled")


@router.post("/e/{employer}/outgoing/{dispatch}/settle")
def settle(
    request: Request, employer: str, dispatch: str, caller: Sends,
    arrived: Annotated[str, Form(pattern="^(yes|no|returned)$")], note: Note = "",
) -> Response:  # fmt: skip
    """Say whether the vendor has what stopped half-way, or that a deposit came back after it had left."""
    hub: Hub = request.app.state.hub
    if arrived == "returned":
        dispatches.came_back(hub, employer, dispatch, caller.user, note)
    else:
        dispatches.settle(hub, employer, dispatch, arrived == "yes", caller.user, note)
    return then(request, f"outgoing/{dispatch}", done="settled")
