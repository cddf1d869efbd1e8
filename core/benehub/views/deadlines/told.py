"""The alarms that a deadline has raised, and whom each was told to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select

from benehub.planbook import PlanBook
from benehub.rules.deadline.latest_safe import Level, told_from
from benehub.store import Session
from benehub.store.tables import alarm, notification
from benehub.views.deadlines.deadline import Deadline

OBLIGATION = "obl_"
"""How the subject of a deadline begins that stands for many obligations alike."""

_ALIKE = ("kind", "connection_id", "plan", "period", "due_date", "send_by")


@dataclass(frozen=True, slots=True)
class Told:
    """One notifier of the plan book, and whether he has been told: told, waiting or dropped.

    `at` is the moment at which he was told; while he waits, the one of the next try. `error` is why the last try
    failed.
    """

    notifier: str
    state: str
    at: str
    error: str


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm of a deadline: its level, when it was raised, and whom it is told to."""

    level: Level
    at: str
    told: tuple[Told, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        told = [{"notifier": one.notifier, "state": one.state, "at": one.at, "error": one.error} for one in self.told]
        return {"level": self.level.value, "at": self.at, "told": told}


def raised(session: Session, book: PlanBook, found: Sequence[Deadline]) -> dict[str, list[Raised]]:
    """By a deadline's subject its alarms, the last one first; of obligations that are alike, those of any of them."""
    alarms = [*_single(session, found), *_alike(session, found)]
    heard = _notified(session, sorted({row.seq for _, row in alarms}))
    told: dict[str, list[Raised]] = {one.subject: [] for one in found}
    for subject, row in sorted(alarms, key=lambda one: -one[1].seq):
        level = Level(row.level)
        who = tuple(one for one in heard.get(row.seq, ()) if _hears(book, one.notifier, level))
        told[subject].append(Raised(level, row.at, who))
    return told


def _single(session: Session, found: Sequence[Deadline]) -> Iterator[tuple[str, Row[Any]]]:
    days = {one.subject: one.send_by for one in found if not one.subject.startswith(OBLIGATION)}
    query = select(alarm.c.subject, alarm.c.send_by, alarm.c.level, alarm.c.seq, alarm.c.at)
    for row in session.rows(query.where(*session.where(alarm), session.among(alarm.c.subject, sorted(days)))):
        if days[row.subject] == row.send_by:
            yield row.subject, row


def _alike(session: Session, found: Sequence[Deadline]) -> Iterator[tuple[str, Row[Any]]]:
    subjects = {_key(one): one.subject for one in found if one.subject.startswith(OBLIGATION)}
    if not subjects:
        return
    kinds, days = {key[0] for key in subjects}, [key[-1] for key in subjects]
    keys = [alarm.c[name] for name in _ALIKE]
    rows = session.rows(
        select(*keys, alarm.c.level, alarm.c.seq, func.min(alarm.c.at).label("at"))
        .where(*session.where(alarm), alarm.c.kind.in_(sorted(kinds)), alarm.c.send_by.between(min(days), max(days)))
        .group_by(*keys, alarm.c.level, alarm.c.seq)
    )
    for row in rows:
        subject = subjects.get((row.kind, row.connection_id, row.plan, row.period, row.due_date, row.send_by))
        if subject is not None:
            yield subject, row


def _key(one: Deadline) -> tuple[str, str, str | None, str, date, date]:
    return one.kind, one.connection, one.plan, one.period, one.due, one.send_by


def _notified(session: Session, numbers: Sequence[int]) -> dict[int, list[Told]]:
    """By the number of a look, those who are told what it raised."""
    rows = session.rows(
        select(notification)
        .where(*session.where(notification), session.among(notification.c.seq, numbers))
        .order_by(notification.c.notifier)
    )
    found: dict[int, list[Told]] = {}
    for row in rows:
        at = row.told_at or (row.next_at if row.state == "waiting" else row.at)
        found.setdefault(row.seq, []).append(Told(row.notifier, row.state, at, row.error))
    return found


def _hears(book: PlanBook, name: str, level: Level) -> bool:
    """Whether a notifier is told of a level; of one that the plan book names no longer, what was written is shown."""
    one = book.deadlines.notify.get(name)
    return one is None or level in told_from(Level(one.level))
