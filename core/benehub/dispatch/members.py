"""How far the newest word on each member has come at his carrier: sent, acked, confirmed, or refused.

Acked means that the carrier has accepted the grammar of what was sent; nothing is known then of the cover itself.
Confirmed means that the carrier's roster or report shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import member_state


@dataclass(frozen=True, slots=True)
class Told:
    """One member of a file: who, whose family, and the transaction set (ST02) that speaks of him."""

    person_id: str
    subscriber_id: str
    set_control: str


def carried(session: Session, connection_id: str, dispatch_id: str, told: Sequence[Told]) -> None:
    """Note that a file carries these members; what was known of their way before is past."""
    carried_each(session, connection_id, {dispatch_id: told})


def carried_each(session: Session, connection_id: str, told: Mapping[str, Sequence[Told]]) -> None:
    """As `carried` for many dispatches at once; what carries a member already leaves him where he is."""
    before = _of(session, connection_id, [one.person_id for each in told.values() for one in each])
    known = {row.person_id: row.dispatch_id for row in before}
    seq, at = session.take_seq()
    rows = {
        one.person_id: {
            "connection_id": connection_id, "person_id": one.person_id, "subscriber_id": one.subscriber_id,
            "dispatch_id": dispatch_id, "set_control": one.set_control, "state": "sent", "reason": "", "seq": seq,
            "at": at,
        }
        for dispatch_id, each in told.items()
        for one in each
        if known.get(one.person_id) != dispatch_id
    }  # fmt: skip
    session.change_all(member_state, KEY, [row for who, row in rows.items() if who in known])
    session.add(member_state, [row for who, row in rows.items() if who not in known])


def move(session: Session, connection_id: str, states: Mapping[str, tuple[str, str]]) -> None:
    """Move members (by person) to a state, with the reason."""
    if not states:
        return
    seq, at = session.take_seq()
    session.change_all(
        member_state,
        KEY,
        [
            {"connection_id": connection_id, "person_id": person_id, "state": state, "reason": reason[:500],
             "seq": seq, "at": at}
            for person_id, (state, reason) in states.items()
        ],
    )  # fmt: skip


def of_file(session: Session, dispatch_id: str) -> Sequence[Row[Any]]:
    """The members whose newest word is this file."""
    return session.rows(select(member_state).where(*session.where(member_state, dispatch_id=dispatch_id)))


def of_persons(
    session: Session, connection_id: str, dispatch_id: str, persons: Sequence[str], states: Sequence[str] = ()
) -> list[str]:
    """Those of these people whose newest word is this file, in one of `states` where any are named."""
    rows = _of(session, connection_id, persons)
    return [row.person_id for row in rows if row.dispatch_id == dispatch_id and (not states or row.state in states)]


def in_state(session: Session, connection_id: str, states: Sequence[str]) -> Sequence[Row[Any]]:
    """The members of a carrier in these states."""
    return session.rows(
        select(member_state)
        .where(*session.where(member_state, connection_id=connection_id), member_state.c.state.in_(states))
        .order_by(member_state.c.subscriber_id, member_state.c.person_id)
    )


def overtaken(session: Session, connection_id: str, dispatch_id: str, persons: Sequence[str]) -> set[str]:
    """Those of whom a newer file has been accepted already: this one's answer changes nothing for them."""
    rows = _of(session, connection_id, persons)
    return {row.person_id for row in rows if row.dispatch_id != dispatch_id and row.state in ("acked", "confirmed")}


KEY = ("connection_id", "person_id")


def _of(session: Session, connection_id: str, persons: Sequence[str]) -> list[Row[Any]]:
    found: list[Row[Any]] = []
    for start in range(0, len(persons), CHUNK):
        part = persons[start : start + CHUNK]
        mine = session.where(member_state, connection_id=connection_id)
        found += session.rows(select(member_state).where(*mine, member_state.c.person_id.in_(part)))
    return found
