"""What a carrier was told and has accepted: what the next change is held against."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from benehub import facts
from benehub.facts.history import Which
from benehub.periods import FOREVER
from benehub.store import Session
from benehub.store.tables import fact as fact_table

PROVIDERS = ("provider", "providers")
"""What a cover says of primary care: the provider chosen, and those of single dependents by person."""


def told_state(
    session: Session, connection_id: str, which: Which | None = None
) -> dict[str, dict[str, Mapping[str, Any]]]:
    """What the carrier was told and has accepted: subscriber -> plan -> state; of everybody, or of a part."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for fact in facts.as_of(session, "told", FOREVER - timedelta(days=1), subjects=which):
        if fact.key.startswith(f"{connection_id}/"):
            found.setdefault(fact.subject, {})[fact.key.split("/", 1)[1]] = fact.data
    return found


def runs(state: Mapping[str, Any], day: date) -> bool:
    """Whether a cover that the carrier was told of goes on after a day."""
    return not state.get("gone") and (state["to"] is None or date.fromisoformat(state["to"]) > day)


def same_cover(state: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether the carrier was told of this very cover already.

    One whose roster tells no tier, from which it was adopted, is not told anew for that.
    """
    names = ("tier", "to", "dependents") if before["tier"] else ("to", "dependents")
    return all(state[name] == before[name] for name in names) and all(
        state.get(name) == (before.get(name) or None) for name in PROVIDERS
    )


def first_told(session: Session, connection_id: str) -> date | None:
    """The day on which the carrier was told of anybody for the first time; None where he never was."""
    ours = fact_table.c.fact_key.startswith(f"{connection_id}/", autoescape=True)
    query = select(func.min(fact_table.c.effective_from)).where(*session.where(fact_table, kind="told"), ours)
    first: date | None = session.connection.execute(query).scalar()
    return first
