"""`/e/{employer}/connections`: each system, how fresh, what it can, its schedules, its words and its webhooks."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request, Response

from benehub import connections as room
from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.api.sends import must_write
from benehub.flows import Hub, code_maps, connecting, job_schedules
from benehub.flows import webhooks as flow
from benehub.views import connected, hook_messages, webhooks
from benehub.views.custody import batches
from benehub.views.schedules import schedules
from benehub.web.pages import Entry, Page, must_work, page, then

router = APIRouter(route_class=Page)

NAV = Entry("connections", "connections", Permission.SEE_CONNECTIONS, ("schedules", "webhooks"))

Seer = Annotated[Caller, Depends(Needs(Permission.SEE_CONNECTIONS))]
Operator = Annotated[Caller, Depends(Needs(Permission.OPERATE))]
READS = 15
"""Newest reads of a connection on its page; those of which something waits stand before them."""
Word = Annotated[str, Form(max_length=120)]
Seen = Annotated[str, Form(max_length=400)]
Day = Annotated[date | None, Form()]
State = Annotated[Literal["", "worked", "failed"], Form()]


@router.get("/e/{employer}/connections")
def listed(employer: str, request: Request, caller: Seer) -> Response:
    """All connections, what starts by itself, who calls us, and who hears of our events."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        rows = connected.listed(session)
        times, versions = schedules(session), job_schedules.versions(session)
        doors = webhooks.doors(session)
        hooks = hook_messages.subscriptions(session)
    return page(request, caller, "connections/list.html", rows=rows, times=times, doors=doors, hooks=hooks,
                versions=versions)  # fmt: skip


@router.get("/e/{employer}/connections/{name}")
def one(employer: str, name: str, request: Request, caller: Seer) -> Response:
    """One connection."""
    return _shown(employer, name, request, caller)


@router.post("/e/{employer}/connections/{name}/test")
def test(employer: str, name: str, request: Request, caller: Operator) -> Response:
    """Read the first page of each stream; nothing is kept."""
    _, _, found = connecting.try_out(request.app.state.hub, employer, name[:40])
    return _shown(employer, name, request, caller, found)


@router.post("/e/{employer}/connections/{name}/read")
def read(employer: str, name: str, request: Request, caller: Operator) -> Response:
    """Read all that it tells and follow it, as schedules would: runs of their own, of which the last is shown."""
    hub: Hub = request.app.state.hub
    must_work(hub)
    run = connecting.read_now(hub, employer, name[:40])
    return then(request, f"runs/{run}", done="started")


@router.post("/e/{employer}/connections/{name}/calls")
def calls(
    employer: str,
    name: str,
    request: Request,
    caller: Operator,
    since: Day = None,
    until: Day = None,
    state: State = "",
) -> Response:
    """Let calls received of `[since, until)` that no longer wait be worked off anew."""
    first, last = (one.isoformat() if one else "" for one in (since, until))
    flow.replay(request.app.state.hub, employer, "", name[:40], first, state, last)
    return then(request, f"connections/{name}", done="anew")


@router.post("/e/{employer}/connections/{name}/mode")
def mode(employer: str, name: str, request: Request, caller: Operator, mode: Word, seen: Seen) -> Response:
    """Live, watch or paused, unless somebody else has changed it since it was looked at."""
    hub: Hub = request.app.state.hub
    if mode == "live":
        must_write(hub, caller, employer, name[:40])
    connecting.set_mode(hub, employer, name[:40], mode, seen)
    return then(request, f"connections/{name}", done="saved")


@router.post("/e/{employer}/connections/{name}/words")
def words(
    employer: str, name: str, request: Request, caller: Operator, place: Word, theirs: Word, seen: Seen, ours: Word = ""
) -> Response:
    """Say what a word of the vendor's means."""
    code_maps.map_word(request.app.state.hub, employer, name[:40], place, theirs, ours, caller.user, seen)
    return then(request, f"connections/{name}", done="saved")


def _shown(
    employer: str, name: str, request: Request, caller: Caller, tried: list[connecting.Tried] | None = None
) -> Response:
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        found = connected.detail(session, hub.book(session), hub.connectors, name[:40])
        version = connecting.version_of(room.get(session, found.name))
        waits = batches(session, waiting=True, connection_id=found.name, limit=READS)
        newest = batches(session, connection_id=found.name, limit=READS)
        came = list({row["batch"]: row for row in (*waits, *newest)}.values())
        times = [one for one in schedules(session) if one["connection"] == found.name]
        versions = job_schedules.versions(session)
        doors = [one for one in webhooks.doors(session) if one["connection"] == found.name]
        calls = webhooks.listed(session, found.name, "", 15) if doors else []
    return page(request, caller, "connections/one.html", one=found, batches=came, times=times, doors=doors,
                calls=calls, tried=tried, modes=connecting.MODES, version=version, versions=versions)  # fmt: skip
