"""Why something is owed to a vendor, and what became of it; of sealed content nothing is opened here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from benehub import dispatch, obligations
from benehub.errors import DataError
from benehub.reconcile import fixes
from benehub.store import Session, acts
from benehub.store.tables import alarm, entry
from benehub.views.amounts import amount
from benehub.views.members import owed_word, said_of
from benehub.views.why.answer import Answer, Question, member, text, unknown_then


def of_dispatch(question: Question, ref: str) -> Answer:
    """What was frozen, each attempt, and what came of it."""
    session = question.session
    row = dispatch.get(session, ref)
    title = f"dispatch {row.operation}"
    if not question.knew(row.seq):
        return unknown_then(question, ref, title, row.seq)
    carried = obligations.of_dispatch(session, ref)
    posted = session.rows(
        select(entry.c.entry_id, entry.c.seq).where(*session.where(entry, source=ref)).order_by(entry.c.seq).limit(50)
    )
    data = {
        "operation": row.operation,
        "connection": row.connection_id,
        "key": row.business_key,
        "revision": row.revision,
        "file": row.file_name,
        "items": row.items,
        "worth": amount(row.worth_minor, row.currency),
        "state": row.state,
        "reason": row.reason,
        "guard": row.guard,
        "control": row.control,
        "prepared_at": row.prepared_at,
        "sent_at": row.sent_at,
        "receipt": row.receipt,
        "acknowledged": row.ack_state,
        "attempts": [f"{one.started_at} {one.outcome} {one.detail}".strip() for one in dispatch.attempts(session, ref)],
        "revisions": [
            f"{one.dispatch_id} revision {one.revision} {one.state} {one.ack_state}".strip()
            for one in dispatch.revisions(session, row.business_key)
            if one.dispatch_id != ref
        ],
        "said": [f"{one.at} {one.who}: {one.what}: {one.note}" for one in acts(session, ref)],
        "obligations": [one.obligation_id for one in carried],
        "entries": [one.entry_id for one in posted if question.knew(one.seq)],
    }
    # A file of thousands: the obligations are named, only the first is followed.
    return Answer(ref, title, data, question.behind(*[o.obligation_id for o in carried[:1]], depth=1))


def _mends(question: Question, ref: str) -> dict[str, list[str]]:
    """The fixes that have made it owed, with the differences they put right; nothing where none has."""
    behind = fixes.behind(question.session, ref)
    return {"mends": [f"{one.difference_id} by {one.fix_id} ({one.action})" for one in behind]} if behind else {}


def _alarms(session: Session, subject: str) -> list[Row[Any]]:
    """The alarms that were raised for an obligation, in their order."""
    query = select(alarm).where(*session.where(alarm, subject=subject)).order_by(alarm.c.seq)
    return list(session.rows(query))


def of_obligation(question: Question, ref: str) -> Answer:
    """What has to be told or paid, by when, and by which rule.

    Raises:
        DataError: no such obligation.
    """
    session = question.session
    found = obligations.by_ids(session, [ref])
    if not found:
        raise DataError(f"no obligation {ref}", mend="Take the id from what printed it")
    row = found[0]
    title = f"obligation {row.kind}"
    if not question.knew(row.seq):
        return unknown_then(question, ref, title, row.seq)
    data = {
        "kind": row.kind,
        "connection": row.connection_id,
        "employee": member(session, row.person_id),
        "plan": row.plan,
        "period": row.period,
        "due": text(row.due_date),
        "send_by": text(row.send_by),
        "alarms": [f"{one.at} {one.level}: to be sent by {one.send_by} {one.cutoff}" for one in _alarms(session, ref)],
        "worth": amount(row.worth_minor, row.currency),
        "state": owed_word(row.kind, row.state),
        "reason": row.reason,
        "carrier": said_of(session, row.person_id, row.connection_id) if row.person_id else "",
        "dispatch": row.dispatch_id,
        **_mends(question, ref),
    }
    # The dispatch is named, not followed: it leads back here. What a carrier is told of rests on facts of cover.
    covers = obligations.content(session, row).get("facts", ()) if row.kind == "enrollment.change" else ()
    return Answer(ref, title, data, question.behind(row.explanation_id, *covers))
