"""Deadlines of payroll: pay dates that nobody has worked out yet, and leave that has to be paid out by a day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import func, literal, select

from benehub.facts import pay_calendar
from benehub.facts.pay_periods import PayPeriod
from benehub.ledger import accounts as chart
from benehub.obligations import looked
from benehub.periods import Month
from benehub.planbook.deadlines import PAYROLL_BANK_DAYS, send_by
from benehub.store.tables import entry, fact, leg, seen
from benehub.views.deadlines.deadline import Asked, Deadline
from benehub.views.pay_runs import to_run

PUSH = "deductions.push"
PAYOUT = "leave.payout"
BACK = timedelta(days=14)
"""So long a pay date stays late that went by while nobody told payroll anything of it."""
EXPECTED = "leave.payout_expected"


def pay_dates(asked: Asked) -> Iterator[Deadline]:
    """Pay dates to come that payroll was told nothing of, or that a cover has changed for since it was.

    And those that have gone by without a word, after others of their group: no worker was there. Of a payroll that
    takes no day, none that another one of the group comes before: it cannot be told yet.
    """
    connection = asked.book.roles.payroll
    if connection not in asked.live or not _takes(asked):
        return
    yield from _gone_by(asked, connection)
    years = range(asked.today.year, asked.until.year + 2)
    coming = {
        looked_at(connection, group, one.pay_date): (group, one.pay_date)
        for year in years
        for group, periods in pay_calendar(asked.session, asked.book, year).items()
        for one in periods
        if one.pay_date >= asked.today and send_by(asked.book, connection, one.pay_date) <= asked.until
    }
    if connection in asked.at_once:
        coming = _next_ones(asked, coming)
    done = looked.up_to(asked.session, list(coming))
    for subject, (group, day) in sorted(coming.items(), key=lambda one: (one[1][1], one[0])):
        if _changed(asked, done[subject], day) if subject in done else _has_people(asked, group):
            last = send_by(asked.book, connection, day)
            yield asked.made(
                subject, PUSH, connection, day, last, items=0,
                mend=f"benehub deductions push -c {connection} -g {group} --pay-date {day}",
            )  # fmt: skip


def _next_ones(asked: Asked, coming: Mapping[str, tuple[str, date]]) -> dict[str, tuple[str, date]]:
    last = {group: max(day for one, day in coming.values() if one == group) for group, _ in coming.values()}
    waiting = {group: to_run(asked.session, asked.book, group, day) for group, day in last.items()}
    return {
        subject: (group, day)
        for subject, (group, day) in coming.items()
        if not waiting[group] or day <= waiting[group][0]
    }


def _gone_by(asked: Asked, connection: str) -> Iterator[Deadline]:
    first = asked.today - 4 * BACK  # whatever the frequency, one before lies in it
    for group, periods in _pay_days(asked, range(first.year, asked.today.year + 1)).items():
        moved = _moved(asked, group, periods)
        past = [one.pay_date for one in periods if first <= one.pay_date < asked.today and one.pay_date not in moved]
        done = looked.up_to(asked.session, [looked_at(connection, group, day) for day in past])
        told = [day for day in past if looked_at(connection, group, day) in done]
        for day in past:
            if day >= asked.today - BACK and told and told[0] < day and day not in told and _has_people(asked, group):
                yield asked.made(
                    looked_at(connection, group, day), PUSH, connection, day, send_by(asked.book, connection, day),
                    items=0, mend=f"It is too late to tell payroll: read the register of {day}, then compare payroll; "
                    "what was not taken is a difference",
                )  # fmt: skip


def _pay_days(asked: Asked, years: range) -> dict[str, list[PayPeriod]]:
    """The pay dates of each group in these years, in order."""
    found: dict[str, list[PayPeriod]] = {}
    for year in years:
        for group, periods in pay_calendar(asked.session, asked.book, year).items():
            found.setdefault(group, []).extend(sorted(periods, key=lambda one: one.pay_date))
    return found


def _moved(asked: Asked, group: str, periods: Sequence[PayPeriod]) -> set[date]:
    """Those that payroll tells no more and tells another one of the same days for: nobody was paid on them.

    One alone that is told no more may only be past: a payroll may list what is to come.
    """
    paid: dict[tuple[date, date], list[date]] = {}
    for one in periods:
        paid.setdefault((one.start, one.end), []).append(one.pay_date)
    twice = [days for days in paid.values() if len(days) > 1]
    if not twice:
        return set()
    abouts = [f"{group}/{day}" for days in twice for day in days]
    told = set(
        asked.session.connection.scalars(
            select(seen.c.about).where(
                *asked.session.where(seen, stream="pay_calendar"), seen.c.about.in_(abouts), seen.c.gone_seq.is_(None)
            )
        )
    )
    return {
        day
        for days in twice
        if any(f"{group}/{one}" in told for one in days)
        for day in days
        if f"{group}/{day}" not in told
    }


def looked_at(connection: str, group: str, pay_date: date) -> str:
    """What a pay date is called where it is noted how far was looked."""
    return f"{PUSH}/{connection}/{group}/{pay_date}"


def _takes(asked: Asked) -> bool:
    return any(plan.deduction or plan.deferral or plan.computed for plan in asked.book.plans)


def _has_people(asked: Asked, group: str) -> bool:
    """Whether anybody was ever paid with the group."""
    query = (
        select(literal(1))
        .select_from(fact)
        .where(*asked.session.where(fact, kind="employment"), fact.c.data["pay_group"].as_string() == group)
        .limit(1)
    )
    return bool(asked.session.rows(query))


def _changed(asked: Asked, seq: int, day: date) -> bool:
    """Whether cover that begins by the pay date was recorded after it was looked at."""
    query = (
        select(literal(1))
        .select_from(fact)
        .where(*asked.session.where(fact, kind="coverage"), fact.c.seq > seq, fact.c.effective_from <= day)
        .limit(1)
    )
    return bool(asked.session.rows(query))


def payouts(asked: Asked) -> Iterator[Deadline]:
    """Leave that is owed to somebody who has left, and that no register shows as paid."""
    connection = asked.book.roles.payroll
    if connection not in asked.live:
        return
    actual = entry.alias()
    settled = (
        select(literal(1))
        .where(actual.c.employer_id == entry.c.employer_id, actual.c.pending_id == entry.c.entry_id)
        .exists()
    )
    keys = (entry.c.entry_id, entry.c.due_date, entry.c.effective_date, leg.c.plan)
    rows = asked.session.rows(
        select(*keys, func.sum(leg.c.amount).label("amount"))
        .join(leg, (leg.c.employer_id == entry.c.employer_id) & (leg.c.entry_id == entry.c.entry_id))
        .where(
            *asked.session.where(entry, type=EXPECTED, status="pending"),
            entry.c.due_date.is_not(None),
            leg.c.account == chart.LEAVE_LIABILITY,
            ~settled,
        )
        .group_by(*keys)
        .order_by(entry.c.due_date, entry.c.entry_id)
    )
    for row in rows:
        last = send_by(asked.book, connection, row.due_date, PAYROLL_BANK_DAYS)
        if last <= asked.until:
            yield asked.made(
                row.entry_id, PAYOUT, connection, row.due_date, last, plan=row.plan, items=1,
                period=str(Month.of(row.effective_date)), worth_minor=int(row.amount),
                mend="Pay it with an off-cycle check, then read the register",
            )  # fmt: skip
