"""The journal as people look through it: newest entries first, with all their legs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import entry, leg
from benehub.views.amounts import amount
from benehub.views.persons import find_person, member_ids


def journal(
    session: Session, accounts: Sequence[str], employee: str, plan: str, month: str, limit: int,
    before: int | None = None, known_at: int | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Entries with a leg that matches all that is given (empty: all), newest first, with every leg of theirs.

    Args:
        before: only entries with a lower recorded number: what follows after a page that ended with it.
        known_at: only entries with this recorded number or a lower one.

    Raises:
        DataError: no such employee.
    """
    query = select(entry).where(entry.c.employer_id == session.employer)
    conditions = [leg.c.employer_id == entry.c.employer_id, leg.c.entry_id == entry.c.entry_id]
    if accounts:
        conditions.append(leg.c.account.in_(accounts))
    if employee:
        conditions.append(leg.c.person_id == find_person(session, employee).person_id)
    if plan:
        conditions.append(leg.c.plan == plan)
    if month:
        conditions.append(leg.c.coverage_month == month)
    if len(conditions) > 2:
        query = query.where(select(leg.c.leg_no).where(*conditions).exists())
    if before is not None:
        query = query.where(entry.c.seq < before)
    if known_at is not None:
        query = query.where(entry.c.seq <= known_at)
    headers = session.rows(query.order_by(entry.c.seq.desc()).limit(limit))
    legs: dict[str, list[dict[str, Any]]] = {}
    for start in range(0, len(headers), CHUNK):
        ids = [row.entry_id for row in headers[start : start + CHUNK]]
        rows = session.rows(
            select(leg)
            .where(leg.c.employer_id == session.employer, leg.c.entry_id.in_(ids))
            .order_by(leg.c.entry_id, leg.c.leg_no)
        )
        members = member_ids(session, {row.person_id for row in rows if row.person_id})
        for row in rows:
            legs.setdefault(row.entry_id, []).append(
                {
                    "account": row.account,
                    "amount": amount(row.amount, row.unit),
                    "unit": row.unit,
                    "employee": members.get(row.person_id, ""),
                    "plan": row.plan,
                    "source": row.money_source,
                    "coverage_month": row.coverage_month,
                    "pay_date": None if row.pay_date is None else row.pay_date.isoformat(),
                    "batch": row.batch,
                }
            )
    return [
        {
            "entry": row.entry_id,
            "seq": row.seq,
            "recorded_at": row.recorded_at,
            "type": row.type,
            "status": row.status,
            "effective_date": row.effective_date.isoformat(),
            "source": row.source,
            "legs": legs.get(row.entry_id, []),
        }
        for row in headers
    ]
