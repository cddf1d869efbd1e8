"""Whether a month's own work was done: its schedules ran well, its premiums were accrued, payroll was asked.

A month that nothing was worked out for looks as if all of it agreed: nothing is owed, so nothing is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

from sqlalchemy import ColumnElement, and_, case, func, select

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
            schedule.c.name, schedule.c.flow, schedule.c.next_at,
            func.max(case((run.c.state == "done", slot))).label("done"),
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
        .group_by(schedule.c.name, schedule.c.flow, schedule.c.next_at)
        .order_by(schedule.c.name)
    )  # fmt: skip
    for row in rows:
        if row.failed and row.failed > (row.done or ""):
            yield f"schedule {row.name} ({row.flow}) did not end well at {row.failed}, nor since"
        elif row.next_at < min(end, session.now()):
            yield f"schedule {row.name} ({row.flow}) is due since {row.next_at} and has not run"


def _at(session: Session, day: date) -> str:
    return iso(datetime.combine(day, time(), session.zone()).astimezone(UTC))


def _not_accrued(session: Session, book: PlanBook, month: Month) -> Iterator[str]:
    """Plans in which somebody is covered and nothing is accrued, unless the month is before the first one here."""
    first = first_month(session)
    if first is not None and month < first:
        return
    insured = {plan.id for plan in book.insurance_plans()}
    timelines = facts.timelines(session, "coverage", Interval(month.first, month.end))
    covered = {str(one.data["plan"]) for found in timelines.values() for one in found if one.data.get("plan")} & insured
    if covered:
        of_month = leg.c.coverage_month == str(month)
        done = _plans(session, chart.PREMIUM_PAYABLE, of_month, leg.c.posted_as == "premium.accrued")
        for plan in sorted(covered - done):
            yield f"no premium of {plan} was accrued for {month}"


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
