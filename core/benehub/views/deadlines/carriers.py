"""Deadlines between us and carriers: changes of cover that nobody has worked out for them, and answers they owe us."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from benehub.obligations import looked
from benehub.planbook.deadlines import closed_days
from benehub.planbook.deadlines import send_by as leaves_by
from benehub.store import Session
from benehub.store.tables import confirmation, dispatch, fact, member_state
from benehub.views.deadlines.deadline import Asked, Deadline

SEND, ANSWER = "enrollments.send", "answer"


def looked_at(connection: str) -> str:
    """What a carrier is called where it is noted how far was looked."""
    return f"{SEND}/{connection}"


def send_by(asked: Asked, connection: str, due: date, known: date) -> date:
    """The last day on which a change is sent in time; one that came too late for it leaves on the next day it can."""
    weekdays = asked.weekdays(connection)
    last = leaves_by(asked.book, connection, due, 0, weekdays)
    if last >= known:
        return last
    closed = closed_days(asked.book, known)
    days = (known + timedelta(days=ahead) for ahead in range(31))
    return next(
        (day for day in days if day.weekday() < 5 and day not in closed and day.isoweekday() in weekdays), known
    )


def changes(asked: Asked) -> Iterator[Deadline]:
    """Covers that were decided after a carrier's changes were last worked out, by the day they have to be there."""
    plans: dict[str, list[str]] = {}
    for plan in asked.book.insurance_plans():
        if plan.carrier in asked.live:
            plans.setdefault(str(plan.carrier), []).append(plan.id)
    done = looked.up_to(asked.session, [looked_at(one) for one in plans])
    for connection, ids in sorted(plans.items()):
        found: dict[tuple[date, date], int] = {}
        for row in _since(asked, ids, done.get(looked_at(connection), 0)):
            known = datetime.fromisoformat(row.day).date()
            due = max(row.effective_from, known)
            key = (due, send_by(asked, connection, due, known))
            found[key] = found.get(key, 0) + int(row.many)
        for (due, last), many in sorted(found.items()):
            if last <= asked.until:
                yield asked.made(
                    f"{SEND}/{connection}/{due}", SEND, connection, due, last, items=many,
                    mend=f"benehub enrollments send {connection}",
                )  # fmt: skip


def _since(asked: Asked, plans: list[str], seq: int) -> list[Any]:
    day = func.substr(fact.c.recorded_at, 1, 10)
    query = (
        select(fact.c.effective_from, day.label("day"), func.count(fact.c.subject.distinct()).label("many"))
        .where(
            *asked.session.where(fact, kind="coverage"),
            fact.c.seq > seq,
            fact.c.effective_from < fact.c.effective_to,
            fact.c.data["plan"].as_string().in_(plans),
        )
        .group_by(fact.c.effective_from, day)
    )
    return list(asked.session.rows(query))


def answers(asked: Asked) -> Iterator[Deadline]:
    """Answers that partners owe us: to a file that has left the first that is missing, then the word on its members."""
    for connection, exchange in sorted(asked.agreed.items()):
        if connection not in asked.live:
            continue
        acks, told = exchange.acks, envelopes(asked.session, connection)
        for row in unanswered(asked.session, connection):
            hours = acks.syntax_hours if envelope_told(row, told) or acks.ta1_hours is None else acks.ta1_hours
            if hours is not None:
                by = datetime.fromisoformat(row.sent_at) + timedelta(hours=hours)
                yield from _answer(asked, row.dispatch_id, connection, by, 1)
        if acks.report_days is not None:
            for row in _unconfirmed(asked, connection):
                by = datetime.fromisoformat(row.since) + timedelta(days=acks.report_days)
                yield from _answer(asked, f"{row.dispatch_id}/members", connection, by, int(row.many))


def _answer(asked: Asked, subject: str, connection: str, by: datetime, items: int) -> Iterator[Deadline]:
    by = by.astimezone(asked.now.tzinfo)
    if by.date() > asked.until:
        return
    left, level = asked.left(by, by.date())
    yield Deadline(
        subject, ANSWER, connection, f"{by:%Y-%m}", by.date(), by.date(), by, left, level, items,
        f"benehub enrollments acks {connection}", currency=asked.book.employer.currency,
    )  # fmt: skip


def unanswered(session: Session, connection: str) -> list[Any]:
    """Files that have left and on whose grammar nothing has been said."""
    names = ("dispatch_id", "control", "control_line", "sent_at", "ack_state")
    return list(
        session.rows(
            select(*(dispatch.c[name] for name in names))
            .where(
                *session.where(dispatch, connection_id=connection, state="sent", ack_state=""),
                dispatch.c.control_line != "",
            )
            .order_by(dispatch.c.seq)
        )
    )


def envelopes(session: Session, connection: str) -> set[tuple[str, int]]:
    """Usage and number of the files whose envelope was answered."""
    rows = session.rows(
        select(confirmation.c.reference, confirmation.c.detail).where(
            *session.where(confirmation, kind="acknowledgement", connection_id=connection, part="envelope")
        )
    )
    return {(row.detail.get("usage", ""), int(row.reference)) for row in rows if row.reference.isdigit()}


def envelope_told(row: Any, told: set[tuple[str, int]]) -> bool:
    """Whether the envelope of a file was answered, in its own usage or in one that was not named."""
    return bool(row.ack_state) or bool({(row.control_line.rpartition("/")[2], row.control), ("", row.control)} & told)


def _unconfirmed(asked: Asked, connection: str) -> list[Any]:
    """Files of whose members some are told to be read, and not yet to be covered."""
    query = (
        select(member_state.c.dispatch_id, func.min(member_state.c.at).label("since"), func.count().label("many"))
        .where(*asked.session.where(member_state, connection_id=connection, state="acked"))
        .group_by(member_state.c.dispatch_id)
    )
    return list(asked.session.rows(query))
