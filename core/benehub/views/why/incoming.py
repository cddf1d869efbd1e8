"""What a read brought, and what became of its rows."""

from __future__ import annotations

from sqlalchemy import func, select

from benehub import intake
from benehub.errors import DataError
from benehub.store.tables import intake_page, intake_row
from benehub.views.why.answer import Answer, Question, unknown_then

MAX_ROWS = 50


def of_batch(question: Question, ref: str) -> Answer:
    """The custody of one intake batch.

    Raises:
        DataError: no such batch.
    """
    session = question.session
    row = intake.batch(session, ref)
    if row is None:
        raise DataError(f"no intake batch {ref}", mend="Take the id from what printed it")
    title = f"intake batch of {row.stream}"
    if not question.knew(row.seq):
        return unknown_then(question, ref, title, row.seq)
    where = session.where(intake_row, batch_id=ref)
    quarantined = session.rows(
        select(intake_row.c.row_no, intake_row.c.row_key, intake_row.c.reason, intake_row.c.resolved_seq)
        .where(*where, intake_row.c.outcome == "quarantined")
        .order_by(intake_row.c.row_no)
        .limit(MAX_ROWS)
    )
    pages = session.connection.execute(
        select(func.count()).select_from(intake_page).where(*session.where(intake_page, batch_id=ref))
    ).scalar_one()
    names = ("rows", "applied", "unchanged", "quarantined", "superseded", "gone")
    data = {
        "connection": row.connection_id,
        "stream": row.stream,
        "state": row.state,
        "reason": row.reason,
        "recorded_at": row.recorded_at,
        "pages": pages,
        **{name: getattr(row, name) for name in names},
        "quarantine": [
            f"row {one.row_no}: {one.reason}{' (resolved since)' if one.resolved_seq else ''}" for one in quarantined
        ],
    }
    return Answer(ref, title, data)
