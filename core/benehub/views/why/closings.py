"""Why a month counts as closed: who signed it, over which recorded order, and what it was signed upon."""

from __future__ import annotations

from sqlalchemy import select

from benehub.errors import DataError
from benehub.periods import Month
from benehub.store.tables import closing
from benehub.views.signed import signed_report
from benehub.views.why.answer import Answer, Question, unknown_then


def of_closing(question: Question, ref: str) -> Answer:
    """The signature and the conditions that held."""
    session = question.session
    row = session.connection.execute(select(closing).where(*session.where(closing, closing_id=ref))).first()
    if row is None:
        raise DataError(f"no closing {ref[:50]}", mend="See `benehub period list`")
    title = f"closing of {row.period}"
    if not question.knew(row.seq):
        return unknown_then(question, ref, title, row.seq)
    report = signed_report(session, Month.parse(row.period))
    data = {
        "period": row.period,
        "who": row.who,
        "note": row.note,
        "closed_at": row.closed_at,
        "recorded_order": row.seq,
        "chain_head": row.head,
        "digest": row.digest,
        "held": report["conditions"],
        "open_items": len(report["open_items"]),
        "corrections": len(report["corrections"]),
    }
    open_items = [one["difference"] for one in report["open_items"][:5]]
    return Answer(ref, title, data, question.behind(*open_items, depth=1))
