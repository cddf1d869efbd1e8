"""`/e/{employer}/unlinked`: people whom a vendor knows and nobody is linked to. Nothing of theirs is exchanged."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response

from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.api.trail import named_in, seen_in
from benehub.flows import Hub, identities
from benehub.views import strangers
from benehub.web.pages import Page, page, then

router = APIRouter(route_class=Page)

Seer = Annotated[Caller, Depends(Needs(Permission.SEE_PEOPLE))]
Editor = Annotated[Caller, Depends(Needs(Permission.EDIT_PEOPLE))]
Note = Annotated[str, Form(max_length=2000)]
Seen = Annotated[str, Form(max_length=400)]
Number = Annotated[str, Form(max_length=40)]

SHOWN = 200


@router.get("/e/{employer}/unlinked")
def listed(employer: str, request: Request, caller: Seer, connection: str = "") -> Response:
    """Everybody who waits, with who he may be."""
    hub: Hub = request.app.state.hub
    clear = caller.may(Permission.EDIT_PEOPLE, employer)
    with hub.store.read(employer) as session:
        rows = strangers.unlinked(session, connection, clear=clear, most=SHOWN)
        count = strangers.counted(session, connection)
        likely = strangers.suggested(session, connection, clear=clear, most=SHOWN)
        twice = strangers.doubles(session, connection, most=SHOWN)
        seen_in(request, session, [*named_in(likely), *(who for one in twice for who in one["persons"])])
    by_ref: dict[str, list[dict[str, object]]] = {}
    for guess in likely:
        by_ref.setdefault(guess["ref"], []).append(guess)
    return page(request, caller, "people/unlinked.html", rows=rows, count=count, likely=by_ref,
                twice=twice, connection=connection)  # fmt: skip


@router.get("/e/{employer}/unlinked/{ref}")
def one(employer: str, ref: str, request: Request, caller: Seer) -> Response:
    """One of them: what the vendor told, who he may be, and what was said of it."""
    hub: Hub = request.app.state.hub
    clear = caller.may(Permission.EDIT_PEOPLE, employer)
    with hub.store.read(employer) as session:
        found = strangers.details(session, ref, clear=clear)
        likely = strangers.likely(session, ref, clear=clear)
        version = identities.version_of(session, ref)
        seen_in(request, session, [found["linked_to"], *named_in(likely)])
    return page(request, caller, "people/stranger.html", one=found, likely=likely, version=version)


@router.post("/e/{employer}/unlinked/suggest")
def suggest(employer: str, request: Request, caller: Editor) -> Response:
    """Look anew who they may be."""
    identities.suggest(request.app.state.hub, employer)
    return then(request, "unlinked", done="looked")


@router.post("/e/{employer}/unlinked/{ref}/link")
def link(
    employer: str, ref: str, request: Request, caller: Editor, employee: Number, note: Note, seen: Seen
) -> Response:
    """This is that employee: what waits for him is tried again at once."""
    identities.link(request.app.state.hub, employer, ref, employee.strip(), caller.user, note, expected=seen)
    return then(request, f"people/{employee.strip()}", done="linked")


@router.post("/e/{employer}/unlinked/{ref}/unlink")
def unlink(employer: str, ref: str, request: Request, caller: Editor, note: Note, seen: Seen) -> Response:
    """He is not whom he was linked to: the link is taken back, and not made again by itself."""
    identities.unlink(request.app.state.hub, employer, ref, caller.user, note, seen)
    return then(request, f"unlinked/{ref}", done="saved")


@router.post("/e/{employer}/unlinked/{ref}/reject")
def reject(
    employer: str, ref: str, request: Request, caller: Editor, employee: Number, note: Note, seen: Seen
) -> Response:
    """This is not that employee."""
    identities.reject(request.app.state.hub, employer, ref, employee.strip(), caller.user, note, seen)
    return then(request, f"unlinked/{ref}", done="saved")
