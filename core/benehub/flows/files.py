"""Freezes files: control number, exact bytes and the obligations they carry, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from benehub import dispatch, obligations
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Envelope, Item
from benehub.connections import Open
from benehub.dispatch import Frozen, members
from benehub.dispatch.members import Told
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
    group: str = "",
) -> str:
    """Render a file once and write its dispatch; gives the dispatch's id.

    When the obligations are already carried by a dispatch that has not failed, that one is given: its bytes
    stay as they are. The control number is taken in this transaction, so a number is never used twice.
    `reference` joins it to money that has left already; its own unless said. `group` is the employer's group that it is
    of, where the partner takes a file for each; the settings are that group's then.
    """
    awaken(session, opened, operation)
    owed = obligations.by_ids(session, obligation_ids)
    standing = _standing(session, owed)
    if standing:
        return standing
    connection_id, connector, settings = opened.link.connection, opened.connector, opened.link.settings
    items = [Item(operation, f"{key}#{number}", one) for number, one in enumerate(contents, 1)]
    line = connector.control_line(settings)
    named = str(line) if line else ""
    control = dispatch.next_control(session, connection_id, named)
    first_set = dispatch.next_sets(session, named, connector.sets(operation, items, settings)) if named else 1
    envelope = Envelope(
        control, session.local_now(), reference or f"{key}/{control}", worth_minor, settle_on, first_set,
        _instead_of(session, connection_id, operation, named, group),
    )  # fmt: skip
    out = connector.seal(connector.render(operation, items, envelope, settings), settings, opened.link.secret)
    dispatch_id = dispatch.prepare(
        session,
        Frozen(
            connection_id, operation, key, out.content, connector.guards.get(operation, Guard.NONE),
            len(items), worth_minor, currency, out.name, control, control_line=named, heads=out.heads, file_group=group,
            wire=out.wire, people=_people(contents, owed),
        ),
    )  # fmt: skip
    obligations.mark(session, obligation_ids, "open", "frozen, not sent yet", dispatch_id)
    told = [Told(one["person"], one["subscriber"], out.sets[item.key])
            for item, one in zip(items, contents, strict=True) if item.key in out.sets]  # fmt: skip
    members.carried(session, connection_id, dispatch_id, told, group)
    return dispatch_id


def _instead_of(session: Session, connection_id: str, operation: str, line: str, group: str) -> str:
    """The reference of the file before, where the vendor refused it whole: this one is sent in its place."""
    before = dispatch.newest_file(session, connection_id, (operation,), line, group) if line else None
    return f"{before.business_key}/{before.control}" if before is not None and before.ack_state == "rejected" else ""


def _people(contents: Sequence[Mapping[str, Any]], owed: Sequence[Row[Any]]) -> set[str] | None:
    """Everybody of whom a file tells; None where nobody is named, as in a payment with the remittance in it."""
    named = {str(one["person"]) for one in contents if one.get("person")}
    return named | {str(row.person_id) for row in owed if row.person_id} or None


def _standing(session: Session, owed: Sequence[Row[Any]]) -> str:
    """The dispatch that carries exactly these obligations and is waiting or gone; empty when there is none."""
    carriers = {row.dispatch_id for row in owed}
    if len(carriers) != 1 or None in carriers:
        return ""
    dispatch_id = str(carriers.pop())
    row = session.connection.execute(
        select(dispatch_table.c.state, dispatch_table.c.ack_state).where(
            *session.where(dispatch_table, dispatch_id=dispatch_id)
        )
    ).first()
    if row is None or row.ack_state:
        return ""  # the vendor has answered those bytes: what is open of them again goes under a new number
    return dispatch_id if row.state in ("prepared", "sending", "unknown", "sent", "held") else ""
