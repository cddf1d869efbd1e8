"""The connections as people ask for them: mode, unlinked people, and when each stream was last read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from benehub import connections
from benehub.identity import strangers
from benehub.store import Session
from benehub.store.tables import stream_state


def listed(session: Session) -> list[dict[str, Any]]:
    """All connections by name; never their settings, which hold references to secrets."""
    read: dict[str, dict[str, str]] = {}
    for row in session.rows(select(stream_state).where(stream_state.c.employer_id == session.employer)):
        read.setdefault(row.connection_id, {})[row.stream] = row.read_at
    unknown = strangers.counted(session)
    return [
        {
            "name": row.connection_id, "connector": row.connector, "mode": row.mode,
            "unlinked": unknown.get(row.connection_id, 0), "read": read.get(row.connection_id, {}),
        }
        for row in connections.listed(session)
    ]  # fmt: skip
