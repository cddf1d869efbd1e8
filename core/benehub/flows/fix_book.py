"""Approved fixes as the flows of every day see them: what else a pay takes, and what a carrier is known to hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from benehub.reconcile import fixes
from benehub.records import TaxClass
from benehub.store import Session
from benehub.store.tables import fix_obligation, obligation

PAYROLL_LINE, ENROLLMENT = "payroll_line", "enrollment_correction"

SOURCE = "fix "
"""How the source of a ledger entry begins that a fix has made."""


@dataclass(frozen=True, slots=True)
class FixLine:
    """One line of pay that a fix adds; below zero it gives back."""

    fix_id: str
    person_id: str
    plan: str
    code: str
    tax_class: TaxClass
    coverage_month: str
    pay_date: date
    amount_minor: int


def pay_lines(session: Session, cut: date, persons: Collection[str] | None = None) -> dict[str, list[FixLine]]:
    """The lines of approved fixes on pay dates from `cut` on, by person; those of some persons if named."""
    found: dict[str, list[FixLine]] = {}
    states = ("approved", fixes.DONE)
    if persons is None:
        rows = fixes.of_action(session, PAYROLL_LINE, states)
    else:
        rows = fixes.of_people(session, PAYROLL_LINE, states, persons)
    for row in rows:
        content = fixes.content(session, row)
        day = date.fromisoformat(content["pay_date"])
        for one in content["lines"] if day >= cut else ():
            line = FixLine(
                row.fix_id, content["person"], content["plan"], one["code"], TaxClass(one["tax_class"]),
                one["coverage_month"], day, one["amount_minor"],
            )  # fmt: skip
            found.setdefault(line.person_id, []).append(line)
    return found


Held = Mapping[str, Mapping[str, Any] | None]
"""Plan -> what the carrier is known to hold of it, whatever it was told; None: nothing."""


def believed(session: Session, connection_id: str) -> dict[str, Held]:
    """What approved fixes say the carrier holds, by subscriber, until it has been told otherwise."""
    found: dict[str, dict[str, Mapping[str, Any] | None]] = {}
    for row in fixes.of_action(session, ENROLLMENT, ("approved",), connection_id):
        if not _told(session, row.fix_id):
            content = fixes.content(session, row)
            found.setdefault(content["person"], {})[content["plan"]] = content["held"]
    return dict(found)


def _told(session: Session, fix_id: str) -> bool:
    """Whether what the fix has made owed has left."""
    query = (
        select(obligation.c.obligation_id)
        .join(fix_obligation, (fix_obligation.c.employer_id == obligation.c.employer_id)
              & (fix_obligation.c.obligation_id == obligation.c.obligation_id))
        .where(*session.where(obligation), fix_obligation.c.fix_id == fix_id,
               obligation.c.state.in_(("sent", "confirmed")))
    )  # fmt: skip
    return session.connection.execute(query.limit(1)).first() is not None


def overlaid(told: Mapping[str, Mapping[str, Any]], held: Held) -> dict[str, Mapping[str, Any]]:
    """What the carrier was told, corrected by what it is known to hold."""
    return {plan: state for plan, state in {**told, **held}.items() if state is not None}
