"""What was sent to one employee before asking: what it said, when it left, and whether it arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from benehub import obligations
from benehub.errors import BenehubError
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import dispatch, obligation
from benehub.views.statement.parts import Hours, Line, Money, Section, Value, Word

SEND = "notice.send"
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Told:
    """One notice; `state` is waiting, held, sent, delivered or bounced."""

    notice: str
    kind: str
    said: Section
    state: str
    sent_at: str
    refs: tuple[str, ...]


def told(session: Session, book: PlanBook, person_id: str) -> list[Told]:
    """The newest notices of a person, the last first."""
    rows = session.rows(
        select(obligation, dispatch.c.sent_at, dispatch.c.ack_state, dispatch.c.state.label("sending"))
        .outerjoin(
            dispatch,
            (dispatch.c.employer_id == obligation.c.employer_id) & (dispatch.c.dispatch_id == obligation.c.dispatch_id),
        )
        .where(*session.where(obligation, kind=SEND, person_id=person_id))
        .order_by(obligation.c.seq.desc())
        .limit(SHOWN)
    )
    return [_told(session, book, row) for row in rows]


def _told(session: Session, book: PlanBook, row: Any) -> Told:
    content = obligations.content(session, row)
    kind = str(content["letter"]["kind"])
    line = Line(_sentence(kind, content["says"]), _values(book, content["says"]))
    state = "held" if row.state == "held" else "waiting"
    if row.sending == "sent":
        state = row.ack_state if row.ack_state in ("delivered", "bounced") else "sent"
    return Told(
        row.obligation_id, kind, Section("notice", (line,)), state, row.sent_at or "", tuple(content.get("refs", ()))
    )


def _sentence(kind: str, says: Mapping[str, Any]) -> str:
    return "leave_lapse_law" if kind == "leave_lapse" and "notice" in says else kind


def _values(book: PlanBook, says: Mapping[str, Any]) -> dict[str, Value]:
    return {name: _value(book, name, value) for name, value in says.items()}


def _value(book: PlanBook, name: str, value: Any) -> Value:
    if name.endswith("_minor"):
        return Money(int(value), book.employer.currency)
    if name == "minutes":
        return Hours(int(value))
    if name in ("plan", "plans"):
        return ", ".join(_name(book, one.strip()) for one in str(value).split(","))
    if name == "policy":
        return next((one.name or one.id for one in book.leave if one.id == value), str(value))
    if name == "tier_after":
        return Word(f"tier.{value}")
    if name in ("from", "last_day", "lapses_on") or (name == "pay_date" and len(str(value)) == 10):
        return date.fromisoformat(str(value))
    return str(value)


def _name(book: PlanBook, plan_id: str) -> str:
    try:
        return book.plan(plan_id).name
    except BenehubError:
        return plan_id  # a notice of a plan that a later book no longer has
