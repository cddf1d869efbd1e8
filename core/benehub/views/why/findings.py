"""Why a difference is one, whose turn it is, and who did what about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from benehub import reconcile
from benehub.reconcile import fixes
from benehub.reconcile.settled_by import proposed
from benehub.views.amounts import amount
from benehub.views.why.answer import Answer, Question, member, text, unknown_then


def of_difference(question: Question, ref: str) -> Answer:
    """One difference with its history and the entries that settled it."""
    session = question.session
    row = reconcile.get(session, ref)
    title = f"difference {row.type}"
    if not question.knew(row.first_seq):
        return unknown_then(question, ref, title, row.first_seq)
    past = reconcile.history(session, ref)
    data: dict[str, Any] = {
        "relation": row.relation,
        "type": row.type,
        "period": row.period,
        "employee": member(session, row.person_id),
        "plan": row.plan,
        "reference": row.reference,
        "side": row.side,
        "severity": row.severity,
        "owner": row.owner,
        "cause": row.cause,
        "action": row.action,
        "expected": None if row.expected is None else amount(row.expected, row.unit),
        "actual": None if row.actual is None else amount(row.actual, row.unit),
        "at_stake": amount(row.at_stake, row.unit),
        "unit": row.unit,
        "clear_by": text(row.clear_by),
        "state": row.state,
        "work_step": row.work_step,
        "assigned_to": row.assigned_to or "",
        "seen": f"{row.times_seen} times, last {row.last_seen}",
        "history": [
            {
                "at": one.at,
                "who": one.who,
                "state": one.state,
                "work_step": one.work_step,
                "note": one.note,
                "assigned_to": one.assigned_to,
            }
            for one in past
        ],
    }
    if mended := fixes.of_difference(session, ref):
        data["fixes"] = [f"{one.fix_id} {one.action} {one.state}" for one in mended]
    if told := _settling(question, row, past):
        data["settled_by" if row.state == "resolved" else "may_be_settled_by"] = told
    entries = [one for event in past for one in event.entries]
    return Answer(ref, title, data, question.behind(*entries))


def _settling(question: Question, row: Row[Any], past: Sequence[Row[Any]]) -> list[str] | str:
    """The entries that settle what is resolved, or may settle what is open as of now; or that nothing is at stake."""
    if row.state == "resolved":
        return list(past[-1].entries) or ("" if row.at_stake else "no money is at stake: no entry settles it")
    if row.state not in reconcile.OPEN or question.known_at is not None:
        return ""
    return proposed(question.session, row) if row.at_stake else "no money is at stake: no entry has to settle it"
