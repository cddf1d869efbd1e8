"""`/e/{employer}/webhooks`: who hears of our events, what each was told, and what did not arrive.

A secret that the hub makes is shown once, on the page that answers its making.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.api.trail import about
from benehub.errors import BenehubError, DataError, NeedsPersonError, RetriableError
from benehub.flows import Hub, hook_secrets
from benehub.flows import hook_subscriptions as flow
from benehub.store.events import EVENTS
from benehub.views import hook_messages as view
from benehub.web.pages import Page, page, then

router = APIRouter(route_class=Page)

Seer = Annotated[Caller, Depends(Needs(Permission.SEE_CONNECTIONS))]
Operator = Annotated[Caller, Depends(Needs(Permission.OPERATE))]
Short = Annotated[str, Form(max_length=120)]
Seen = Annotated[str, Form(max_length=200)]
SHOWN = 50
"""Messages on a page."""


@router.get("/e/{employer}/webhooks")
def listed(employer: str, request: Request, caller: Seer) -> Response:
    """Who hears of what, and the form for another."""
    return _list(request, employer, caller)


@router.post("/e/{employer}/webhooks")
def added(
    employer: str, request: Request, caller: Operator, url: Annotated[str, Form(max_length=500)] = "",
    event: Annotated[list[str] | None, Form()] = None, secret: Short = "",
) -> Response:  # fmt: skip
    """Let an address hear; a secret that is made for it is shown this once. What cannot be is said above the form."""
    hub: Hub = request.app.state.hub
    events = (event or [])[: len(EVENTS) + 1]
    try:
        made = flow.subscribe(hub, employer, url.strip(), events, secret.strip(), caller.user)
    except RetriableError:
        raise
    except BenehubError as error:
        return _list(request, employer, caller, error, url, events, secret.strip())
    about(request, made.id)
    if made.secret:
        return _one(request, employer, caller, made.id, secret=made.secret, status=201)
    return then(request, f"webhooks/{made.id}", done="saved")


@router.get("/e/{employer}/webhooks/{subscription}")
def one(
    employer: str, subscription: str, request: Request, caller: Seer,
    state: Annotated[Literal["", "waiting", "delivered", "dead"], Query()] = "",
    after: Annotated[str, Query(max_length=100)] = "",
) -> Response:  # fmt: skip
    """One of them, with what it was sent."""
    if not after.isprintable():
        raise DataError("a filter holds signs that no text has", mend="Type it anew")
    return _one(request, employer, caller, subscription, state=state, after=after)


@router.post("/e/{employer}/webhooks/{subscription}/rotate")
def rotated(
    employer: str, subscription: str, request: Request, caller: Operator, seen: Seen = "", secret: Short = ""
) -> Response:  # fmt: skip
    """Sign with another secret, shown this once where it is made here."""
    hub: Hub = request.app.state.hub
    try:
        made = flow.rotate(hub, employer, subscription, secret.strip(), seen)
    except NeedsPersonError as error:
        return _one(request, employer, caller, subscription, error=error, status=409)
    if made:
        return _one(request, employer, caller, subscription, secret=made)
    return then(request, f"webhooks/{subscription}", done="saved")


@router.post("/e/{employer}/webhooks/{subscription}/{what}")
def done(
    employer: str, subscription: str, what: Literal["pause", "resume", "remove", "test", "again"], request: Request,
    caller: Operator, seen: Seen = "",
) -> Response:  # fmt: skip
    """Let it hear nothing, or again; end it; send it a test; try anew all that failed."""
    hub: Hub = request.app.state.hub
    try:
        if what in ("pause", "resume"):
            flow.set_state(hub, employer, subscription, "paused" if what == "pause" else "on", seen)
        elif what == "test":
            flow.send_test(hub, employer, subscription)
        elif what == "again":
            flow.resend_all(hub, employer, subscription)
        else:
            flow.remove(hub, employer, subscription, seen)
            return then(request, "webhooks", done="removed")
    except NeedsPersonError as error:
        return _one(request, employer, caller, subscription, error=error, status=409)
    told = {"test": "queued", "again": "tried_anew"}.get(what, "saved")
    return then(request, f"webhooks/{subscription}", done=told)


@router.post("/e/{employer}/webhooks/{subscription}/messages/{message}/again")
def again(employer: str, subscription: str, message: str, request: Request, caller: Operator) -> Response:
    """Try one message anew."""
    flow.resend(request.app.state.hub, employer, subscription, message)
    return then(request, f"webhooks/{subscription}", done="tried_anew")


def _list(
    request: Request, employer: str, caller: Caller, error: BenehubError | None = None, url: str = "",
    chosen: list[str] | None = None, secret: str = "",
) -> Response:  # fmt: skip
    kept = secret if hook_secrets.REFERENCE.fullmatch(secret) else ""  # what was pasted by mistake is not told again
    with request.app.state.hub.store.read(employer) as session:
        rows = view.subscriptions(session)
    return page(
        request, caller, "webhooks/list.html", status=400 if error else 200, rows=rows, events=list(EVENTS),
        error=error, url=url, chosen=list(EVENTS) if chosen is None else chosen, secret=kept, most=flow.MOST,
    )  # fmt: skip


def _one(
    request: Request, employer: str, caller: Caller, subscription: str, *, state: str = "", after: str = "",
    secret: str = "", error: BenehubError | None = None, status: int = 200,
) -> Response:  # fmt: skip
    with request.app.state.hub.store.read(employer) as session:
        version = flow.version_of(flow.get(session, subscription))
        row = next(one for one in view.subscriptions(session) if one["subscription"] == subscription)
        messages, last = view.part(session, subscription, state, after, SHOWN)
    return page(request, caller, "webhooks/one.html", status=status, row=row, messages=messages, last=last,
                after_now=after, state=state, version=version, secret=secret, error=error,
                states=view.STATES)  # fmt: skip
