"""`/schedules`: which flows start by themselves, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy import Row

from benehub.api.sends import must_schedule
from benehub.api.v1.edits import IfMatch, expected, tagged
from benehub.api.v1.fields import At, NamePath, Once, Operates, SeesOverview, one_of
from benehub.api.v1.models import Model
from benehub.api.v1.office import Office
from benehub.api.v1.problems import given, named
from benehub.api.v1.route import Route
from benehub.api.v1.starting import Started, key_of, must_run, start
from benehub.flows import job_schedules
from benehub.flows.schedulable import FLOWS, PREFIX, Wanted
from benehub.views import schedules as view

router = APIRouter(prefix="/employers/{employer}/schedules", tags=["schedules"], route_class=Route)

Short = Annotated[str, Field(max_length=120, pattern=r"^[\x20-\x7e]*$")]


class Planned(Model):
    """A flow that is to start by itself; `cron` or `every` says when."""

    flow: str = Field(pattern=one_of(FLOWS), examples=["sync"])
    connection: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,40}$", examples=["hris"])
    """Its connection; the plan book's when left out."""
    options: dict[Annotated[str, Field(max_length=40)], Short] = Field(default={}, max_length=10)
    """What the flow may be told, as `{"group": "monthly"}`."""
    cron: Short = Field(default="", examples=["0 6 * * mon-fri"])
    """Five fields of the wall clock."""
    every: str = Field(default="", pattern=r"^([0-9]{1,5}[mhd])?$", examples=["6h"])
    """An interval instead."""
    zone: Short = ""
    """Time zone; the employer's when left out."""
    closed_days: Literal["run", "skip", "before", "after"] = "run"
    """On week-ends and bank holidays."""
    blackouts: list[Short] = Field(default=[], max_length=20, examples=[["22:00-06:00"]])
    """No start then, but at its end."""
    jitter_s: int = Field(default=0, ge=0, le=job_schedules.MAX_JITTER)
    """Seconds at most by which its times are spread."""
    catch_up: Literal["once", "skip"] = "once"
    """After an outage: once, or skip what was missed."""

    def wanted(self) -> Wanted:
        """What it starts."""
        return Wanted(self.flow, self.connection, self.options)

    def times(self) -> job_schedules.When:
        """When it starts."""
        return job_schedules.When(
            self.cron, self.every, self.zone, self.closed_days, self.blackouts, self.jitter_s, self.catch_up
        )


class NewSchedule(Planned):
    """The same, with the name that it shall have."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$", examples=["hris-nightly"])


class ScheduleTold(Model):
    """A schedule."""

    name: str
    flow: str
    connection: str
    options: dict[str, str]
    when: str
    """`cron`, or else `every`."""
    cron: str
    every: str
    zone: str
    closed_days: str
    blackouts: list[str]
    jitter_s: int
    catch_up: str
    state: Literal["on", "paused", "connection paused"]
    """on, paused, or connection paused."""
    next_at: str | None
    """Moment (ISO 8601, UTC) of its next start; null while it is paused."""
    last_at: str | None
    """Moment (ISO 8601, UTC) of its last start; null before the first one."""
    last_run: str | None
    """The run that it began last; null before the first one."""
    last_state: str | None
    """How that run stands; null before the first one."""
    note: str


class Added(Model):
    """A schedule that was added."""

    schedule: ScheduleTold
    """The schedule as it stands now."""
    next: list[datetime]
    """Its next five times."""


class Schedules(Model):
    """All schedules."""

    items: list[ScheduleTold]


@router.get("", operation_id="list_schedules")
def list_schedules(_caller: SeesOverview, at: At) -> Schedules:
    """List the schedules: when each is due next, and how its last run went."""
    with at.read() as session:
        return Schedules(items=[ScheduleTold.model_validate(one) for one in view.schedules(session)])


@router.get("/{schedule}", operation_id="get_schedule")
def get_schedule(_caller: SeesOverview, at: At, schedule: NamePath, response: Response) -> ScheduleTold:
    """One schedule; its ETag is what an edit names."""
    return _shown(at, schedule, response)


@router.post("", operation_id="add_schedule", status_code=201)
def add_schedule(_caller: Operates, at: At, claim: Once, body: NewSchedule, response: Response) -> Added:
    """Let a flow start by itself; one that sends, by who may send."""
    must_schedule(at.caller, at.employer, body.flow)
    with given():
        times = job_schedules.add(at.hub, at.employer, body.name, body.wanted(), body.times())
    return Added(schedule=_shown(at, body.name, response), next=times)


@router.put("/{schedule}", operation_id="change_schedule")
def change_schedule(
    _caller: Operates, at: At, claim: Once, schedule: NamePath, if_match: IfMatch, body: Planned, response: Response
) -> ScheduleTold:  # fmt: skip
    """Let it start this, at these times, in place of what it did; one that is paused stays so."""
    must_schedule(at.caller, at.employer, body.flow)
    _must_be(at, schedule)
    with given():
        job_schedules.change(at.hub, at.employer, schedule, body.wanted(), body.times(), expected=expected(if_match))
    return _shown(at, schedule, response)


@router.post("/{schedule}/pause", operation_id="pause_schedule")
def pause_schedule(
    _caller: Operates, at: At, claim: Once, schedule: NamePath, if_match: IfMatch, response: Response
) -> ScheduleTold:
    """Let it start nothing until it is resumed; what runs goes on."""
    _must_be(at, schedule)
    job_schedules.pause(at.hub, at.employer, schedule, expected=expected(if_match))
    return _shown(at, schedule, response)


@router.post("/{schedule}/resume", operation_id="resume_schedule")
def resume_schedule(
    _caller: Operates, at: At, claim: Once, schedule: NamePath, if_match: IfMatch, response: Response
) -> ScheduleTold:
    """Let it start again from its next time on; what fell into the pause is not made up for."""
    must_schedule(at.caller, at.employer, _must_be(at, schedule).flow)
    job_schedules.resume(at.hub, at.employer, schedule, expected=expected(if_match))
    return _shown(at, schedule, response)


@router.delete("/{schedule}", operation_id="remove_schedule", status_code=204)
def remove_schedule(_caller: Operates, at: At, claim: Once, schedule: NamePath, if_match: IfMatch) -> None:
    """Remove it; its runs stay."""
    _must_be(at, schedule)
    job_schedules.remove(at.hub, at.employer, schedule, expected=expected(if_match))


@router.post("/{schedule}/run-now", operation_id="run_schedule", status_code=202)
def run_schedule(_caller: Operates, at: At, claim: Once, schedule: NamePath, response: Response) -> Started:
    """Run what it starts now, whatever its time."""
    must_run(at)
    row = _must_be(at, schedule)
    must_schedule(at.caller, at.employer, row.flow)
    connection = row.connection_id or ""
    # The flow has to know the key of its run: `start` makes the same of subject and claim.
    key = f"{schedule}/{key_of(claim)}"
    return start(claim, response, f"{PREFIX}{row.flow}", schedule, connection or "-", connection, row.options, key)


def _must_be(at: Office, schedule: str) -> Row[Any]:
    with at.read() as session, named():
        return job_schedules.get(session, schedule)


def _shown(at: Office, schedule: str, response: Response) -> ScheduleTold:
    with at.read() as session:
        with named():
            tagged(response, job_schedules.version_of(job_schedules.get(session, schedule)))
        found = next(one for one in view.schedules(session) if one["name"] == schedule)
    return ScheduleTold.model_validate(found)
