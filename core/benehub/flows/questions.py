"""An employee asks, the employer answers: what was said stays as it was said, and whose turn it is stands beside it.

The texts are sealed: somebody who asks about his health insurance tells of his health.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from benehub.errors import DataError
from benehub.flows.hub import Hub
from benehub.store import Session
from benehub.store.tables import message, question
from benehub.store.version import must_be, version

MAX_TEXT = 4_000
"""Characters of one message."""

MAX_MESSAGES = 200
"""Messages to one question; who has more to say asks another."""

MAX_OPEN = 20
"""Questions of one person that wait for an answer at the same time."""

ABOUT = ("page", "plan", "ref", "amount", "label")
"""What may be told of the thing that is asked about."""


def ask(hub: Hub, employer: str, person_id: str, about: Mapping[str, str], text: str, who: str) -> str:
    """A new question of an employee; gives its id.

    Raises:
        DataError: nothing is asked, too much is, or too many questions of his wait.
    """
    said = _said(text)
    with hub.store.write(employer) as session:
        seq, at = session.take_seq()
        waiting = session.rows(
            select(question.c.question_id).where(*session.where(question, person_id=person_id, turn="employer"))
        )
        if len(waiting) >= MAX_OPEN:
            raise DataError(f"{MAX_OPEN} of your questions wait for an answer", mend="Wait until they are answered")
        question_id = session.id("qst", f"{person_id}/{seq}")
        row = {
            "question_id": question_id, "person_id": person_id, "turn": "employer", "messages": 0, "asked_at": at,
            "last_at": at, "seq": seq, "about": {name: about[name][:120] for name in ABOUT if about.get(name)},
        }  # fmt: skip
        session.add(question, [row])
        _say(session, question_id, "employee", said, who)
    return question_id


def say(hub: Hub, employer: str, question_id: str, person_id: str, text: str, who: str) -> None:
    """The employee says more to a question of his own.

    Raises:
        DataError: he has asked no such question, or nothing is said.
    """
    said = _said(text)
    with hub.store.write(employer) as session:
        session.take_seq(0)
        if _row(session, question_id).person_id != person_id:
            raise _unknown(question_id)
        _say(session, question_id, "employee", said, who)


def version_of(messages: int, turn: str) -> str:
    """The version of a question: other as soon as somebody says something to it, or closes it."""
    return version({"messages": messages, "turn": turn})


def answer(hub: Hub, employer: str, question_id: str, text: str, who: str, expected: str = "") -> None:
    """The employer answers; the employee sees it at once.

    Raises:
        DataError: there is no such question, or nothing is said.
        ChangedMeanwhile: its version is not the one `expected`, where one is named; so below.
    """
    said = _said(text)
    with hub.store.write(employer) as session:
        session.take_seq(0)
        _looked_at(session, question_id, expected)
        _say(session, question_id, "employer", said, who)


def close(hub: Hub, employer: str, question_id: str, expected: str = "") -> None:
    """Nothing is left to say: it leaves the list of what waits. Another message opens it again.

    Raises:
        DataError: there is no such question, or nobody has answered it.
    """
    with hub.store.write(employer) as session:
        session.take_seq(0)
        if _looked_at(session, question_id, expected).turn == "employer":
            raise DataError("nobody has answered it", where=question_id, mend="Answer it first")
        session.change(question, {"question_id": question_id}, turn="closed")


def _say(session: Session, question_id: str, side: str, text: str, who: str) -> None:
    row = _row(session, question_id)
    if row.messages >= MAX_MESSAGES:
        raise DataError(f"{MAX_MESSAGES} messages are there", where=question_id, mend="Ask a new question")
    number, at = row.messages + 1, session.now()
    turn = "employee" if side == "employer" else "employer"
    session.change(question, {"question_id": question_id}, messages=number, last_at=at, turn=turn)
    sealed = session.seal(text.encode(), "message")
    said = {"question_id": question_id, "message_no": number, "at": at, "who": who[:80], "side": side}
    session.add(message, [{**said, "text_sealed": sealed}])


def _looked_at(session: Session, question_id: str, expected: str) -> Any:
    row = _row(session, question_id)
    must_be(expected, {"messages": row.messages, "turn": row.turn}, f"question {question_id}")
    return row


def _row(session: Session, question_id: str) -> Any:
    found = session.connection.execute(
        select(question).where(*session.where(question, question_id=question_id))
    ).first()
    if found is None:
        raise _unknown(question_id)
    return found


def _unknown(question_id: str) -> DataError:
    return DataError(f"no question {question_id[:40]!r}", mend="Open it from the list of questions")


def _said(text: str) -> str:
    said = text.replace("\r\n", "\n").strip()
    if not said:
        raise DataError("nothing is written", mend="Write what you want to say")
    if len(said) > MAX_TEXT:
        raise DataError(f"more than {MAX_TEXT} characters", mend="Say it shorter, or in several messages")
    return said
