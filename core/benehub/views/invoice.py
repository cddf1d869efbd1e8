"""A carrier's invoice of a coverage month beside what the ledger accrued for it, member by member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, Table, collate, func, literal, select, union_all

from benehub.ledger import accounts as chart
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import confirmation, entry, leg, person


@dataclass(frozen=True, slots=True)
class Line:
    """One member and plan: what was billed and what we accrued, in minor units."""

    member: str
    plan: str
    billed: int
    accrued: int


@dataclass(frozen=True, slots=True)
class Sums:
    """All of an invoice: its lines, and what they come to in minor units."""

    lines: int
    billed: int
    accrued: int


def invoice(
    session: Session, book: PlanBook, connection_id: str, month: str, *, differ: bool = False,
    limit: int | None = None, after: tuple[str, str] | None = None,
) -> list[Line]:  # fmt: skip
    """Every member and plan that either side knows for the month, by member id and plan.

    Args:
        session: a reading transaction.
        book: the plan book.
        connection_id: the carrier's connection.
        month: the coverage month.
        differ: those alone whose two sides are not the same.
        limit: so many at most; all without it.
        after: a member and plan; those behind them.
    """
    told = _sides(session, book, connection_id, month, after)
    member, plan = told.c.member, told.c.plan
    query = select(told).order_by(*session.in_order(member, plan))
    if differ:
        query = query.where(told.c.billed != told.c.accrued)
    if after is not None:
        first = _code_points(session, member)
        query = query.where((first > after[0]) | ((member == after[0]) & (_code_points(session, plan) > after[1])))
    if limit is not None:
        query = query.limit(limit)
    return [Line(row.member, row.plan, int(row.billed), int(row.accrued)) for row in session.rows(query)]


def sums(session: Session, book: PlanBook, connection_id: str, month: str) -> Sums:
    """How many lines the whole of it has, and what they come to; no lines where there is no such invoice."""
    told = _sides(session, book, connection_id, month)
    found = select(func.count().label("n"), func.sum(told.c.billed).label("b"), func.sum(told.c.accrued).label("a"))
    row = session.rows(found)[0]
    return Sums(int(row.n), int(row.b or 0), int(row.a or 0))


def _sides(
    session: Session, book: PlanBook, connection_id: str, month: str, after: tuple[str, str] | None = None
) -> Subquery:  # fmt: skip
    """By member and plan what was billed and what stands accrued; from the member of `after` on."""
    found = session.rows(_accrued(session, month).with_only_columns(leg.c.plan).distinct())
    plans = [row.plan for row in found if connection_id in carriers_of(session, book, row.plan, month)]
    named = func.coalesce(person.c.member_id, confirmation.c.external_id)
    known = func.coalesce(person.c.member_id, leg.c.person_id)
    billed = (
        select(named.label("member"), func.coalesce(confirmation.c.plan, "").label("plan"),
               confirmation.c.amount.label("billed"), literal(0).label("accrued"))
        .select_from(confirmation).outerjoin(person, _is(confirmation))
        .where(*session.where(confirmation, kind="invoice_line", connection_id=connection_id, current=1,
                              coverage_month=month))
    )  # fmt: skip
    accrued = (
        _accrued(session, month)
        .outerjoin(person, _is(leg))
        .where(leg.c.plan.in_(plans))
        .with_only_columns(known.label("member"), leg.c.plan, literal(0), -func.sum(leg.c.amount))
        .group_by(known, leg.c.plan)
        .having(func.sum(leg.c.amount) != 0)
    )
    if after is not None:
        billed = billed.where(_code_points(session, named) >= after[0])
        accrued = accrued.where(_code_points(session, known) >= after[0])
    both = union_all(billed, accrued).subquery()
    return (
        select(both.c.member, both.c.plan, func.sum(both.c.billed).label("billed"),
               func.sum(both.c.accrued).label("accrued"))
        .group_by(both.c.member, both.c.plan)
        .subquery()
    )  # fmt: skip


def carriers_of(session: Session, book: PlanBook, plan_id: str, month: str) -> set[str]:
    """The carrier of a plan; of one that no plan book ever had, whoever bills it for the month."""
    known = book.find(plan_id)
    if known is not None:
        return {known.carrier} if known.carrier else set()
    rows = session.rows(
        select(confirmation.c.connection_id)
        .where(*session.where(confirmation, kind="invoice_line", current=1, plan=plan_id, coverage_month=month))
        .distinct()
    )
    return {row.connection_id for row in rows}


def _is(table: Table) -> ColumnElement[bool]:
    return (person.c.employer_id == table.c.employer_id) & (person.c.person_id == table.c.person_id)


def _code_points(session: Session, text: ColumnElement[str]) -> ColumnElement[str]:
    """A text that is compared as `Session.in_order` puts it."""
    return text if session.connection.dialect.name == "sqlite" else collate(text, "C")


def _accrued(session: Session, month: str) -> Select[Any]:
    """The legs of what premium stands accrued for a coverage month, paid or not."""
    return (
        select(leg.c.plan)
        .select_from(leg.join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id)))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.PREMIUM_PAYABLE,
            leg.c.coverage_month == month,
            entry.c.status == "posted",
            entry.c.type.in_(("premium.accrued", "premium.accrued.reversed")),
        )
    )


def accrued_by_person(session: Session, month: str) -> dict[tuple[str, str], int]:
    """What premium stands accrued for a coverage month by person and plan, paid or not."""
    query = _accrued(session, month).with_only_columns(leg.c.person_id, leg.c.plan, func.sum(leg.c.amount).label("sum"))
    rows = session.rows(query.group_by(leg.c.person_id, leg.c.plan))
    return {(row.person_id, row.plan): -int(row.sum) for row in rows if row.sum}
