"""`/questions`: what employees ask, each with what it was asked about, and where it is answered."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from benehub.api.trail import about
from benehub.api.v1.edits import IfMatch, expected, tagged
from benehub.api.v1.fields import At, EditsPeople, Once, PageOf, SeesQuestions, id_path
from benehub.api.v1.models import Model, Page
from benehub.api.v1.office import Office
from benehub.api.v1.problems import named
from benehub.api.v1.route import Route
from benehub.flows import questions as flow
from benehub.views import questions as view

router = APIRouter(prefix="/employers/{employer}/questions", tags=["people"], route_class=Route)

QuestionPath = Annotated[str, id_path("qst")]
Turn = Literal["employer", "employee", "closed"]


class AskedTold(Model):
    """A question of an employee."""

    question: str
    """Id of the question."""
    employee: str
    about: dict[str, str] = Field(examples=[{"page": "coverage", "plan": "ppo"}])
    """What of his own it was asked about: `page`, `plan`, `ref` (to be asked `why` about), `amount`, `label`."""
    turn: Turn
    """Whose turn it is: the employer's to answer, the employee's to read it, or `closed`."""
    messages: int
    """How much has been said to it, the question too."""
    asked_at: str
    """Moment (ISO 8601, UTC) at which it was asked."""
    last_at: str
    """Moment (ISO 8601, UTC) at which somebody said something to it last."""


class AskedMessage(Model):
    """What was said to a question."""

    at: str
    who: str
    side: Literal["employee", "employer"]
    """Who of the two has said it."""
    text: str
    """As it was written: plain text."""


class AskedDetail(AskedTold):
    """A question with all that was said to it."""

    said: list[AskedMessage]
    """In the order in which it was said, the question itself first."""


class Answered(Model):
    """An answer."""

    text: Annotated[str, Field(min_length=1, max_length=flow.MAX_TEXT, examples=["Your new rate began in October."])]
    """Plain text; the employee sees it at once."""


@router.get("", operation_id="list_questions")
def list_questions(
    _caller: SeesQuestions, at: At, page: PageOf,
    turn: Annotated[Turn, Query(description="Whose turn it is; `employer` are those that wait for an answer.")]
    = "employer",
) -> Page[AskedTold]:  # fmt: skip
    """List what employees ask, by whose turn it is, in the order in which they asked; not what was said."""
    after = page.after(int)
    with at.read() as session:
        rows = view.listed(session, turn, after=after[0] if after else 0, limit=page.limit + 1)
        at.seen(session, [one.person for one in rows[: page.limit]])
    return page.page(rows, lambda one: AskedTold.model_validate(_told(one)), lambda one: (one.seq,))


@router.get("/{question}", operation_id="get_question")
def get_question(_caller: SeesQuestions, at: At, question: QuestionPath, response: Response) -> AskedDetail:
    """One question with what it is about and all that was said; its ETag is what an answer names."""
    return _shown(at, question, response)


@router.post("/{question}/answer", operation_id="answer_question")
def answer_question(
    _caller: EditsPeople, at: At, claim: Once, question: QuestionPath, body: Answered, if_match: IfMatch,
    response: Response,
) -> AskedDetail:  # fmt: skip
    """Answer; the employee sees it at once. One that was closed is open again by it."""
    _must_be(at, question)
    flow.answer(at.hub, at.employer, question, body.text, at.caller.user, expected(if_match))
    return _shown(at, question, response)


@router.post("/{question}/close", operation_id="close_question")
def close_question(
    _caller: EditsPeople, at: At, claim: Once, question: QuestionPath, if_match: IfMatch, response: Response
) -> AskedDetail:
    """Nothing is left to say; one that nobody has answered cannot be closed. What is said later opens it again."""
    _must_be(at, question)
    flow.close(at.hub, at.employer, question, expected(if_match))
    return _shown(at, question, response)


def _must_be(at: Office, question: str) -> None:
    with at.read() as session, named():
        about(at.request, view.thread(session, question)[0].person)


def _shown(at: Office, question: str, response: Response) -> AskedDetail:
    with at.read() as session:
        with named():
            found, said = view.thread(session, question)
        tagged(response, flow.version_of(found.messages, found.turn))
        at.seen(session, [found.person])
    told = [AskedMessage.model_validate(one, from_attributes=True) for one in said]
    return AskedDetail.model_validate(_told(found) | {"said": told})


def _told(one: view.Question) -> dict[str, object]:
    return {
        "employee": one.member,
        **{name: getattr(one, name) for name in AskedTold.model_fields if name != "employee"},
    }
