"""`/e/{employer}/me`: one employee's own benefits. Whose they are is told by who is signed in, by nothing else.

No id of a person stands in an address: there is none that could be changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from benehub.access import Caller, Permission
from benehub.api import who
from benehub.api.guard import Needs
from benehub.errors import BenehubError
from benehub.flows import Hub
from benehub.flows.questions import MAX_TEXT, ask, say
from benehub.planbook import PlanBook
from benehub.views import questions
from benehub.views.mine import mine, own_person
from benehub.views.statement import language, statement
from benehub.web.catalog import LANGUAGES
from benehub.web.pages import Entry, Page, page, then

router = APIRouter(route_class=Page)

NAV = Entry("myself", "me", Permission.SEE_SELF)

Self = Annotated[Caller, Depends(Needs(Permission.SEE_SELF))]
Text = Annotated[str, Form(max_length=MAX_TEXT)]

REF: Final = re.compile(r"[a-z]{3}_[a-z0-9]{6,40}")
TOPICS: Final = ("benefits", "money", "leave", "retirement", "coming", "notice", "open")
"""Parts of the page that a question can be about."""


@router.get("/e/{employer}/me")
def me(
    employer: str, request: Request, caller: Self, year: Annotated[int | None, Query(ge=1900, le=2199)] = None
) -> Response:
    """Everything about oneself; the money of this year, or of the last one."""
    hub: Hub = request.app.state.hub
    person = caller.persons[employer]
    with hub.store.read(employer) as session:
        shown = mine(session, hub.book(session), hub.plugins, person, session.today(), year)
        asked = questions.listed(session, person_id=person, limit=20)
    sections = {one.key: one for one in shown.statement.sections}
    return page(request, caller, "me.html", own=shown, sections=sections, say=_said(request), asked=asked)


@router.get("/e/{employer}/me/statement.pdf")
def own_statement(employer: str, request: Request, caller: Self, lang: str = "") -> Response:
    """The statement of today as a PDF."""
    from benehub.views.statement.pdf import pdf  # with the fonts' library, for who asks for a PDF only

    hub: Hub = request.app.state.hub
    code = lang if lang in LANGUAGES else _code(request)
    with hub.store.read(employer) as session:
        own_person(session, caller.persons[employer])
        found = statement(session, hub.book(session), hub.plugins, caller.persons[employer], session.today())
    headers = {"content-disposition": f'attachment; filename="benefits-{found.day}.pdf"'}
    return Response(pdf(found, language(code)), media_type="application/pdf", headers=headers)


@router.get("/e/{employer}/me/questions")
def own_questions(
    employer: str, request: Request, caller: Self, topic: str = "", plan: str = "", ref: str = "", when: str = ""
) -> Response:
    """What one has asked, and the form to ask something, with what it is about."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        own_person(session, caller.persons[employer])
        about = _about(hub.book(session), topic, plan, ref, when)
        asked = questions.listed(session, person_id=caller.persons[employer])
    return page(request, caller, "questions_own.html", asked=asked, about=about)


@router.post("/e/{employer}/me/questions")
def ask_one(
    employer: str, request: Request, caller: Self, text: Text, topic: Annotated[str, Form()] = "",
    plan: Annotated[str, Form()] = "", ref: Annotated[str, Form()] = "", when: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Ask; it reaches whoever answers questions of employees."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        own_person(session, caller.persons[employer])
        about = _about(hub.book(session), topic, plan, ref, when)
    made = ask(hub, employer, caller.persons[employer], about, text, caller.user)
    return then(request, f"me/questions/{made}", done="asked")


@router.get("/e/{employer}/me/questions/{question}")
def own_question(employer: str, question: str, request: Request, caller: Self) -> Response:
    """One of one's own questions, with what was answered."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        found, said = questions.thread(session, question, caller.persons[employer])
    return page(request, caller, "question_own.html", question=found, said=said)


@router.post("/e/{employer}/me/questions/{question}")
def say_more(employer: str, question: str, request: Request, caller: Self, text: Text) -> Response:
    """Say more to one of one's own."""
    say(request.app.state.hub, employer, question, caller.persons[employer], text, caller.user)
    return then(request, f"me/questions/{question}", done="asked")


def _about(book: PlanBook, topic: str, plan: str, ref: str, when: str) -> dict[str, str]:
    """What a question is about, as far as it is something that the page shows."""
    about = {"page": topic} if topic in TOPICS else {}
    try:
        about |= {"plan": plan, "label": book.plan(plan).name} if plan else {}
    except BenehubError:
        about |= {"label": next((one.name or one.id for one in book.leave if one.id == plan), "")}
    if REF.fullmatch(ref):
        about["ref"] = ref
    if re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", when):
        about["amount"] = when
    return {name: text for name, text in about.items() if text}


def _code(request: Request) -> str:
    asked = who.cookie(request, "benehub_lang")
    return asked if asked in LANGUAGES else LANGUAGES[0]


def _said(request: Request) -> Mapping[str, object]:
    """How a sentence of a statement is said, by language."""
    return {code: language(code) for code in LANGUAGES}
