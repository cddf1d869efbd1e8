"""Enrollments of a carrier reached by requests: one dispatch a family, the employee with the dependents in one item.

The same obligations as a change file, frozen one by one: a family that the vendor refuses takes no other with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Row

from benehub import dispatch, obligations
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Connector, Item, Receipt
from benehub.connect.messages import Request
from benehub.connections import Open
from benehub.dispatch import members
from benehub.dispatch.members import Told
from benehub.errors import BenehubError
from benehub.flows import exchange
from benehub.flows.hub import Hub
from benehub.flows.together import made
from benehub.store import Session
from benehub.store.session import CHUNK


def by_request(connector: Connector) -> bool:
    """Whether changes go to this carrier as requests, a family each, and not as a file of everybody."""
    return exchange.CHANGE in connector.guards and exchange.CHANGE not in connector.files_out


def items_of(connector: Connector, operation: str, family: Sequence[Mapping[str, Any]]) -> list[Item]:
    """A family as this carrier is told of it: a member each for a file, or the employee's with the others in it."""
    if by_request(connector):
        return [Item(operation, str(family[0]["member_id"]), _whole(family))]
    return [Item(operation, str(one["member_id"]), one) for one in family]


def _whole(family: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {**family[0], "family": [dict(one) for one in family[1:]]}


def freeze_families(session: Session, opened: Open, rows: Sequence[Row[Any]]) -> list[str]:
    """Freeze each of these changes as a dispatch of its own; gives their ids.

    A vendor that can be asked, or knows a repetition, is told again what somebody has opened again.
    """
    connection_id, guard = opened.link.connection, opened.connector.guards[exchange.CHANGE]
    frozen: list[str] = []
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        families = [obligations.content(session, row)["members"] for row in part]
        wanted = []
        for row, family in zip(part, families, strict=True):
            item = Item(exchange.CHANGE, row.business_key, _whole(family))
            one = dispatch.freeze_item(connection_id, item, guard, 0, row.currency)
            wanted.append(replace(one, again=not Guard(guard).must_hold))
        ids = dispatch.prepare_all(session, wanted)
        carried = {row.obligation_id: dispatch_id for row, dispatch_id in zip(part, ids, strict=True)}
        obligations.carry(session, carried, "frozen, not sent yet")
        told = {
            dispatch_id: [Told(one["person"], one["subscriber"], "") for one in family]
            for dispatch_id, family in zip(ids, families, strict=True)
        }
        members.carried_each(session, connection_id, told)
        frozen += ids
    return frozen


def thawed(hub: Hub, employer: str, ids: Sequence[str]) -> dict[str, Item]:
    """The items behind those of these dispatches that are requests, by dispatch."""
    with hub.store.read(employer) as session:
        rows = [row for row in dispatch.by_ids(session, ids) if not row.file_name]
        return {row.dispatch_id: dispatch.thaw_item(dispatch.frozen_bytes(session, row)) for row in rows}


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it would leave now; `why` says why there is none: the vendor holds it already, or it cannot be."""

    place: str = ""
    body: str = field(default="", repr=False)
    why: str = ""


def calls(hub: Hub, employer: str, connection_id: str, items: Sequence[Item]) -> list[Call]:
    """The write of each item, byte for byte, as the vendor's present state demands it: it is read, never written to."""
    with hub.open(employer, connection_id) as opened:
        try:
            opened = replace(opened, link=replace(opened.link, settings=opened.connector.discover(opened.link)))
        except BenehubError as error:
            return [Call(why=f"not known without the vendor: {error.what}") for _ in items]
        return [_call(opened, item) for item in items]


def _call(opened: Open, item: Item) -> Call:
    connector, settings = opened.connector, opened.link.settings
    try:
        ask = made(connector.lookup, item, settings)
        if ask is not None and ask.write:
            return Call(why="the vendor cannot be asked without a write")
        found = opened.link.http().send(ask) if ask is not None else None
        answer = made(connector.request, item, found, settings)
    except BenehubError as error:
        return Call(why=error.what)
    if isinstance(answer, Receipt):
        return Call(why="nothing: the vendor holds it already")
    assert isinstance(answer, Request)
    return Call(answer.place, answer.body or "")
