"""The deadline guardian: looks at every deadline that is open, and raises each alarm once.

An alarm is a row that is never changed, known by its subject, its day and its level, so that neither a second look nor
one that a crash cut short raises it again. A subject is at one level at a time: what was first seen late is told late,
and not as soon to come. What a look raised, and whom it has to be told to, are written in one transaction. Money that
is late is compared at once, so that it stands as a difference with what it has cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, literal, null, select

from benehub import connections
from benehub.connect.exchange import Exchange
from benehub.engine import Steps
from benehub.errors import BenehubError
from benehub.flows import exchange, notifying, reconciling
from benehub.flows.hub import Hub
from benehub.flows.push_dates import at_once
from benehub.reconcile import Relation
from benehub.reconcile.retirement import estimate
from benehub.reconcile.unpaid import REMIT
from benehub.rules.deadline.latest_safe import ALARMS, Level
from benehub.store import Session
from benehub.store.tables import alarm, obligation
from benehub.views.deadlines import Asked, Deadline, Raised, carriers, derived, money, open_deadlines, owed, pay, raised

AHEAD = timedelta(days=30)
"""How far ahead a check looks: nothing beyond it is within five business days, whatever is closed."""

RELATIONS = {
    money.CONTRIBUTION: Relation.RETIREMENT,
    money.ACCOUNT: Relation.ACCOUNTS,
    REMIT: Relation.PREMIUM,
    pay.PAYOUT: Relation.LEAVE,
}
"""What is compared when a deadline of a kind is past: there it becomes a difference."""


def check(hub: Hub, steps: Steps, employer: str) -> dict[str, Any]:
    """Raise what has come to its level, compare what is late, and tell those who want to know."""
    done = steps.step("raise", raise_alarms, hub, employer)
    counts: dict[str, Any] = {f"alarms {level}": many for level, many in done["raised"].items()}
    counts["differences"] = 0
    for relation, month in done["compare"]:
        found = reconciling.reconcile_month(hub, steps, employer, month, [relation])
        counts["differences"] += sum(one["opened"] for one in found.values())
    told = steps.step("notify", notifying.deliver, hub, employer)
    return {**counts, **told}


def open_now(hub: Hub, employer: str, within: int) -> list[Deadline]:
    """The deadlines whose last day to send is past, or lies within so many days; the most pressing first."""
    agreed = agreements(hub, employer)
    with hub.store.read(employer) as session:
        return open_deadlines(asked(session, hub, agreed, timedelta(days=within)))


def told_of(hub: Hub, employer: str, found: Sequence[Deadline]) -> dict[str, list[Raised]]:
    """By the subject of a deadline, the alarms that it has raised, and whom each was told to."""
    with hub.store.read(employer) as session:
        return raised(session, hub.book(session), found)


def asked(session: Session, hub: Hub, agreed: dict[str, Exchange], ahead: timedelta) -> Asked:
    """What deadlines are asked of, at this moment."""
    now = session.local_now()
    live = frozenset(row.connection_id for row in connections.listed(session) if row.mode != "watch")
    return Asked(session, hub.book(session), now, now.date() + ahead, live, agreed, at_once(hub, session))


def agreements(hub: Hub, employer: str) -> dict[str, Exchange]:
    """What was agreed with each carrier; one whose connection cannot be opened now is left out, and doctor says so."""
    with hub.store.read(employer) as session:
        book = hub.book(session)
        standing = {row.connection_id for row in connections.listed(session) if row.mode == "live"}
    found: dict[str, Exchange] = {}
    for name in sorted({str(plan.carrier) for plan in book.insurance_plans() if plan.carrier in standing}):
        try:
            with hub.open(employer, name) as opened:
                found[name] = exchange.agreed(opened)
        except BenehubError:
            continue
    return found


def raise_alarms(hub: Hub, employer: str) -> dict[str, Any]:
    """Raise what has come to its level since the last look; how many by level, and what is to be compared."""
    agreed = agreements(hub, employer)
    with hub.store.write(employer) as session:
        book = hub.book(session)
        seq, at = session.take_seq()
        of = asked(session, hub, agreed, AHEAD)
        fresh = _new(session, [one for one in derived(of) if _is_alarm(one)])
        session.add(alarm, [_row(one, of, seq, at) for one in fresh])
        _raise_owed(of, seq, at)
        counts = _counted(session, seq)
        notifying.queue(session, book, seq, at, set(counts))
    late = {
        (RELATIONS[one.kind].value, one.period) for one in fresh if one.level is Level.LATE and one.kind in RELATIONS
    }
    return {"raised": {level.value: counts.get(level.value, 0) for level in ALARMS}, "compare": sorted(late)}


def _is_alarm(one: Deadline) -> bool:
    """Before its time is over nobody can do anything about an answer that a partner owes us."""
    return one.level is Level.LATE if one.kind == carriers.ANSWER else one.level is not Level.CALM


def _new(session: Session, found: Sequence[Deadline]) -> list[Deadline]:
    """Those that have no alarm of their day and level."""
    rows = session.rows(
        select(alarm.c.subject, alarm.c.send_by, alarm.c.level).where(
            *session.where(alarm), session.among(alarm.c.subject, sorted({one.subject for one in found}))
        )
    )
    known = {(row.subject, row.send_by, row.level) for row in rows}
    return [one for one in found if (one.subject, one.send_by, one.level.value) not in known]


def _row(one: Deadline, of: Asked, seq: int, at: str) -> dict[str, Any]:
    cost = None
    if one.level is Level.LATE and one.kind == money.CONTRIBUTION:
        cost = estimate(one.own_minor, one.due, of.today)
    return {
        "subject": one.subject, "send_by": one.send_by, "level": one.level.value, "kind": one.kind,
        "connection_id": one.connection, "plan": one.plan, "period": one.period, "due_date": one.due,
        "cutoff": f"{one.latest_safe.astimezone(of.now.tzinfo):%H:%M}", "items": one.items,
        "worth_minor": one.worth_minor, "currency": one.currency, "estimate_minor": cost,
        "seq": seq, "at": at,
    }  # fmt: skip


def _counted(session: Session, seq: int) -> dict[str, int]:
    """How many alarms of each level one look has raised."""
    rows = session.rows(
        select(alarm.c.level, func.count().label("many")).where(*session.where(alarm, seq=seq)).group_by(alarm.c.level)
    )
    return {row.level: int(row.many) for row in rows}


def _raise_owed(of: Asked, seq: int, at: str) -> None:
    """Raise the alarms of obligations, however many, by one statement a level and cut-off."""
    alike: dict[tuple[str, tuple[date, ...]], list[str]] = {}
    for connection, last in owed.bounds(of).items():
        cutoff = f"{of.moment(connection, of.today):%H:%M}"
        alike.setdefault((cutoff, (*(last[level] for level in ALARMS), date.min)), []).append(connection)
    for (cutoff, days), mine in alike.items():
        for level, day, beyond in zip(ALARMS, days[:-1], days[1:], strict=True):
            reached = and_(
                obligation.c.connection_id.in_(mine), obligation.c.send_by <= day, obligation.c.send_by > beyond
            )
            _insert(of, level, cutoff, reached, seq, at)


def _insert(of: Asked, level: Level, cutoff: str, reached: ColumnElement[bool], seq: int, at: str) -> None:
    before = (
        select(alarm.c.subject)
        .where(
            alarm.c.employer_id == obligation.c.employer_id,
            alarm.c.subject == obligation.c.obligation_id,
            alarm.c.send_by == obligation.c.send_by,
            alarm.c.level == level.value,
        )
        .exists()
    )
    columns = {
        "employer_id": obligation.c.employer_id, "subject": obligation.c.obligation_id,
        "send_by": obligation.c.send_by, "level": literal(level.value), "kind": obligation.c.kind,
        "connection_id": obligation.c.connection_id, "plan": obligation.c.plan, "period": obligation.c.period,
        "due_date": obligation.c.due_date, "cutoff": literal(cutoff), "items": literal(1),
        "worth_minor": obligation.c.worth_minor, "currency": obligation.c.currency,
        "estimate_minor": null(), "seq": literal(seq), "at": literal(at),
    }  # fmt: skip
    rows = select(*columns.values()).where(*owed.waiting(of), reached, ~before)
    of.session.connection.execute(insert(alarm).from_select(list(columns), rows))
