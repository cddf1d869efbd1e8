"""Pay dates whose register is still to come: nothing of them is missing yet, and what they are to take is pending."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, Select, and_, case, exists, func, or_, select

from benehub.facts import pay_calendar
from benehub.ledger import accounts as chart
from benehub.ledger.arrears import DEDUCTION, WITHHELD
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import confirmation, entry, fact, leg

GRACE_DAYS = 5
"""Days after a pay date by which its register must have been read."""

Pay = tuple[str, date]
"""Person and pay date."""
SHARE = leg.c.money_source == "employee"
"""An employee's share of a premium, and what he pays into an account."""


@dataclass(frozen=True, slots=True)
class Registers:
    """Of which pay dates registers were read, among those that are not overdue (`first` and later).

    Args:
        read: pay dates of which a register of everybody was read.
        partly: pay date -> the pay groups whose register was read; the others' is still to come.
    """

    first: date
    read: frozenset[date]
    partly: Mapping[date, frozenset[str]]

    def to_come(self, session: Session, pays: Iterable[Pay]) -> set[Pay]:
        """Those of these people and pay dates whose register is still to come."""
        by_day: dict[date, set[str]] = {}
        for person_id, day in pays:
            if day >= self.first and day not in self.read:
                by_day.setdefault(day, set()).add(person_id)
        found: set[Pay] = set()
        for day, people in by_day.items():
            if groups := self.partly.get(day):
                paid = _paid_with(session, day, groups).where(session.among(fact.c.subject, people))
                people = people - {row.subject for row in session.rows(paid)}
            found |= {(person_id, day) for person_id in people}
        return found

    def unread(self, session: Session) -> ColumnElement[bool]:
        """Whether a leg is of a person and pay date whose register is still to come."""
        day, who = leg.c.pay_date, leg.c.person_id
        groups = [
            or_(day != on, who.is_(None), who.not_in(_paid_with(session, on, names)))
            for on, names in sorted(self.partly.items())
        ]
        return and_(day >= self.first, day.not_in(sorted(self.read)), *groups)


def _paid_with(session: Session, day: date, groups: Collection[str]) -> Select[Any]:
    """Who is paid with one of these pay groups on a day."""
    later = fact.alias()
    newer = select(later.c.seq).where(
        later.c.employer_id == fact.c.employer_id, later.c.kind == fact.c.kind, later.c.subject == fact.c.subject,
        later.c.fact_key == fact.c.fact_key, later.c.seq > fact.c.seq,
        later.c.effective_from <= day, later.c.effective_to > day,
    )  # fmt: skip
    return select(fact.c.subject).where(
        *session.where(fact, kind="employment"), fact.c.effective_from <= day, fact.c.effective_to > day,
        fact.c.data["pay_group"].as_string().in_(sorted(groups)), ~exists(newer),
    )  # fmt: skip


def registers(session: Session, book: PlanBook, connection_id: str) -> Registers:
    """Which of the pay dates that are not overdue have a register; one that names no pay group is of all of them.

    A pay date is here as a whole once the register of every group that is paid on it was read.
    """
    first = session.today() - timedelta(days=GRACE_DAYS)
    group = confirmation.c.detail["pay_group"].as_string()
    rows = session.rows(
        select(confirmation.c.pay_date, group.label("pay_group"))
        .where(
            *session.where(confirmation, kind="register_line", connection_id=connection_id, current=1),
            confirmation.c.pay_date >= first,
        )
        .distinct()
    )
    groups: dict[date, set[str]] = {}
    for row in rows:
        groups.setdefault(row.pay_date, set()).add(row.pay_group or "")
    only = len(book.pay_groups) == 1
    whole = {
        day for day, names in groups.items() if only or "" in names or names.issuperset(_paying(session, book, day))
    }
    partly = {day: frozenset(names) for day, names in groups.items() if day not in whole}
    return Registers(first, frozenset(whole), partly)


def _paying(session: Session, book: PlanBook, day: date) -> set[str]:
    """The pay groups that are paid on a day; all of them where the calendar knows none, for it was changed since."""
    calendar = pay_calendar(session, book, day.year)
    return {name for name, pays in calendar.items() if any(one.pay_date == day for one in pays)} or set(book.pay_groups)


@dataclass(frozen=True, slots=True)
class ToTake:
    """What a pay date to come is to take of employees' shares in a plan, in minor units."""

    plan: str
    pay_date: date
    amount: int

    @property
    def clear_by(self) -> date:
        """By when its register has to be here."""
        return self.pay_date + timedelta(days=GRACE_DAYS)


def to_take(session: Session, book: PlanBook, known: Registers, month: Month) -> list[ToTake]:
    """What pay dates up to a month's end are still to take for insurance, by plan and pay date, in order of the day."""
    rows = _expected(session, (leg.c.pay_date, leg.c.plan), known, month, SHARE)
    insured = {row.plan for row in rows if (one := book.find(row.plan)) is not None and one.insured}
    found = [ToTake(row.plan, row.pay_date, int(row.amount)) for row in rows if row.amount and row.plan in insured]
    return sorted(found, key=lambda one: (one.pay_date, one.plan))


def days(session: Session, book: PlanBook, month: Month) -> list[date]:
    """Pay dates up to a month's end of which anything is expected and the register is still to come, in order."""
    known = registers(session, book, book.roles.payroll)
    rows = _expected(session, (leg.c.plan, leg.c.pay_date), known, month)
    return sorted({row.pay_date for row in rows if row.amount})


def of_persons(
    session: Session, known: Registers, month: Month, persons: Collection[str]
) -> dict[tuple[str, str], int]:  # fmt: skip
    """What is still to be taken of these people's shares, by person and plan, of any plan."""
    theirs = session.among(leg.c.person_id, persons)
    rows = _expected(session, (leg.c.person_id, leg.c.plan), known, month, SHARE, theirs)
    return {(row.person_id, row.plan): int(row.amount) for row in rows}


def _expected(
    session: Session, by: tuple[Column[Any], ...], known: Registers, month: Month, *which: ColumnElement[bool]
) -> Sequence[Row[Any]]:
    """What pay dates to come, up to a month's end, were told to take, less what is posted as taken."""
    taken = case((entry.c.type.in_(WITHHELD), -leg.c.amount), else_=leg.c.amount)
    return session.rows(
        select(*by, func.sum(taken).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.PAYROLL_CLEARING,
            known.unread(session), leg.c.pay_date < month.end,
            entry.c.type.in_((DEDUCTION, f"{DEDUCTION}.void", *WITHHELD)), *which,
        )
        .group_by(*by)
    )  # fmt: skip
