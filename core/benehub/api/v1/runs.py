"""`/runs`: what ran or runs, its steps, and its end; followed by server-sent events."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from benehub import connections as room
from benehub.api.sends import must_schedule, must_start
from benehub.api.v1 import events
from benehub.api.v1.fields import At, Filter, ManagesRun, Once, Operates, PageOf, SeesOverview, id_path, one_of
from benehub.api.v1.models import Model, Page
from benehub.api.v1.problems import given, named
from benehub.api.v1.route import Route
from benehub.api.v1.starting import Started, at_run, key_of, must_run, start
from benehub.flows.schedulable import FLOWS, PREFIX, Wanted, check
from benehub.views import runs as view

router = APIRouter(prefix="/employers/{employer}/runs", tags=["runs"], route_class=Route)

RunPath = Annotated[str, id_path("run")]
State = Literal["queued", "running", "interrupted", "done", "failed", "held", "canceled"]


class RunTold(Model):
    """A run."""

    run: str
    flow: str
    subject: str
    """What it is about, as the flow tells it."""
    state: State
    """queued, running, interrupted (its process died; another one takes it up), done, failed, held (a person has to
    decide), or canceled."""
    started_at: str
    ended_at: str | None
    counts: dict[str, Any]
    """What it counted."""
    error: str
    error_class: str
    mend: str


class StepTold(Model):
    """A step that has ended."""

    number: int
    """Which step of the run, counted from its beginning."""
    name: str
    started_at: str
    millis: int | None
    """How long it took, in milliseconds; null where that is not known."""
    error_class: str
    error: str
    mend: str


class RunDetail(RunTold):
    """A run with its steps."""

    steps: list[StepTold]
    """The steps that have ended, in their order."""


class FlowAsked(Model):
    """A flow to start now."""

    flow: str = Field(pattern=one_of(FLOWS), examples=["reconcile"])
    """One of those that may start by themselves."""
    connection: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,40}$", examples=["hris"])
    """Its connection; the plan book's when left out."""
    options: dict[
        Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=120, pattern=r"^[\x20-\x7e]*$")]
    ] = Field(default={}, max_length=10, examples=[{"month": "last"}])
    """What the flow may be told, as a schedule tells it."""


@router.get("", operation_id="list_runs")
def list_runs(
    _caller: SeesOverview, at: At, page: PageOf,
    state: Annotated[State | None, Query(description="Only in this state.")] = None, flow: Filter = "",
) -> Page[RunTold]:  # fmt: skip
    """List runs, the newest first."""
    before = page.after(str, str)
    with at.read() as session:
        rows = view.runs(session, state or "", flow, page.limit + 1, (before[0], before[1]) if before else None)
    return page.page(rows, RunTold.model_validate, lambda row: (row["started_at"], row["run"]))


@router.post("", operation_id="start_run", status_code=202)
def start_run(_caller: Operates, at: At, claim: Once, body: FlowAsked, response: Response) -> Started:
    """Start a flow now, as a schedule of it would; one that sends, by who may send."""
    must_schedule(at.caller, at.employer, body.flow)
    must_run(at)
    with given(), at.book() as (session, book):
        wanted = check(book, Wanted(body.flow, body.connection, body.options))
        if wanted.connection:
            room.get(session, wanted.connection)
    # The flow has to know the key of its run: `start` makes the same of subject and claim.
    subject, order = wanted.connection or wanted.flow, wanted.connection or "-"
    key = f"{subject}/{key_of(claim)}"
    told = (wanted.connection, dict(wanted.options), key)
    return start(claim, response, f"{PREFIX}{wanted.flow}", subject, order, *told)


@router.get("/{run}", operation_id="get_run")
def get_run(_caller: SeesOverview, at: At, run: RunPath) -> RunDetail:
    """One run with the steps that have ended."""
    with at.read() as session, named():
        found = view.run(session, run)
    steps = at.hub.steps(at.employer, run)
    told = [StepTold.model_validate(one, from_attributes=True) for one in steps]
    return RunDetail.model_validate(found | {"steps": told})


@router.get(
    "/{run}/events", operation_id="follow_run", response_class=StreamingResponse,
    responses={200: {"description": "Server-sent events, one after the other; each is a `RunEvent`.",
                     "content": {"text/event-stream": events.STREAM}}},
)  # fmt: skip
def follow_run(
    _caller: SeesOverview, at: At, run: RunPath, request: Request,
    last_event_id: Annotated[str, Header(pattern=r"^[0-9]{0,6}$", description="Where to go on.")] = "",
) -> StreamingResponse:  # fmt: skip
    """Follow a run until it ends, or for five minutes; then come again with the last event's id."""
    with at.read() as session, named():
        view.run(session, run)
    stream = events.follow(at, run, int(last_event_id or 0), request.app.state.patience)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"cache-control": "no-store"})


@router.post("/{run}/retry", operation_id="retry_run", status_code=202)
def retry_run(_caller: ManagesRun, at: At, claim: Once, run: RunPath, response: Response) -> Started:
    """Let a run that failed, was held, canceled or interrupted go on where it stopped: any by who may `operate`, one's
    own by whoever started it; if it sends, by who may send."""
    with at.read() as session, named():
        flow = view.run(session, run)["flow"]
    must_start(at.caller, at.employer, flow)
    must_run(at)
    at.hub.retry_beside(at.employer, run)
    return at_run(at, response, run)


@router.post("/{run}/cancel", operation_id="cancel_run")
def cancel_run(_caller: ManagesRun, at: At, claim: Once, run: RunPath) -> RunTold:
    """End a run before its next step; what it has done stays done. Any by who may `operate`, one's own by whoever
    started it."""
    with at.read() as session, named():
        view.run(session, run)
    must_run(at)
    at.hub.cancel(at.employer, run)
    with at.read() as session:
        return RunTold.model_validate(view.run(session, run))
