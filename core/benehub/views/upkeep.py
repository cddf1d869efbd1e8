"""What of an employer's work has stopped or is late, each with its mend: for `benehub doctor`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select

from benehub import connections, planbook
from benehub.connect.connector import Connector
from benehub.planbook import PlanBook
from benehub.rules.deadline.latest_safe import Level
from benehub.store import Session, iso
from benehub.store.tables import dispatch, notification, plan_book, run, schedule
from benehub.views.deadlines import Asked, open_deadlines
from benehub.views.fresh import UNKNOWN, Source, sources
from benehub.views.own_times import Times, no_times, passed
from benehub.views.schedules import STUCK

RECENT = timedelta(days=30)
"""Runs that failed earlier are history."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `mend` is empty when it is in order."""

    name: str
    state: str
    mend: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is in order."""
        return not self.mend


def upkeep(
    session: Session, known: Mapping[str, type[Connector]] = UNKNOWN, times: Times = no_times
) -> Iterator[Check]:
    """All of it, of one employer; `known` are the connectors by name, `times` tells when schedules start."""
    yield _deadlines(session)
    yield _notifiers(session)
    yield _stale(session, known)
    yield _dead_letters(session)
    yield _unknown(session)
    yield _missed(session)
    yield _stuck(session)
    yield _passed(session, times)


def _book(session: Session) -> PlanBook | None:
    row = session.connection.execute(
        select(plan_book.c.version, plan_book.c.content)
        .where(plan_book.c.employer_id == session.employer)
        .order_by(plan_book.c.seq.desc())
        .limit(1)
    ).first()
    return None if row is None else planbook.load(row.content, f"plan book {row.version}")


def _deadlines(session: Session) -> Check:
    name, book = f"deadlines of {session.employer}", _book(session)
    if book is None:
        return Check(name, "no plan book yet")
    now = session.local_now()
    live = frozenset(row.connection_id for row in connections.listed(session) if row.mode != "watch")
    late = [one for one in open_deadlines(Asked(session, book, now, now.date(), live, {})) if one.level is Level.LATE]
    if not late:
        return Check(name, "none is late")
    told = ", ".join(f"{one.kind} to {one.connection} (to be sent by {one.send_by})" for one in late[:3])
    return Check(name, f"{len(late)} late: {told}", f"{late[0].mend}; all: benehub deadlines list")


def _notifiers(session: Session) -> Check:
    """Notifiers that have been tried and have not taken what waits for them."""
    rows = session.rows(
        select(notification.c.notifier, func.count().label("many"), func.max(notification.c.error).label("error"))
        .where(*session.where(notification, state="waiting"), notification.c.tries > 0)
        .group_by(notification.c.notifier)
        .order_by(notification.c.notifier)
    )
    name = f"notifiers of {session.employer}"
    if not rows:
        return Check(name, "none is failing")
    told = "; ".join(f"{row.notifier} has not taken {row.many}: {row.error}" for row in rows)
    return Check(name, told, "Mend it in the plan book, under deadlines: notify; it is tried again by itself")


def _stale(session: Session, known: Mapping[str, type[Connector]]) -> Check:
    old = [one for one in sources(session, known) if one.state == "stale"]
    name = f"reads of {session.employer}"
    if not old:
        return Check(name, "none is stale")
    told = ", ".join(f"{one.connection} ({_last_read(one)})" for one in old[:5])
    return Check(name, f"{len(old)} stale: {told}",
                 f"benehub sync {old[0].connection}; for good: benehub schedule add --flow sync")  # fmt: skip


def _last_read(one: Source) -> str:
    stream, at = one.behind[0] if one.behind else ("", one.read_at)
    return f"{stream} last read {at[:16]}Z".lstrip() if at else "its schedule is overdue"


def _dead_letters(session: Session) -> Check:
    """Runs that failed, where the same flow of the same subject (schedule, connection) came to no good end since."""
    about = _about().label("about")
    failed = session.rows(
        select(run.c.run_id, run.c.flow, about, run.c.error_class, run.c.started_at)
        .where(*session.where(run, state="failed"), run.c.started_at >= iso(session.clock() - RECENT))
        .order_by(run.c.started_at.desc())
    )
    good: dict[tuple[str, str], str] = {}
    if failed:
        done = (
            select(run.c.flow, about, func.max(run.c.started_at).label("at"))
            .where(
                *session.where(run, state="done"),
                run.c.started_at > failed[-1].started_at,
                run.c.flow.in_({row.flow for row in failed}),
                about.in_({row.about for row in failed}),
            )
            .group_by(run.c.flow, about)
        )
        good = {(row.flow, row.about): row.at for row in session.rows(done)}
    rows = [row for row in failed if good.get((row.flow, row.about), "") <= row.started_at]
    name = f"dead letters of {session.employer}"
    if not rows:
        return Check(name, "no run has failed for good")
    told = ", ".join(f"{row.flow} ({row.run_id}, {row.error_class})" for row in rows[:3])
    return Check(name, f"{len(rows)} failed: {told}", f"benehub runs show {rows[0].run_id}, mend it, then runs retry")


def _about() -> ColumnElement[str]:
    """What a run is about: its subject up to the last stroke, without what tells one time from the other."""
    return func.rtrim(run.c.subject, func.replace(run.c.subject, "/", ""))


def _unknown(session: Session) -> Check:
    row = session.connection.execute(
        select(func.count().label("many"), func.min(dispatch.c.dispatch_id).label("first")).where(
            *session.where(dispatch), dispatch.c.state.in_(("unknown", "failed"))
        )
    ).one()
    name = f"dispatches of {session.employer}"
    if not row.many:
        return Check(name, "none failed, none has an unknown fate")
    return Check(name, f"{row.many} failed or of unknown fate, {row.first} is one",
                 "Look what became of each: benehub dispatches list --state unknown (or failed)")  # fmt: skip


def _missed(session: Session) -> Check:
    """Schedules whose last time was missed, as the tick notes it."""
    rows = session.rows(
        select(schedule.c.name)
        .where(*session.where(schedule, state="on"), schedule.c.note.like("%missed%"))
        .order_by(schedule.c.name)
    )
    name = f"missed times of {session.employer}"
    if not rows:
        return Check(name, "no schedule has missed its last time")
    told = ", ".join(row.name for row in rows[:5])
    return Check(
        name, f"{len(rows)} missed: {told}", f"Run it now if it is needed: benehub schedule run-now {rows[0].name}"
    )


def _stuck(session: Session) -> Check:
    """Schedules that cannot be started, as the tick notes it."""
    rows = session.rows(
        select(schedule.c.name, schedule.c.note)
        .where(*session.where(schedule, state="on"), schedule.c.note.like(f"%{STUCK}%"))
        .order_by(schedule.c.name)
    )
    name = f"starts of {session.employer}"
    if not rows:
        return Check(name, "no schedule is kept from starting")
    told = "; ".join(f"{row.name} {row.note.partition(': ')[2]}" for row in rows[:3])
    return Check(name, f"{len(rows)} kept from starting: {told}",
                 f"Mend it: benehub schedule change {rows[0].name}; it is tried again by itself")  # fmt: skip


def _passed(session: Session, times: Times) -> Check:
    """Months for which a schedule has started nothing."""
    found, name = passed(session, times), f"months of {session.employer}"
    if not found:
        return Check(name, "every schedule of months has started for each")
    told = ", ".join(f"{one.schedule} ({one.flow}) for {one.month}" for one in found[:5])
    return Check(name, f"nothing was started by {told}",
                 f"Run {found[0].flow} for {found[0].month} by its own command, if it is needed")  # fmt: skip
