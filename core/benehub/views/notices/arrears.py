"""Whose pay could not take what was due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from benehub.planbook import PlanBook
from benehub.reconcile import tolerance
from benehub.store import Session
from benehub.views.notices.notice import Notice


def arrears_open(session: Session, book: PlanBook, day: date) -> Iterator[Notice]:
    """One notice an employee, plan and newest month that is open: a month that falls behind is told anew.

    What was not put into an account of the employee's own is no debt of his.
    """
    own = {plan.id for plan in book.account_plans()}
    for (person_id, plan), months in sorted(tolerance.owed(session, book).items()):
        owed = {month: amount for month, amount in months.items() if amount > 0 and plan not in own}
        if owed:
            newest = max(owed)
            values: dict[str, str | int] = {"plan": plan, "open_minor": sum(owed.values()), "months": ", ".join(owed)}
            yield Notice("arrears", person_id, f"{plan}/{newest}", day, values)
