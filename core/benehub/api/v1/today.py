"""`/today`: whether a month is right, in one answer, and what needs somebody although no leg says so."""

from __future__ import annotations

from datetime import date
from typing import Literal

from fastapi import APIRouter

from benehub.api.v1.fields import At, MonthText, SeesOverview
from benehub.api.v1.models import Model
from benehub.api.v1.periods import SilentTold
from benehub.api.v1.route import Route
from benehub.flows.deadlines import open_now
from benehub.flows.job_schedules import first_from
from benehub.periods import Month
from benehub.views import today as view
from benehub.views.amounts import amount
from benehub.views.fresh import Source
from benehub.views.own_times import Passed

router = APIRouter(prefix="/employers/{employer}/today", tags=["today"], route_class=Route)

State = Literal["right", "waiting", "broken", "unread", "old", "unknown"]


class LegTold(Model):
    """One leg of a month."""

    name: Literal["payroll", "premiums", "retirement", "leave", "intake", "year"]
    """payroll, premiums, retirement, leave, intake (what was read), or year (only where something of it is open)."""
    state: State
    """right; waiting (what is open is explained and in its time); broken (discrepancies are open); unread (of somebody
    nothing of the month was read); old (it has to be compared again); or unknown (never compared)."""
    discrepancies: int
    """How many are open."""
    pending: int
    """How many are explained and still to clear."""
    at_risk: dict[str, str]
    """What discrepancies have at stake, by unit: decimal text."""
    compared_at: str
    """Moment (ISO 8601, UTC) of the last comparison; empty: none."""
    oldest: str
    """Moment (ISO 8601, UTC) at which the oldest discrepancy was found; empty: none is open."""
    silent: list[SilentTold]
    """With whom nothing was compared, as nothing of the month was read of him."""


class ComingTold(Model):
    """What has to leave by a day, or to clear by it."""

    kind: str
    """Kind of the deadline; `difference` for what is to clear by itself."""
    by: date
    """The last day on which it may leave, or must have cleared."""
    due: date
    """The last day on which it may be there."""
    count: int
    """How many there are; 0 where that is not known yet."""
    worth: str
    unit: str
    late: bool
    """Whether the day is past."""


class BehindTold(Model):
    """A stream that was not read for too long."""

    stream: str
    read_at: str
    """Moment (ISO 8601, UTC) at which it was read last."""


class SourceTold(Model):
    """How fresh what a connection tells is."""

    connection: str
    mode: Literal["live", "watch", "paused"]
    """live, watch, or paused."""
    state: Literal["fresh", "stale", "failing", "paused", "never"]
    """fresh, stale, failing (the last run of a schedule went wrong), paused, or never (it was never read)."""
    read_at: str
    """Moment (ISO 8601, UTC) at which anything of it was read last; empty: never."""
    told_at: str
    """Moment (ISO 8601, UTC) at which a read last brought any row; empty: never."""
    behind: list[BehindTold]
    """The streams that were not read for too long, the oldest first."""


class PassedTold(Model):
    """A month for which a schedule has started nothing."""

    schedule: str
    """Its name."""
    flow: str
    month: str
    at: str
    """The first of its times for the month."""


class TodayTold(Model):
    """A month in one look."""

    month: str
    """The month that is told of, as 2026-11."""
    state: State
    """The worst of its legs."""
    signed: bool
    """Whether the month is signed off."""
    legs: list[LegTold]
    """The legs that the plan book has."""
    at_risk: dict[str, str]
    """The money that discrepancies of all legs have at stake, by currency: decimal text."""
    coming: list[ComingTold]
    """What must leave or clear within two weeks, the soonest first: eight at most."""
    sources: list[SourceTold]
    """Every connection, those that need somebody first."""
    unlinked: dict[str, int]
    """How many of a vendor's people are linked to nobody, by connection."""
    quarantine: dict[str, int]
    """How many rows wait in quarantine, by connection and stream."""
    held: int
    """Reads that wait for somebody's word."""
    unsettled: dict[str, int]
    """Dispatches that have not ended well, by state."""
    runs: dict[str, int]
    """Runs of the last week that failed, and all that are held or were interrupted, by state."""
    fixes: dict[str, int]
    """Fixes that wait for somebody, by state: proposed (for approval), approved (something of it is still to leave), or
    failed (its difference is still open, and it was not proposed anew)."""
    questions: int
    """Questions of employees that wait for an answer."""
    unheard: int
    """Addresses that hear of our events and did not take the last that was sent there."""
    passed: list[PassedTold]
    """Months for which a schedule has started nothing although its times for them are over."""


@router.get("", operation_id="get_today")
def get_today(_caller: SeesOverview, at: At, month: MonthText | None = None) -> TodayTold:
    """Whether a month is right; the month that is worked when none is named."""
    ahead = open_now(at.hub, at.employer, view.SOON.days)
    with at.book() as (session, book):
        asked = Month.parse(month) if month else view.working_month(session)
        found = view.today(session, book, asked, ahead, at.hub.connectors, first_from)
    return TodayTold.model_validate({
        "month": str(asked), "state": found.state, "signed": found.signed, "legs": [_leg(one) for one in found.legs],
        "at_risk": _amounts(found.at_risk), "coming": [_coming(one) for one in found.coming],
        "sources": [_source(one) for one in found.sources], "unlinked": found.unlinked,
        "quarantine": found.quarantine, "held": found.held, "unsettled": found.unsettled, "runs": found.runs,
        "fixes": found.fixes, "questions": found.questions, "unheard": found.unheard,
        "passed": [_passed(one) for one in found.passed],
    })  # fmt: skip


def _passed(one: Passed) -> PassedTold:
    return PassedTold(schedule=one.schedule, flow=one.flow, month=str(one.month), at=one.at)


def _amounts(found: dict[str, int]) -> dict[str, str]:
    return {unit: amount(value, unit) for unit, value in sorted(found.items())}


def _leg(one: view.Leg) -> LegTold:
    silent = [SilentTold(relation=relation, connection=name) for relation, name in one.silent]
    return LegTold.model_validate({
        "name": one.name, "state": one.state, "discrepancies": one.discrepancies, "pending": one.pending,
        "at_risk": _amounts(one.at_risk), "compared_at": one.compared_at, "oldest": one.oldest, "silent": silent,
    })  # fmt: skip


def _coming(one: view.Coming) -> ComingTold:
    return ComingTold(
        kind=one.kind, by=one.by, due=one.due, count=one.count, worth=amount(one.worth, one.currency),
        unit=one.currency, late=one.late,
    )  # fmt: skip


def _source(one: Source) -> SourceTold:
    behind = [BehindTold(stream=stream, read_at=at) for stream, at in one.behind]
    return SourceTold.model_validate({
        "connection": one.connection, "mode": one.mode, "state": one.state, "read_at": one.read_at,
        "told_at": one.told_at, "behind": behind,
    })  # fmt: skip
