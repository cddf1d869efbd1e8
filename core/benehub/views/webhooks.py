"""What vendors called: doors with who was turned away, and deliveries with what became of each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from benehub.connections import doors as door_room
from benehub.intake.deliveries import get
from benehub.store import Session
from benehub.store.tables import webhook_delivery

COLUMNS = ("delivery", "connection", "kind", "signed", "state", "streams", "repeats", "tries", "received_at",
           "sent_at", "worked_at", "reason")  # fmt: skip


def doors(session: Session) -> list[dict[str, Any]]:
    """Every door: where its key comes from, what waits behind it, and the last one turned away."""
    waiting = {
        row.connection_id: int(row.n)
        for row in session.rows(
            select(webhook_delivery.c.connection_id, func.count().label("n"))
            .where(*session.where(webhook_delivery, state="waiting"))
            .group_by(webhook_delivery.c.connection_id)
        )
    }
    return [
        {
            "connection": door.connection_id, "connector": door.connector, "mode": door.mode,
            "address": f"/hooks/{session.employer}/{door.connection_id}",
            "key": "by handshake" if door.key_sealed is not None else door.secret or "none",
            "waiting": waiting.get(door.connection_id, 0), "refused": door.refused,
            "refused_at": door.refused_at or "", "why": door.refused_why,
        }
        for door in door_room.doors(session)
    ]  # fmt: skip


def listed(session: Session, connection_id: str, state: str, limit: int) -> list[dict[str, Any]]:
    """The newest deliveries."""
    query = select(webhook_delivery).where(webhook_delivery.c.employer_id == session.employer)
    if connection_id:
        query = query.where(webhook_delivery.c.connection_id == connection_id)
    if state:
        query = query.where(webhook_delivery.c.state == state)
    query = query.order_by(webhook_delivery.c.received_at.desc(), webhook_delivery.c.delivery_id).limit(limit)
    return [_told(row) for row in session.rows(query)]


def details(session: Session, delivery_id: str, clear: bool) -> dict[str, Any]:
    """One delivery; its body only where it is asked for, since it may tell of a person, or be a key.

    Raises:
        DataError: there is none.
    """
    row = get(session, delivery_id)
    body = session.unseal(row.body_sealed, "webhook_delivery")
    shown = body.decode("utf-8", "replace") if clear and row.kind == "event" else ""
    return {**_told(row), "bytes": len(body), "body": shown}


def _told(row: Any) -> dict[str, Any]:
    return {
        "delivery": row.delivery_id, "connection": row.connection_id, "kind": row.kind, "signed": bool(row.signed),
        "state": row.state, "streams": row.streams, "repeats": row.repeats, "tries": row.tries,
        "received_at": row.received_at, "sent_at": row.sent_at or "", "worked_at": row.worked_at or "",
        "reason": row.reason,
    }  # fmt: skip
