"""Fixes as people look at them: what is proposed, what it would do, who said what, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from benehub import obligations, reconcile
from benehub.identity import people
from benehub.reconcile import fixes
from benehub.store import Session
from benehub.views.amounts import amount


def listed(
    session: Session, states: Sequence[str] = (), limit: int = 500, before: int | None = None
) -> list[dict[str, Any]]:
    """Fixes in these states (all when none is named), the newest first, without what they would do.

    Args:
        before: only those proposed before this number of the recorded order (`seq`).
    """
    return _lines(session, fixes.listed(session, states, limit, before))


def of_difference(session: Session, difference_id: str) -> list[dict[str, Any]]:
    """The fixes of a difference, in the order they were proposed.

    Raises:
        DataError: no such difference.
    """
    reconcile.get(session, difference_id)
    return _lines(session, fixes.of_difference(session, difference_id))


def shown(session: Session, fix_id: str, alone_up_to: int | None = None) -> dict[str, Any]:
    """One fix: its preview as it was frozen (personal data masked), what it made owed, and who said what.

    Args:
        alone_up_to: money up to which one person may propose and approve by the plan book in force; None: any.

    Raises:
        DataError: no such fix.
    """
    row = fixes.get(session, fix_id)
    owed = obligations.by_ids(session, fixes.owed(session, fix_id))
    return {
        **_lines(session, [row])[0],
        "needs_second": fixes.held_by_second(row, alone_up_to),
        "preview": fixes.preview(session, row),
        "digest": row.content_hash,
        "obligations": [
            {"obligation": one.obligation_id, "kind": one.kind, "state": one.state, "reason": one.reason,
             "dispatch": one.dispatch_id}
            for one in owed
        ],
        "history": [
            {"at": one.at, "who": one.who, "state": one.state, "note": one.note}
            for one in fixes.history(session, fix_id)
        ],
    }  # fmt: skip


def _lines(session: Session, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    members = people.member_ids(session, sorted({row.person_id for row in rows if row.person_id}))
    return [
        {
            "fix": row.fix_id,
            "difference": row.difference_id,
            "action": row.action,
            "state": row.state,
            "reason": row.reason,
            "employee": members.get(row.person_id, ""),
            "connection": row.connection_id,
            "at_stake": amount(row.at_stake, row.unit),
            "unit": row.unit,
            "proposed_by": row.proposed_by,
            "proposed_at": row.proposed_at,
            "seq": row.seq,
        }
        for row in rows
    ]
