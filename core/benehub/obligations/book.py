"""What must be sent or paid, to whom, by when, and what it is worth.

An obligation is known by its business key; wanting it again with the same content changes nothing, wanting
it with other content re-opens it. What the vendor already holds (adopted before the first write) is confirmed
at once and never sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Column, Row, select, update

from benehub.store import Session, canonical
from benehub.store.acts import HELD_BY
from benehub.store.session import CHUNK
from benehub.store.tables import dispatch, obligation

UNFIT = "not sent: "
"""How the reason begins of what lacks what the vendor demands: nobody there has seen it, and it is tried again."""


ADOPTED = "adopted: the vendor holds it already"
"""The reason of what stands confirmed though nothing was sent: known by what was read, and to that extent only."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing owed to a vendor.

    Args:
        kind: the operation that fulfils it (`deduction.set`, `enrollment.change`, ...).
        key: business key without content, e.g. `deduction.set/PERSON/CODE`.
        content: the outgoing record's fields; sealed at rest.
        due: when it must have been done; `send_by` the latest safe day to send it.
        worth_minor: what it is worth; `beside_minor` what was due of the same beside it when it was made. A change of
            that alone owes nothing anew.
        adopted: the vendor holds it already.
        drifted: the vendor is known to hold something else, whatever it has confirmed before.
        anew: it is owed once more, though the same was sent, confirmed or refused before.
    """

    kind: str
    key: str
    connection_id: str
    period: str
    due: date
    send_by: date
    content: dict[str, Any] = field(repr=False)
    person_id: str | None = None
    plan: str | None = None
    worth_minor: int = 0
    beside_minor: int = 0
    currency: str = "USD"
    adopted: bool = False
    drifted: bool = False
    anew: bool = False
    explanation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a set of wants."""

    opened: int = 0
    unchanged: int = 0
    adopted: int = 0


def want(session: Session, wants: Iterable[Wanted], known: Mapping[str, Row[Any]] | None = None) -> Change:
    """Record what is owed; content that differs from what is known re-opens the obligation.

    A key wanted twice in one call counts once, as it was wanted last.

    Args:
        known: the obligations of these keys as they stand, by id; None: they are looked up.
    """
    by_id = {session.id("obl", one.key): one for one in wants}
    if known is None:
        known = {row.obligation_id: row for row in by_ids(session, list(by_id))}
    fresh: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    beside: list[dict[str, Any]] = []
    unchanged = adopted = 0
    for obligation_id, one in by_id.items():
        digest = session.vault.content_hash(canonical(one.content))
        before = known.get(obligation_id)
        if before is not None and before.content_hash == digest and not _reopened(one, before.state):
            unchanged += 1
            if before.beside_minor != one.beside_minor:
                beside.append({"obligation_id": obligation_id, "beside_minor": one.beside_minor})
            continue
        adopted += one.adopted
        values = _values(session, one, digest)
        if before is None:
            fresh.append({"obligation_id": obligation_id, "business_key": one.key, **values})
        else:
            changed.append({"obligation_id": obligation_id, **values})
    for several in (changed, beside):
        session.change_all(obligation, ("obligation_id",), several)
    session.add(obligation, fresh)
    return Change(len(by_id) - unchanged - adopted, unchanged, adopted)


def _reopened(one: Wanted, state: str) -> bool:
    """Whether the same content is owed again for a reason other than what it says."""
    if state == "canceled" or (one.drifted and state == "confirmed"):
        return True
    return one.anew and state in ("sent", "confirmed", "refused")


def _values(session: Session, one: Wanted, digest: str) -> dict[str, Any]:
    state, reason = ("confirmed", ADOPTED) if one.adopted else ("open", "")
    seq, _ = session.take_seq()
    return {
        "kind": one.kind, "connection_id": one.connection_id, "person_id": one.person_id, "plan": one.plan,
        "period": one.period, "due_date": one.due, "send_by": one.send_by, "worth_minor": one.worth_minor,
        "beside_minor": one.beside_minor, "currency": one.currency,
        "content_sealed": session.seal(one.content, "obligation"), "content_hash": digest, "state": state,
        "reason": reason, "dispatch_id": None, "explanation_id": one.explanation_id, "seq": seq,
    }  # fmt: skip


def open_ones(
    session: Session, kind: str, connection_id: str, limit: int = 0, states: Sequence[str] = ("open",)
) -> Sequence[Row[Any]]:
    """Open obligations of a kind and connection, the most pressing first."""
    query = (
        select(obligation)
        .where(*session.where(obligation, kind=kind, connection_id=connection_id), obligation.c.state.in_(states))
        .order_by(obligation.c.send_by, obligation.c.business_key)
    )
    return session.rows(query.limit(limit) if limit else query)


def content(session: Session, row: Row[Any]) -> dict[str, Any]:
    """The opened content of an obligation."""
    opened: dict[str, Any] = json.loads(session.unseal(row.content_sealed, "obligation"))
    return opened


def cancel(session: Session, ids: Sequence[str], reason: str) -> int:
    """Take back obligations that nothing has left for: never frozen, or frozen alone and never tried.

    That is what is open, and what a person holds: it would leave, obsolete, once he lets it go.

    Gives how many. One whose dispatch may have arrived stays: it has to be settled first.
    """
    rows = [row for row in by_ids(session, ids) if row.state == "open" or _held_by_hand(row)]
    carriers: dict[str | None, Row[Any]] = {}
    carried = [row.dispatch_id for row in rows if row.dispatch_id is not None]
    for start in range(0, len(carried), CHUNK):
        part = carried[start : start + CHUNK]
        for row in session.rows(
            select(
                dispatch.c.dispatch_id, dispatch.c.state, dispatch.c.reason, dispatch.c["items"].label("held")
            ).where(dispatch.c.employer_id == session.employer, dispatch.c.dispatch_id.in_(part))
        ):
            carriers[row.dispatch_id] = row
    waiting, never = [], []
    for row in rows:
        carrier = carriers.get(row.dispatch_id)
        if carrier is None or (carrier.held == 1 and (carrier.state == "prepared" or _held_by_hand(carrier))):
            waiting.append(row.obligation_id)
            if carrier is not None and carrier.state == "held":
                never.append({"dispatch_id": row.dispatch_id, "state": "failed", "reason": reason})
    mark(session, waiting, "canceled", reason)
    session.change_all(dispatch, ("dispatch_id",), never)
    return len(waiting)


def _held_by_hand(row: Row[Any]) -> bool:
    """Whether a person keeps it from leaving: that is only asked before the first attempt."""
    return bool(row.state == "held" and row.reason.startswith(HELD_BY))


def mark(session: Session, ids: Sequence[str], state: str, reason: str = "", dispatch_id: str | None = None) -> None:
    """Move obligations to a state, with the reason and the dispatch that carried them."""
    values: dict[str, Any] = {"state": state, "reason": reason}
    if dispatch_id is not None:
        values["dispatch_id"] = dispatch_id
    for start in range(0, len(ids), CHUNK):
        session.connection.execute(
            update(obligation)
            .where(
                obligation.c.employer_id == session.employer,
                obligation.c.obligation_id.in_(ids[start : start + CHUNK]),
            )
            .values(**values)
        )


def carry(session: Session, carried: Mapping[str, str], reason: str) -> None:
    """Note which dispatch carries each of these obligations; they stay open."""
    session.change_all(
        obligation,
        ("obligation_id",),
        [
            {"obligation_id": one, "state": "open", "reason": reason, "dispatch_id": dispatch_id}
            for one, dispatch_id in carried.items()
        ],
    )


def settle(session: Session, states: Mapping[str, tuple[str, str]]) -> None:
    """Move what each dispatch carries to a state, with the reason."""
    alike: dict[tuple[str, str], list[str]] = {}
    for dispatch_id, told in states.items():
        alike.setdefault(told, []).append(dispatch_id)
    for (state, reason), ids in alike.items():
        for start in range(0, len(ids), CHUNK):
            session.connection.execute(
                update(obligation)
                .where(
                    obligation.c.employer_id == session.employer,
                    session.among(obligation.c.dispatch_id, ids[start : start + CHUNK]),
                )
                .values(state=state, reason=reason)
            )


def of_dispatch(session: Session, dispatch_id: str) -> Sequence[Row[Any]]:
    """The obligations that a dispatch carries."""
    return of_dispatches(session, [dispatch_id])


def of_dispatches(session: Session, ids: Sequence[str]) -> list[Row[Any]]:
    """The obligations that these dispatches carry."""
    found: list[Row[Any]] = []
    for start in range(0, len(ids), CHUNK):
        found += session.rows(
            select(obligation)
            .where(
                obligation.c.employer_id == session.employer, obligation.c.dispatch_id.in_(ids[start : start + CHUNK])
            )
            .order_by(obligation.c.business_key)
        )
    return found


def by_ids(session: Session, ids: Sequence[str]) -> list[Row[Any]]:
    """These obligations."""
    found: list[Row[Any]] = []
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        found += session.rows(
            select(obligation).where(obligation.c.employer_id == session.employer, obligation.c.obligation_id.in_(part))
        )
    return found


def persons_of(session: Session, keys: Sequence[str]) -> dict[str, str]:
    """Business key -> the person it is about, for those that are about one."""
    found: dict[str, str] = {}
    for start in range(0, len(keys), CHUNK):
        mine = obligation.c.business_key.in_(keys[start : start + CHUNK])
        rows = session.rows(
            select(obligation.c.business_key, obligation.c.person_id).where(
                obligation.c.employer_id == session.employer, mine, obligation.c.person_id.is_not(None)
            )
        )
        found |= {row.business_key: row.person_id for row in rows}
    return found


def persons_in(session: Session, dispatches: Sequence[str]) -> dict[str, set[str]]:
    """Dispatch -> the persons whom what it carries is about, for those that are about any."""
    return _named_in(session, dispatches, obligation.c.person_id)


def plans_in(session: Session, dispatches: Sequence[str]) -> dict[str, set[str]]:
    """Dispatch -> the plans that what it carries is of, for those that are of any."""
    return _named_in(session, dispatches, obligation.c.plan)


def _named_in(session: Session, dispatches: Sequence[str], column: Column[Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for start in range(0, len(dispatches), CHUNK):
        mine = session.among(obligation.c.dispatch_id, dispatches[start : start + CHUNK])
        rows = session.rows(
            select(obligation.c.dispatch_id, column.label("named")).where(
                obligation.c.employer_id == session.employer, mine, column.is_not(None)
            )
        )
        for row in rows:
            found.setdefault(row.dispatch_id, set()).add(row.named)
    return found


def late(session: Session, today: date) -> Sequence[Row[Any]]:
    """Obligations that are still open past their latest safe day."""
    return session.rows(
        select(obligation)
        .where(
            obligation.c.employer_id == session.employer,
            obligation.c.state.in_(("open", "held")),
            obligation.c.send_by < today,
        )
        .order_by(obligation.c.due_date, obligation.c.business_key)
    )
