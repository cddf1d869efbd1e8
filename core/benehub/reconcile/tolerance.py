"""The tolerance: cents of a vendor's rounding go to the rounding account, and stay told, in place of being worked.

A line is held against what the plan book allows a line, and the lines of one file, summed without sign, against what
it allows a file: two that offset each other stay two, and a file that rounds too often is no rounding. What the rules
explain by a date (timing) is not asked here, nor what is of another kind than an amount: a wrong tier is a wrong tier
at any price. The money leaves the account it is in by an entry of the difference, taken back when it changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, exists, func, select

from benehub import ledger
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.ledger.arrears import DEDUCTION, TOLERATED, Key, asked_too_much, balances
from benehub.planbook import PlanBook
from benehub.reconcile import carriers
from benehub.reconcile.differences import note_rounded
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.reconcile.given_up import leaves_money
from benehub.reconcile.payable import is_tolerated
from benehub.store import Session
from benehub.store.tables import SOURCED, difference, entry, leg

TYPES = {
    Relation.PAYROLL: (Type.AMOUNT_DIFF, Type.EMPLOYER_LINE_DIFF),
    Relation.PREMIUM: (Type.RATE_DIFF,),
    Relation.RETIREMENT: (Type.CREDITED_SHORT, Type.CREDITED_OVER),
}
"""Differences that say no more than that both sides have an amount, and another one."""


def within(session: Session, book: PlanBook, relation: Relation, findings: Iterable[Finding]) -> frozenset[str]:
    """Keys of the findings within the tolerance of their relation."""
    if relation not in TYPES:
        return frozenset()
    unit = book.employer.currency
    line, most = getattr(book.tolerance, relation.value).minor(unit)
    if not line:
        return frozenset()
    findings = list(findings)
    said = _dismissed(session, relation, {one.period for one in findings})
    files: defaultdict[str, list[Finding]] = defaultdict(list)
    for one in findings:
        if _small(one, line, session.today()) and one.unit == unit and said.get(one.key) != one.gap:
            files[_file(book, one)].append(one)
    kept = (mine for mine in files.values() if sum(one.at_stake for one in mine) <= most)
    return frozenset(one.key for mine in kept for one in mine)


def _small(one: Finding, line: int, today: date) -> bool:
    return (
        one.type in TYPES[one.relation] and one.person_id is not None and bool(one.expected) and bool(one.actual)
        and one.at_stake <= line and (one.clear_by is None or today > one.clear_by)
    )  # fmt: skip


def _dismissed(session: Session, relation: Relation, periods: Collection[str]) -> dict[str, int]:
    """What a person has dismissed already, by key: it counts in no file."""
    rows = session.rows(
        select(difference.c.content_key, difference.c.expected, difference.c.actual).where(
            *session.where(difference, relation=relation, state="dismissed"),
            session.among(difference.c.period, sorted(periods)),
        )
    )
    return {row.content_key: (row.expected or 0) - (row.actual or 0) for row in rows}


def _file(book: PlanBook, one: Finding) -> str:
    """Which file a line is of: a carrier's bill, the register of a pay date, a plan's deposit of one."""
    if one.relation == Relation.PREMIUM:
        return carriers.told_by(book, one)[0]
    day = one.reference[:10]
    return day if one.relation == Relation.PAYROLL else f"{one.plan}/{day}"


@dataclass(frozen=True, slots=True)
class Tolerated:
    """What of a relation and month is within the tolerance: lines, and their sum without sign in minor units."""

    lines: int
    amount: int


def post(session: Session, book: PlanBook, relation: Relation, period: str) -> Tolerated:
    """Make what is posted of a month's rounding be what is within the tolerance now; gives how much that is."""
    if relation not in TYPES:
        return Tolerated(0, 0)
    rows = session.rows(select(difference).where(*session.where(difference, relation=relation), is_tolerated(),
                                                 difference.c.period == period))  # fmt: skip
    standing = _standing(session, relation, period)
    wanted = list(_entries(session, book, rows, {one.source: one.effective_date for one in standing}))
    sources = {one.source for one in wanted}
    gone = [_back(one) for one in standing if one.source not in sources]
    if wanted or gone:
        ledger.restate(session, [*wanted, *gone])
        before = {one.entry_id for one in standing}
        now = _standing(session, relation, period)
        fresh = {one.source: one.entry_id for one in now if one.entry_id not in before}
        note_rounded(session, fresh)
        if relation == Relation.PAYROLL and fresh:
            # A coming pay may have been told of it before anybody knew that it is tolerated.
            _take_back(session, book, {row.person_id for row in rows if row.difference_id in fresh})
    if relation == Relation.PAYROLL and (small := forgiven(session, book)):
        _take_back(session, book, {person_id for person_id, _, _ in small})
    return Tolerated(len(rows), sum(row.at_stake for row in rows))


def forgiven(session: Session, book: PlanBook) -> dict[tuple[str, str, str], int]:
    """Cents of the employees' own accounts within the tolerance: person, plan and month of the pay date -> minor units.

    What goes into an account goes as it was taken, so that no entry tells of them.
    """
    plans = [one.id for one in book.account_plans()]
    if not plans or not book.tolerance.payroll.minor(book.employer.currency)[0]:
        return {}
    rows = session.rows(
        select(
            difference.c.person_id, difference.c.plan, difference.c.reference, difference.c.expected,
            difference.c.actual,
        )
        .where(*session.where(difference, relation=Relation.PAYROLL), is_tolerated(), difference.c.plan.in_(plans),
               difference.c.reference.endswith("/employee"))
    )  # fmt: skip
    found: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for row in rows:
        found[row.person_id, row.plan, row.reference[:7]] += (row.expected or 0) - (row.actual or 0)
    return dict(found)


def owed(
    session: Session, book: PlanBook, before: date | None = None, person_id: str = ""
) -> dict[Key, dict[str, int]]:  # fmt: skip
    """Arrears as `ledger.arrears.balances` has them, without the cents that no entry tells of."""
    small = forgiven(session, book)
    found: dict[Key, dict[str, int]] = {}
    for key, months in balances(session, before, person_id).items():
        left = {name: amount - small.get((*key, name), 0) for name, amount in months.items()}
        if mine := {name: amount for name, amount in left.items() if amount}:
            found[key] = mine
    return found


def _take_back(session: Session, book: PlanBook, people: Collection[str]) -> None:
    coming = asked_too_much(session, sorted(people), session.today(), forgiven(session, book))
    ledger.restate(session, coming)


def _standing(session: Session, relation: Relation, period: str) -> Sequence[Row[Any]]:
    """Entries of a relation's and month's rounding that were not taken back."""
    back = entry.alias("back")
    taken_back = exists().where(back.c.employer_id == entry.c.employer_id, back.c.reverses_id == entry.c.entry_id)
    return session.rows(
        select(entry.c.entry_id, entry.c.source, entry.c.effective_date)
        .join(difference, (difference.c.employer_id == entry.c.employer_id)
              & (difference.c.difference_id == entry.c.source))
        .where(*session.where(entry, type=TOLERATED), SOURCED, ~taken_back, difference.c.relation == relation,
               difference.c.period == period)
    )  # fmt: skip


def _back(one: Row[Any]) -> NewEntry:
    return NewEntry(_key(one.source), TOLERATED, one.effective_date, (), one.source)


def _key(difference_id: str) -> str:
    return f"tolerated/{difference_id}"


def _entries(
    session: Session, book: PlanBook, rows: Sequence[Row[Any]], since: dict[str, date]
) -> Iterator[NewEntry]:  # fmt: skip
    """The entry of each that leaves money in a clearing account; it keeps the day on which it was first posted."""
    months = _coverage_months(session, [row for row in rows if row.relation == Relation.PAYROLL])
    for row in rows:
        if (one := _place(book, row, months)) is None:
            continue
        account, amount, of = one
        legs = (Leg(account, row.unit, amount, row.person_id, row.plan, **of),
                Leg(chart.ROUNDING, row.unit, -amount, row.person_id, row.plan, **of))  # fmt: skip
        day = since.get(row.difference_id, session.today())
        yield NewEntry(_key(row.difference_id), TOLERATED, day, legs, row.difference_id)


def _place(
    book: PlanBook, row: Row[Any], months: dict[tuple[str, str, str], str]
) -> tuple[str, int, dict[str, Any]] | None:  # fmt: skip
    """Account, what brings it to zero, and dimensions; None where the amounts that differ leave nothing anywhere."""
    gap = (row.expected or 0) - (row.actual or 0)
    if row.relation == Relation.PREMIUM:
        return (chart.PREMIUM_PAYABLE, gap, {"coverage_month": row.period}) if leaves_money(book, row) else None
    day, part = row.reference[:10], row.reference[11:]
    of: dict[str, Any] = {"money_source": part, "pay_date": date.fromisoformat(day)}
    if row.relation == Relation.RETIREMENT:
        return chart.DEPOSIT_TRANSIT, gap, of
    plan = book.find(row.plan)
    if part != "employee" or plan is None or not plan.insured:
        return None
    month = months.get((row.person_id, row.plan, day), row.period)
    return chart.EMPLOYEE_SHARE_DUE, -gap, {**of, "coverage_month": month}


def _coverage_months(session: Session, rows: Sequence[Row[Any]]) -> dict[tuple[str, str, str], str]:
    """Person, plan and pay date -> the month of cover that the pay date is for, the latest of several."""
    if not rows:
        return {}
    keys = (leg.c.person_id, leg.c.plan, leg.c.pay_date)
    found = session.rows(
        select(*keys, func.max(leg.c.coverage_month).label("month"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.EMPLOYEE_SHARE_DUE,
            entry.c.type == DEDUCTION, session.among(leg.c.person_id, sorted({row.person_id for row in rows})),
        )
        .group_by(*keys)
    )  # fmt: skip
    return {(row.person_id, row.plan, str(row.pay_date)): row.month for row in found}
