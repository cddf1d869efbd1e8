"""How far the newest word on each member has come at his carrier: sent, acked, confirmed, or refused.

Acked means that the carrier has accepted the grammar of what was sent; nothing is known then of the cover itself.
Confirmed means that the carrier's roster or report shows it. Where a partner takes a file for each group of the
employer's, a member has a way in each of them.
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


def carried(session: Session, connection_id: str, dispatch_id: str, told: Sequence[Told], group: str = "") -> None:
    """Note that a file carries these members; what was known of their way in its group before is past."""
    carried_each(session, connection_id, {dispatch_id: told}, group)


def carried_each(session: Session, connection_id: str, told: Mapping[str, Sequence[Told]], group: str = "") -> None:
    """As `carried` for many dispatches at once; what carries a member already leaves him where he is."""
    seq, at = session.take_seq()
    last = {one.person_id: (dispatch_id, one) for dispatch_id, each in told.items() for one in each}
    everybody = list(last)
    for start in range(0, len(everybody), CHUNK):
        part = everybody[start : start + CHUNK]
        known = {row.person_id: row.dispatch_id for row in _of(session, connection_id, part, group)}
        rows = [
            {"connection_id": connection_id, "person_id": who, "file_group": group,
             "subscriber_id": last[who][1].subscriber_id, "dispatch_id": last[who][0],
             "set_control": last[who][1].set_control, "state": "sent", "reason": "", "seq": seq, "at": at}
            for who in part
            if known.get(who) != last[who][0]
        ]  # fmt: skip
        session.change_all(member_state, KEY, [row for row in rows if row["person_id"] in known])
        session.add(member_state, [row for row in rows if row["person_id"] not in known])


def move(session: Session, connection_id: str, states: Mapping[str, tuple[str, str]], group: str = "") -> None:
    """Move members (by person) of a group to a state, with the reason."""
    if not states:
        return
    seq, at = session.take_seq()
    session.change_all(
        member_state,
        KEY,
        [
            {"connection_id": connection_id, "person_id": person_id, "file_group": group, "state": state,
             "reason": reason[:500], "seq": seq, "at": at}
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


def overtaken(
    session: Session, connection_id: str, dispatch_id: str, persons: Sequence[str], group: str = ""
) -> set[str]:
    """Those of whom a newer file of the group has been accepted: this one's answer changes nothing for them."""
    rows = _of(session, connection_id, persons, group)
    return {row.person_id for row in rows if row.dispatch_id != dispatch_id and row.state in ("acked", "confirmed")}


KEY = ("connection_id", "person_id", "file_group")


def _of(session: Session, connection_id: str, persons: Sequence[str], group: str | None = None) -> list[Row[Any]]:
    """Their rows, in every group where none is named."""
    found: list[Row[Any]] = []
    for start in range(0, len(persons), CHUNK):
        part = persons[start : start + CHUNK]
        mine = session.where(
            member_state, connection_id=connection_id, **({} if group is None else {"file_group": group})
        )
        found += session.rows(select(member_state).where(*mine, member_state.c.person_id.in_(part)))
    return found
