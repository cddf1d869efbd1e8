"""The ledger entries by which fixes have settled a difference: named when it closes."""

from __future__ import annotations

from sqlalchemy import or_, select

from benehub.reconcile import fixes
from benehub.store import Session
from benehub.store.tables import entry, fix_obligation, leg, obligation

MOST = 50
"""Entries that are named; a file of thousands is named by its dispatch."""


def settling(session: Session, difference_id: str) -> list[str]:
    """Entries that fixes of the difference have made, or that what they sent has; none where nothing was fixed."""
    rows = [row for row in fixes.of_difference(session, difference_id) if row.state == fixes.DONE]
    if not rows:
        return []
    made = [f"fix {row.fix_id}" for row in rows]
    carried = (fix_obligation.c.employer_id == obligation.c.employer_id) & (
        fix_obligation.c.obligation_id == obligation.c.obligation_id
    )
    sent = (
        select(obligation.c.dispatch_id)
        .join(fix_obligation, carried)
        .where(*session.where(obligation), fix_obligation.c.fix_id.in_([row.fix_id for row in rows]))
    )
    pending = select(entry.c.entry_id).where(*session.where(entry), entry.c.source.in_(made))
    found = select(entry.c.entry_id).where(
        *session.where(entry),
        or_(entry.c.source.in_([*made, difference_id]), entry.c.pending_id.in_(pending), entry.c.source.in_(sent)),
    )
    if persons := sorted({row.person_id for row in rows if row.person_id}):
        mine = select(leg.c.entry_id).where(*session.where(leg), leg.c.person_id.in_(persons))
        found = found.where(entry.c.entry_id.in_(mine))
    return [row.entry_id for row in session.rows(found.order_by(entry.c.seq).limit(MOST))]
