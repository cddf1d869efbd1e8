"""Webhooks as they came: kept sealed, each once, until they have been worked off and are old.

A delivery is no fact. It waits, is worked off by a read of what it points at, or fails after several tries; `again`
lets one that was worked off or has failed wait anew. A handshake is no event: it is worked off anew by its own id only,
and only while its door has no key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, select, update

from benehub.connect.webhooks import Delivery
from benehub.connections import doors
from benehub.crypto import mask
from benehub.errors import DataError
from benehub.store import Session, iso
from benehub.store.tables import webhook_delivery

KEPT_DAYS = 30
"""How long a delivery is kept after it came: longer than any vendor repeats one."""

MAX_WAITING = 10_000
"""Deliveries of a door that may wait; beyond, the vendor is asked to come again later."""

MAX_HANDSHAKES = 10
"""Handshakes of a door that may wait: they are unsigned, so anybody may bring one."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A delivery that waits: its id, whether it is a handshake, and its body."""

    delivery_id: str
    handshake: bool
    body: bytes = field(repr=False)


def take(session: Session, connection_id: str, delivery: Delivery, handshake: bool = False) -> bool:
    """Keep a delivery that was let in; gives False where no more may wait. One that is known is only counted.

    A vendor's id is known for as long as the delivery is kept. A body without one is known while it waits: once it
    has been worked off, the same words are news. No lock of the employer's is taken, so that a caller never waits for
    a job; of two of one vendor's id at once, the second finds it taken.
    """
    known_by = hashlib.sha256(f"{delivery.named}/{delivery.id}".encode()).hexdigest()
    same = session.rows(
        select(webhook_delivery.c.delivery_id, webhook_delivery.c.state).where(
            *session.where(webhook_delivery, connection_id=connection_id, known_by=known_by)
        )
    )
    for before in same:
        if delivery.named or before.state == "waiting":
            session.change(
                webhook_delivery, {"delivery_id": before.delivery_id}, repeats=webhook_delivery.c.repeats + 1
            )
            return True
    kind = "handshake" if handshake else "event"
    if _waiting(session, connection_id, kind) >= (MAX_HANDSHAKES if handshake else MAX_WAITING):
        return False
    now = session.now()
    row = {
        "delivery_id": session.id("whd", connection_id, known_by, "" if delivery.named else f"{now}/{len(same)}"),
        "connection_id": connection_id, "known_by": known_by, "kind": kind, "signed": int(delivery.signed),
        "state": "waiting", "repeats": 0, "tries": 0, "streams": "", "reason": "",
        "body_sealed": session.seal(delivery.body, "webhook_delivery"),
        "sent_at": None if delivery.sent_at is None else iso(delivery.sent_at),
        "received_at": now, "worked_at": None,
    }  # fmt: skip
    session.defer(webhook_delivery, row, new=True)
    session.written()
    return True


def _waiting(session: Session, connection_id: str, kind: str) -> int:
    query = select(func.count()).where(
        *session.where(webhook_delivery, connection_id=connection_id, state="waiting", kind=kind)
    )
    return int(session.connection.execute(query).scalar_one())


def due(session: Session, connection_id: str = "", limit: int = 500) -> dict[str, list[str]]:
    """Connection -> ids of deliveries that wait, the oldest first; at most `limit` in all."""
    query = (
        select(webhook_delivery.c.connection_id, webhook_delivery.c.delivery_id)
        .where(*session.where(webhook_delivery, state="waiting"))
        .order_by(webhook_delivery.c.received_at, webhook_delivery.c.delivery_id)
        .limit(limit)
    )
    if connection_id:
        query = query.where(webhook_delivery.c.connection_id == connection_id)
    found: dict[str, list[str]] = {}
    for row in session.rows(query):
        found.setdefault(row.connection_id, []).append(row.delivery_id)
    return found


def kept(session: Session, ids: Sequence[str]) -> list[Kept]:
    """Those of the deliveries that still wait, opened."""
    rows = session.rows(
        select(webhook_delivery)
        .where(*session.where(webhook_delivery, state="waiting"), webhook_delivery.c.delivery_id.in_(ids))
        .order_by(webhook_delivery.c.received_at, webhook_delivery.c.delivery_id)
    )
    return [
        Kept(row.delivery_id, row.kind == "handshake", session.unseal(row.body_sealed, "webhook_delivery"))
        for row in rows
    ]


def settle(session: Session, delivery_id: str, state: str, reason: str = "", streams: Sequence[str] = ()) -> None:
    """Note what became of a delivery; one that goes on waiting has been tried once more."""
    row = get(session, delivery_id)
    session.change(
        webhook_delivery, {"delivery_id": delivery_id}, state=state, reason=mask(reason)[:2000], tries=row.tries + 1,
        streams=",".join(streams), worked_at=None if state == "waiting" else session.now(),
    )  # fmt: skip


def get(session: Session, delivery_id: str) -> Row[Any]:
    """A delivery's row.

    Raises:
        DataError: there is none.
    """
    found = session.connection.execute(
        select(webhook_delivery).where(*session.where(webhook_delivery, delivery_id=delivery_id))
    ).first()
    if found is None:
        raise DataError(f"no webhook delivery {delivery_id[:60]!r}", mend="See `benehub webhooks list`")
    return found


def again(session: Session, connection_id: str, since: str, state: str, until: str = "") -> int:
    """Let events wait anew that came since a moment (`session.now` form) and ended in `state`; gives how many.

    Those that came at `until` or later are left alone; empty for no such end.
    """
    same = session.where(webhook_delivery, connection_id=connection_id, kind="event")
    where = [*same, webhook_delivery.c.received_at >= since]
    if until:
        where.append(webhook_delivery.c.received_at < until)
    where.append(webhook_delivery.c.state == state if state else webhook_delivery.c.state != "waiting")
    done = session.connection.execute(update(webhook_delivery).where(*where).values(**_ANEW))
    return done.rowcount


def one_again(session: Session, delivery_id: str) -> None:
    """Let one delivery wait anew.

    Raises:
        DataError: there is none; or it is a handshake, and its door has a key.
    """
    row = get(session, delivery_id)
    if row.kind == "handshake" and doors.has_key(session, row.connection_id):
        raise DataError(
            "a handshake is not worked off anew while its door has a key", where=f"webhook delivery {delivery_id}",
            mend="To begin anew, open the door again without a secret",
        )  # fmt: skip
    session.change(webhook_delivery, {"delivery_id": delivery_id}, **_ANEW)


_ANEW: dict[str, Any] = {"state": "waiting", "tries": 0, "reason": "", "worked_at": None}


def forget_old(session: Session) -> int:
    """Remove what has been kept long enough and does not wait; gives how many."""
    before = iso(session.clock() - timedelta(days=KEPT_DAYS))
    done = session.connection.execute(
        webhook_delivery.delete().where(
            webhook_delivery.c.employer_id == session.employer,
            webhook_delivery.c.state != "waiting",
            webhook_delivery.c.received_at < before,
        )
    )
    return done.rowcount
