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
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select

from benehub.access.audit import NAMED
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Item, Receipt
from benehub.connect.content import Content, whole
from benehub.crypto import mask
from benehub.dispatch.attempts import DIED, attempts, close_all, newest, open_all
from benehub.dispatch.pieces import FROZEN, WIRE, Kept, counted, every, forget, keep, leaving, opened
from benehub.errors import DataError, OutcomeUnknown
from benehub.store import Session, canonical
from benehub.store.acts import HELD_BY
from benehub.store.events import note_event
from benehub.store.session import CHUNK
from benehub.store.tables import control_line, dispatch

FINAL = ("sent", "refused", "failed")

SAID_BY = "said by "
"""How a receipt's reference begins where a person has given it: it is no word of the vendor's."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """Business content that is to leave: items for requests, or the exact bytes of a file."""

    connection_id: str
    operation: str
    key: str
    content: Content = field(repr=False)
    guard: Guard
    items: int
    worth_minor: int = 0
    currency: str = "USD"
    file_name: str = ""
    control: int | None = None
    again: bool = False
    """The same content counts although it has been sent before: the vendor lost it since."""
    control_line: str = ""
    """Between whom the control number counts, and for what."""
    heads: int | None = None
    """How many people a full file says are covered."""
    file_group: str = ""
    """The group of the employer's that a file is of, where the partner takes one for each."""
    wire: Content | None = field(default=None, repr=False)
    """The bytes as they leave, where the content is encrypted for the way."""
    people: Collection[str] | None = field(default=None, repr=False)
    """Everybody of whom a file tells; None where its content does not say it."""


def freeze_item(connection_id: str, item: Item, guard: Guard, worth_minor: int, currency: str) -> Frozen:
    """The frozen form of one item that goes out as a request."""
    content = canonical({"operation": item.operation, "key": item.key, "content": dict(item.content)})
    return Frozen(connection_id, item.operation, item.key, content, guard, 1, worth_minor, currency)


def thaw_item(content: Content) -> Item:
    """The item behind `freeze_item`."""
    thawed = json.loads(whole(content))
    return Item(thawed["operation"], thawed["key"], thawed["content"])


def prepare(session: Session, frozen: Frozen) -> str:
    """Write the dispatch, or find the one with this content; gives its id.

    An older revision that has not been sent yet is refused: it is replaced by this one.

    Raises:
        OutcomeUnknown: an older revision is a file that may have arrived; a second one would repeat it.
    """
    return prepare_all(session, [frozen])[0]


def prepare_all(session: Session, wanted: Sequence[Frozen]) -> list[str]:
    """As `prepare` for many, each of a key of its own; gives their ids in order.

    Raises:
        OutcomeUnknown: as `prepare`.
    """
    latest = _latest(session, [one.key for one in wanted])
    ids: list[str] = []
    fresh: list[dict[str, Any]] = []
    replaced: list[dict[str, Any]] = []
    for frozen in wanted:
        before = latest.get(frozen.key)
        revision = 1 if before is None else int(before.revision) + 1
        dispatch_id = session.id("dis", frozen.key, str(revision))
        kept = keep(session, dispatch_id, FROZEN, frozen.content)
        if before is not None and before.frozen_hash == kept.digest and not _told_anew(before, frozen):
            if kept.count > 1:
                forget(session, dispatch_id)
            ids.append(str(before.dispatch_id))
            continue
        # What a person holds stays held, whatever it says by now.
        still = {}
        if before is not None:
            _replace(session, before, revision, replaced)
            if before.state == "held" and before.reason.startswith(HELD_BY):
                still = {"state": "held", "reason": before.reason}
        ids.append(dispatch_id)
        values = _values(session, frozen, dispatch_id, kept) | still
        fresh.append({"dispatch_id": dispatch_id, "revision": revision, **values})
    session.change_all(dispatch, ("dispatch_id",), replaced)
    session.add(dispatch, fresh)
    return ids


def _latest(session: Session, keys: Sequence[str]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    names = ("dispatch_id", "business_key", "revision", "frozen_hash", "file_name", "state", "reason", "ack_state")
    for start in range(0, len(keys), CHUNK):
        rows = session.rows(
            select(*(dispatch.c[name] for name in names))
            .where(dispatch.c.employer_id == session.employer, dispatch.c.business_key.in_(keys[start : start + CHUNK]))
            .order_by(dispatch.c.revision)
        )
        found |= {row.business_key: row for row in rows}
    return found


def _told_anew(before: Row[Any], frozen: Frozen) -> bool:
    # What was refused whole after it had left, or came back, is there no more.
    gone = frozen.again or before.ack_state == "rejected"
    return bool(before.state == "failed" or (gone and before.state == "sent"))


def _replace(session: Session, before: Row[Any], revision: int, replaced: list[dict[str, Any]]) -> None:
    """Let a revision take the place of an older one."""
    if _may_have_arrived(session, before):
        # A new control number makes it a new file to the vendor: nothing there would find the repetition.
        raise OutcomeUnknown(
            "an earlier file of the same business may have arrived", where=f"dispatch {before.dispatch_id}",
            mend="Ask the vendor whether it has that file before another one is sent",
        )  # fmt: skip
    if before.state in ("prepared", "held"):
        reason = f"replaced by revision {revision}"
        replaced.append({"dispatch_id": before.dispatch_id, "state": "refused", "reason": reason})


def _values(session: Session, frozen: Frozen, dispatch_id: str, kept: Kept) -> dict[str, Any]:
    seq, at = session.take_seq()
    wire = None if frozen.wire is None else keep(session, dispatch_id, WIRE, frozen.wire)
    return {
        "connection_id": frozen.connection_id, "operation": frozen.operation, "business_key": frozen.key,
        "guard": frozen.guard.value, "file_name": frozen.file_name,
        "frozen_sealed": kept.sealed(session, dispatch_id), "frozen_hash": kept.digest, "frozen_pieces": kept.count,
        "items": frozen.items, "worth_minor": frozen.worth_minor, "currency": frozen.currency,
        "control": frozen.control, "state": "prepared", "reason": "", "receipt": None, "seq": seq,
        "prepared_at": at, "sent_at": None, "ack_state": "", "control_line": frozen.control_line,
        "heads": frozen.heads, "file_group": frozen.file_group,
        "wire_sealed": None if wire is None else wire.sealed(session, dispatch_id),
        "wire_pieces": 1 if wire is None else wire.count, **_people(frozen.people),
    }  # fmt: skip


def _people(people: Collection[str] | None) -> dict[str, Any]:
    if people is None:
        return {"people": None, "first_people": None}
    return {"people": len(people), "first_people": sorted(people)[:NAMED]}


def told_of(session: Session, dispatch_id: str) -> tuple[list[str], int] | None:
    """The first people of whom a file tells, by id, and how many there are; None where that is not kept.

    Raises:
        DataError: no such dispatch.
    """
    query = select(dispatch.c.people, dispatch.c.first_people).where(*session.where(dispatch, dispatch_id=dispatch_id))
    found = session.connection.execute(query).first()
    if found is None:
        raise _none(dispatch_id)
    return None if found.people is None else ([str(one) for one in found.first_people], int(found.people))


def keep_told_of(session: Session, dispatch_id: str, people: Collection[str]) -> None:
    """Keep of whom a file tells: its bytes never change."""
    session.change(dispatch, {"dispatch_id": dispatch_id}, **_people(people))


def _may_have_arrived(session: Session, row: Row[Any]) -> bool:
    if not row.file_name or row.state not in ("sending", "unknown", "held"):
        return False
    return any(one.outcome != "prepared" for one in attempts(session, row.dispatch_id))


def next_control(session: Session, connection_id: str, line: str = "") -> int:
    """The next control number: never reused, taken together with the file it is frozen in.

    Numbers count per `line` (sender, receiver, usage), whichever connection uses it; without one per connection. A
    line that is new here begins behind whatever the connection has used before.
    """
    if line:
        return _take(session, line, 1, connection_id)
    return _take(session, f"{OWN}{connection_id}", 1)


def next_sets(session: Session, line: str, count: int) -> int:
    """The first of `count` numbers for transaction sets (ST02) in a row; none of them is ever given again."""
    return _take(session, f"{line}/ST", count)


OWN = "connection/"
"""How the line begins of a connection that names no sender and receiver."""


def _take(session: Session, line: str, count: int, connection_id: str = "") -> int:
    session.take_seq(0)  # the employer's lock, always taken first, so that two writers never wait in a circle
    where = session.where(control_line, line=line)
    last = session.connection.execute(select(control_line.c.last).where(*where)).scalar()
    if last is None:
        last = _used(session, connection_id) if connection_id else 0
        session.add(control_line, [{"line": line, "last": last + count}])
    else:
        session.change(control_line, {"line": line}, last=last + count)
    return int(last) + 1


def _used(session: Session, connection_id: str) -> int:
    """The highest number that a connection is known to have used."""
    own = session.where(control_line, line=f"{OWN}{connection_id}")
    before = session.connection.execute(select(control_line.c.last).where(*own)).scalar()
    sent = select(func.max(dispatch.c.control)).where(*session.where(dispatch, connection_id=connection_id))
    return max(int(before or 0), int(session.connection.execute(sent).scalar() or 0))


def get(session: Session, dispatch_id: str, lock: bool = False) -> Row[Any]:
    """The dispatch's row; with `lock`, nobody else claims it until this transaction ends.

    Raises:
        DataError: no such dispatch.
    """
    query = select(dispatch).where(*session.where(dispatch, dispatch_id=dispatch_id))
    found = session.connection.execute(query.with_for_update() if lock else query).first()
    if found is None:
        raise _none(dispatch_id)
    return found


def _none(dispatch_id: str) -> DataError:
    return DataError(f"no dispatch {dispatch_id}", mend="See `benehub dispatches list`")


def frozen_bytes(session: Session, row: Row[Any]) -> bytes:
    """The exact bytes that were frozen, all at once."""
    return b"".join(every(session, row, FROZEN))


def frozen_piece(session: Session, row: Row[Any], place: int) -> bytes:
    """One piece of the exact bytes that were frozen, of `frozen_pieces`; the first is 1.

    Raises:
        DataError: it is not there.
    """
    return opened(session, row, FROZEN, place)


def wire_bytes(session: Session, row: Row[Any]) -> bytes:
    """The exact bytes that leave: those that were frozen, or their encryption made together with them."""
    return b"".join(every(session, row, leaving(row)))


def pieces_leaving(row: Row[Any]) -> int:
    """In how many pieces the bytes that leave are kept."""
    return counted(row, leaving(row))


def piece_leaving(session: Session, row: Row[Any], place: int) -> bytes:
    """One piece of the bytes that leave; the first is 1.

    Raises:
        DataError: it is not there.
    """
    return opened(session, row, leaving(row), place)


_BESIDE = tuple(one for one in dispatch.c if one.name not in ("frozen_sealed", "wire_sealed"))
"""All of a dispatch but what was frozen."""


def by_ids(session: Session, ids: Sequence[str], lock: bool = False, content: bool = True) -> list[Row[Any]]:
    """These dispatches in the order given.

    With `lock`, nobody else claims them until this transaction ends; without `content`, what was frozen is not read.
    """
    found: dict[str, Row[Any]] = {}
    for start in range(0, len(ids), CHUNK):
        query = (
            select(*(dispatch.c if content else _BESIDE))
            .where(
                dispatch.c.employer_id == session.employer,
                session.among(dispatch.c.dispatch_id, ids[start : start + CHUNK]),
            )
            .order_by(dispatch.c.dispatch_id)
        )
        rows = session.rows(query.with_for_update() if lock else query)
        found |= {row.dispatch_id: row for row in rows}
    return [found[one] for one in ids if one in found]


def begin(session: Session, dispatch_id: str) -> Row[Any] | None:
    """Claim a prepared or unknown dispatch for one attempt; None when there is nothing to do.

    A dispatch found in `sending` was left there by a process that died: its outcome is unknown.
    """
    return next(iter(begin_all(session, [dispatch_id])), None)


def begin_all(session: Session, ids: Sequence[str], numbers: dict[str, int] | None = None) -> list[Row[Any]]:
    """As `begin` for many; gives those that there is something to do for, as they stand now, in the order given.

    `numbers` learns those of the attempts that begin here: of all that were prepared.
    """
    found = by_ids(session, ids, lock=True, content=False)
    rows = [row for row in found if row.state not in FINAL and row.state != "held"]
    died = [row.dispatch_id for row in rows if row.state == "sending"]
    close_all(session, dict.fromkeys(died, ("unknown", DIED)))
    fresh = [row.dispatch_id for row in rows if row.state == "prepared"]
    begun = open_all(session, fresh)
    if numbers is not None:
        numbers |= begun
    moved = [{"dispatch_id": one, "state": "unknown", "reason": "interrupted"} for one in died]
    moved += [{"dispatch_id": one, "state": "sending", "reason": ""} for one in fresh]
    session.change_all(dispatch, ("dispatch_id",), moved)
    return by_ids(session, [row.dispatch_id for row in rows])


def release(session: Session, ids: Sequence[str], tested: Collection[str] = ()) -> None:
    """Held or refused dispatches that nobody has tried to send, or that were only `tested`, may be sent after all."""
    tried = newest(session, [one for one in ids if one not in tested])
    session.change_all(
        dispatch,
        ("dispatch_id",),
        [
            {"dispatch_id": row.dispatch_id, "state": "prepared", "reason": ""}
            for row in by_ids(session, ids, lock=True)
            if row.state in ("held", "refused") and row.dispatch_id not in tried
        ],
    )


def resend(session: Session, dispatch_id: str) -> None:
    """After a read-back that proved the write absent: the next attempt begins."""
    open_all(session, [dispatch_id])
    session.change(dispatch, {"dispatch_id": dispatch_id}, state="sending", reason="")


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt ended: the state its dispatch has now, why, and the receipt of what the vendor has."""

    dispatch_id: str
    state: str
    reason: str = ""
    receipt: Receipt | None = None
    at: str = ""
    """The moment it left, where that is not now."""
    unheard: bool = False
    """Whether the vendor gave no usable answer: nothing was learned of the dispatch itself."""


def end_all(session: Session, ends: Sequence[End]) -> None:
    """Write down how attempts ended; `sent` comes with its receipt, anything else with its reason."""
    close_all(session, {one.dispatch_id: (one.state, one.reason) for one in ends})
    now = session.now()
    session.change_all(
        dispatch,
        ("dispatch_id",),
        [
            {"dispatch_id": one.dispatch_id, "state": "sent", "reason": "", "receipt": _told(one.receipt),
             "sent_at": one.at or now}
            for one in ends
            if one.receipt is not None
        ],
    )  # fmt: skip
    session.change_all(
        dispatch,
        ("dispatch_id",),
        [
            {"dispatch_id": one.dispatch_id, "state": one.state, "reason": mask(one.reason)}
            for one in ends
            if one.receipt is None
        ],
    )


def settle(session: Session, dispatch_id: str, receipt: Receipt, detail: str = "", at: str = "") -> None:
    """The vendor has it; `at` is the moment it left, now unless said."""
    end_all(session, [End(dispatch_id, "sent", detail, receipt, at)])


def finish(session: Session, dispatch_id: str, state: str, reason: str) -> None:
    """End an attempt without a receipt: `unknown`, `held`, `refused` or `failed`, with the reason."""
    end_all(session, [End(dispatch_id, state, reason)])


def _told(receipt: Receipt) -> dict[str, Any]:
    return {"reference": mask(receipt.reference), "changed": receipt.changed, "detail": _masked(receipt.detail)}


def sent_on(session: Session, dispatch_id: str) -> date:
    """The day a dispatch left; today for one that has not."""
    at = get(session, dispatch_id).sent_at
    return session.day_of(at) if at else session.today()


def acknowledge(session: Session, dispatch_id: str, ack_state: str) -> None:
    """Note what the vendor's acknowledgements say of a file as a whole."""
    acknowledge_all(session, [dispatch_id], ack_state)


def acknowledge_all(session: Session, ids: Sequence[str], ack_state: str) -> None:
    """As `acknowledge` for many; of a request, that the vendor took it."""
    session.change_all(dispatch, ("dispatch_id",), [{"dispatch_id": one, "ack_state": ack_state} for one in ids])
    if ack_state:
        note_event(session, "dispatch.acknowledged", ids, ack_state)


def by_control(session: Session, connection_id: str, control: int, usage: str = "") -> Row[Any] | None:
    """The dispatch that used a control number; where test and production count apart, the one of `usage`."""
    query = (
        select(dispatch)
        .where(*session.where(dispatch, connection_id=connection_id, control=control))
        .order_by(dispatch.c.seq.desc())
    )
    rows = session.rows(query)
    mine = [row for row in rows if not usage or not row.control_line or row.control_line.endswith(f"/{usage}")]
    return mine[0] if mine else None


def by_references(session: Session, connection_id: str, references: Sequence[str]) -> dict[str, Row[Any]]:
    """The newest request sent under each of these references of the vendor's receipts; unknown ones are left out."""
    told = dispatch.c.receipt["reference"].as_string()
    found: dict[str, Row[Any]] = {}
    for start in range(0, len(references), CHUNK):
        rows = session.rows(
            select(dispatch, told.label("reference"))
            .where(*session.where(dispatch, connection_id=connection_id, file_name="", state="sent"))
            .where(told.in_(references[start : start + CHUNK]))
            .order_by(dispatch.c.seq)
        )
        found |= {row.reference: row for row in rows}
    return found


def newest_file(
    session: Session, connection_id: str, operations: Sequence[str], line: str = "", group: str = ""
) -> Row[Any] | None:
    """The file of these operations, and of this group, that was the last to leave, or may have left."""
    return next(
        (one for one in newest_files(session, connection_id, operations, line) if one.file_group == group), None
    )


def newest_files(session: Session, connection_id: str, operations: Sequence[str], line: str = "") -> Sequence[Row[Any]]:
    """Of each group the file of these operations that was the last to leave, or may have left."""
    query = select(func.max(dispatch.c.seq)).where(
        *session.where(dispatch, connection_id=connection_id),
        dispatch.c.operation.in_(operations),
        dispatch.c.file_name != "",
        dispatch.c.state.in_(("sending", "unknown", "sent")),
    )
    if line:
        query = query.where(dispatch.c.control_line == line)
    newest = session.rows(query.group_by(dispatch.c.file_group))
    seqs = [row[0] for row in newest]
    return session.rows(
        select(dispatch)
        .where(*session.where(dispatch, connection_id=connection_id), dispatch.c.seq.in_(seqs),
               dispatch.c.operation.in_(operations))
        .order_by(dispatch.c.seq.desc())
    )  # fmt: skip


def accepted_files(session: Session, connection_id: str, line: str, operation: str = "") -> Sequence[Row[Any]]:
    """Files of a control line that the vendor has taken, with errors or without, the newest first."""
    names = ("dispatch_id", "operation", "ack_state", "heads", "file_group")
    query = select(*(dispatch.c[name] for name in names)).where(
        *session.where(dispatch, connection_id=connection_id, control_line=line),
        dispatch.c.ack_state.in_(("accepted", "accepted_with_errors")),
    )
    if operation:
        query = query.where(dispatch.c.operation == operation)
    return session.rows(query.order_by(dispatch.c.seq.desc()))


def close_earlier(session: Session, dispatch_id: str, operations: Sequence[str]) -> int:
    """What of these operations waits behind a full file, and has surely not left, is refused for good.

    Gives how many.
    """
    row = get(session, dispatch_id)
    waiting = session.rows(
        select(dispatch.c.dispatch_id, dispatch.c.state).where(
            *session.where(dispatch, connection_id=row.connection_id, file_group=row.file_group),
            dispatch.c.operation.in_(operations),
            dispatch.c.state.in_(("prepared", "held")),
            dispatch.c.seq < row.seq,
        )
    )
    tried = newest(session, [one.dispatch_id for one in waiting])
    closed = [
        {"dispatch_id": one.dispatch_id, "state": "refused", "reason": f"{CLOSED}{dispatch_id}"}
        for one in waiting
        if one.state == "prepared" or one.dispatch_id not in tried
    ]
    session.change_all(dispatch, ("dispatch_id",), closed)
    return len(closed)


CLOSED = "closed by the full file "
"""How the reason begins of what a later full file has told already."""


def once_more(session: Session, dispatch_id: str) -> None:
    """A file that has left is prepared again with the very bytes it had; its answers are awaited anew."""
    session.change(
        dispatch, {"dispatch_id": dispatch_id}, state="prepared", reason="the same bytes again", ack_state=""
    )


def last_sent_before(session: Session, connection_id: str, operations: str, seq: int) -> Row[Any] | None:
    """The last dispatch of a connection that was sent and recorded before `seq`; `operations` begins its operation."""
    return session.connection.execute(
        select(dispatch)
        .where(
            *session.where(dispatch, connection_id=connection_id, state="sent"),
            dispatch.c.operation.startswith(operations, autoescape=True),
            dispatch.c.seq < seq,
        )
        .order_by(dispatch.c.seq.desc())
        .limit(1)
    ).first()


def revisions(session: Session, business_key: str) -> Sequence[Row[Any]]:
    """Every dispatch of a business key, the oldest first."""
    return session.rows(
        select(dispatch).where(*session.where(dispatch, business_key=business_key)).order_by(dispatch.c.revision)
    )


def doubtful(session: Session, connection_id: str) -> Sequence[tuple[str, str]]:
    """Calls to a connection that are on their way or of unknown end: each dispatch with its business key."""
    rows = session.rows(
        select(dispatch.c.dispatch_id, dispatch.c.business_key).where(
            dispatch.c.employer_id == session.employer, dispatch.c.connection_id == connection_id,
            dispatch.c.state.in_(("sending", "unknown")), dispatch.c.file_name == "",
        )
    )  # fmt: skip
    return [(str(row.dispatch_id), str(row.business_key)) for row in rows]


def in_states(session: Session, states: Sequence[str], connection_id: str = "") -> Sequence[Row[Any]]:
    """Dispatches in these states, in recorded order."""
    query = select(dispatch).where(dispatch.c.employer_id == session.employer, dispatch.c.state.in_(states))
    if connection_id:
        query = query.where(dispatch.c.connection_id == connection_id)
    return session.rows(query.order_by(dispatch.c.seq))


def _masked(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {name: mask(value) if isinstance(value, str) else value for name, value in detail.items()}
