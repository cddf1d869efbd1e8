"""What an answer is made of, and the question that is handed down the chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import select

from benehub.store import Session
from benehub.store.tables import person

MAX_BEHIND = 5
"""How far a chain is followed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reference is, in plain values, and the answers behind it."""

    ref: str
    title: str
    data: dict[str, Any]
    behind: tuple[Answer, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values, the whole chain."""
        return {
            "ref": self.ref,
            "what": self.title,
            **self.data,
            "behind": [one.as_json() for one in self.behind],
        }


@dataclass(frozen=True, slots=True)
class Question:
    """Why is `ref` what it is, as known at a number of the recorded order (None: now)?"""

    session: Session
    ask: Callable[[Question, str], Answer]
    """Who answers for any reference."""
    known_at: int | None = None
    depth: int = MAX_BEHIND

    def behind(self, *refs: str | None, depth: int | None = None) -> tuple[Answer, ...]:
        """The answers to references, one step further down the chain; empty ones are left out."""
        left = self.depth if depth is None else min(depth, self.depth)
        if left <= 0:
            return ()
        deeper = replace(self, depth=left - 1)
        return tuple(self.ask(deeper, ref) for ref in dict.fromkeys(refs) if ref)

    def knew(self, seq: int) -> bool:
        """Whether what carries this recorded number was known."""
        return self.known_at is None or seq <= self.known_at


def unknown_then(question: Question, ref: str, title: str, seq: int) -> Answer:
    """The answer of the past about something that was recorded later."""
    said = f"nothing: it was recorded as number {seq}, after {question.known_at}"
    return Answer(ref, title, {"known_then": said})


def member(session: Session, person_id: str | None) -> str:
    """The employee number or member id of a person."""
    if person_id is None:
        return ""
    found = session.connection.execute(
        select(person.c.member_id).where(*session.where(person, person_id=person_id))
    ).first()
    return "" if found is None else str(found.member_id)


def text(day: date | None) -> str | None:
    """A date as text."""
    return None if day is None else day.isoformat()
