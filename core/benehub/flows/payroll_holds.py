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
from benehub.facts import payroll_benefits
from benehub.flows.hub import Hub
from benehub.obligations import ADOPTED, Change, Wanted
from benehub.periods import FOREVER
from benehub.planbook import PlanBook
from benehub.store import Session

Held = Mapping[str, Mapping[str, Any]]
"""Code -> what payroll holds of a person."""

NOTED = 500
"""Confirmed orders that are noted in one transaction."""

_NAMES = ("code", "employee_amount_minor", "employee_rate", "employer_amount_minor", "active")


def held(session: Session, connection_id: str) -> dict[str, Held]:
    """What one payroll holds by person and code: as last adopted, overlaid by what it has confirmed since."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for (connection, person, code), fact in facts.payroll_holds(session, FOREVER - timedelta(days=1)).items():
        if connection == connection_id:
            found.setdefault(person, {})[code] = fact.data
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
                    whose = (row.connection_id, row.person_id, content["code"])
                    versions.append(payroll_benefits.version(*whose, session.today(), data))
            noted += facts.record(session, versions, "confirmed by payroll")
    return noted


def want_as_known(session: Session, book: PlanBook, wants: Iterable[Wanted]) -> Change:
    """Owe what is not known to be held: the others as they were.

    That is a deferral of which payroll holds the rate but may hold another match, and what was once taken for held
    here though nothing is known of it: another payroll held it. Told once too often is harmless: whoever can be asked
    what he holds is asked first.
    """
    found = list(wants)
    by_id = {session.id("obl", one.key): one for one in found}
    rows = {row.obligation_id: row for row in obligations.by_ids(session, list(by_id))}
    doubtful = {
        one.key for known, one in by_id.items()
        if (not one.adopted or one.content["employee_rate"]) and _is_doubtful(session, book, one, rows.get(known))
    }  # fmt: skip
    return obligations.want(
        session, [replace(one, adopted=False, drifted=True) if one.key in doubtful else one for one in found], rows
    )


def _is_doubtful(session: Session, book: PlanBook, one: Wanted, before: Row[Any] | None) -> bool:
    if not one.adopted:
        return before is not None and before.reason == ADOPTED
    return not _match_is_held(session, book, one, before)


def _match_is_held(session: Session, book: PlanBook, one: Wanted, before: Row[Any] | None) -> bool:
    """Whether payroll has confirmed just this match. Where no match was ever spoken of there is none to know."""
    wanted = one.content["employer_match"]
    told = obligations.content(session, before)["employer_match"] if before is not None else []
    if before is not None and before.state == "confirmed" and before.reason != ADOPTED:
        return bool(told == wanted)
    return not wanted and not told and (one.plan is None or book.plan(one.plan).match is None)
