"""*Runs*: what ran, step by step while it runs, why it stopped, and letting it go on or end."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.background import BackgroundTask

from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.api.own_runs import NeedsRun, may_manage
from benehub.api.sends import may_start, must_start
from benehub.errors import BenehubError, DataError
from benehub.flows import Hub
from benehub.flows.trial_runs import FLOW as TRIAL
from benehub.reconcile import MONTHLY
from benehub.views.runs import INTERRUPTED, QUEUED, flows, part, run
from benehub.web.pages import Entry, Page, must_work, page, then

router = APIRouter(route_class=Page)
NAV = Entry("runs", "runs", Permission.SEE_OVERVIEW)

STATES = ("running", QUEUED, "done", "failed", "held", INTERRUPTED, "canceled")
AGAIN = ("failed", "held", "canceled", INTERRUPTED)
"""States out of which a run may go on."""
OPEN = ("running", QUEUED, INTERRUPTED)

Sees = Annotated[Caller, Depends(Needs(Permission.SEE_OVERVIEW))]
Manages = Annotated[Caller, Depends(NeedsRun(Permission.OPERATE))]


@router.get("/e/{employer}/runs")
def listed(
    request: Request, employer: str, caller: Sees, state: Annotated[str, Query(max_length=12)] = "",
    flow: Annotated[str, Query(max_length=40)] = "", after: Annotated[str, Query(max_length=80)] = "",
) -> Response:  # fmt: skip
    """The newest runs."""
    if not (state + flow + after).isprintable():
        raise DataError("a filter holds signs that no text has", mend="Type it anew")
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        found, last = part(session, state, flow, after)
        known = flows(session)
    return page(request, caller, "runs/list.html", runs=found, last=last, state=state, flow=flow, after_now=after,
                states=STATES, flows=known)  # fmt: skip


def _told(hub: Hub, caller: Caller, employer: str, run_id: str) -> dict[str, Any]:
    with hub.store.read(employer) as session:
        found = run(session, run_id)
    steps = hub.steps(employer, run_id)
    found["mine"] = may_manage(hub, caller, employer, run_id)
    found["open"] = found["state"] in OPEN
    found["may_go_on"] = found["state"] in AGAIN and may_start(caller, employer, found["flow"])
    found["month"] = month[0] if (month := re.search(r"\d{4}-\d{2}", found["subject"])) else ""
    found["tried"] = found["flow"] == TRIAL and found["state"] == "done"
    found["upload"] = file[0] if (file := re.search(r"\bupl_[0-9a-z]+", found["subject"])) else ""
    return {"run": found, "steps": steps, "waiting": _waiting(found, len(steps))}


def _waiting(found: dict[str, Any], done: int) -> list[str]:
    """Comparisons that are still to come, in their order: only of them is it known beforehand."""
    if found["flow"] != "reconcile" or found["state"] not in OPEN:
        return []
    named = [one.value for one in MONTHLY if one.value in found["subject"]] or [one.value for one in MONTHLY]
    return named[done:]


@router.get("/e/{employer}/runs/{run_id}")
def one(request: Request, employer: str, run_id: str, caller: Sees) -> Response:
    """One run; it follows itself while it runs."""
    return page(request, caller, "runs/one.html", **_told(request.app.state.hub, caller, employer, run_id))


@router.get("/e/{employer}/runs/{run_id}/progress")
def progress(request: Request, employer: str, run_id: str, caller: Sees) -> Response:
    """The part of its page that changes."""
    return page(request, caller, "runs/progress.html", **_told(request.app.state.hub, caller, employer, run_id))


@router.post("/e/{employer}/runs/{run_id}/retry")
def retry(request: Request, employer: str, run_id: str, caller: Manages) -> Response:
    """Let it go on where it stopped; it does so behind this answer."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        found = run(session, run_id)
    must_start(caller, employer, found["flow"])
    if found["state"] not in AGAIN:
        raise DataError(f"the run is {found['state']}", where=run_id, mend="Only what stopped goes on")
    must_work(hub)
    answer = then(request, f"runs/{run_id}", done="retried")
    answer.background = BackgroundTask(_again, hub, employer, run_id)
    return answer


def _again(hub: Hub, employer: str, run_id: str) -> None:
    try:
        hub.retry(employer, run_id)
    except BenehubError:
        return  # it stands in the run


@router.post("/e/{employer}/runs/{run_id}/cancel")
def cancel(request: Request, employer: str, run_id: str, caller: Manages) -> Response:
    """End it before its next step."""
    hub: Hub = request.app.state.hub
    must_work(hub)
    hub.cancel(employer, run_id)
    return then(request, f"runs/{run_id}", done="canceled")
