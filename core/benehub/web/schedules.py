"""`/e/{employer}/schedules`: what starts by itself is added, changed, paused, run now and removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from sqlalchemy import Row

from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.api.sends import must_schedule
from benehub.errors import BenehubError, ChangedMeanwhile, DataError, RetriableError
from benehub.flows import Hub, job_schedules
from benehub.flows.job_schedules import When, kept
from benehub.flows.schedulable import FLOWS, OPTIONS, PREFIX, Wanted
from benehub.views import connected
from benehub.web.pages import Page, must_work, page, then

router = APIRouter(route_class=Page)

Operator = Annotated[Caller, Depends(Needs(Permission.OPERATE))]
Short = Annotated[str, Form(max_length=120)]
Seen = Annotated[str, Form(max_length=400)]
OPTION = "option."
"""How the field of an option begins."""


async def _fields(request: Request) -> dict[str, str]:
    return {name: str(value).strip()[:2500] for name, value in (await request.form()).items()}


Fields = Annotated[dict[str, str], Depends(_fields)]


def _asked(form: Mapping[str, str]) -> tuple[Wanted, When]:
    """What a form asks for; a spread that is no number becomes one that is refused."""
    spread = form.get("jitter", "")
    when = When(
        form.get("cron", ""), form.get("every", ""), form.get("zone", ""), form.get("closed", "run"),
        [one.strip() for one in form.get("blackouts", "").splitlines() if one.strip()],
        int(spread[:9]) if spread.isdecimal() else -bool(spread), form.get("catch_up", "once"),
    )  # fmt: skip
    told = {key.removeprefix(OPTION): value for key, value in form.items() if key.startswith(OPTION) and value}
    return Wanted(form.get("flow", ""), form.get("connection", ""), told), when


@router.get("/e/{employer}/schedules")
def fresh(
    employer: str, request: Request, caller: Operator, connection: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """The form for another one."""
    return _form(request, employer, caller, Wanted("sync", connection), When())


@router.post("/e/{employer}/schedules")
def added(employer: str, request: Request, caller: Operator, form: Fields, name: Short = "") -> Response:
    """Add it; what cannot be kept is said above the form."""
    hub: Hub = request.app.state.hub
    wanted, when = _asked(form)
    must_schedule(caller, employer, wanted.flow)
    try:
        job_schedules.add(hub, employer, name.strip(), wanted, when)
    except RetriableError:
        raise
    except BenehubError as error:
        return _form(request, employer, caller, wanted, when, error=error, name=name, status=400)
    return then(request, f"schedules/{name.strip()}", done="saved")


@router.get("/e/{employer}/schedules/{schedule}")
def one(employer: str, schedule: str, request: Request, caller: Operator) -> Response:
    """One schedule: its next times, and the form that changes it."""
    row = _row(request, employer, schedule)
    return _form(request, employer, caller, *kept(row), row=row)


@router.post("/e/{employer}/schedules/{schedule}")
def changed(
    employer: str, schedule: str, request: Request, caller: Operator, form: Fields, seen: Seen
) -> Response:  # fmt: skip
    """Change what it starts, or when; whoever looked at an older state is shown what it is now."""
    hub: Hub = request.app.state.hub
    wanted, when = _asked(form)
    row = _row(request, employer, schedule)
    must_schedule(caller, employer, wanted.flow)
    try:
        job_schedules.change(hub, employer, schedule, wanted, when, expected=seen)
    except RetriableError:
        raise
    except ChangedMeanwhile as error:
        return _form(request, employer, caller, *kept(row), row=row, error=error, status=409)
    except BenehubError as error:
        return _form(request, employer, caller, wanted, when, row=row, error=error, status=400)
    return then(request, f"schedules/{schedule}", done="saved")


@router.post("/e/{employer}/schedules/{schedule}/{what}")
def done(
    employer: str, schedule: str, what: str, request: Request, caller: Operator, seen: Seen = ""
) -> Response:  # fmt: skip
    """Pause it, let it go on, run it now, or remove it."""
    hub: Hub = request.app.state.hub
    row = _row(request, employer, schedule)
    if what in ("run", "resume"):
        must_schedule(caller, employer, row.flow)
    if what == "run":
        return then(request, f"runs/{_run(hub, employer, row)}", done="started")
    if what == "pause":
        job_schedules.pause(hub, employer, schedule, f"paused by {caller.name}", expected=seen)
    elif what == "resume":
        job_schedules.resume(hub, employer, schedule, expected=seen)
    elif what == "remove":
        job_schedules.remove(hub, employer, schedule, expected=seen)
        return then(request, "connections", done="removed")
    else:
        raise DataError(f"no way to {what[:20]!r} a schedule", mend="Pause, resume, run or remove it")
    return then(request, f"schedules/{schedule}", done="saved")


def _run(hub: Hub, employer: str, row: Row[Any]) -> str:
    must_work(hub)
    connection = row.connection_id or ""
    with hub.store.write(employer) as session:
        key = f"{row.name}/{session.now()}"
        return hub.enqueue_flow(session, f"{PREFIX}{row.flow}", key, connection or "-", connection,
                                row.options, key)  # fmt: skip


def _row(request: Request, employer: str, schedule: str) -> Row[Any]:
    with request.app.state.hub.store.read(employer) as session:
        return job_schedules.get(session, schedule)


def _form(
    request: Request, employer: str, caller: Caller, wanted: Wanted, when: When, *, row: Row[Any] | None = None,
    error: BenehubError | None = None, name: str = "", status: int = 200,
) -> Response:  # fmt: skip
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        names = [one.name for one in connected.listed(session)]
        times = [] if row is None or row.state != "on" else job_schedules.coming(session, row)
    return page(
        request, caller, "schedules.html", status=status, row=row, wanted=wanted, when=when, error=error, name=name,
        times=times, version="" if row is None else job_schedules.version_of(row), connections=names, flows=list(FLOWS),
        options=list(OPTIONS), closed=job_schedules.CLOSED, catch_ups=job_schedules.CATCH_UP, prefix=OPTION,
    )  # fmt: skip
