"""The connections as people ask for them: mode, writes at once, unlinked people, and when each stream was last read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from benehub import connections
from benehub.connect.connector import Connector
from benehub.connections.registry import at_once
from benehub.identity import strangers
from benehub.store import Session
from benehub.store.tables import stream_state


def listed(session: Session, known: Mapping[str, type[Connector]]) -> list[dict[str, Any]]:
    """All connections by name; never their settings, which hold references to secrets.

    `at_once` is how many writes may be under way, where the connector is `known` and takes the settings; else None.
    """
    read: dict[str, dict[str, str]] = {}
    for row in session.rows(select(stream_state).where(stream_state.c.employer_id == session.employer)):
        read.setdefault(row.connection_id, {})[row.stream] = row.read_at
    unknown = strangers.counted(session)
    return [
        {
            "name": row.connection_id, "connector": row.connector, "mode": row.mode,
            "at_once": at_once(known, row),
            "unlinked": unknown.get(row.connection_id, 0), "read": read.get(row.connection_id, {}),
        }
        for row in connections.listed(session)
    ]  # fmt: skip
