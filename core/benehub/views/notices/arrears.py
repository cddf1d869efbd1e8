"""Whose pay could not take what was due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from benehub.ledger import arrears as account
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.views.notices.notice import Notice


def arrears_open(session: Session, book: PlanBook, day: date) -> Iterator[Notice]:
    """One notice an employee, plan and newest month that is open: a month that falls behind is told anew."""
    for (person_id, plan), months in sorted(account.balances(session).items()):
        owed = {month: amount for month, amount in months.items() if amount > 0}
        if owed:
            newest = max(owed)
            values: dict[str, str | int] = {"plan": plan, "open_minor": sum(owed.values()), "months": ", ".join(owed)}
            yield Notice("arrears", person_id, f"{plan}/{newest}", day, values)
