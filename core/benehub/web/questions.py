"""`/e/{employer}/questions`: what employees ask, each with what it was asked about, and where it is answered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response

from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.api.trail import seen_in
from benehub.errors import ChangedMeanwhile
from benehub.flows import Hub
from benehub.flows import questions as flow
from benehub.views import questions
from benehub.web.pages import Entry, Page, page, then
from benehub.web.why import told_by

router = APIRouter(route_class=Page)

NAV = Entry("questions", "questions", Permission.SEE_QUESTIONS)

Seer = Annotated[Caller, Depends(Needs(Permission.SEE_QUESTIONS))]
Editor = Annotated[Caller, Depends(Needs(Permission.EDIT_PEOPLE))]

Seen = Annotated[str, Form(max_length=400)]

TURNS = ("employer", "employee", "closed")


@router.get("/e/{employer}/questions")
def listed(employer: str, request: Request, caller: Seer, turn: str = "employer", after: int = 0) -> Response:
    """Questions by whose turn it is; those that wait for the employer first."""
    hub: Hub = request.app.state.hub
    shown = turn if turn in TURNS else "employer"
    with hub.store.read(employer) as session:
        found = questions.listed(session, turn=shown, after=max(after, 0), limit=questions.PAGE + 1)
        seen_in(request, session, [one.person for one in found[: questions.PAGE]])
    more = found[questions.PAGE - 1].seq if len(found) > questions.PAGE else 0
    rows = found[: questions.PAGE]
    return page(request, caller, "questions.html", rows=rows, turn=shown, turns=TURNS, after=more, begun=after)


@router.get("/e/{employer}/questions/{question}")
def one(employer: str, question: str, request: Request, caller: Seer) -> Response:
    """One question with what it is about, and the form to answer it."""
    return _shown(employer, question, request, caller)


def _shown(employer: str, question: str, request: Request, caller: Caller, text: str = "") -> Response:
    """The same; `text` is an answer to what was not all that has been said."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        found, said = questions.thread(session, question)
        seen_in(request, session, [found.person])
    return page(request, caller, "question.html", status=409 if text else 200, question=found, said=said, text=text,
                version=flow.version_of(found.messages, found.turn),
                behind=told_by(str(found.about.get("ref", ""))))  # fmt: skip


@router.post("/e/{employer}/questions/{question}")
def answer(
    employer: str, question: str, request: Request, caller: Editor, text: Annotated[str, Form(max_length=4000)],
    seen: Seen,
) -> Response:  # fmt: skip
    """Answer; the employee sees it at once. Who has not seen all that was said is shown it, with his text kept."""
    try:
        flow.answer(request.app.state.hub, employer, question, text, caller.user, seen)
    except ChangedMeanwhile:
        return _shown(employer, question, request, caller, text)
    return then(request, f"questions/{question}", done="answered")


@router.post("/e/{employer}/questions/{question}/close")
def close(employer: str, question: str, request: Request, caller: Editor, seen: Seen) -> Response:
    """Nothing is left to say."""
    flow.close(request.app.state.hub, employer, question, seen)
    return then(request, "questions", done="closed")
