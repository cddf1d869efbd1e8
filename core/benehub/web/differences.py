"""One difference: what is known of it, the way from HR fact to vendor line, and a person's word on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response

from benehub import reconcile
from benehub.access import Caller, Permission, users
from benehub.api.guard import Needs
from benehub.api.trail import seen
from benehub.errors import ChangedMeanwhile, DataError
from benehub.flows import Hub, reconciling
from benehub.periods import parse_date
from benehub.reconcile.suppression import parse_up_to
from benehub.store.schema import INSTALLATION
from benehub.views.worklist import case
from benehub.web.mends import NEEDS, mend
from benehub.web.pages import Page, page, then

router = APIRouter(route_class=Page)

Sees = Annotated[Caller, Depends(Needs(Permission.SEE_MONEY, of_people=True))]
Works = Annotated[Caller, Depends(Needs(Permission.WORK_DIFFERENCES))]
Note = Annotated[str, Form(max_length=2000)]
Seen = Annotated[str, Form(max_length=120)]

SUGGESTED = timedelta(days=90)
"""For how long a rule sets aside unless somebody says otherwise."""


def _shown(
    request: Request, employer: str, caller: Caller, difference: str, status: int = 200, **more: Any
) -> Response:
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        book = hub.book(session)
        found = case(session, book, difference)
        kind, path, query = mend(found.row, book, found.employee)
        data = {"ends": session.today() + SUGGESTED, "currency": book.employer.currency, "mend": kind,
                "mend_path": path, "mend_query": query, "mend_needs": NEEDS.get(kind, "see_money")}  # fmt: skip
    with hub.store.read(INSTALLATION) as session:
        data["workers"] = users.who_may(session, Permission.WORK_DIFFERENCES, employer)
    seen(request, [found.row.person_id])
    steps = [one for one in reconcile.STEPS if one]
    told = {"note": "", "news": 0, "said": ""} | more
    return page(
        request, caller, "reconcile/one.html", status=status, case=found, row=found.row, steps=steps, **data, **told
    )


@router.get("/e/{employer}/reconcile/differences/{difference}")
def one(request: Request, employer: str, difference: str, caller: Sees) -> Response:
    """Everything about a difference."""
    return _shown(request, employer, caller, difference)


def _say(
    request: Request, employer: str, caller: Caller, difference: str, seen: str, note: str, **said: Any
) -> Response:
    """A word on it; whoever looked at an older state is shown what is new, with his own text kept."""
    number, _, version = seen.partition("/")
    hub: Hub = request.app.state.hub
    try:
        reconciling.act(hub, employer, difference, caller.user, note=note.strip(), expected=version, **said)
    except ChangedMeanwhile:
        news = int(number) if number.isdecimal() else 0
        return _shown(request, employer, caller, difference, 409, note=note, news=news, said=next(iter(said.values())))
    done = said.get("state") or ("assigned" if "to" in said else "noted")
    return then(request, f"reconcile/differences/{difference}", done=done)


@router.post("/e/{employer}/reconcile/differences/{difference}/note")
def note(
    request: Request, employer: str, difference: str, caller: Works, seen: Seen, note: Note = "",
    step: Annotated[str, Form(max_length=24)] = "",
) -> Response:  # fmt: skip
    """Whose turn it is, and a note."""
    if not note.strip() and not step:
        raise DataError("nothing was said", mend="Write a note, or say whose turn it is")
    return _say(request, employer, caller, difference, seen, note, step=step)


@router.post("/e/{employer}/reconcile/differences/{difference}/assign")
def assign(
    request: Request, employer: str, difference: str, caller: Works, seen: Seen, note: Note = "",
    to: Annotated[str, Form(max_length=254)] = "",
) -> Response:  # fmt: skip
    """Whose it is from now on: somebody's, one's own, or nobody's."""
    return _say(request, employer, caller, difference, seen, note, to=to)


@router.post("/e/{employer}/reconcile/differences/{difference}/resolve")
def resolve(
    request: Request, employer: str, difference: str, caller: Works, seen: Seen, note: Note = "",
    entries: Annotated[str, Form(max_length=2400)] = "",
) -> Response:  # fmt: skip
    """It is settled: how, and by which ledger entries (those proposed where none is named)."""
    return _say(request, employer, caller, difference, seen, note, state="resolved", entries=entries.split())


@router.post("/e/{employer}/reconcile/differences/{difference}/dismiss")
def dismiss(request: Request, employer: str, difference: str, caller: Works, seen: Seen, note: Note = "") -> Response:
    """It is none: why."""
    return _say(request, employer, caller, difference, seen, note, state="dismissed")


@router.post("/e/{employer}/reconcile/differences/{difference}/reopen")
def reopen(request: Request, employer: str, difference: str, caller: Works, seen: Seen, note: Note = "") -> Response:
    """It was dismissed and is one after all: why."""
    return _say(request, employer, caller, difference, seen, note, state=reconcile.REOPENED)


@router.post("/e/{employer}/reconcile/differences/{difference}/suppress")
def suppress(
    request: Request, employer: str, difference: str, caller: Works, ends: Annotated[str, Form(max_length=10)],
    note: Note = "", plan: Annotated[str, Form(max_length=40)] = "", up_to: Annotated[str, Form(max_length=20)] = "",
) -> Response:  # fmt: skip
    """Set such differences aside until a day, by a rule."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        row = reconcile.get(session, difference)
        currency = hub.book(session).employer.currency
    most = parse_up_to(up_to, row.relation, row.type, currency)
    reconciling.set_aside(
        hub, employer, row.relation, row.type, plan or None, most, parse_date(ends, where="last day"), caller.user, note
    )
    return then(request, "reconcile/rules", done="ruled")
