"""`/fixes`: what can put a difference right: offered, previewed as it would leave, proposed, decided, carried out."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from annotated_types import Ge, Le
from fastapi import APIRouter, Query, Response
from pydantic import Field

from benehub import reconcile
from benehub.access import Permission
from benehub.api.own_runs import by
from benehub.api.sends import may_start
from benehub.api.v1.differences import DifferencePath, Note
from benehub.api.v1.edits import IfMatch, expected, tagged
from benehub.api.v1.fields import (
    FIRST_DAY,
    LAST_DAY,
    Approves,
    At,
    Day,
    Once,
    PageOf,
    SeesPeople,
    Sends,
    WorksDifferences,
    id_path,
    one_of,
)
from benehub.api.v1.models import Model, Page
from benehub.api.v1.office import Office
from benehub.api.v1.problems import named
from benehub.api.v1.route import Route
from benehub.api.v1.starting import Started, at_run, key_of, must_run, start
from benehub.flows import fixes as flow
from benehub.reconcile import fixes as room
from benehub.views import fixes as view
from benehub.views.amounts import amount

router = APIRouter(prefix="/employers/{employer}", tags=["fixes"], route_class=Route)

FixPath = Annotated[str, id_path("fix")]
State = Literal["proposed", "approved", "rejected", "carried_out", "failed", "withdrawn"]
ACTION = rf"^$|{one_of(flow.ACTIONS)}"
Said = Annotated[str, Field(max_length=2000, examples=["they lost her"])]


class OptionTold(Model):
    """A kind of fix that could be meant for a difference."""

    action: str
    title: str
    says: str
    """What it would do now; empty where it cannot be proposed."""
    at_stake: str
    unit: str
    why_not: str
    """Why it cannot be proposed; empty where it can."""
    with_notice: bool
    """Whether it does something else once the day of the notice to the employee is said (`notice_day`)."""


class Options(Model):
    """Every kind of fix that could be meant; none where the difference is put right by hand."""

    items: list[OptionTold]


class FixPreview(Model):
    """A fix as it would leave; nothing is written by looking."""

    action: str
    says: str
    """What it would do, in a sentence."""
    at_stake: str
    unit: str
    text: str
    """What would leave, byte for byte, personal data masked."""
    needs_second: bool
    """Whether somebody else than its proposer has to approve it."""
    with_notice: bool
    """Whether it depends on the day of the notice to the employee (`notice_day`)."""


class Proposed(Model):
    """What is proposed."""

    action: Annotated[str, Field(pattern=ACTION, examples=["enrollment_correction"])] = ""
    """Kind of fix; the first that can be proposed when left out."""
    note: Said = ""
    notice_day: Annotated[date, Ge(FIRST_DAY), Le(LAST_DAY), Field(examples=["2026-11-20"])] | None = None
    """missed_deferral: the day the employee was told of it in writing; half is owed when left out."""


class Approved(Model):
    """A yes."""

    note: Said = ""


class Approval(Model):
    """What comes of a yes."""

    run: str | None
    """The run that carries it out, as of all long work; null where the caller may not send."""
    waits: str
    """What carries it out instead; empty where a run does."""


class Refused(Model):
    """A no, or a proposal taken back."""

    note: Note
    """Why."""


class FixTold(Model):
    """A fix."""

    fix: str
    difference: str
    action: str
    state: State
    """proposed, approved (what it makes owed is still to leave), carried_out (all of it has left), failed, rejected,
    withdrawn."""
    reason: str
    """What was said last, or what came of it."""
    employee: str
    """Employee number; empty where it is about nobody by name."""
    connection: str
    """Whom it is told."""
    at_stake: str
    unit: str
    proposed_by: str
    """Id of the user who proposed it."""
    proposed_at: str
    """Moment (ISO 8601, UTC) at which it was proposed."""
    seq: int
    """Its number in the recorded order."""


class Owed(Model):
    """What a fix has made owed."""

    obligation: str
    kind: str
    """What is owed, as `enrollment.change`."""
    state: Literal["open", "sent", "confirmed", "refused", "held", "replaced", "canceled"]
    """open, sent, confirmed, refused, held, replaced or canceled."""
    reason: str
    dispatch: str | None
    """What carries it; null while nothing does."""


class Word(Model):
    """Who said what of a fix."""

    at: str
    who: str
    state: str
    """The state that it then had."""
    note: str


class FixDetail(FixTold):
    """A fix with what it would do, what came of it, and who said what."""

    needs_second: bool
    """Whether somebody else than its proposer has to approve it."""
    preview: str
    """What would leave, as it was frozen when it was proposed; personal data masked."""
    digest: str
    """Of what is told: approved is exactly this, or nothing."""
    obligations: list[Owed]
    """What it has made owed."""
    history: list[Word]


class Fixes(Model):
    """The fixes of a difference, in the order they were proposed."""

    items: list[FixTold]


@router.get("/fixes", operation_id="list_fixes")
def list_fixes(
    _caller: SeesPeople, at: At, page: PageOf,
    state: Annotated[list[State] | None, Query(description="In these states; in all when left out.")] = None,
) -> Page[FixTold]:  # fmt: skip
    """List fixes, the newest first."""
    before = page.after(int)
    with at.read() as session:
        rows = view.listed(session, state or (), page.limit + 1, before[0] if before else None)
        at.seen(session, [row["employee"] for row in rows[: page.limit]])
    return page.page(rows, FixTold.model_validate, lambda row: (row["seq"],))


@router.get("/differences/{difference}/fixes", operation_id="list_difference_fixes")
def list_difference_fixes(_caller: SeesPeople, at: At, difference: DifferencePath) -> Fixes:
    """List the fixes that were proposed for a difference."""
    _person(at, difference)
    with at.read() as session:
        return Fixes(items=[FixTold.model_validate(one) for one in view.of_difference(session, difference)])


@router.get("/differences/{difference}/fix-options", operation_id="list_fix_options")
def list_fix_options(_caller: SeesPeople, at: At, difference: DifferencePath) -> Options:
    """What could be done about a difference now: each kind of fix with what it would do, or why it cannot."""
    _person(at, difference)
    found = flow.options(at.hub, at.employer, difference)
    return Options(
        items=[
            OptionTold(action=one.action, title=one.title, says=one.says, at_stake=amount(one.at_stake, one.unit),
                       unit=one.unit, why_not=one.why_not, with_notice=one.with_notice)
            for one in found
        ]
    )  # fmt: skip


@router.get("/differences/{difference}/fix-preview", operation_id="preview_fix")
def preview_fix(
    _caller: SeesPeople, at: At, difference: DifferencePath,
    action: Annotated[str, Query(pattern=ACTION, description="Kind of fix; the first possible when left out.")] = "",
    notice_day: Annotated[
        Day | None, Query(description="missed_deferral: the day the employee was told of it in writing.")
    ] = None,
) -> FixPreview:  # fmt: skip
    """What a fix would do and what would leave, before anybody proposes it."""
    _must_differ(at, difference)
    one = flow.preview(at.hub, at.employer, difference, action, notice_day=notice_day)
    with at.read() as session:
        at.seen(session, *one.people)
    return FixPreview(action=one.action, says=one.says, at_stake=amount(one.at_stake, one.unit), unit=one.unit,
                      text=one.text, needs_second=one.needs_second, with_notice=one.with_notice)  # fmt: skip


@router.post("/differences/{difference}/fixes", operation_id="propose_fix", status_code=201)
def propose_fix(
    _caller: WorksDifferences, at: At, claim: Once, difference: DifferencePath, body: Proposed, response: Response
) -> FixDetail:
    """Propose a fix, frozen with its preview; somebody approves it."""
    _must_differ(at, difference)
    made = flow.propose(
        at.hub, at.employer, difference, at.caller.user, body.action, body.note.strip(), body.notice_day
    )
    return _shown(at, made, response)


@router.get("/fixes/{fix}", operation_id="get_fix")
def get_fix(_caller: SeesPeople, at: At, fix: FixPath, response: Response) -> FixDetail:
    """One fix: what it would do, what it made owed and what became of that; its ETag is what a word names."""
    return _shown(at, fix, response)


@router.post("/fixes/{fix}/approve", operation_id="approve_fix", status_code=202)
def approve_fix(
    _caller: Approves, at: At, claim: Once, fix: FixPath, body: Approved, if_match: IfMatch, response: Response
) -> Approval:
    """Approve it; by whoever may send it is carried out, too. Refused where it would be something else by now."""
    sends = may_start(at.caller, at.employer, flow.CARRY)
    if sends:
        must_run(at)
    _must_be(at, fix)
    key = key_of(claim) if sends else ""
    who, mine = at.caller.user, by(at.request, Permission.SEND)
    run = flow.approve(at.hub, at.employer, fix, who, body.note.strip(), expected(if_match), key, mine)
    return Approval(run=at_run(at, response, run).run, waits="") if run else Approval(run=None, waits=flow.WAITS)


@router.post("/fixes/{fix}/carry-out", operation_id="carry_out_fix", status_code=202)
def carry_out_fix(_caller: Sends, at: At, claim: Once, fix: FixPath, response: Response) -> Started:
    """Carry out what is approved and has not been, or stopped half-way."""
    must_run(at)
    _must_be(at, fix)
    with at.read() as session:
        flow.approved(session, fix)
    return start(claim, response, flow.CARRY, fix, "fixes", fix)


@router.post("/fixes/{fix}/reject", operation_id="reject_fix")
def reject_fix(
    _caller: Approves, at: At, claim: Once, fix: FixPath, body: Refused, if_match: IfMatch, response: Response
) -> FixDetail:
    """Say no, and why."""
    _must_be(at, fix)
    flow.reject(at.hub, at.employer, fix, at.caller.user, body.note, expected(if_match))
    return _shown(at, fix, response)


@router.post("/fixes/{fix}/withdraw", operation_id="withdraw_fix")
def withdraw_fix(
    _caller: WorksDifferences, at: At, claim: Once, fix: FixPath, body: Refused, if_match: IfMatch, response: Response
) -> FixDetail:
    """Take it back, and why; what it made owed and has not left is taken back with it."""
    _must_be(at, fix)
    flow.withdraw(at.hub, at.employer, fix, at.caller.user, body.note, expected(if_match))
    return _shown(at, fix, response)


def _person(at: Office, difference: str) -> None:
    """The difference is there; whom it is about was looked at."""
    with at.read() as session:
        with named():
            row = reconcile.get(session, difference)
        at.seen(session, [str(row.person_id or "")])


def _must_differ(at: Office, difference: str) -> None:
    with at.read() as session, named():
        reconcile.get(session, difference)


def _must_be(at: Office, fix: str) -> None:
    with at.read() as session, named():
        room.get(session, fix)


def _shown(at: Office, fix: str, response: Response) -> FixDetail:
    _must_be(at, fix)
    with at.book() as (session, book):
        found = view.shown(session, fix, book.guards.alone_up_to_minor)
        row = room.get(session, fix)
        tagged(response, room.version_of(session, row))
        at.seen(session, *room.told_of(session, row))
    return FixDetail.model_validate(found)
