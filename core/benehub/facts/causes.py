"""Back-dated facts: what was learned of somebody after it had become true, and so changes months that were worked out
before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from benehub.facts.history import Which
from benehub.periods import Month
from benehub.store import Session
from benehub.store.tables import fact

KINDS = ("employment", "election", "compensation")
"""Facts that the HRIS and elections tell; what was decided of them (`coverage`) follows."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One fact that was learned late."""

    fact_id: str
    kind: str
    subject: str
    since: date
    """From when it is true."""
    until: date
    known_on: date
    """When it was learned."""
    seq: int


def late_facts(session: Session, people: Which | Sequence[str], since: date) -> dict[str, list[Cause]]:
    """Facts of these people that were learned since a day, and after they had become true; the newest first."""
    named = people(fact.c.subject) if callable(people) else session.among(fact.c.subject, people)
    rows = session.rows(
        select(fact.c.fact_id, fact.c.kind, fact.c.subject, fact.c.effective_from, fact.c.effective_to,
               fact.c.recorded_at, fact.c.seq)
        .where(
            *session.where(fact), fact.c.kind.in_(KINDS), named,
            fact.c.recorded_at >= since.isoformat(),
        )
        .order_by(fact.c.seq.desc())
    )  # fmt: skip
    found: dict[str, list[Cause]] = {}
    for row in rows:
        known = session.day_of(row.recorded_at)
        if row.effective_from < known:
            cause = Cause(row.fact_id, row.kind, row.subject, row.effective_from, row.effective_to, known, row.seq)
            found.setdefault(row.subject, []).append(cause)
    return found


def cause_of(causes: Mapping[str, Iterable[Cause]], person_id: str, month: Month) -> Cause | None:
    """The newest of them that speaks of a month and was learned once the month had begun; None where there is none."""
    return next(
        (one for one in causes.get(person_id, ())
         if one.since < month.end and one.until > month.first and one.known_on > month.first),
        None,
    )  # fmt: skip
