"""What each number of an employee's month and leave goes back to: the newest record behind it, which tells the rest."""

from __future__ import annotations

from typing import Final

from sqlalchemy import and_, func, or_, select

from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.store import Session
from benehub.store.tables import confirmation, entry, leg
from benehub.views.chain import ACCRUED, EXPECTED, OWED, PAID, PAYABLE, TAKEN

STATIONS: Final = {
    "premium": ((chart.PREMIUM_PAYABLE,), ACCRUED),
    "asked": (PAYABLE, EXPECTED),
    "taken": (PAYABLE, TAKEN),
    "paid": (OWED, PAID),
}
"""Number of a chain -> the accounts and kinds of entries that it is the sum of."""

Proofs = dict[tuple[str, str], str]
"""(plan, number) -> the id that `why` explains."""


def of_chains(session: Session, month: Month, person_id: str) -> Proofs:
    """Of one employee's chains of a month: an entry of each amount, and of what was billed the read of the bill."""
    rows = session.rows(
        select(leg.c.plan, leg.c.account, entry.c.type, entry.c.entry_id)
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.person_id == person_id, leg.c.plan.is_not(None),
            func.coalesce(leg.c.money_source, "") != "loan",
            or_(
                leg.c.coverage_month == str(month),
                and_(leg.c.coverage_month.is_(None), leg.c.pay_date >= month.first, leg.c.pay_date < month.end),
            ),
        )
        .order_by(entry.c.seq)
    )  # fmt: skip
    found: Proofs = {
        (row.plan, name): row.entry_id
        for row in rows
        for name, (accounts, kinds) in STATIONS.items()
        if row.account in accounts and row.type in kinds
    }
    billed = session.rows(
        select(confirmation.c.plan, confirmation.c.batch_id)
        .where(
            *session.where(confirmation, kind="invoice_line", current=1, coverage_month=str(month)),
            confirmation.c.person_id == person_id, confirmation.c.plan.is_not(None),
        )
        .order_by(confirmation.c.seq)
    )  # fmt: skip
    return found | {(row.plan, "billed"): row.batch_id for row in billed}


def of_leave(session: Session, person_id: str) -> dict[str, str]:
    """Policy -> the newest entry of an employee's leave that stands in the books."""
    last = (
        select(leg.c.plan, func.max(entry.c.seq).label("seq"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.person_id == person_id,
            leg.c.account.in_((chart.LEAVE_AVAILABLE, chart.LEAVE_LIABILITY)),
        )
        .group_by(leg.c.plan)
        .subquery()
    )  # fmt: skip
    rows = session.rows(
        select(leg.c.plan, entry.c.entry_id)
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .join(last, (last.c.plan == leg.c.plan) & (last.c.seq == entry.c.seq))
        .where(leg.c.employer_id == session.employer, leg.c.person_id == person_id)
        .distinct()
    )
    return {row.plan: row.entry_id for row in rows}
