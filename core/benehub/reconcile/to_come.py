"""Pay dates whose register is still to come: nothing of them is missing yet, and what they are to take is pending."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, case, func, select

from benehub import facts
from benehub.ledger import accounts as chart
from benehub.ledger.arrears import DEDUCTION, WITHHELD
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import confirmation, entry, leg

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
                known = facts.as_of(session, "employment", day, subjects=sorted(people))
                people = people - {one.subject for one in known if one.data["pay_group"] in groups}
            found |= {(person_id, day) for person_id in people}
        return found


def registers(session: Session, book: PlanBook, connection_id: str) -> Registers:
    """Which of the pay dates that are not overdue have a register; one that names no pay group is of all of them."""
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
    whole = {day for day, names in groups.items() if only or "" in names or names.issuperset(book.pay_groups)}
    partly = {day: frozenset(names) for day, names in groups.items() if day not in whole}
    return Registers(first, frozenset(whole), partly)


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


def to_take(session: Session, book: PlanBook, month: Month) -> list[ToTake]:
    """What pay dates up to a month's end are still to take for insurance, by plan and pay date, in order of the day."""
    sums = _sums(session, registers(session, book, book.roles.payroll), month, SHARE)
    insured = {plan for _, plan in sums if (one := book.find(plan)) is not None and one.insured}
    return [ToTake(plan, on, amount) for (on, plan), amount in sorted(sums.items()) if amount and plan in insured]


def days(session: Session, book: PlanBook, month: Month) -> list[date]:
    """Pay dates up to a month's end of which anything is expected and the register is still to come, in order."""
    sums = _sums(session, registers(session, book, book.roles.payroll), month)
    return sorted({on for (on, _), amount in sums.items() if amount})


def of_persons(session: Session, book: PlanBook, month: Month, persons: Collection[str]) -> dict[tuple[str, str], int]:
    """What is still to be taken of these people's shares, by person and plan, of any plan."""
    known = registers(session, book, book.roles.payroll)
    found: dict[tuple[str, str], int] = {}
    theirs = _lines(session, known, month, SHARE, session.among(leg.c.person_id, persons))
    for (person_id, plan, _), amount in theirs.items():
        found[person_id, plan] = found.get((person_id, plan), 0) + amount
    return found


def _sums(
    session: Session, known: Registers, month: Month, *which: ColumnElement[bool]
) -> dict[tuple[date, str], int]:  # fmt: skip
    """What is still to come of these legs, by pay date and plan; by person only where some pay groups were paid."""
    day = leg.c.pay_date
    unread = day.not_in(sorted(known.read | known.partly.keys()))
    rows = _expected(session, (leg.c.plan, day), known, month, unread, *which)
    sums = {(row.pay_date, row.plan): int(row.amount) for row in rows}
    if known.partly:
        for (_, plan, on), amount in _lines(session, known, month, day.in_(sorted(known.partly)), *which).items():
            sums[on, plan] = sums.get((on, plan), 0) + amount
    return sums


def _lines(
    session: Session, known: Registers, month: Month, *which: ColumnElement[bool]
) -> dict[tuple[str, str, date], int]:  # fmt: skip
    """The same by person, plan and pay date."""
    rows = _expected(session, (leg.c.person_id, leg.c.plan, leg.c.pay_date), known, month, *which)
    still = known.to_come(session, {(row.person_id, row.pay_date) for row in rows})
    return {
        (row.person_id, row.plan, row.pay_date): int(row.amount)
        for row in rows
        if (row.person_id, row.pay_date) in still
    }


def _expected(
    session: Session, by: tuple[Column[Any], ...], known: Registers, month: Month, *which: ColumnElement[bool]
) -> Sequence[Row[Any]]:
    """What pay dates that are not overdue, up to a month's end, were told to take, less what is posted as taken."""
    taken = case((entry.c.type.in_(WITHHELD), -leg.c.amount), else_=leg.c.amount)
    return session.rows(
        select(*by, func.sum(taken).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.PAYROLL_CLEARING,
            leg.c.pay_date >= known.first, leg.c.pay_date < month.end,
            entry.c.type.in_((DEDUCTION, f"{DEDUCTION}.void", *WITHHELD)), *which,
        )
        .group_by(*by)
    )  # fmt: skip
