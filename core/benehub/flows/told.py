"""What a carrier was told and has accepted: what the next change is held against."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from benehub import facts
from benehub.periods import FOREVER
from benehub.store import Session


def told_state(session: Session, connection_id: str) -> dict[str, dict[str, Mapping[str, Any]]]:
    """What the carrier was told and has accepted: subscriber -> plan -> state."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for fact in facts.as_of(session, "told", FOREVER - timedelta(days=1)):
        if fact.key.startswith(f"{connection_id}/"):
            found.setdefault(fact.subject, {})[fact.key.split("/", 1)[1]] = fact.data
    return found
