"""Freezes files: control number, exact bytes and the obligations they carry, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from benehub import dispatch, obligations
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Envelope, Item
from benehub.connections import Open
from benehub.dispatch import Frozen
from benehub.flows.hub import Hub
from benehub.flows.send import awaken
from benehub.store import Session
from benehub.store.tables import dispatch as dispatch_table


def freeze_file(
    session: Session,
    opened: Open,
    operation: str,
    key: str,
    contents: Sequence[Mapping[str, Any]],
    obligation_ids: Sequence[str],
    worth_minor: int,
    currency: str,
    settle_on: str = "",
    reference: str = "",
) -> str:
    """Render a file once and write its dispatch; gives the dispatch's id.

    When the obligations are already carried by a dispatch that has not failed, that one is given: its bytes
    stay as they are. The control number is taken in this transaction, so a number is never used twice.
    `reference` joins it to money that has left already; its own unless said.
    """
    awaken(session, opened, operation)
    standing = _standing(session, obligation_ids)
    if standing:
        return standing
    connection_id = opened.link.connection
    control = dispatch.next_control(session, connection_id)
    envelope = Envelope(control, session.local_now(), reference or f"{key}/{control}", worth_minor, settle_on)
    items = [Item(operation, f"{key}#{number}", one) for number, one in enumerate(contents, 1)]
    out = opened.connector.render(operation, items, envelope, opened.link.settings)
    dispatch_id = dispatch.prepare(
        session,
        Frozen(
            connection_id, operation, key, out.data, opened.connector.guards.get(operation, Guard.NONE),
            len(items), worth_minor, currency, out.name, control,
        ),
    )  # fmt: skip
    obligations.mark(session, obligation_ids, "open", "frozen, not sent yet", dispatch_id)
    return dispatch_id


def carried(hub: Hub, employer: str, key: str) -> list[str]:
    """The dispatch that carries the obligation of a business key, if there is one."""
    with hub.store.read(employer) as session:
        rows = obligations.by_ids(session, [session.id("obl", key)])
    return [row.dispatch_id for row in rows if row.dispatch_id is not None]


def _standing(session: Session, obligation_ids: Sequence[str]) -> str:
    """The dispatch that carries exactly these obligations and is waiting or gone; empty when there is none."""
    carriers = {row.dispatch_id for row in obligations.by_ids(session, obligation_ids)}
    if len(carriers) != 1 or None in carriers:
        return ""
    dispatch_id = str(carriers.pop())
    row = session.connection.execute(
        select(dispatch_table.c.state, dispatch_table.c.ack_state).where(
            *session.where(dispatch_table, dispatch_id=dispatch_id)
        )
    ).first()
    if row is None or row.ack_state == "rejected":
        return ""  # the vendor has refused those bytes, and their control number is spent
    return dispatch_id if row.state in ("prepared", "sending", "unknown", "sent", "held") else ""
