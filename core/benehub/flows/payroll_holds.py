"""What payroll is known to hold of each person, so that only what differs is told.

Amounts and rates are read from payroll, or confirmed by it. The employer's match no payroll tells: that is known by
what payroll has confirmed of it, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from benehub import facts, obligations
from benehub.facts import Version
from benehub.flows.hub import Hub
from benehub.obligations import ADOPTED, Wanted
from benehub.periods import FOREVER
from benehub.planbook import PlanBook
from benehub.store import Session

Held = Mapping[str, Mapping[str, Any]]
"""Code -> what payroll holds of a person."""

NOTED = 500
"""Confirmed orders that are noted in one transaction."""

_NAMES = ("code", "employee_amount_minor", "employee_rate", "employer_amount_minor", "active")


def held(session: Session) -> dict[str, Held]:
    """What payroll holds by person and code: as last adopted, overlaid by what it has confirmed since."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for fact in facts.as_of(session, "payroll_benefit", FOREVER - timedelta(days=1)):
        found.setdefault(fact.subject, {})[fact.key] = fact.data
    return dict(found)


def note_held(hub: Hub, employer: str, ids: Sequence[str]) -> int:
    """What payroll has confirmed becomes what it is known to hold."""
    noted = 0
    for start in range(0, len(ids), NOTED):
        with hub.store.write(employer) as session:
            versions = []
            for row in obligations.of_dispatches(session, ids[start : start + NOTED]):
                if row.state == "confirmed":
                    content = obligations.content(session, row)
                    data = {name: content[name] for name in _NAMES}
                    versions.append(Version("payroll_benefit", row.person_id, content["code"], session.today(), data))
            noted += facts.record(session, versions, "confirmed by payroll")
    return noted


def with_match_known(session: Session, book: PlanBook, wants: Iterable[Wanted]) -> list[Wanted]:
    """Owe each deferral of which payroll holds the rate but may hold another match; the others as they were.

    Told once too often is harmless: whoever can be asked what he holds is asked first.
    """
    found = list(wants)
    ids = {session.id("obl", one.key): one for one in found if one.adopted and one.content["employee_rate"]}
    rows = {row.obligation_id: row for row in obligations.by_ids(session, list(ids))}
    doubtful = {one.key for known, one in ids.items() if not _match_is_held(session, book, one, rows.get(known))}
    return [replace(one, adopted=False, drifted=True) if one.key in doubtful else one for one in found]


def _match_is_held(session: Session, book: PlanBook, one: Wanted, before: Row[Any] | None) -> bool:
    """Whether payroll has confirmed just this match. Where no match was ever spoken of there is none to know."""
    wanted = one.content["employer_match"]
    told = obligations.content(session, before)["employer_match"] if before is not None else []
    if before is not None and before.state == "confirmed" and before.reason != ADOPTED:
        return bool(told == wanted)
    return not wanted and not told and (one.plan is None or book.plan(one.plan).match is None)
