"""Which rows known before a full read did not tell: one set-based question, asked by the guard and by what follows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, exists, select

from benehub.store import Session
from benehub.store.tables import intake_row, intake_same, seen


def absent(session: Session, header: Row[Any]) -> Select[Any]:
    """Keys that are known, not gone yet, and neither changed nor unchanged in the enumeration of `header`'s batch.

    A row in quarantine is there: what is wrong with it is another matter.
    """

    def told(table: Any) -> Any:
        return exists().where(
            *session.where(table, batch_id=header.batch_id),
            table.c.row_no > header.full_from,
            table.c.row_key == seen.c.row_key,
        )

    return select(seen.c.row_key).where(
        *session.where(seen, connection_id=header.connection_id, stream=header.stream),
        seen.c.gone_seq.is_(None),
        ~told(intake_same),
        ~told(intake_row),
    )
