"""`/deadlines`: what has to leave or to have come by when, and which alarms were raised."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from benehub.api.own_runs import by
from benehub.api.trail import about
from benehub.api.v1.fields import At, Filter, Once, PageOf, SeesOverview, Sends
from benehub.api.v1.models import Model, Page
from benehub.api.v1.route import Route
from benehub.api.v1.starting import Started, at_run, key_of, must_run
from benehub.flows import meeting
from benehub.flows.deadlines import open_now, told_of
from benehub.rules.deadline.latest_safe import Level
from benehub.views.deadlines import Deadline, Only, behind, place

router = APIRouter(prefix="/employers/{employer}/deadlines", tags=["deadlines"], route_class=Route)


class Told(Model):
    """Somebody whom an alarm is told to."""

    notifier: str
    """His name in the plan book."""
    state: Literal["told", "waiting", "dropped"]
    """told, waiting (it is tried again), or dropped (the plan book names him no longer)."""
    at: str
    """When he was told; while he waits, when it is tried next."""
    error: str
    """Why the last try failed; empty where it did not."""


class AlarmTold(Model):
    """An alarm that was raised."""

    level: Literal["t5", "t2", "today", "late"]
    """How pressing it was when the alarm was raised: t5, t2, today or late."""
    at: str
    told: list[Told]
    """Whom it was told to."""


class DeadlineTold(Model):
    """Something that has to leave, or to have come, by a moment."""

    subject: str
    """What tells it from others; the first obligation of those that are alike."""
    kind: str
    """The operation or flow that meets it, `leave.payout`, or `answer` for one that a partner owes."""
    connection: str
    plan: str | None
    period: str
    due: date
    """The last day on which it may be there."""
    send_by: date
    """The last day on which it may leave."""
    latest_safe: str
    """The cut-off of that day, in UTC."""
    slack_days: int
    """Business days that are left; below zero once the day is past."""
    level: Level
    """calm, t5 (five business days or fewer are left), t2, today or late."""
    items: int
    """People or rows; 0 where that is not known yet."""
    worth: str
    currency: str
    days: dict[str, date]
    """Further days that matter, by name."""
    mend: str
    """The command that meets it."""
    alarms: list[AlarmTold]
    """The last one first."""


class Meet(Model):
    """Which deadline."""

    subject: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
    """What tells it from others, as the list tells it."""
    kind: str = Field(min_length=1, max_length=40, pattern=r"^[a-z._]+$", examples=["deduction.set"])
    """The operation or flow that meets it, as the list tells it."""


@router.get("", operation_id="list_deadlines")
def list_deadlines(
    _caller: SeesOverview, at: At, page: PageOf,
    within: Annotated[int, Query(ge=0, le=366, description="Days ahead that are looked at.")] = 14,
    level: Annotated[Level | None, Query(description="Only as pressing as this.")] = None,
    kind: Filter = "", connection: Filter = "",
) -> Page[DeadlineTold]:  # fmt: skip
    """List the deadlines that are open, the most pressing first."""
    before = page.after(str, str, str)
    only = Only(level.value if level else "", kind, connection)
    found = behind(
        open_now(at.hub, at.employer, within), only, (before[0], before[1], before[2]) if before else None,
        page.limit + 1,
    )  # fmt: skip
    alarms = told_of(at.hub, at.employer, found[: page.limit])
    return page.page(
        found, lambda one: _told(one, [raised.as_json() for raised in alarms[one.subject]]), lambda one: place(one)
    )


@router.post("/meet", operation_id="meet_deadline", status_code=202)
def meet_deadline(
    request: Request, _caller: Sends, at: At, claim: Once, body: Meet, response: Response
) -> Started:  # fmt: skip
    """Do now what a deadline asks for, in a run; one that a person or a vendor has to meet is refused."""
    must_run(at)
    run = meeting.meet(at.hub, at.employer, body.subject, body.kind, key_of(claim), by(at.request))
    about(request, run)
    return at_run(at, response, run)


def _told(one: Deadline, alarms: list[dict[str, Any]]) -> DeadlineTold:
    plain = {name: value for name, value in one.as_json().items() if name not in one.more}
    return DeadlineTold.model_validate(plain | {"days": one.more, "alarms": alarms})
