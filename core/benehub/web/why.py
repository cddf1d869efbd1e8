"""`/e/{employer}/why/{ref}`: the chain behind any amount, decision, date or difference, as steps."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.api.trail import named_in, seen_in
from benehub.flows import Hub
from benehub.ids import ID_PATTERN
from benehub.views.known import known_at
from benehub.views.why import ASK, why
from benehub.web.pages import Page, page

router = APIRouter(route_class=Page)

PAGES: Final = {"per": "people", "qst": "questions", "run": "runs"} | dict.fromkeys(ASK, "why")
"""The page that tells of an id, by its prefix; of any other there is none."""

SPOKEN: Final = frozenset((
    "reason", "reasons", "mend", "mends", "cause", "action", "needed", "today", "known_then", "recorded", "effective",
    "seen", "quarantine", "revisions", "alarms", "type", "kind", "state", "status", "operation", "acknowledged",
    "steps",
))  # fmt: skip
"""Fields that the program itself fills with words; all others hold what is stored, names and what people said."""
KINDS: Final = {"relation": "relations", "owner": "owners", "stream": "people.kinds"}
"""Fields that hold one word of a catalog."""
STORED: Final = ("says", "inputs", "result", "said")
"""Fields whose whole content was told by others, whatever the fields within are called."""


def told_by(ref: str) -> str:
    """The path of the page that tells of what an id names; empty where it is no id, or there is none."""
    known = re.fullmatch(ID_PATTERN, ref) and PAGES.get(ref.partition("_")[0])
    return f"{known}/{ref}" if known else ""


@router.get("/e/{employer}/why/{ref}")
def asked(
    employer: str, ref: str, request: Request, caller: Annotated[Caller, Depends(Needs(Permission.SEE_PEOPLE))],
    known: str = "",
) -> Response:  # fmt: skip
    """Why something is what it is, as known now or at a moment."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        answer = why(session, ref, known_at(session, known[:40]))
        seen_in(request, session, named_in([answer.data, *(one.as_json() for one in answer.behind)]))
    return page(request, caller, "why.html", answer=answer, known=known[:40], told_by=told_by,
                spoken=SPOKEN, kinds=KINDS, stored_fields=STORED)  # fmt: skip
