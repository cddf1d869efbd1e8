"""Doors: the connections whose vendor may call us, the reference of each one's secret, and who was turned away.

A door is opened by a person. Whoever is turned away is counted with the reason; nothing of his call is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, update

from benehub.connect.connector import Connector
from benehub.connections.registry import get
from benehub.errors import ConfigError
from benehub.settings import resolve_secret
from benehub.store import Session
from benehub.store.tables import connection, webhook_delivery, webhook_door


def open_door(session: Session, connection_id: str, connector: type[Connector], secret: str) -> None:
    """Let the vendor of a connection call; opening it again changes the secret and forgets the key of a handshake.

    Raises:
        ConfigError: no such connection, its vendor sends no webhooks, or the secret is missing, needless, or no
            reference that stands for something.
    """
    get(session, connection_id)
    scheme = connector.webhook
    where = f"connection {connection_id}"
    if scheme is None:
        raise ConfigError(f"{connector.name} sends no webhooks", where=where, mend="Read it by `benehub sync`")
    if secret and not scheme.signed:
        raise ConfigError(f"{connector.name} does not sign", where=where, mend="Open it without --secret")
    by_handshake = connector.handshake is not Connector.handshake
    if scheme.signed and not secret and not by_handshake:
        raise ConfigError("a vendor that signs needs a secret", where=where, mend="Name it: --secret env:NAME")
    if secret:
        resolve_secret(secret)
    values = {"secret": secret, "key_sealed": None, "refused": 0, "refused_at": None, "refused_why": ""}
    if find(session, connection_id) is None:
        session.add(webhook_door, [{"connection_id": connection_id, "opened_at": session.now(), **values}])
    else:
        session.change(webhook_door, {"connection_id": connection_id}, **values)


def close_door(session: Session, connection_id: str) -> int:
    """Let the vendor call no more; gives how many of its deliveries go with the door.

    Raises:
        ConfigError: there is no door.
    """
    if find(session, connection_id) is None:
        raise ConfigError(f"no door of {connection_id!r}", mend="See `benehub webhooks doors`")
    gone = session.connection.execute(
        webhook_delivery.delete().where(*session.where(webhook_delivery, connection_id=connection_id))
    ).rowcount
    session.connection.execute(webhook_door.delete().where(*session.where(webhook_door, connection_id=connection_id)))
    return gone


def find(session: Session, connection_id: str) -> Row[Any] | None:
    """The door of a connection with the name of its connector and its mode; None where there is none."""
    return session.connection.execute(_doors(session).where(webhook_door.c.connection_id == connection_id)).first()


def doors(session: Session) -> Sequence[Row[Any]]:
    """All doors of the employer, each with the name of its connector and its mode."""
    return session.rows(_doors(session).order_by(webhook_door.c.connection_id))


def key_of(session: Session, door: Row[Any]) -> str:
    """What the vendor signs with; empty while there is no key yet.

    Raises:
        ConfigError: the reference stands for nothing.
    """
    if door.key_sealed is not None:
        return session.unseal(door.key_sealed, "webhook_door").decode()
    return resolve_secret(door.secret) if door.secret else ""


def has_key(session: Session, connection_id: str) -> bool:
    """Whether there is something the vendor signs with: then no handshake counts until the door is opened anew."""
    door = find(session, connection_id)
    return door is not None and (door.key_sealed is not None or bool(door.secret))


def keep_key(session: Session, connection_id: str, key: str) -> bool:
    """Keep the key that a confirmed handshake brought, unless there is one already: what a person has named holds.

    Whether it was kept.
    """
    keyless = session.where(webhook_door, connection_id=connection_id, secret="", key_sealed=None)
    sealed = session.seal(key.encode(), "webhook_door")
    return bool(session.connection.execute(update(webhook_door).where(*keyless).values(key_sealed=sealed)).rowcount)


def turn_away(session: Session, connection_id: str, why: str) -> None:
    """Count a call that was not let in."""
    session.connection.execute(
        update(webhook_door)
        .where(*session.where(webhook_door, connection_id=connection_id))
        .values(refused=webhook_door.c.refused + 1, refused_at=session.now(), refused_why=why)
    )


def _doors(session: Session) -> Any:
    return (
        select(webhook_door, connection.c.connector, connection.c.mode)
        .join(
            connection,
            (connection.c.employer_id == webhook_door.c.employer_id)
            & (connection.c.connection_id == webhook_door.c.connection_id),
        )
        .where(webhook_door.c.employer_id == session.employer)
    )
