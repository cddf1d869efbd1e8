"""Differences as people work through them: a page at a time, each with whose it is and what is at stake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select, tuple_

from benehub import reconcile
from benehub.store import Session
from benehub.store.tables import difference, still_open
from benehub.views.amounts import amount
from benehub.views.persons import find_person, member_ids
from benehub.views.worklist import Filters, conditions


def listed(
    session: Session, filters: Filters, currency: str, states: Sequence[str] = reconcile.OPEN, limit: int = 50,
    after: tuple[int, str] | None = None, employee: str = "",
) -> list[dict[str, Any]]:  # fmt: skip
    """Differences in these states, in the order in which they were found first.

    Args:
        filters: which of them, but for state, person and order.
        after: only those behind the one with this first recorded number and id.
        employee: only of this person.

    Raises:
        DataError: no such person, or a filter that cannot be understood.
    """
    who = find_person(session, employee).person_id if employee else ""
    query = select(difference).where(*conditions(session, replace(filters, state="", person=who), currency))
    query = query.where(difference.c.state.in_(states))
    if filters.least and set(states) <= set(reconcile.OPEN):
        query = query.where(still_open)  # else the index by amount could not be taken
    if after is not None:
        query = query.where(tuple_(difference.c.first_seq, difference.c.difference_id) > tuple_(*after))
    rows = session.rows(query.order_by(difference.c.first_seq, difference.c.difference_id).limit(limit))
    members = member_ids(session, {row.person_id for row in rows if row.person_id})
    return [_told(row, members) for row in rows]


def one(session: Session, difference_id: str) -> dict[str, Any]:
    """One difference as `listed` tells it.

    Raises:
        DataError: there is none.
    """
    row = reconcile.get(session, difference_id)
    return _told(row, member_ids(session, [row.person_id] if row.person_id else []))


def _told(row: Row[Any], members: dict[str, str]) -> dict[str, Any]:
    return {
        "difference": row.difference_id, "relation": row.relation, "type": row.type, "period": row.period,
        "employee": members.get(row.person_id or "", ""), "plan": row.plan or "", "reference": row.reference,
        "side": row.side, "severity": row.severity, "owner": row.owner, "cause": row.cause, "action": row.action,
        "expected": None if row.expected is None else amount(row.expected, row.unit),
        "actual": None if row.actual is None else amount(row.actual, row.unit),
        "at_stake": amount(row.at_stake, row.unit), "unit": row.unit, "clear_by": row.clear_by, "state": row.state,
        "work_step": row.work_step, "assigned_to": row.assigned_to or "", "assigned_at": row.assigned_at,
        "times_seen": row.times_seen, "first_seen": row.first_seen,
        "last_seen": row.last_seen, "first_seq": row.first_seq,
    }  # fmt: skip
