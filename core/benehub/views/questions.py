"""What employees asked and what they were answered: of one of them, or all that wait for the employer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from benehub.errors import DataError
from benehub.store import Session
from benehub.store.tables import message, person, question

PAGE = 50


@dataclass(frozen=True, slots=True)
class Said:
    """One message; `side` is employee or employer."""

    at: str
    who: str
    side: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Question:
    """A question: by whom, about what, and whose turn it is (employer, employee or closed)."""

    question: str
    person: str
    member: str
    about: dict[str, str]
    turn: str
    messages: int
    asked_at: str
    last_at: str
    seq: int


def waiting(session: Session) -> int:
    """How many wait for the employer."""
    found = session.connection.execute(
        select(func.count()).select_from(question).where(*session.where(question, turn="employer"))
    )
    return int(found.scalar_one())


def listed(session: Session, turn: str = "", person_id: str = "", after: int = 0, limit: int = PAGE) -> list[Question]:
    """Questions in the order they were asked, from behind number `after`; those of one person the newest first."""
    query = (
        select(question, person.c.member_id)
        .join(person, (person.c.employer_id == question.c.employer_id) & (person.c.person_id == question.c.person_id))
        .where(question.c.employer_id == session.employer, question.c.seq > after)
    )
    if turn:
        query = query.where(question.c.turn == turn)
    if person_id:
        query = query.where(question.c.person_id == person_id)
    order = question.c.seq.desc() if person_id else question.c.seq
    return [_told(row) for row in session.rows(query.order_by(order).limit(limit))]


def thread(session: Session, question_id: str, person_id: str = "") -> tuple[Question, list[Said]]:
    """A question with all that was said; with `person_id`, only one of his own.

    Raises:
        DataError: there is none.
    """
    query = (
        select(question, person.c.member_id)
        .join(person, (person.c.employer_id == question.c.employer_id) & (person.c.person_id == question.c.person_id))
        .where(*session.where(question, question_id=question_id))
    )
    row = session.connection.execute(query).first()
    if row is None or (person_id and row.person_id != person_id):
        raise DataError(f"no question {question_id[:40]!r}", mend="Open it from the list of questions")
    said = session.rows(
        select(message).where(*session.where(message, question_id=question_id)).order_by(message.c.message_no)
    )
    return _told(row), [
        Said(one.at, one.who, one.side, session.unseal(one.text_sealed, "message").decode()) for one in said
    ]


def _told(row: Any) -> Question:
    return Question(
        row.question_id, row.person_id, row.member_id, dict(row.about), row.turn, row.messages, row.asked_at,
        row.last_at, row.seq,
    )  # fmt: skip
