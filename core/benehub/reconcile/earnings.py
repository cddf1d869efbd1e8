"""Lost earnings against the recordkeeper: worked out, sent, and credited to each participant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from benehub import ledger
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.store import Session

ON_THE_WAY = (
    "earnings.deposited", "earnings.deposited.reversed", "earnings.credited", "earnings.credited.reversed",
)  # fmt: skip
"""Entries that move lost earnings through the account of what is on its way to the trust."""


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """What of a participant's lost earnings was sent and is not credited; below zero is more credited than sent."""

    person_id: str
    plan: str
    part: str
    pay_date: date
    left: int


def compare(
    session: Session, book: PlanBook, connection_id: str, month: Month, on_the_way: Iterable[OnTheWay]
) -> list[Finding]:
    """What is owed and was not sent, one a pay date; what was sent and not credited, participant by participant."""
    return [
        *_not_deposited(session, book, connection_id, month),
        *_not_credited(book, connection_id, month, on_the_way),
    ]


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


def _not_credited(
    book: PlanBook, connection_id: str, month: Month, on_the_way: Iterable[OnTheWay]
) -> Iterator[Finding]:
    for row in on_the_way:
        if book.plan(row.plan).recordkeeper != connection_id:
            continue
        left = row.left
        cause = "lost earnings were sent, and less was credited" if left > 0 else "more was credited than was sent"
        yield Finding(
            Relation.RETIREMENT, Type.EARNINGS_NOT_CREDITED, str(month), f"{row.pay_date}/{row.part}",
            "recordkeeper", "recordkeeper", cause, "Ask the recordkeeper for the status of the file",
            person_id=row.person_id, plan=row.plan, expected=max(0, left), actual=max(0, -left),
            unit=book.employer.currency,
        )  # fmt: skip
