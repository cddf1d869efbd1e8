"""What was done to put a difference right: the fix, whose word it had, and what it made owed."""

from __future__ import annotations

from benehub.reconcile import fixes
from benehub.views import fixes as seen
from benehub.views.why.answer import Answer, Question, unknown_then


def of_fix(question: Question, ref: str) -> Answer:
    """One fix: its difference, who proposed and decided it, and the obligations it made.

    Raises:
        DataError: no such fix.
    """
    session = question.session
    row = fixes.get(session, ref)
    title = f"fix {row.action}"
    if not question.knew(row.seq):
        return unknown_then(question, ref, title, row.seq)
    data = seen.shown(session, ref)
    del data["preview"], data["needs_second"]
    return Answer(ref, title, data, question.behind(row.difference_id, *fixes.owed(session, ref)))
