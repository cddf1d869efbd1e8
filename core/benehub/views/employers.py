"""Which employers there are: the one question that is asked before an employer is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from benehub.errors import DataError
from benehub.store import Session, Store
from benehub.store.tables import employer


def employers(store: Store) -> Sequence[Row[Any]]:
    """All employers by id: employer_id, name, country, currency, timezone, seq."""
    with store.read("") as session:  # no employer yet: only the table of employers itself is read
        return session.rows(
            select(
                employer.c.employer_id,
                employer.c.name,
                employer.c.country,
                employer.c.currency,
                employer.c.timezone,
                employer.c.seq,
            ).order_by(employer.c.employer_id)
        )


def employer_of(session: Session) -> Row[Any]:
    """The employer of a transaction: employer_id, name, country, currency, timezone.

    Raises:
        DataError: there is none of this id.
    """
    found = session.rows(
        select(
            employer.c.employer_id, employer.c.name, employer.c.country, employer.c.currency, employer.c.timezone
        ).where(*session.where(employer))
    )
    if not found:
        raise DataError(f"there is no employer {session.employer} here", mend="GET /api/v1/employers lists yours")
    return found[0]
