"""Employees' shares that no pay takes any more: a month of cover costs something else as known now, and no line of a
pay can correct it. It would stand in the account of their shares for ever, so a person has to say what becomes of it.

A month's own pays, and those of the plan's window behind it, correct it by themselves; none of another year does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select

from benehub import facts
from benehub.ledger import accounts as chart
from benehub.ledger.arrears import BORNE, DEDUCTION
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.records import TaxClass
from benehub.rules.deduction.calendar import DeductionMethod, coverage_month
from benehub.rules.deduction.retro import CatchUp
from benehub.store import Session
from benehub.store.tables import entry, leg

ASKED = ("premium.accrued", "premium.accrued.reversed", DEDUCTION, f"{DEDUCTION}.void", *BORNE)
"""What a month's share came to, what pays were told to take of it, and what of it the employer has borne."""


@dataclass(frozen=True, slots=True)
class Share:
    """What of a month's share no pay was told to take, minor units (below zero: too much), why none will, since when.

    `until` is the last day on which a line may yet come; None where none can.
    """

    person_id: str
    plan: str
    month: Month
    period: Month
    amount: int
    why: str
    since: date
    until: date | None = None


def compare(session: Session, book: PlanBook, month: Month) -> Iterator[Finding]:
    """Of this month's cover and pays and of all before: each is one difference until it is settled."""
    for one in shares(session, book):
        if one.period > month:
            continue
        told = f"than its pays were told, known since {one.since}: {one.why}"
        cause, action = (
            (f"the share of {one.month} is more {told}",
             "Settle it with the employee, or write it off: benehub deductions write-off")
            if one.amount > 0 else
            (f"the share of {one.month} is less {told}",
             "Give it back outside this deduction, with its tax corrected, then say so: benehub deductions write-off")
        )  # fmt: skip
        yield Finding(
            Relation.PAYROLL, Type.SHARE_NOT_ASKED, str(one.period), str(one.month), "hub", "finance", cause, action,
            person_id=one.person_id, plan=one.plan, expected=max(one.amount, 0), actual=max(-one.amount, 0),
            unit=book.employer.currency, clear_by=one.until,
        )  # fmt: skip


def shares(session: Session, book: PlanBook, person_id: str = "", plan: str = "") -> list[Share]:
    """Every such share, of one person and plan where they are named."""
    plans = {
        one.id: one for one in book.insurance_plans()
        if one.deduction is not None and one.deduction.method is DeductionMethod.PER_MONTH and plan in ("", one.id)
    }  # fmt: skip
    rows = _rows(session, plans, person_id) if plans else []
    gone = _gone(session, {row.person_id for row in rows})
    found = (_share(session, plans[row.plan], row, row.person_id in gone) for row in rows)
    return [one for one in found if one is not None]


def _rows(session: Session, plans: Collection[str], person_id: str) -> list[Row[Any]]:
    """What no pay was told to take, by person, plan and month of cover up to the next one."""
    keys = (leg.c.person_id, leg.c.plan, leg.c.coverage_month)
    mine = [leg.c.person_id == person_id] if person_id else []
    return list(
        session.rows(
            select(*keys, func.sum(leg.c.amount).label("amount"), func.max(entry.c.recorded_at).label("since"))
            .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
            .where(
                leg.c.employer_id == session.employer, leg.c.account == chart.EMPLOYEE_SHARE_DUE,
                leg.c.person_id.is_not(None), leg.c.plan.in_(sorted(plans)),
                leg.c.coverage_month <= str(Month.of(session.today())),
                entry.c.type.in_(ASKED), *mine,
            )
            .group_by(*keys)
            .having(func.sum(leg.c.amount) != 0)
            .order_by(*keys)
        )
    )  # fmt: skip


def _gone(session: Session, persons: Collection[str]) -> set[str]:
    """Who of these was employed in this month and the last one no more: no pay of theirs is to come."""
    if not persons:
        return set()
    lately = Interval(Month.of(session.today()).plus(-1).first, FOREVER)
    known = facts.timelines(session, "employment", lately, subjects=sorted(persons))
    return {*persons} - {subject for subject, _ in known}


def _share(session: Session, plan: Plan, row: Row[Any], gone: bool) -> Share | None:
    """None while a line of a later pay corrects it."""
    assert plan.deduction is not None
    terms, covered = plan.deduction, Month.parse(row.coverage_month)
    ahead = coverage_month(covered.first, terms.timing)
    pays = covered.plus((covered.year - ahead.year) * 12 + covered.month - ahead.month)
    last = min(pays.plus(terms.retro.window_months), Month(pays.year, 12))
    now, until = Month.of(session.today()), None
    if gone:
        why = "no pay of this employee is to come"
    elif now.year > pays.year:
        why = "its year is over, and a pay of another one corrects nothing of it"
    elif now > last:
        why = f"the plan corrects no more than {terms.retro.window_months} months back"
    elif (
        now > pays and row.amount > 0 and terms.tax_class is TaxClass.PRETAX
        and terms.retro.catch_up is CatchUp.PROSPECTIVE
    ):  # fmt: skip
        why, until = "what may not be taken before tax is not charged (catch_up: prospective)", last.last
    else:
        return None
    since = session.day_of(row.since)
    return Share(row.person_id, row.plan, covered, max(covered, pays), int(row.amount), why, since, until)
