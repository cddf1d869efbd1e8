"""What partners answered to files of ours: TA1, 999 and carriers' own reports, warnings too, by file and member."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from benehub import dispatch
from benehub.crypto import mask
from benehub.store import Session
from benehub.store.tables import confirmation

LEVELS = {"envelope": "TA1", "syntax": "999", "member": "report"}


def answers(session: Session, connection_id: str, control: int | str = 0, *, limit: int = 200) -> list[dict[str, Any]]:
    """The newest answers of a partner, or all to one file of ours by its control number; what is fine as well.

    A vendor who takes families one by one answers by the reference of his receipt, in place of the number. `file` and
    `dispatch` are empty for an answer that names nothing of ours.
    """
    query = select(confirmation).where(
        *session.where(confirmation, kind="acknowledgement", connection_id=connection_id, current=1)
    )
    if control:
        query = query.where(confirmation.c.reference == str(control))
    rows = session.rows(query.order_by(confirmation.c.seq.desc()).limit(limit))
    names = {row.reference for row in rows if row.reference}
    sent: dict[str, Any] = dispatch.by_references(session, connection_id, sorted(names))
    for reference in {one for one in names - sent.keys() if one.isdigit()}:
        sent[reference] = dispatch.by_control(session, connection_id, int(reference))
    return [
        {
            "control": row.reference,
            "dispatch": sent[row.reference].dispatch_id if sent.get(row.reference) else "",
            "file": sent[row.reference].file_name if sent.get(row.reference) else "",
            "by": LEVELS.get(row.part, row.part),
            "set": row.detail.get("transaction", ""),
            "status": row.detail["status"],
            "member": mask(row.external_id),
            "code": row.code,
            "text": row.detail.get("text", ""),
        }
        for row in rows
    ]
