"""Whether the schedules of months ran well: a later good run mends what goes by what is there, not what is of a month.

A read that failed is made up for by the next one. Accruing November says nothing of October: a flow of a month is asked
for a run that means it, by its schedule or by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select

from benehub.ledger.books import closed
from benehub.periods import Month
from benehub.store import Session
from benehub.store.locks import WAITING
from benehub.store.session import iso
from benehub.store.tables import connection, run, schedule
from benehub.views.schedules import PREFIX

STEPS = {"last": (-1,), "this": (0,), "next": (1,), "both": (-1, 0)}
"""Months that a schedule's option `month` means, counted from that of its time; the last is the one its time is for."""

OF_A_MONTH = {
    "deductions.expect": "this", "premiums.accrue": "this", "premiums.remit": "this", "leave.accrue": "this",
    "statements.make": "this", "payroll.results": "both", "retirement.credits": "both",
    "accounts.confirmations": "both",
}  # fmt: skip
"""Flows whose run is of certain months alone, each with the months that are meant unless its options say others."""

LOOK_BACK = 3
"""Months before this one that are asked for times that passed in vain: runs are kept for ninety days unless said."""
TIDIES = "retention"
"""The flow that deletes runs."""

MONTH = re.compile(r"\d{4}-\d{2}")
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]+Z")
MONTHS = "months"
"""What a schedule's run counts the months as that it has worked out: one that comes late is of those of its own day."""


class Ran(NamedTuple):
    """How the times of a schedule went that count for a month; ISO texts, empty for never."""

    done: str = ""
    """The newest time that ended well."""
    failed: str = ""
    """The newest time up to the month's end that has not."""
    began: str = ""
    """When the newest one that ended well began."""
    late: str = ""
    """The newest time whose run came so late that it was of other months."""
    started: bool = False
    """Whether anything was started for it at all, however that went."""


def at(session: Session, day: date) -> str:
    """When a day of the employer's begins."""
    return iso(datetime.combine(day, time(), session.zone()).astimezone(UTC))


def carried_out() -> ColumnElement[bool]:
    """A run that found a closed time ends well too, and has only put itself off."""
    put_off: ColumnElement[int] = run.c.counts["put_off"].as_integer()
    return put_off.is_(None)


def not_run(session: Session, months: Sequence[Month]) -> Iterator[str]:
    """Schedules whose work of these months, in order, was not done; what is of no month is asked of the last alone."""
    last = months[-1]
    mine = (connection.c.employer_id == schedule.c.employer_id) & (
        connection.c.connection_id == schedule.c.connection_id
    )
    rows = session.rows(
        select(schedule, connection.c.mode)
        .join_from(schedule, connection, mine, isouter=True)
        .where(*session.where(schedule))
        .order_by(schedule.c.name)
    )
    by_name = _newest(session, last)
    runs = _of_months(session, months[0])
    for row in rows:
        if row.flow not in OF_A_MONTH:
            yield from _told(session, row, last, by_name.get(row.name, Ran()))
            continue
        by_month = _by_month(session, row, (one for one in runs if _is_of(one, row)))
        for month in months:
            yield from _told(session, row, month, by_month.get(month, Ran()))


Times = Callable[[Row[Any], datetime], str]
"""A schedule's first time from a moment on, as ISO text; empty for none."""


def no_times(_row: Row[Any], _at: datetime) -> str:
    """Of whoever does not ask when schedules would have started."""
    return ""


class Passed(NamedTuple):
    """A month for which a schedule of months has started nothing, and its first time for it."""

    schedule: str
    flow: str
    month: Month
    at: str
    """ISO text."""


def passed(session: Session, times: Times) -> list[Passed]:
    """Months not signed yet whose times have passed without a run of a schedule that is on, nor one by hand.

    After an outage a schedule starts once, whatever it has missed: nothing else says of which months nothing was worked
    out. `times` tells when a schedule would have started. The last `LOOK_BACK` months are asked for, and none whose
    runs may have been tidied away.
    """
    rows = session.rows(
        select(schedule).where(*session.where(schedule, state="on"), schedule.c.flow.in_(OF_A_MONTH))
        .order_by(schedule.c.name)
    )  # fmt: skip
    if not rows:
        return []
    now, signed = Month.of(session.today()), closed(session)
    earliest = now.plus(-LOOK_BACK)
    first = max(earliest, signed[-1].month.plus(1)) if signed else earliest
    runs = _of_months(session, first, PREFIX + TIDIES, TIDIES)
    known = _known_since(session) if any(_tidies(one) for one in runs) else ""
    found = []
    for row in rows:
        started = _by_month(session, row, (one for one in runs if _is_of(one, row)))
        for back in range(LOOK_BACK + 2):
            month = first.plus(back)
            ran = started.get(month, Ran())
            slot = None if ran.started else _first_slot(session, row, month, known, times)
            if slot is not None:
                found.append(Passed(row.name, row.flow, month, slot))
    return found


def _first_slot(session: Session, row: Row[Any], month: Month, known: str, times: Times) -> str | None:
    """The first time of a schedule that is for a month, where it is over; none where its times cannot be read."""
    of = month.plus(-_steps(row)[-1])
    begin = at(session, of.first)
    if begin < known:
        return None
    slot = times(row, datetime.fromisoformat(max(begin, row.anchor_at)))
    # What is due now, or put off, is still to come.
    return slot if slot and slot < min(at(session, of.end), row.slot_at, session.now()) else None


def _known_since(session: Session) -> str:
    """From when on runs are still there, some having been tidied away."""
    kept = select(schedule.c.last_run).where(*session.where(schedule), schedule.c.last_run.is_not(None))
    oldest = (
        select(run.c.started_at)
        .where(*session.where(run, state="done"), run.c.run_id.not_in(kept))
        .order_by(run.c.started_at)
        .limit(1)
    )
    return str(session.connection.execute(oldest).scalar_one_or_none() or session.now())


def _tidies(one: Row[Any]) -> bool:
    """Whether a run has deleted others; what deleted some before the first that is looked at took none of those."""
    return bool(one.state == "done" and one.flow.removeprefix(PREFIX) == TIDIES)


def _told(session: Session, row: Row[Any], month: Month, ran: Ran) -> Iterator[str]:
    """What a schedule has not done of a month."""
    what = f"schedule {row.name} ({row.flow})"
    if ran.failed > ran.done:
        yield f"{what} did not end well at {ran.failed}, nor since"
    elif row.state == "on" and row.slot_at < session.now() and _counts_for(session, row, month):
        yield f"{what} is due since {row.slot_at} and has not run"  # when it is tried next is put off again and again
    elif (missed := _missed(session, row, month, ran)) is not None:
        if row.state == "paused":
            yield f"{what} is paused: it started nothing at {missed}, nor since"
        else:
            yield f"{what} started nothing at {missed}, nor since: connection {row.connection_id} is paused"
    elif ran.late and not ran.done:
        yield f"{what} started so late for {ran.late} that it did another month, and has not done {month} since"


def _missed(session: Session, row: Row[Any], month: Month, ran: Ran) -> str | None:
    """A time that a pause kept from starting, and that no good run has made up for since; none where all were kept.

    A paused schedule keeps its next time; what a paused connection passes over is on the schedule's note.
    """
    of = month.plus(-_steps(row)[-1]) if row.flow in OF_A_MONTH else month
    if row.state == "paused":
        return row.slot_at if ran.began < row.slot_at < min(at(session, of.end), session.now()) else None
    if row.mode == "paused" and row.note and not ran.done and row.anchor_at < at(session, of.end):
        return str(row.note).partition(": ")[0]
    return None


def _newest(session: Session, month: Month) -> dict[str, Ran]:
    """Schedule -> how its times went; one of before the month that goes on still keeps all later ones from starting."""
    end = at(session, month.end)
    key = func.substr(run.c.subject, func.length(schedule.c.name) + 2)
    slot = case((key.like("____-__-__T%"), key), else_=run.c.started_at)
    good = and_(run.c.state == "done", carried_out())
    rows = session.rows(
        select(
            schedule.c.name,
            func.max(case((good, slot))).label("done"),
            func.max(case((and_(run.c.state != "done", slot < end), slot))).label("failed"),
            func.max(case((good, run.c.started_at))).label("began"),
        )
        .join_from(
            schedule, run,
            (run.c.employer_id == schedule.c.employer_id) & (run.c.flow == PREFIX + schedule.c.flow)
            & (func.substr(run.c.subject, 1, func.length(schedule.c.name) + 1) == schedule.c.name + "/")
            & or_(run.c.started_at >= at(session, month.first), run.c.state == "running"),
        )
        .where(*session.where(schedule), schedule.c.flow.not_in(OF_A_MONTH))
        .group_by(schedule.c.name)
    )  # fmt: skip
    return {row.name: Ran(row.done or "", row.failed or "", row.began or "") for row in rows}


def _of_months(session: Session, first: Month, *more: str) -> Sequence[Row[Any]]:
    """The runs of flows that are of a month, from before the first of these months on, by schedules and by hand.

    One that still runs since before then is of none of them. `more` are flows that are asked for with them.
    """
    flows = [*OF_A_MONTH, *(PREFIX + flow for flow in OF_A_MONTH), *more]
    columns = run.c.flow, run.c.subject, run.c.state, run.c.started_at, run.c.counts, run.c.executor
    since = run.c.started_at >= at(session, first.plus(-1).first)
    return session.rows(select(*columns).where(*session.where(run), run.c.flow.in_(flows), since))


def _is_of(one: Row[Any], row: Row[Any]) -> bool:
    """Whether a run is a schedule's, or one by hand that does the same for the same connection."""
    if one.flow == PREFIX + row.flow:
        by_hand = one.subject.startswith(f"{row.connection_id or row.flow}/") and not _names_its_time(one)
        return _is_by(one, row) or by_hand
    return one.flow == row.flow and (not row.connection_id or row.connection_id in one.subject.split("/"))


def _is_by(one: Row[Any], row: Row[Any]) -> bool:
    """Whether a run is a schedule's own."""
    return bool(one.flow.startswith(PREFIX) and one.subject.startswith(f"{row.name}/"))


def _names_its_time(one: Row[Any]) -> bool:
    """Whether a run's subject ends with the time that it is meant for; the API's runs end with another key."""
    return MOMENT.fullmatch(one.subject.rpartition("/")[2]) is not None


def _never_ran(one: Row[Any]) -> bool:
    """Whether a run was canceled before anybody took it up, as where a schedule does not catch up."""
    return bool(one.state == "canceled" and one.executor == WAITING)


def _by_month(session: Session, row: Row[Any], runs: Iterable[Row[Any]]) -> dict[Month, Ran]:
    """How a schedule's runs of each month went; one by hand counts where it ended well: its end was seen."""
    found: dict[Month, Ran] = {}
    for one in runs:
        by_it = _is_by(one, row)
        slot = one.subject.rpartition("/")[2] if by_it and _names_its_time(one) else one.started_at
        due = _of(session, row, slot)
        months = [due] if _never_ran(one) else meant(session, one, row.options if by_it else None)
        if one.state == "done" and "put_off" not in one.counts:
            for month in months:
                ran = found.get(month, Ran())
                began = max(ran.began, one.started_at)
                found[month] = ran._replace(done=max(ran.done, slot), began=began, started=True)
        elif one.state != "done" and by_it:
            ran = found.get(months[-1], Ran())
            started = ran.started or not _never_ran(one)
            found[months[-1]] = ran._replace(failed=max(ran.failed, slot), started=started)
        else:
            continue
        if by_it and due not in months:
            ran = found.get(due, Ran())
            found[due] = ran._replace(late=max(ran.late, slot))
    return found


def _counts_for(session: Session, row: Row[Any], month: Month) -> bool:
    """Whether the time that is due is one of a month, or of an earlier one where it is all the same."""
    if row.flow in OF_A_MONTH:
        return _of(session, row, row.slot_at) == month
    return bool(row.slot_at < at(session, month.end))


def _of(session: Session, row: Row[Any], slot: str) -> Month:
    """The month that a time of a flow of a month is for."""
    return Month.of(session.day_of(slot)).plus(_steps(row)[-1])


def _steps(row: Row[Any]) -> tuple[int, ...]:
    return STEPS[(row.options or {}).get("month", OF_A_MONTH[row.flow])]


def meant(session: Session, one: Row[Any], options: dict[str, str] | None) -> list[Month]:
    """The months that a run of a flow of a month is of: those it has kept, else those of the day on which it began."""
    if not one.flow.startswith(PREFIX):
        return [Month.parse(part) for part in str(one.subject).split("/") if MONTH.fullmatch(part)]
    if one.counts.get(MONTHS):
        return [Month.parse(month) for month in one.counts[MONTHS]]
    usual = OF_A_MONTH[one.flow.removeprefix(PREFIX)]
    now = Month.of(session.day_of(one.started_at))
    return [now.plus(step) for step in STEPS[(options or {}).get("month", usual)]]
