"""A carrier's invoice of a coverage month beside what the ledger accrued for it, member by member."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from benehub.identity import people
from benehub.ledger import accounts as chart
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import confirmation, entry, leg


@dataclass(frozen=True, slots=True)
class Line:
    """One member and plan: what was billed and what we accrued, in minor units."""

    member: str
    plan: str
    billed: int
    accrued: int


def invoice(session: Session, book: PlanBook, connection_id: str, month: str) -> list[Line]:
    """Every member and plan that either side knows for the month, by member id."""
    billed: dict[tuple[str, str], int] = {}
    members = {person_id: row.member_id for person_id, row in people.people(session).items()}
    for row in session.rows(
        select(
            confirmation.c.person_id,
            confirmation.c.external_id,
            confirmation.c.plan,
            func.sum(confirmation.c.amount).label("amount"),
        )
        .where(
            *session.where(
                confirmation,
                kind="invoice_line",
                connection_id=connection_id,
                current=1,
                coverage_month=month,
            )
        )
        .group_by(confirmation.c.person_id, confirmation.c.external_id, confirmation.c.plan)
    ):
        key = (members.get(row.person_id, row.external_id), row.plan or "")
        billed[key] = billed.get(key, 0) + int(row.amount)
    accrued = {
        (members.get(person_id, person_id), plan): amount
        for (person_id, plan), amount in accrued_by_person(session, month).items()
        if book.plan(plan).carrier == connection_id
    }
    return [
        Line(member, plan, billed.get((member, plan), 0), accrued.get((member, plan), 0))
        for member, plan in sorted(billed.keys() | accrued.keys())
    ]


def accrued_by_person(session: Session, month: str) -> dict[tuple[str, str], int]:
    """What premium stands accrued for a coverage month by person and plan, paid or not."""
    rows = session.rows(
        select(leg.c.person_id, leg.c.plan, func.sum(leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.PREMIUM_PAYABLE,
            leg.c.coverage_month == month,
            entry.c.status == "posted",
            entry.c.type.in_(("premium.accrued", "premium.accrued.reversed")),
        )
        .group_by(leg.c.person_id, leg.c.plan)
    )
    return {(row.person_id, row.plan): -int(row.amount) for row in rows if row.amount}
