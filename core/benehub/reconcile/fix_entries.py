"""The ledger entries by which fixes have settled a difference: named when it closes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select, union

from benehub.reconcile import fixes
from benehub.store import Session
from benehub.store.tables import SOURCED, entry, fix, fix_obligation, leg, obligation

MOST = 50
"""Entries that are named; a file of thousands is named by its dispatch."""


def settling_all(session: Session, differences: Sequence[str]) -> dict[str, list[str]]:
    """The same of many differences: only those of which a fix was carried out are among them, and are few."""
    done = session.rows(
        select(fix.c.difference_id)
        .where(*session.where(fix, state=fixes.DONE), session.among(fix.c.difference_id, differences))
        .distinct()
    )
    return {row.difference_id: settling(session, row.difference_id) for row in done}


def settling(session: Session, difference_id: str) -> list[str]:
    """Entries that fixes of the difference have made, or that what they sent has; none where nothing was fixed."""
    rows = [row for row in fixes.of_difference(session, difference_id) if row.state == fixes.DONE]
    if not rows:
        return []
    made = [f"fix {row.fix_id}" for row in rows]
    pending = session.rows(select(entry.c.entry_id).where(*_posted_by(session, made)))
    sent = session.rows(_sent(session, [row.fix_id for row in rows]))
    found = select(entry.c.entry_id, entry.c.seq)
    by = _posted_by(session, [*made, difference_id, *(row.dispatch_id for row in sent)])
    follow = (*session.where(entry), session.among(entry.c.pending_id, [row.entry_id for row in pending]))
    # Put in order when they are found: each part by itself in order would be a walk through the ledger.
    both = union(found.where(*by), found.where(*follow)).subquery()
    named = select(both.c.entry_id).order_by(both.c.seq).limit(MOST)
    if persons := sorted({row.person_id for row in rows if row.person_id}):
        mine = (*session.where(leg), leg.c.entry_id == both.c.entry_id, leg.c.person_id.in_(persons))
        named = named.where(exists().where(*mine))
    return [row.entry_id for row in session.rows(named)]


def _posted_by(session: Session, sources: Iterable[str]) -> tuple[ColumnElement[bool], ...]:
    return (*session.where(entry), SOURCED, session.among(entry.c.source, sources))


def _sent(session: Session, fix_ids: list[str]) -> Select[Any]:
    carried = (fix_obligation.c.employer_id == obligation.c.employer_id) & (
        fix_obligation.c.obligation_id == obligation.c.obligation_id
    )
    return (
        select(obligation.c.dispatch_id)
        .distinct()
        .join(fix_obligation, carried)
        .where(*session.where(obligation), fix_obligation.c.fix_id.in_(fix_ids), obligation.c.dispatch_id.is_not(None))
    )
