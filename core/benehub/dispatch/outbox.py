"""The outbox: business content frozen before the first attempt, and the truth about every attempt.

The row here is the truth, not the job that moves it. A dispatch has a business key with a revision: the same
content under the same key is the same dispatch, other content is the next revision. What happened between
the vendor and us is told by its state:

    prepared -> sending -> sent
       |           |-> unknown -> (read back) sent | sending | held
       |-> held    |-> failed
       |-> refused
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select

from benehub.connect.capabilities import Guard
from benehub.connect.connector import Item, Receipt
from benehub.crypto import mask
from benehub.errors import DataError, OutcomeUnknown
from benehub.store import Session, canonical
from benehub.store.tables import attempt, control_number, dispatch

FINAL = ("sent", "refused", "failed")


@dataclass(frozen=True, slots=True)
class Frozen:
    """Business content that is to leave: items for requests, or the exact bytes of a file."""

    connection_id: str
    operation: str
    key: str
    content: bytes = field(repr=False)
    guard: Guard
    items: int
    worth_minor: int = 0
    currency: str = "USD"
    file_name: str = ""
    control: int | None = None
    again: bool = False
    """The same content counts although it has been sent before: the vendor lost it since."""


def freeze_item(connection_id: str, item: Item, guard: Guard, worth_minor: int, currency: str) -> Frozen:
    """The frozen form of one item that goes out as a request."""
    content = canonical({"operation": item.operation, "key": item.key, "content": dict(item.content)})
    return Frozen(connection_id, item.operation, item.key, content, guard, 1, worth_minor, currency)


def thaw_item(content: bytes) -> Item:
    """The item behind `freeze_item`."""
    opened = json.loads(content)
    return Item(opened["operation"], opened["key"], opened["content"])


def prepare(session: Session, frozen: Frozen) -> str:
    """Write the dispatch, or find the one with this content; gives its id.

    An older revision that has not been sent yet is refused: it is replaced by this one.

    Raises:
        OutcomeUnknown: an older revision is a file that may have arrived; a second one would repeat it.
    """
    digest = session.vault.content_hash(frozen.content)
    latest = session.connection.execute(
        select(dispatch)
        .where(*session.where(dispatch, business_key=frozen.key))
        .order_by(dispatch.c.revision.desc())
        .limit(1)
    ).first()
    repeated = latest is not None and frozen.again and latest.state == "sent"
    if latest is not None and latest.frozen_hash == digest and latest.state != "failed" and not repeated:
        return str(latest.dispatch_id)
    if latest is not None and _may_have_arrived(session, latest):
        # A new control number makes it a new file to the vendor: nothing there would find the repetition.
        raise OutcomeUnknown(
            "an earlier file of the same business may have arrived", where=f"dispatch {latest.dispatch_id}",
            mend="Ask the vendor whether it has that file before another one is sent",
        )  # fmt: skip
    revision = 1 if latest is None else latest.revision + 1
    if latest is not None and latest.state in ("prepared", "held"):
        session.change(
            dispatch,
            {"dispatch_id": latest.dispatch_id},
            state="refused",
            reason=f"replaced by revision {revision}",
        )
    dispatch_id = session.id("dis", frozen.key, str(revision))
    seq, at = session.take_seq()
    session.add(
        dispatch,
        [
            {
                "dispatch_id": dispatch_id, "connection_id": frozen.connection_id,
                "operation": frozen.operation, "business_key": frozen.key, "revision": revision,
                "guard": frozen.guard.value, "file_name": frozen.file_name,
                "frozen_sealed": session.seal(frozen.content, "dispatch"), "frozen_hash": digest,
                "items": frozen.items, "worth_minor": frozen.worth_minor, "currency": frozen.currency,
                "control": frozen.control, "state": "prepared", "reason": "", "receipt": None, "seq": seq,
                "prepared_at": at, "sent_at": None, "ack_state": "",
            }
        ],
    )  # fmt: skip
    return dispatch_id


def _may_have_arrived(session: Session, row: Row[Any]) -> bool:
    if not row.file_name or row.state not in ("sending", "unknown", "held"):
        return False
    return any(one.outcome != "prepared" for one in attempts(session, row.dispatch_id))


def next_control(session: Session, connection_id: str) -> int:
    """The next control number of a connection: never reused, taken together with the file it is frozen in."""
    session.take_seq(0)  # the employer's lock, always taken first, so that two writers never wait in a circle
    where = session.where(control_number, connection_id=connection_id)
    last = session.connection.execute(select(control_number.c.last).where(*where)).scalar()
    if last is None:
        session.add(control_number, [{"connection_id": connection_id, "last": 1}])
        return 1
    session.change(control_number, {"connection_id": connection_id}, last=last + 1)
    return int(last) + 1


def get(session: Session, dispatch_id: str, lock: bool = False) -> Row[Any]:
    """The dispatch's row; with `lock`, nobody else claims it until this transaction ends.

    Raises:
        DataError: no such dispatch.
    """
    query = select(dispatch).where(*session.where(dispatch, dispatch_id=dispatch_id))
    found = session.connection.execute(query.with_for_update() if lock else query).first()
    if found is None:
        raise DataError(f"no dispatch {dispatch_id}", mend="See `benehub dispatches list`")
    return found


def frozen_bytes(session: Session, row: Row[Any]) -> bytes:
    """The exact bytes that were frozen."""
    return session.unseal(row.frozen_sealed, "dispatch")


def begin(session: Session, dispatch_id: str) -> Row[Any] | None:
    """Claim a prepared or unknown dispatch for one attempt; None when there is nothing to do.

    A dispatch found in `sending` was left there by a process that died: its outcome is unknown.
    """
    row = get(session, dispatch_id, lock=True)
    if row.state in FINAL or row.state == "held":
        return None
    if row.state == "sending":
        _close_attempt(session, dispatch_id, "unknown", "the process died during the attempt")
        session.change(dispatch, {"dispatch_id": dispatch_id}, state="unknown", reason="interrupted")
        return get(session, dispatch_id)
    if row.state == "prepared":
        _open_attempt(session, dispatch_id)
        session.change(dispatch, {"dispatch_id": dispatch_id}, state="sending", reason="")
    return get(session, dispatch_id)


def release(session: Session, dispatch_id: str) -> None:
    """A held or refused dispatch that nobody has tried to send yet may be sent after all."""
    row = get(session, dispatch_id, lock=True)
    if row.state in ("held", "refused") and not attempts(session, dispatch_id):
        session.change(dispatch, {"dispatch_id": dispatch_id}, state="prepared", reason="")


def resend(session: Session, dispatch_id: str) -> None:
    """After a read-back that proved the write absent: the next attempt begins."""
    _open_attempt(session, dispatch_id)
    session.change(dispatch, {"dispatch_id": dispatch_id}, state="sending", reason="")


def settle(session: Session, dispatch_id: str, receipt: Receipt, detail: str = "", at: str = "") -> None:
    """The vendor has it; `at` is the moment it left, now unless said."""
    _close_attempt(session, dispatch_id, "sent", detail)
    told = {
        "reference": mask(receipt.reference),
        "changed": receipt.changed,
        "detail": _masked(receipt.detail),
    }
    session.change(dispatch, {"dispatch_id": dispatch_id}, state="sent", reason="", receipt=told,
                   sent_at=at or session.now())  # fmt: skip


def finish(session: Session, dispatch_id: str, state: str, reason: str) -> None:
    """End an attempt without a receipt: `unknown`, `held`, `refused` or `failed`, with the reason."""
    _close_attempt(session, dispatch_id, state, reason)
    session.change(dispatch, {"dispatch_id": dispatch_id}, state=state, reason=mask(reason))


def sent_on(session: Session, dispatch_id: str) -> date:
    """The day a dispatch left; today for one that has not."""
    at = get(session, dispatch_id).sent_at
    return session.day_of(at) if at else session.today()


def acknowledge(session: Session, dispatch_id: str, ack_state: str) -> None:
    """Note what the vendor's acknowledgements say of a file as a whole."""
    session.change(dispatch, {"dispatch_id": dispatch_id}, ack_state=ack_state)


def by_control(session: Session, connection_id: str, control: int) -> Row[Any] | None:
    """The dispatch that used a control number."""
    return session.connection.execute(
        select(dispatch).where(*session.where(dispatch, connection_id=connection_id, control=control))
    ).first()


def revisions(session: Session, business_key: str) -> Sequence[Row[Any]]:
    """Every dispatch of a business key, the oldest first."""
    return session.rows(
        select(dispatch).where(*session.where(dispatch, business_key=business_key)).order_by(dispatch.c.revision)
    )


def attempts(session: Session, dispatch_id: str) -> Sequence[Row[Any]]:
    """Every attempt, in order."""
    return session.rows(
        select(attempt).where(*session.where(attempt, dispatch_id=dispatch_id)).order_by(attempt.c.attempt_no)
    )


def in_states(session: Session, states: Sequence[str], connection_id: str = "") -> Sequence[Row[Any]]:
    """Dispatches in these states, in recorded order."""
    query = select(dispatch).where(dispatch.c.employer_id == session.employer, dispatch.c.state.in_(states))
    if connection_id:
        query = query.where(dispatch.c.connection_id == connection_id)
    return session.rows(query.order_by(dispatch.c.seq))


def _open_attempt(session: Session, dispatch_id: str) -> None:
    count = session.connection.execute(
        select(func.count()).where(*session.where(attempt, dispatch_id=dispatch_id))
    ).scalar_one()
    row = {"dispatch_id": dispatch_id, "attempt_no": count + 1, "started_at": session.now()}
    session.add(attempt, [{**row, "outcome": "started", "detail": ""}])


def _close_attempt(session: Session, dispatch_id: str, outcome: str, detail: str) -> None:
    last = session.connection.execute(
        select(func.max(attempt.c.attempt_no)).where(*session.where(attempt, dispatch_id=dispatch_id))
    ).scalar()
    if last is not None:
        key = {"dispatch_id": dispatch_id, "attempt_no": last}
        session.change(attempt, key, outcome=outcome, detail=mask(detail)[:500])


def _masked(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {name: mask(value) if isinstance(value, str) else value for name, value in detail.items()}
