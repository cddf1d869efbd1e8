"""Whether a month's own work was done: its schedules ran well, its premiums were accrued, payroll was asked.

A month that nothing was worked out for looks as if all of it agreed: nothing is owed, so nothing is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, select

from benehub import facts
from benehub.ledger import accounts as chart
from benehub.periods import Interval, Month
from benehub.planbook import PlanBook
from benehub.reconcile.premium import first_month
from benehub.rules.deduction.calendar import DeductionMethod, Timing
from benehub.store import Session
from benehub.store.session import iso
from benehub.store.tables import leg, run, schedule
from benehub.views.schedules import PREFIX


def undone(session: Session, book: PlanBook, month: Month) -> list[str]:
    """What of the month's own work was not done, each as a sentence."""
    return [*_not_run(session, month), *_not_accrued(session, book, month), *_not_asked(session, book, month)]


def _not_run(session: Session, month: Month) -> Iterator[str]:
    """Schedules whose last time of the month did not end well, and that have not ended well since; and the overdue."""
    begin, end = (_at(session, day) for day in (month.first, month.end))
    slot = func.substr(run.c.subject, func.length(schedule.c.name) + 2)
    rows = session.rows(
        select(
            schedule.c.name, schedule.c.flow, schedule.c.slot_at,
            func.max(case((and_(run.c.state == "done", _carried_out()), slot))).label("done"),
            func.max(case((and_(run.c.state != "done", slot < end), slot))).label("failed"),
        )
        .join_from(
            schedule, run,
            (run.c.employer_id == schedule.c.employer_id) & (run.c.flow == PREFIX + schedule.c.flow)
            & (func.substr(run.c.subject, 1, func.length(schedule.c.name) + 1) == schedule.c.name + "/")
            & (run.c.started_at >= begin),
            isouter=True,
        )
        .where(*session.where(schedule, state="on"))
        .group_by(schedule.c.name, schedule.c.flow, schedule.c.slot_at)
        .order_by(schedule.c.name)
    )  # fmt: skip
    for row in rows:
        if row.failed and row.failed > (row.done or ""):
            yield f"schedule {row.name} ({row.flow}) did not end well at {row.failed}, nor since"
        elif row.slot_at < min(end, session.now()):  # when it is tried next is put off again and again
            yield f"schedule {row.name} ({row.flow}) is due since {row.slot_at} and has not run"


def _carried_out() -> ColumnElement[bool]:
    """A run that found a closed time ends well too, and has only put itself off."""
    put_off: ColumnElement[int] = run.c.counts["put_off"].as_integer()
    return put_off.is_(None)


def _at(session: Session, day: date) -> str:
    return iso(datetime.combine(day, time(), session.zone()).astimezone(UTC))


def _not_accrued(session: Session, book: PlanBook, month: Month) -> Iterator[str]:
    """Plans in which somebody is covered and nothing is accrued, unless the month is before the first one here.

    Where accruing it was carried out and nothing lacked, there was nothing to accrue: a plan may cost nothing.
    """
    first = first_month(session)
    if (first is not None and month < first) or _accrued(session, month):
        return
    insured = {plan.id for plan in book.insurance_plans()}
    timelines = facts.timelines(session, "coverage", Interval(month.first, month.end))
    covered = {str(one.data["plan"]) for found in timelines.values() for one in found if one.data.get("plan")} & insured
    if covered:
        of_month = leg.c.coverage_month == str(month)
        done = _plans(session, chart.PREMIUM_PAYABLE, of_month, leg.c.posted_as == "premium.accrued")
        for plan in sorted(covered - done):
            yield f"no premium of {plan} was accrued for {month}"


def _accrued(session: Session, month: Month) -> bool:
    """Whether a run has accrued the month and could price all of it."""
    flow = "premiums.accrue"
    rows = session.rows(
        select(run.c.flow, run.c.subject, run.c.counts, schedule.c.options)
        .join_from(
            run, schedule,
            (schedule.c.employer_id == run.c.employer_id)
            & (func.substr(run.c.subject, 1, func.length(schedule.c.name) + 1) == schedule.c.name + "/"),
            isouter=True,
        )
        .where(
            *session.where(run, state="done"), run.c.flow.in_((flow, PREFIX + flow)), _carried_out(),
            run.c.started_at >= _at(session, month.plus(-1).first),
        )
    )  # fmt: skip
    return any(month in _meant(session, row) and not row.counts.get("lacking") for row in rows)


STEPS = {"last": (-1,), "this": (0,), "next": (1,), "both": (-1, 0)}
"""Months that a schedule's option `month` means, counted from that of its time."""


def _meant(session: Session, row: Row[Any]) -> list[Month]:
    """The months that a run has accrued."""
    *_, last = parts = str(row.subject).split("/")
    if not row.flow.startswith(PREFIX):
        return [Month.parse(one) for one in parts if MONTH.fullmatch(one)]
    now = Month.of(session.day_of(last))
    return [now.plus(step) for step in STEPS[(row.options or {}).get("month", "this")]]


MONTH = re.compile(r"\d{4}-\d{2}")


def _not_asked(session: Session, book: PlanBook, month: Month) -> Iterator[str]:
    """Whether employees owe a share of the month, by its own pay dates, and payroll was asked for none of it."""
    own = [
        plan.id
        for plan in book.insurance_plans()
        if plan.deduction is not None
        and plan.deduction.method is DeductionMethod.PER_MONTH
        and plan.deduction.timing is Timing.CURRENT
    ]
    of_month = (leg.c.coverage_month == str(month), leg.c.plan.in_(own))
    owed = _plans(session, chart.EMPLOYEE_SHARE_DUE, *of_month, leg.c.posted_as == "premium.accrued")
    if owed and not _plans(session, chart.PAYROLL_CLEARING, *of_month):
        yield f"payroll was asked for nothing of {month}"


def _plans(session: Session, account: str, *which: ColumnElement[bool]) -> set[str]:
    """The plans that such legs are of."""
    mine = (leg.c.employer_id == session.employer, leg.c.account == account)
    return {row.plan for row in session.rows(select(leg.c.plan).where(*mine, *which).distinct())}
