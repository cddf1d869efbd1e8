"""The lines of a carrier's bills of a month, and what of them is accepted: a payment asks here, and what is unpaid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, select

from benehub.planbook import PlanBook
from benehub.reconcile import carriers
from benehub.reconcile.carriers import Key
from benehub.reconcile.differences import OPEN
from benehub.reconcile.findings import Type
from benehub.store import Session
from benehub.store.tables import confirmation, difference

DISPUTED = (
    Type.BILLED_NOT_ENROLLED,
    Type.PLAN_DIFF,
    Type.UNKNOWN_PLAN,
    Type.TIER_DIFF,
    Type.RATE_DIFF,
    Type.EFFECTIVE_DATE_DIFF,
    Type.VOLUME_DIFF,
    Type.AGE_BAND_DIFF,
    Type.DEPENDANT_DIFF,
    Type.DUPLICATE_MEMBER,
)
"""Differences by which a bill may say too much; what it says too little is paid as it is billed."""


@dataclass(frozen=True, slots=True)
class Due:
    """One line before it has names: minor units."""

    person_id: str | None
    member_id: str
    plan: str
    month: str
    invoice: str
    billed: int
    paid: int
    disputed: str = ""

    @property
    def key(self) -> Key:
        """What the ledger knows it by."""
        return self.person_id, self.plan, self.month


def bill_lines(session: Session, connection_id: str, month: str) -> list[Due]:
    """What a carrier's bills say for a month of cover, line by line."""
    query = (
        select(
            confirmation.c.person_id, confirmation.c.external_id, confirmation.c.plan, confirmation.c.coverage_month,
            confirmation.c.reference, func.sum(confirmation.c.amount).label("amount"),
        )
        .where(
            *session.where(confirmation, kind="invoice_line", connection_id=connection_id, current=1),
            confirmation.c.coverage_month == month,
        )
        .group_by(
            confirmation.c.person_id, confirmation.c.external_id, confirmation.c.plan, confirmation.c.coverage_month,
            confirmation.c.reference,
        )
        .order_by(confirmation.c.external_id, confirmation.c.plan, confirmation.c.reference)
    )  # fmt: skip
    return [
        Due(row.person_id, row.external_id, row.plan, row.coverage_month, row.reference, int(row.amount),
            int(row.amount))
        for row in session.rows(query)
    ]  # fmt: skip


def accepted(session: Session, book: PlanBook, connection_id: str, month: str, billed: Sequence[Due]) -> list[Due]:
    """The lines as the carrier's terms pay them: whole, or less what is disputed."""
    if book.terms(connection_id).pay_policy != "short_pay":
        return list(billed)
    return list(_short(billed, _disputes(session, book, connection_id, month)))


def _disputes(
    session: Session, book: PlanBook, connection_id: str, month: str
) -> dict[tuple[str, str], tuple[int, str]]:  # fmt: skip
    """Person (or a stranger's id) and plan -> what is accepted of this carrier's bill, and which difference it is."""
    rows = session.rows(
        select(difference)
        .where(*session.where(difference, relation="premium", period=month))
        .where(difference.c.state.in_(OPEN), difference.c.type.in_(DISPUTED))
    )
    found = {}
    for row in rows:
        carrier, whom = carriers.told_by(book, row)
        if carrier == connection_id and (row.actual or 0) > (row.expected or 0):
            found[row.person_id or whom, row.plan] = (row.expected or 0, f"{row.type} {row.difference_id}")
    return found


def _short(lines: Sequence[Due], disputes: Mapping[tuple[str, str], tuple[int, str]]) -> Iterator[Due]:
    """The lines cut to what is accepted of them, in order; what is above it is named as disputed."""
    left = {who: accepted for who, (accepted, _) in disputes.items()}
    for one in lines:
        who = (one.person_id or one.member_id, one.plan)
        if who not in left or one.paid <= 0:
            yield one
            continue
        paid = min(one.paid, max(0, left[who]))
        left[who] -= paid
        yield replace(one, paid=paid, disputed=disputes[who][1] if paid < one.paid else "")
