"""Tells the notifiers of the plan book what the deadline guardian has raised, until each of them has been told.

What waits is written with the alarms themselves. A notifier that fails is tried again at the next tick, then after a
while that doubles up to an hour; nothing is given up but by the plan book, which may name it no longer. A message may
arrive twice where a process dies after it was sent: its reference is the same both times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, func, select

from benehub.crypto import mask
from benehub.errors import BenehubError
from benehub.flows.hub import Hub
from benehub.planbook import PlanBook
from benehub.planbook.parts.deadlines import Notifier
from benehub.plugins import call_each
from benehub.records.notices import AlarmLine, AlarmNotice, NotifierTerms
from benehub.rules.deadline.latest_safe import ALARMS, Level, told_from
from benehub.settings import resolve_secret
from benehub.store import Session, iso
from benehub.store.tables import alarm, notification

AT_ONCE = 200
"""Messages that one tick tries at most."""
LINES = 50
"""Lines of a message; of more it tells how many there are."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)

log = structlog.get_logger("benehub.flows")


def queue(session: Session, book: PlanBook, seq: int, at: str, raised: set[str]) -> None:
    """Let everybody be told of what was raised under a number, who wants to hear of such levels."""
    wants = [name for name, one in book.deadlines.notify.items() if raised & set(told_from(Level(one.level)))]
    session.add(
        notification,
        [
            {"notifier": name, "seq": seq, "state": "waiting", "tries": 0, "error": "", "at": at, "next_at": at,
             "told_at": None}
            for name in wants
        ],
    )  # fmt: skip


def deliver(hub: Hub, employer: str = "", over: Callable[[], bool] = lambda: False) -> dict[str, int]:
    """Tell what waits and is due, of one employer or of all; one process at a time does so."""
    tally: Counter[str] = Counter({"told": 0, "not_told": 0})
    lock = hub.store.lock("notifications")
    if not lock.take():
        return dict(tally)
    try:
        for row in _waiting(hub, employer):
            if over():
                break
            tally[_tell(hub, row)] += 1
    finally:
        lock.release()
    return dict(tally)


def _waiting(hub: Hub, employer: str) -> list[Row[Any]]:
    with hub.store.read(employer) as session:
        query = (
            select(notification)
            .where(notification.c.state == "waiting", notification.c.next_at <= iso(hub.store.clock()))
            .order_by(notification.c.next_at)
            .limit(AT_ONCE)
        )
        return list(session.rows(query.where(notification.c.employer_id == employer) if employer else query))


def _tell(hub: Hub, row: Row[Any]) -> str:
    """Tell one notifier once; gives whether he was told, was not, or is named no longer."""
    try:
        told = _asked(hub, row)
        if told is None:
            return _note(hub, row, "dropped", {"state": "dropped", "error": "the plan book names it no longer"})
        one, notice = told
        failed = _call(hub, notice, _terms(hub, row, one))
    except BenehubError as error:
        failed = str(error)  # a book that is not read any more holds up nobody else's messages
    if not failed:
        return _note(hub, row, "told", {"state": "told", "error": "", "told_at": iso(hub.store.clock())})
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(row.tries, 10))
    log.warning("notifier failed", employer=row.employer_id, notifier=row.notifier, error=mask(failed))
    return _note(
        hub, row, "not_told",
        {"state": "waiting", "error": mask(failed)[:500], "next_at": iso(hub.store.clock() + pause)},
    )  # fmt: skip


def _asked(hub: Hub, row: Row[Any]) -> tuple[Notifier, AlarmNotice] | None:
    """The notifier as the plan book names it now, and what it is told; None where it names it no longer."""
    with hub.store.read(row.employer_id) as session:
        one = hub.book(session).deadlines.notify.get(row.notifier)
        return None if one is None else (one, _notice(session, one, row, hub.public_url))


def _note(hub: Hub, row: Row[Any], outcome: str, values: dict[str, Any]) -> str:
    with hub.store.write(row.employer_id) as session:
        session.change(notification, {"notifier": row.notifier, "seq": row.seq}, tries=row.tries + 1, **values)
    return outcome


def _call(hub: Hub, notice: AlarmNotice, terms: NotifierTerms) -> str:
    """Let the plugins of that kind tell it; empty when one has, else why not."""
    answers = list(call_each(hub.plugins, "notify", notice=notice, notifier=terms))
    failed = [answer for _, answer in answers if isinstance(answer, Exception)]
    if failed:
        return "; ".join(str(one) if isinstance(one, BenehubError) else type(one).__name__ for one in failed)
    return "" if answers else f"no plugin tells by {terms.kind!r}: install it, or mend the kind in the plan book"


def _terms(hub: Hub, row: Row[Any], one: Notifier) -> NotifierTerms:
    """Settings and secrets, after those of the connection that is used too."""
    secrets = {name: resolve_secret(reference) for name, reference in one.secrets.items()}
    if one.connection is None:
        return NotifierTerms(row.notifier, one.kind, dict(one.settings), secrets, hub.store.clock())
    with hub.open(row.employer_id, one.connection) as opened:
        settings = opened.link.settings.model_dump(mode="json")
        secrets = dict(opened.link.secret) | secrets
        return NotifierTerms(row.notifier, one.kind, settings | one.settings, secrets, hub.store.clock())


def _notice(session: Session, one: Notifier, row: Row[Any], public_url: str) -> AlarmNotice:
    """The alarms of the look, those that are alike as one line, the most pressing first."""
    keys = [alarm.c[name] for name in ("kind", "connection_id", "level", "due_date", "send_by", "cutoff")]
    found = session.rows(
        select(*keys, func.count().label("many"), func.min(alarm.c.subject).label("first"))
        .where(*session.where(alarm, seq=row.seq), alarm.c.level.in_(told_from(Level(one.level))))
        .group_by(*keys)
    )
    link = f"{public_url.rstrip('/')}/e/{session.employer}/deadlines"
    order = {level.value: -place for place, level in enumerate(ALARMS)}
    ordered = sorted(found, key=lambda line: (order[line.level], line.send_by, line.kind, line.connection_id))
    return AlarmNotice(
        f"{session.employer}-{row.seq}-{row.notifier}", session.employer, row.at,
        tuple(_line(session, line, link) for line in ordered[:LINES]), max(0, len(ordered) - LINES),
    )  # fmt: skip


def _line(session: Session, row: Row[Any], link: str) -> AlarmLine:
    latest = datetime.combine(row.send_by, time.fromisoformat(row.cutoff), session.zone())
    return AlarmLine(
        row.kind, row.connection_id, row.level, str(row.due_date), str(row.send_by), iso(latest), int(row.many),
        row.first, link,
    )  # fmt: skip
