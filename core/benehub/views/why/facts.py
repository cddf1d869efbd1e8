"""Why a fact is believed: which row of which read said so, or which decision of the hub's own."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select

from benehub.errors import DataError
from benehub.periods import FOREVER
from benehub.records.privacy import MASK
from benehub.store.tables import fact, intake_page
from benehub.views.why.answer import Answer, Question, member, unknown_then

SHOWN = frozenset(
    {
        "active", "approved", "basis", "classification", "code", "days", "dependents", "employment_class", "event",
        "hours", "kind", "location", "pay_group", "period_end", "period_start", "plan", "policy", "pretax_rate",
        "relation", "requested", "roth_rate", "state", "status", "termination_reason", "tier", "unit", "waived",
        "weekly_hours",
    }
)  # fmt: skip
"""Fields of facts that are told; all others (names, pay, addresses) only say that they are there."""

DECISION = re.compile(r"\b(?:elg|exp)_[a-z2-7]+\b")


def of_fact(question: Question, ref: str) -> Answer:
    """The chain behind one version of a fact.

    Raises:
        DataError: no such version.
    """
    session = question.session
    row = session.connection.execute(select(fact).where(*session.where(fact, fact_id=ref))).first()
    if row is None:
        raise DataError(f"no fact version {ref}", mend="Take the id from what printed it")
    if not question.knew(row.seq):
        return unknown_then(question, ref, f"fact {row.kind}", row.seq)
    later = session.rows(
        select(fact.c.fact_id, fact.c.seq, fact.c.data)
        .where(*session.where(fact, kind=row.kind, subject=row.subject, fact_key=row.fact_key))
        .where(fact.c.seq > row.seq, fact.c.effective_from < row.effective_to, fact.c.effective_to > row.effective_from)
        .order_by(fact.c.seq)
    )
    until = "" if row.effective_to == FOREVER else f" to {row.effective_to}"
    data: dict[str, Any] = {
        "kind": row.kind,
        "about": member(session, row.subject) or row.subject,
        "key": row.fact_key,
        "effective": f"from {row.effective_from}{until}",
        "recorded": f"number {row.seq} at {row.recorded_at}",
        "source": row.source,
        "says": "nothing holds any more" if row.data is None else _told(row.data),
        "read_from": _place(question, row),
        "overlaid_by": [
            f"{one.fact_id} (number {one.seq}{', an ending' if one.data is None else ''})"
            for one in later
            if question.knew(one.seq)
        ],
    }
    decided = DECISION.search(row.source)
    behind = question.behind(row.batch_id, decided[0] if decided else None, depth=1)
    return Answer(ref, f"fact {row.kind}", data, behind)


def _told(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value if name in SHOWN else MASK for name, value in data.items() if value not in (None, "", [], {})}


def _place(question: Question, row: Any) -> str | None:
    """File or page of the read that brought the fact."""
    if row.batch_id is None:
        return None
    session = question.session
    names = session.rows(
        select(intake_page.c.name)
        .where(*session.where(intake_page, batch_id=row.batch_id))
        .order_by(intake_page.c.page_no)
        .limit(3)
    )
    return f"row {row.row_no} of {', '.join(str(one.name) for one in names) or 'a read'}"
