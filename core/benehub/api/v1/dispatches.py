"""`/dispatches`: what leaves, its frozen content, where it stands, and a person's word on what stopped."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Query, Response
from pydantic import Field, model_validator

from benehub import dispatch as room
from benehub.access import Permission
from benehub.api.frozen import exact_bytes
from benehub.api.v1.fields import Approves, At, Filter, Once, PageOf, SeesMoneyOf, SeesPeople, Sends, id_path
from benehub.api.v1.models import Model, Page
from benehub.api.v1.office import NAME, Office
from benehub.api.v1.problems import Refused, given, named
from benehub.api.v1.route import Route
from benehub.api.v1.starting import Started, must_run, runs_here, start
from benehub.flows import dispatches as flow
from benehub.flows import push_guard
from benehub.views import outgoing as view
from benehub.views.carried import Carried, whose
from benehub.views.why import why

router = APIRouter(prefix="/employers/{employer}/dispatches", tags=["dispatches"], route_class=Route)

DispatchPath = Annotated[str, id_path("dis")]
State = Literal["prepared", "held", "refused", "sending", "unknown", "sent", "failed"]
Note = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S", examples=["asked the carrier by phone"])]


class DispatchTold(Model):
    """What leaves, or has left."""

    dispatch: str
    connection: str
    operation: str
    key: str
    """Its business key."""
    revision: int
    """Which content under this key it is: 1 for the first."""
    state: State
    """prepared, held (a person comes first), refused, sending, unknown (whether the vendor has it), sent or failed."""
    acknowledged: str
    """What the partner has answered; may be empty."""
    items: int
    worth: str
    currency: str
    prepared_at: str
    sent_at: str | None
    file: str
    """Name of the file; empty for a call."""
    reason: str
    seq: int


class DispatchDetail(DispatchTold):
    """A dispatch with what was tried, said, and what it carries."""

    guard: str
    """How a second effect is kept off."""
    attempts: list[str]
    """Each try to send it: when, and what came of it."""
    said: list[str]
    """What persons said of it."""
    obligations: list[str]
    """Ids of the obligations that it meets."""
    entries: list[str]
    """What it posted."""


class Call(Model):
    """A call as it would leave."""

    call: str
    """Method and address, as `POST /deductions`."""
    body: str
    """What is sent with it; personal data masked."""


class Preview(Model):
    """The frozen content, personal data masked."""

    dispatch: str
    file: str
    content: str
    """The frozen content, decoded; personal data masked."""
    calls: list[Call]
    """The calls that write it; empty for a file."""


class Settled(Model):
    """What a person has seen at the vendor's."""

    has: bool | None = None
    """Whether the vendor has it: then it counts as sent, else the next run sends it anew."""
    came_back: bool = False
    """Instead: a deposit that had left was returned; its money is owed again, and goes in a new file."""
    note: Note
    """How that is known."""

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.has is None) != self.came_back:
            raise ValueError("say one of `has` and `came_back`")
        return self


class Held(Model):
    """Why it is not to leave."""

    note: Note


class Resent(Model):
    """Why it may leave."""

    note: Note
    same_bytes: bool = False
    """Of a file that has left: the very bytes once more, because the partner has lost it unread."""


class Permit(Model):
    """A push that stopped because it changes or ends many, and may leave all the same."""

    connection: str = Field(max_length=40, pattern=NAME, examples=["payroll"])
    operation: str = Field(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=32, examples=["deduction.set"])
    """What was stopped."""
    people: int = Field(ge=1, le=100_000_000)
    """How many may be changed or ended, as the stop said."""
    note: Note


class Permitted(Model):
    """What may leave now."""

    connection: str
    operation: str
    people: int
    """How many may be changed or ended."""
    until: str
    """The moment from which on such a push stops again."""
    run: str
    """The run that had stopped and goes on now; empty where none waits, or the caller may not send: then somebody who
    may sends it anew, or permits it, too."""


class Reopened(Model):
    """What becomes of it."""

    state: str
    """prepared: it leaves now, by `run`; open: the next run of `command` sends it anew."""
    run: str
    command: str
    """The command whose next run sends it; empty where a run is under way."""


@router.get("", operation_id="list_dispatches")
def list_dispatches(
    _caller: SeesMoneyOf, at: At, page: PageOf,
    state: Annotated[list[State] | None, Query(description="Only in these states.")] = None,
    connection: Filter = "", operation: Filter = "",
) -> Page[DispatchTold]:  # fmt: skip
    """List dispatches, the newest first."""
    before = page.after(int, str)
    with at.read() as session:
        rows = view.listed(
            session, state or (), connection, operation, page.limit + 1, (before[0], before[1]) if before else None
        )
        at.seen(session, *whose(session, [row["dispatch"] for row in rows[: page.limit]]))
    return page.page(rows, DispatchTold.model_validate, lambda row: (row["seq"], row["dispatch"]))


@router.post("/permit", operation_id="permit_push", status_code=201)
def permit_push(_caller: Approves, at: At, claim: Once, body: Permit) -> Permitted:
    """Let pushes leave that stop because they change or end many: for a day, and no more people than named.

    The run that stopped goes on at once where the caller has the permission `send`, too.
    """
    with given():
        until = push_guard.permit(at.hub, at.employer, body.connection, body.operation, body.people, at.caller.user,
                                  body.note)  # fmt: skip
    run = ""
    if at.caller.may(Permission.SEND, at.employer) and runs_here(at):
        with at.read() as session:
            run = push_guard.may_go_on(session, body.connection, body.operation)
        if run:
            at.hub.retry_beside(at.employer, run)
    return Permitted(connection=body.connection, operation=body.operation, people=body.people, until=until, run=run)


@router.get("/{dispatch}", operation_id="get_dispatch")
def get_dispatch(_caller: SeesMoneyOf, at: At, dispatch: DispatchPath) -> DispatchDetail:
    """One dispatch: its attempts, what came of it, and what it carries."""
    return _shown(at, dispatch)


@router.get("/{dispatch}/preview", operation_id="preview_dispatch")
def preview_dispatch(_caller: SeesPeople, at: At, dispatch: DispatchPath) -> Preview:
    """What it carries, personal data masked: a file as it leaves, an item with the calls that write it."""
    people = _people(at, dispatch)
    with at.read() as session, named():
        (shown,) = view.outgoing(session, [dispatch])
        at.seen(session, *people)
    calls = flow.calls(at.hub, at.employer, dispatch)
    with at.read() as session:
        masked = [Call(call=place, body=view.masked_of(session, dispatch, body)) for place, body in calls]
    return Preview(dispatch=shown.dispatch, file=shown.file, content=shown.content, calls=masked)


@router.get(
    "/{dispatch}/content", operation_id="get_dispatch_content", response_class=Response,
    responses={200: {"description": "The exact bytes.",
                     "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)  # fmt: skip
def get_content(_caller: Sends, at: At, dispatch: DispatchPath) -> Response:
    """The frozen bytes, exact and unmasked; for whoever may send them."""
    _must_be(at, dispatch)
    return exact_bytes(at.request, at.employer, dispatch)


@router.post("/{dispatch}/settle", operation_id="settle_dispatch")
def settle_dispatch(_caller: Sends, at: At, claim: Once, dispatch: DispatchPath, body: Settled) -> DispatchDetail:
    """Say whether the vendor has what stopped half-way; look there first. Of a deposit that had left: that it came
    back; then its money is owed again, and goes in a new file."""
    _must_be(at, dispatch)
    if body.has is None:
        flow.came_back(at.hub, at.employer, dispatch, at.caller.user, body.note)
    else:
        flow.settle(at.hub, at.employer, dispatch, body.has, at.caller.user, body.note)
    return _shown(at, dispatch)


@router.post("/{dispatch}/hold", operation_id="hold_dispatch")
def hold_dispatch(_caller: Approves, at: At, claim: Once, dispatch: DispatchPath, body: Held) -> DispatchDetail:
    """Keep what waits to leave; `resend` lets it go."""
    _must_be(at, dispatch)
    flow.hold(at.hub, at.employer, dispatch, at.caller.user, body.note)
    return _shown(at, dispatch)


@router.post("/{dispatch}/resend", operation_id="resend_dispatch", status_code=202)
def resend_dispatch(
    _caller: Sends, at: At, claim: Once, dispatch: DispatchPath, body: Resent, response: Response
) -> Reopened:
    """Let it leave: what was never tried goes now, by a run; what a vendor refused goes anew with the next run."""
    _must_be(at, dispatch)
    must_run(at)
    with at.read() as session:
        row = room.get(session, dispatch)
    also = (Permission.APPROVE,) if row.state in ("prepared", "held") else ()
    if not all(at.caller.may(one, at.employer) for one in also):
        raise Refused(403, "what waits or is held is let go by who may approve",
                      "Use a caller with the permission approve")  # fmt: skip
    let_go = flow.same_bytes if body.same_bytes else flow.reopen
    state = let_go(at.hub, at.employer, dispatch, at.caller.user, body.note)
    if state == "open":
        return Reopened(state=state, run="", command=flow.next_command(row))
    begun: Started = start(claim, response, "dispatch.resend", dispatch, row.connection_id, dispatch, also=also)
    return Reopened(state=state, run=begun.run, command="")


def _must_be(at: Office, dispatch: str) -> None:
    with at.read() as session, named():
        room.get(session, dispatch)


def _people(at: Office, dispatch: str) -> Carried:
    """Of whom it tells; a dispatch that there is not is answered as such."""
    with named():
        return flow.carried(at.hub, at.employer, dispatch)


def _shown(at: Office, dispatch: str) -> DispatchDetail:
    people = _people(at, dispatch)
    with at.read() as session:
        row = view.one(session, dispatch)
        at.seen(session, *people)
        data = why(session, dispatch).data
    lists = {name: [str(one) for one in data[name]] for name in ("attempts", "said", "obligations", "entries")}
    return DispatchDetail.model_validate(row | lists)
