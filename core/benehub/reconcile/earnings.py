"""Lost earnings against the recordkeeper: worked out, sent, and credited to each participant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlalchemy import func, select

from benehub import ledger
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.store import Session
from benehub.store.tables import entry, leg

ON_THE_WAY = (
    "earnings.deposited", "earnings.deposited.reversed", "earnings.credited", "earnings.credited.reversed",
)  # fmt: skip


def compare(session: Session, book: PlanBook, connection_id: str, month: Month) -> list[Finding]:
    """What is owed and was not sent, one a pay date; what was sent and not credited, participant by participant."""
    return [*_not_deposited(session, book, connection_id, month), *_not_credited(session, book, connection_id, month)]


def _not_deposited(session: Session, book: PlanBook, connection_id: str, month: Month) -> Iterator[Finding]:
    owed: dict[tuple[str, date], int] = {}
    for one in ledger.balances(session, [chart.EARNINGS_PAYABLE], by=("plan", "pay_date")):
        plan, day = one.dimensions["plan"], one.dimensions["pay_date"]
        if day is not None and Month.of(day) == month and book.plan(plan).recordkeeper == connection_id:
            owed[plan, day] = -one.amount
    for (plan, day), amount in sorted(owed.items()):
        yield Finding(
            Relation.RETIREMENT, Type.EARNINGS_NOT_DEPOSITED, str(month), f"{day}", "hub", "finance",
            "lost earnings of a late deposit are owed to the plan", "Send them: benehub retirement deposit-earnings",
            plan=plan, expected=amount, actual=0, unit=book.employer.currency,
        )  # fmt: skip


def _not_credited(session: Session, book: PlanBook, connection_id: str, month: Month) -> Iterator[Finding]:
    keys = (leg.c.person_id, leg.c.plan, leg.c.money_source, leg.c.pay_date)
    for row in session.rows(
        select(*keys, func.sum(leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.DEPOSIT_TRANSIT,
            entry.c.type.in_(ON_THE_WAY),
            leg.c.pay_date >= month.first,
            leg.c.pay_date < month.end,
        )
        .group_by(*keys)
        .having(func.sum(leg.c.amount) != 0)
        .order_by(*keys)
    ):
        if book.plan(row.plan).recordkeeper != connection_id:
            continue
        left = -int(row.amount)
        cause = "lost earnings were sent, and less was credited" if left > 0 else "more was credited than was sent"
        yield Finding(
            Relation.RETIREMENT, Type.EARNINGS_NOT_CREDITED, str(month), f"{row.pay_date}/{row.money_source}",
            "recordkeeper", "recordkeeper", cause, "Ask the recordkeeper for the status of the file",
            person_id=row.person_id, plan=row.plan, expected=max(0, left), actual=max(0, -left),
            unit=book.employer.currency,
        )  # fmt: skip
