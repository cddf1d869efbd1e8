"""Gives register lines the plan of a code that came into the plan book after them: payroll does not say them again.

People who become known later are linked by intake, when they come in.
"""

from __future__ import annotations

from sqlalchemy import select

from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import confirmation

UNMAPPED = ("deduction", "employer")
"""Parts of register lines whose code no plan had when they came in."""


def map_codes(session: Session, book: PlanBook) -> int:
    """Fill in plan and part of lines whose code is known by now; gives how many changed."""
    rows = session.rows(
        select(confirmation).where(
            *session.where(confirmation, kind="register_line", current=1),
            confirmation.c.plan.is_(None),
            confirmation.c.part.in_(UNMAPPED),
        )
    )
    changed = 0
    for row in rows:
        known = book.by_code(row.code)
        if known is not None:
            plan, part = known
            of_employer = "match" if plan.benefit_type == "retirement" else "employer"
            key = {name: getattr(row, name) for name in ("kind", "connection_id", "row_key", "version")}
            session.change(confirmation, key, plan=plan.id, part=part if row.part == "deduction" else of_employer)
            changed += 1
    return changed
