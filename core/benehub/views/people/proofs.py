"""What each number of an employee's month and leave goes back to: the newest record behind it, which tells the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, func, or_, select

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
    newest = _newest(
        session, person_id, sorted({one for accounts, _ in STATIONS.values() for one in accounts}),
        entry.c.type.in_(sorted({one for _, kinds in STATIONS.values() for one in kinds})),
        leg.c.plan.is_not(None), func.coalesce(leg.c.money_source, "") != "loan",
        or_(
            leg.c.coverage_month == str(month),
            and_(leg.c.coverage_month.is_(None), leg.c.pay_date >= month.first, leg.c.pay_date < month.end),
        ),
    )  # fmt: skip
    found: Proofs = {
        (row.plan, name): entry_id
        for row, entry_id in newest
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
    newest = _newest(session, person_id, (chart.LEAVE_AVAILABLE, chart.LEAVE_LIABILITY))
    return {row.plan: entry_id for row, entry_id in newest}


def _newest(
    session: Session, person_id: str, accounts: Sequence[str], *which: ColumnElement[bool]
) -> list[tuple[Row[Any], str]]:
    """By plan, account and kind the newest entry of an employee's legs in these accounts, the oldest of them first.

    The accounts are named because the index of legs begins with them; what is not the newest stays in the database.
    """
    rows = session.rows(
        select(leg.c.plan, leg.c.account, entry.c.type, func.max(entry.c.seq).label("seq"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.person_id == person_id, leg.c.account.in_(accounts), *which
        )
        .group_by(leg.c.plan, leg.c.account, entry.c.type)
    )  # fmt: skip
    seqs = sorted({int(row.seq) for row in rows})
    ids = {
        row.seq: row.entry_id
        for row in session.rows(
            select(entry.c.seq, entry.c.entry_id).where(*session.where(entry), entry.c.seq.in_(seqs))
        )
    }
    return [(row, ids[row.seq]) for row in sorted(rows, key=lambda row: int(row.seq))]
