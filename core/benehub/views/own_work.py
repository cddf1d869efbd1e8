"""Whether a month's own work was done: its schedules ran well, its premiums were accrued, payroll was asked.

A month that nothing was worked out for looks as if all of it agreed: nothing is owed, so nothing is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement, func, select

from benehub import facts
from benehub.ledger import accounts as chart
from benehub.periods import Interval, Month
from benehub.planbook import PlanBook
from benehub.reconcile.premium import first_month
from benehub.rules.deduction.calendar import DeductionMethod, Timing
from benehub.store import Session
from benehub.store.tables import entry, leg, run, schedule
from benehub.views.own_times import at, carried_out, meant, not_run
from benehub.views.schedules import PREFIX

ACCRUE, EXPECT = "premiums.accrue", "deductions.expect"
Plans = Mapping[Month, set[str]]


def undone(session: Session, book: PlanBook, month: Month, along: Sequence[Month] = ()) -> list[str]:
    """What of the month's own work, and of those signed along with it, was not done, each as a sentence.

    `along` are earlier months, in order; all of them are asked for in as many queries as one.
    """
    months = [*along, month]
    return [
        *not_run(session, months), *_not_accrued(session, book, months), *_not_asked(session, book, months)
    ]  # fmt: skip


def _not_accrued(session: Session, book: PlanBook, months: Sequence[Month]) -> Iterator[str]:
    """Plans in which somebody is covered and nothing is accrued, unless the month is before the first one here.

    Where accruing it was carried out and nothing lacked, there was nothing to accrue: a plan may cost nothing.
    """
    first, carried = first_month(session), _carried_out(session, ACCRUE, months)
    open_ = [month for month in months if (first is None or month >= first) and month not in carried]
    if not open_:
        return
    insured = {plan.id for plan in book.insurance_plans()}
    accrued = _plans(session, chart.PREMIUM_PAYABLE, open_, entry.c.type.startswith("premium.accrued"))
    missing = {month: insured - accrued.get(month, set()) for month in open_}
    covered = _covered(session, missing)
    for month in open_:
        for plan in sorted(covered[month]):
            yield f"no premium of {plan} was accrued for {month}"


def _covered(session: Session, asked: Plans) -> dict[Month, set[str]]:
    """Of the plans asked for, those that somebody is covered in; read by parts of all people, until all are found."""
    found: dict[Month, set[str]] = {month: set() for month in asked}
    window = Interval(min(asked).first, max(asked).end)
    for part in facts.ranges(session, "coverage"):
        for timeline in facts.timelines(session, "coverage", window, subjects=part).values():
            for one in timeline:
                plan = str(one.data.get("plan") or "")
                for month, plans in asked.items():
                    if plan in plans and one.effective_from < month.end and one.effective_to > month.first:
                        found[month].add(plan)
        if found == asked:
            break
    return found


def _carried_out(session: Session, flow: str, months: Sequence[Month]) -> dict[Month, str]:
    """The months that a run of a flow has worked out, lacking nothing, each with when the newest one began."""
    rows = session.rows(
        select(run.c.flow, run.c.subject, run.c.counts, run.c.started_at, schedule.c.options)
        .join_from(
            run, schedule,
            (schedule.c.employer_id == run.c.employer_id)
            & (func.substr(run.c.subject, 1, func.length(schedule.c.name) + 1) == schedule.c.name + "/"),
            isouter=True,
        )
        .where(
            *session.where(run, state="done"), run.c.flow.in_((flow, PREFIX + flow)), carried_out(),
            run.c.started_at >= at(session, months[0].plus(-1).first),
        )
    )  # fmt: skip
    found: dict[Month, str] = {}
    for row in rows:
        if not row.counts.get("lacking"):
            found |= {one: max(found.get(one, ""), row.started_at) for one in meant(session, row, row.options)}
    return found


def _not_asked(session: Session, book: PlanBook, months: Sequence[Month]) -> Iterator[str]:
    """Plans of which employees owe a share of the month, by its own pay dates, and payroll was asked for none of it.

    Asking that was carried out after all of the plan was accrued has found nobody to ask: who owes it is not paid.
    """
    own = [
        plan.id
        for plan in book.insurance_plans()
        if plan.deduction is not None
        and plan.deduction.method is DeductionMethod.PER_MONTH
        and plan.deduction.timing is Timing.CURRENT
    ]
    mine = leg.c.plan.in_(own)
    owed = _plans(session, chart.EMPLOYEE_SHARE_DUE, months, mine, entry.c.type.startswith("premium.accrued"))
    if not owed:
        return
    expected = _plans(session, chart.PAYROLL_CLEARING, months, mine, entry.c.type.startswith("deduction.expected"))
    taken = _plans(session, chart.PAYROLL_CLEARING, months, mine, entry.c.type.startswith("deduction.withheld"))
    carried, accrued = _carried_out(session, EXPECT, months), _accrued_at(session, months)
    for month in months:
        for plan in sorted(owed.get(month, set()) - expected.get(month, set()) - taken.get(month, set())):
            if month not in carried or carried[month] < accrued[month, plan]:
                yield f"payroll was asked for nothing of {plan} for {month}"


def _accrued_at(session: Session, months: Sequence[Month]) -> dict[tuple[Month, str], str]:
    """When a share of a month and plan was accrued last."""
    by = leg.c.coverage_month, leg.c.plan
    rows = session.rows(
        select(*by, func.max(entry.c.recorded_at).label("at"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.EMPLOYEE_SHARE_DUE,
            leg.c.coverage_month.in_([str(one) for one in months]), entry.c.type.startswith("premium.accrued"),
        )
        .group_by(*by)
    )  # fmt: skip
    return {(Month.parse(row.coverage_month), row.plan): row.at for row in rows}


def _plans(session: Session, account: str, months: Sequence[Month], *which: ColumnElement[bool]) -> Plans:
    """The plans by month in which something stands on an account for anybody, net of what was taken back.

    Person by person: what one has too much takes nothing from what another has.
    """
    by = leg.c.coverage_month, leg.c.plan
    each = (
        select(*by)
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == account,
            leg.c.coverage_month.in_([str(one) for one in months]), *which,
        )
        .group_by(*by, leg.c.person_id)
        .having(func.sum(leg.c.amount) != 0)
        .subquery()
    )  # fmt: skip
    found: dict[Month, set[str]] = {}
    for row in session.rows(select(each.c.coverage_month, each.c.plan).distinct()):
        found.setdefault(Month.parse(row.coverage_month), set()).add(row.plan)
    return found
