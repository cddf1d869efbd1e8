"""Months that are signed off: the list, and a report as it was signed, proven by its digest."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import select

from benehub.errors import DataError, IntegrityError
from benehub.ledger.books import closed
from benehub.periods import Month
from benehub.store import Session
from benehub.store.tables import closing


def signed(session: Session) -> list[dict[str, Any]]:
    """The signed months, the newest first."""
    return [
        {
            "closing": one.closing_id, "period": str(one.month), "who": one.who, "closed_at": one.closed_at,
            "recorded_order": one.seq, "head": one.head, "digest": one.digest,
        }
        for one in reversed(closed(session))
    ]  # fmt: skip


def signed_report(session: Session, month: Month) -> dict[str, Any]:
    """The report of a signed month, with the digest over it.

    Raises:
        DataError: the month is not signed off.
        IntegrityError: the report is not the one that was signed.
    """
    row = session.connection.execute(select(closing).where(*session.where(closing, period=str(month)))).first()
    if row is None:
        raise DataError(f"{month} is not signed off", mend=f"benehub period close -p {month}")
    if hashlib.sha256(row.report.encode()).hexdigest() != row.digest:
        raise IntegrityError(
            "the report is not the one that was signed", where=row.closing_id, mend="Restore the last backup"
        )
    return {"closing": row.closing_id, "digest": row.digest, **json.loads(row.report)}
