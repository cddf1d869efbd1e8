"""Which pay dates to come payroll has still to run: a run shows in its register, which may come before the pay date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from benehub.facts import pay_calendar
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import confirmation


def to_run(session: Session, book: PlanBook, group: str, until: date) -> list[date]:
    """The pay dates of a group after today and before `until` that no register has told of, in order."""
    today = session.today()
    coming = [
        one.pay_date
        for year in range(today.year, until.year + 1)
        for one in pay_calendar(session, book, year)[group]
        if today < one.pay_date < until
    ]
    run = _run(session, book, group, coming) if coming else set[date]()
    return sorted(set(coming) - run)


def _run(session: Session, book: PlanBook, group: str, days: Sequence[date]) -> set[date]:
    # A register that names no pay group is of the only one there is.
    names = (group, "") if len(book.pay_groups) == 1 else (group,)
    query = (
        select(confirmation.c.pay_date)
        .distinct()
        .where(
            *session.where(confirmation, kind="register_line", current=1),
            confirmation.c.pay_date.in_(days),
            confirmation.c.detail["pay_group"].as_string().in_(names),
        )
    )
    return set(session.connection.scalars(query))
