"""When the money of a pay date was known that only a corrected register told: it has a due day of its own.

What payroll tells first of somebody's pay is due by the pay date, whenever it was read. What it tells of the same pay
on a later day could not be sent before, so the plan's standard runs from that day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, select

from benehub.ledger import accounts as chart
from benehub.ledger.credited import CREDIT
from benehub.store import Session
from benehub.store.session import iso
from benehub.store.tables import confirmation, entry, leg

SENT = ("contribution.deposited", "contribution.deposited.reversed")
"""Entries by which contributions have left, less what came back."""

PAYABLE = (chart.DEFERRAL_PAYABLE, chart.MATCH_PAYABLE, chart.LOAN_PAYABLE)

Told = Mapping[tuple[str, str], list[tuple[date, int]]]
"""Person and part -> what was to be deposited in all, from each day on which it was known; minor units."""


def told_later(session: Session, plan: str, pay_date: date, after: date, whom: ColumnElement[bool]) -> Told:
    """Of everybody of whose pay date something was told after a day: all that was told, by its day.

    Somebody's first day counts as the pay date itself. `whom` says of whose legs it is asked: of few, as a rule.
    """
    until = datetime.combine(after + timedelta(1), time(), UTC)
    same = (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id)
    mine = (*_of(session, plan, pay_date), leg.c.posted_as.not_in(SENT), whom)
    later = select(leg.c.person_id).join(entry, same).where(*mine, entry.c.recorded_at >= iso(until))
    keys = (leg.c.person_id, leg.c.money_source, entry.c.recorded_at)
    rows = session.rows(
        select(*keys, (-func.sum(leg.c.amount)).label("amount"))
        .join(entry, same)
        .where(*mine, leg.c.person_id.in_(later))
        .group_by(*keys)
        .order_by(entry.c.recorded_at)
    )
    first: dict[str, date] = {}
    found: dict[tuple[str, str], list[tuple[date, int]]] = {}
    for row in rows:
        day = session.day_of(row.recorded_at)
        known = pay_date if day == first.setdefault(row.person_id, day) else max(day, pay_date)
        told = found.setdefault((row.person_id, row.money_source), [])
        told.append((known, (told[-1][1] if told else 0) + int(row.amount)))
    return found


def since(told: list[tuple[date, int]], covered: int) -> date | None:
    """The day from which on more was known than is covered; None where it is all covered."""
    found: date | None = None
    for day, amount in told:
        found = (found or day) if amount > covered else None
    return found


def with_open(session: Session, plan: str, pay_date: date) -> ColumnElement[bool]:
    """Legs of those of whose pay date something is not deposited."""
    keys = (leg.c.account, leg.c.person_id, leg.c.money_source)
    lines = select(leg.c.person_id).where(*_of(session, plan, pay_date)).group_by(*keys)
    return leg.c.person_id.in_(lines.having(func.sum(leg.c.amount) < 0))


def with_credit_after(session: Session, plan: str, pay_date: date, after: date) -> ColumnElement[bool]:
    """Legs of those who have a credit of the pay date from after a day."""
    return leg.c.person_id.in_(
        select(confirmation.c.person_id).where(
            *session.where(confirmation, kind=CREDIT, current=1, plan=plan), confirmation.c.pay_date == pay_date,
            confirmation.c.on_date > after,
        )
    )  # fmt: skip


def open_since(session: Session, plan: str, pay_date: date, later: Told, apart: Collection[str]) -> date:
    """The day from which what is not deposited of a pay date was known; of those `apart` is not asked.

    It is the pay date itself as soon as anything of anybody is open that was told at first.
    """
    keys = (leg.c.person_id, leg.c.money_source)
    paid = func.sum(case((leg.c.posted_as.in_(SENT), leg.c.amount), else_=0))
    rows = session.tuples(
        select(*keys, paid).where(*_of(session, plan, pay_date)).group_by(*keys).having(func.sum(leg.c.amount) < 0)
    )
    found = []
    for part in rows if later else ():
        for person_id, source, covered in part:
            if person_id in apart:
                continue
            day = since(later.get((person_id, source), []), int(covered))
            if day is None or day == pay_date:
                return pay_date
            found.append(day)
    return min(found, default=pay_date)


def credited(session: Session, plan: str, pay_date: date, later: Told) -> Iterator[tuple[Row[Any], date]]:
    """Credits of what only a correction told, each with the day since which that was known.

    What was taken back, or was more than anything told, counts as known on the day it was credited.
    """
    if not later:
        return
    people = sorted({person_id for person_id, _ in later})
    rows = session.rows(
        select(confirmation)
        .where(
            *session.where(confirmation, kind=CREDIT, current=1, plan=plan), confirmation.c.pay_date == pay_date,
            session.among(confirmation.c.person_id, people),
        )
        .order_by(confirmation.c.on_date, confirmation.c.row_key)
    )  # fmt: skip
    covered: Counter[tuple[str, str]] = Counter()
    for row in rows:
        key = (row.person_id, row.part)
        if told := later.get(key):
            known = since(told, covered[key]) or row.on_date
            covered[key] += row.amount
            if known != pay_date:
                yield row, known


def _of(session: Session, plan: str, pay_date: date) -> tuple[ColumnElement[bool], ...]:
    return (
        leg.c.employer_id == session.employer, leg.c.account.in_(PAYABLE), leg.c.plan == plan,
        leg.c.pay_date == pay_date, leg.c.posted_as.is_not(None),
    )  # fmt: skip
