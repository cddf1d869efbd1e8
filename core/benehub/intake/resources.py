"""Users that a client wrote at our SCIM endpoint: kept as it wrote them, found by id, by name, or in their order.

They are the client's side of custody; what they say becomes facts as any row does, by a batch of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from benehub.intake.guards import SMALL
from benehub.planbook import Guards
from benehub.store import Session, canonical, iso
from benehub.store.session import CHUNK
from benehub.store.tables import pushed_resource


def add(session: Session, connection_id: str, name: str, external: str, body: Mapping[str, Any]) -> Row[Any]:
    """Keep a new user; gives its row, with the id it is known by from now on. The name is free: `named` was asked."""
    seq, at = session.take_seq()
    resource_id = session.id("usr", connection_id, str(seq))
    row = {"connection_id": connection_id, "resource_id": resource_id, "version": 1, "seq": seq, "ended_at": None}
    session.add(pushed_resource, [{**row, **_content(session, name, external, body), "created_at": at,
                                   "modified_at": at}])  # fmt: skip
    return _sure(session, connection_id, resource_id)


def change(session: Session, row: Row[Any], name: str, external: str, body: Mapping[str, Any]) -> Row[Any]:
    """Keep a user's new state; gives the new row."""
    _, at = session.take_seq()
    session.change(
        pushed_resource, _key(row), **_content(session, name, external, body), version=row.version + 1, modified_at=at
    )
    return _sure(session, row.connection_id, row.resource_id)


def remove(session: Session, row: Row[Any]) -> None:
    """Forget a user; what it became stays."""
    session.connection.execute(pushed_resource.delete().where(*session.where(pushed_resource, **_key(row))))


def mark_ended(session: Session, row: Row[Any], ended: bool) -> Row[Any]:
    """Note when a user was first told to have left, or that this was taken back; gives the row as it is then."""
    if ended == (row.ended_at is not None):
        return row
    session.change(pushed_resource, _key(row), ended_at=session.now() if ended else None)
    return _sure(session, row.connection_id, row.resource_id)


def get(session: Session, connection_id: str, resource_id: str) -> Row[Any] | None:
    """A user's row; None where there is none."""
    return session.connection.execute(
        select(pushed_resource).where(
            *session.where(pushed_resource, connection_id=connection_id, resource_id=resource_id)
        )
    ).first()


def named(session: Session, connection_id: str, name: str) -> str:
    """The id of the user of this name, in whatever case; empty where there is none."""
    found = session.connection.execute(
        select(pushed_resource.c.resource_id).where(
            *session.where(pushed_resource, connection_id=connection_id, name_index=_index(session, "name", name))
        )
    ).scalar()
    return str(found or "")


def body_of(session: Session, row: Row[Any]) -> dict[str, Any]:
    """A user as it was written."""
    told: dict[str, Any] = json.loads(session.unseal(row.body_sealed, "pushed_resource"))
    return told


def narrowed(session: Session, attribute: str, operator: str, value: Any) -> ColumnElement[bool] | None:
    """The condition of a comparison that the database can make; None for any other."""
    if operator == "eq" and isinstance(value, str):
        match attribute:
            case "id":
                return pushed_resource.c.resource_id == value
            case "username":
                return pushed_resource.c.name_index == _index(session, "name", value)
            case "externalid":
                return pushed_resource.c.external_index == _index(session, "external", value)
    if attribute == "meta.lastmodified" and isinstance(value, datetime) and value.tzinfo is not None:
        column, at = pushed_resource.c.modified_at, iso(value)
        return {"gt": column > at, "ge": column >= at, "lt": column < at, "le": column <= at}.get(operator)
    return None


def count(session: Session, connection_id: str, where: Sequence[ColumnElement[bool]]) -> int:
    """How many users fulfil these conditions."""
    query = select(func.count()).where(*session.where(pushed_resource, connection_id=connection_id), *where)
    return int(session.connection.execute(query).scalar_one())


def page(
    session: Session, connection_id: str, where: Sequence[ColumnElement[bool]], offset: int, limit: int
) -> Sequence[Row[Any]]:
    """Users in the order in which they first came."""
    query = select(pushed_resource).where(*session.where(pushed_resource, connection_id=connection_id), *where)
    return session.rows(query.order_by(pushed_resource.c.seq).offset(offset).limit(limit))


def walk(session: Session, connection_id: str, where: Sequence[ColumnElement[bool]]) -> Iterator[Row[Any]]:
    """All users that fulfil these conditions, chunk by chunk, in the same order."""
    after = 0
    while rows := page(session, connection_id, (*where, pushed_resource.c.seq > after), 0, CHUNK):
        yield from rows
        after = rows[-1].seq


def too_many(session: Session, row: Row[Any], guards: Guards) -> str:
    """Why what was written of a user waits for a person: too many have ended, or changed, within a day; else empty.

    Each user comes in a batch of its own, so the guard of a batch never sees them together. Ends are held against
    what every read may end, changes and ends together against what a push over this connection may change. Who is new
    within that day changes nothing that stood: a client that sets up its users writes each more than once.
    """
    known = count(session, row.connection_id, ())
    if known < SMALL:
        return ""
    since = iso(session.clock() - timedelta(days=1))
    is_ended = pushed_resource.c.ended_at >= since
    if row.ended_at is not None and row.ended_at >= since:
        ended = count(session, row.connection_id, (is_ended,))
        percent = guards.mass_removal_percent
        if ended > 1 and ended * 100 > known * percent:
            return f"{ended} of {known} users have ended within a day, over {percent} %"
    elif row.created_at >= since:
        return ""
    is_changed = (pushed_resource.c.modified_at >= since) & (pushed_resource.c.created_at < since)
    touched = count(session, row.connection_id, (is_changed | is_ended,))
    limits = guards.pushes.get(row.connection_id, guards.push)
    if touched <= limits.floor or touched * 100 <= known * limits.change_percent:
        return ""
    return f"{touched} of {known} users have changed or ended within a day, over {limits.change_percent} %"


def _content(session: Session, name: str, external: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name_index": _index(session, "name", name),
        "external_index": _index(session, "external", external) if external else None,
        "body_sealed": session.seal(canonical(body), "pushed_resource"),
    }


def _index(session: Session, what: str, value: str) -> str:
    """A blind index: names in whatever case are one, the client's own ids are not (RFC 7643 section 3.1)."""
    value = value.casefold() if what == "name" else value
    return session.vault.blind_index(f"{session.employer}/{value}", f"scim {what}")


def _sure(session: Session, connection_id: str, resource_id: str) -> Row[Any]:
    found = get(session, connection_id, resource_id)
    assert found is not None, resource_id
    return found


def _key(row: Row[Any]) -> dict[str, Any]:
    return {"connection_id": row.connection_id, "resource_id": row.resource_id}
