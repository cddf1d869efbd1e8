"""What a carrier was told and has accepted: what the next change is held against."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from benehub import facts
from benehub.facts.history import Which
from benehub.periods import FOREVER
from benehub.store import Session
from benehub.store.tables import fact as fact_table


def told_state(
    session: Session, connection_id: str, which: Which | None = None
) -> dict[str, dict[str, Mapping[str, Any]]]:
    """What the carrier was told and has accepted: subscriber -> plan -> state; of everybody, or of a part."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for fact in facts.as_of(session, "told", FOREVER - timedelta(days=1), subjects=which):
        if fact.key.startswith(f"{connection_id}/"):
            found.setdefault(fact.subject, {})[fact.key.split("/", 1)[1]] = fact.data
    return found


def has_begun(session: Session, connection_id: str) -> bool:
    """Whether the carrier was ever told of anybody."""
    ours = fact_table.c.fact_key.startswith(f"{connection_id}/", autoescape=True)
    query = select(fact_table.c.subject).where(*session.where(fact_table, kind="told"), ours)
    return session.connection.execute(query.limit(1)).first() is not None
