"""Which invoices have come: by carrier and coverage month, what they bill against what the ledger accrued."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import confirmation
from benehub.views.invoice import accrued_by_person, carriers_of


@dataclass(frozen=True, slots=True)
class Bill:
    """The lines of one carrier for one month, in minor units."""

    connection: str
    month: str
    lines: int
    billed: int
    accrued: int
    unlinked: int
    """Lines of people who are linked to nobody."""


def bills(
    session: Session, book: PlanBook, limit: int = 12, after: tuple[str, str] | None = None
) -> list[Bill]:  # fmt: skip
    """The newest invoices, by month and carrier; those behind `after`, a month and a carrier, where it is given."""
    month, name = confirmation.c.coverage_month, confirmation.c.connection_id
    behind = [(month < after[0]) | ((month == after[0]) & (name > after[1]))] if after else []
    rows = session.rows(
        select(
            confirmation.c.connection_id,
            confirmation.c.coverage_month,
            func.count().label("lines"),
            func.sum(confirmation.c.amount).label("billed"),
            func.count(confirmation.c.person_id).label("linked"),
        )
        .where(*session.where(confirmation, kind="invoice_line", current=1), *behind)
        .group_by(confirmation.c.connection_id, confirmation.c.coverage_month)
        .order_by(confirmation.c.coverage_month.desc(), confirmation.c.connection_id)
        .limit(limit)
    )
    accrued: dict[tuple[str, str], int] = {}
    for month in {row.coverage_month for row in rows}:
        for (_, plan), amount in accrued_by_person(session, month).items():
            for carrier in carriers_of(session, book, plan, month):
                accrued[carrier, month] = accrued.get((carrier, month), 0) + amount
    return [
        Bill(
            row.connection_id, row.coverage_month, int(row.lines), int(row.billed),
            accrued.get((row.connection_id, row.coverage_month), 0), int(row.lines) - int(row.linked),
        )
        for row in rows
    ]  # fmt: skip
