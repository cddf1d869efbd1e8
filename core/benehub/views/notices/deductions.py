"""Whose next pay takes another amount than the one before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import Select, case, func, select

from benehub.ledger import accounts as chart
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import entry, leg
from benehub.views.notices.notice import Notice

EXPECTED = ("deduction.expected", "deduction.expected.void")


def deduction_changes(session: Session, book: PlanBook, day: date) -> Iterator[Notice]:
    """Per employee and plan, where the next pay date expects another amount than the last one did.

    Contributions in percent of pay are left out: they follow the pay.
    """
    insured = [plan.id for plan in book.plans if plan.deduction is not None]
    own = _pay_dates(session, day).subquery()
    old = func.sum(case((leg.c.pay_date == own.c.before, leg.c.amount), else_=0))
    new = func.sum(case((leg.c.pay_date == own.c.after, leg.c.amount), else_=0))
    found = (
        select(
            leg.c.person_id,
            leg.c.plan,
            own.c.after,
            old.label("old"),
            new.label("new"),
            func.max(case((leg.c.pay_date == own.c.after, entry.c.entry_id), else_="")).label("ref"),
        )
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .join(own, own.c.person_id == leg.c.person_id)
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.PAYROLL_CLEARING,
            leg.c.plan.in_(insured),
            leg.c.pay_date.in_((own.c.before, own.c.after)),
            entry.c.type.in_(EXPECTED),
        )
        .group_by(leg.c.person_id, leg.c.plan, own.c.after)
        .having((old != new) & (old != 0))
        .order_by(leg.c.person_id, leg.c.plan)
    )
    for row in session.connection.execute(found):
        after = _day(row.after)
        values = {"plan": row.plan, "pay_date": str(after), "old_minor": int(row.old), "new_minor": int(row.new)}
        refs = (row.ref,) if row.ref else ()
        yield Notice("deduction_change", row.person_id, f"{row.plan}/{after}", after, values, refs)


def _pay_dates(session: Session, day: date) -> Select[*tuple[Any, ...]]:
    """Per person the last pay date up to `day` that was expected to take something, and the next one after it."""
    before = func.max(case((leg.c.pay_date <= day, leg.c.pay_date)))
    after = func.min(case((leg.c.pay_date > day, leg.c.pay_date)))
    return (
        select(leg.c.person_id, before.label("before"), after.label("after"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.PAYROLL_CLEARING,
            entry.c.type == "deduction.expected",
        )
        .group_by(leg.c.person_id)
        .having(before.is_not(None) & after.is_not(None))
    )


def _day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
