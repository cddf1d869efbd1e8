"""Which rows known before a full read did not tell: one set-based question, asked by the guard and by what follows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CompoundSelect, Row, Select, select

from benehub.intake.told import keys
from benehub.store import Session
from benehub.store.tables import intake_chunk, intake_row, intake_same, seen

PERIODIC = frozenset(
    {
        "register_line",
        "invoice_line",
        "credit",
        "acknowledgement",
        "payment_answer",
        "deferral_change",
        "opening_balance",
        "hours_worked",
        "leave_balance",
        "leave_notice",
        "year_total",
    }
)
"""Streams whose rows belong to a period or are events: their absence says nothing."""


def absent(session: Session, header: Row[Any], *but: Select[Any]) -> CompoundSelect[Any]:
    """Keys that are known, not gone yet, and neither changed nor unchanged in the enumeration of `header`'s batch.

    Those of `but`, questions of keys, are left out as well.

    A row in quarantine is there: what is wrong with it is another matter. Sets are taken from each other whole: a
    question of each known row would go through all that was told.
    """

    def told(table: Any, key: Any) -> Any:
        return select(key).where(*session.where(table, batch_id=header.batch_id), table.c.row_no > header.full_from)

    known = select(seen.c.row_key).where(
        *session.where(seen, connection_id=header.connection_id, stream=header.stream), seen.c.gone_seq.is_(None)
    )
    lists = []
    for table in (intake_same, intake_chunk):
        value, source = keys(session, table)
        lists.append(told(table, value).select_from(source))
    return known.except_(*lists, told(intake_row, intake_row.c.row_key), *but)
