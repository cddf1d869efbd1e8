"""How far each member has come at his carrier, in words that promise nothing a carrier has not said.

sent: the file has left. acked: its grammar was accepted, or the vendor took the family's request, which says nothing of
the cover. confirmed: the carrier's roster, report or answer says so. refused: with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, select

from benehub.connect.exchange import Acks
from benehub.store import Session
from benehub.store.tables import dispatch, member_state, person

WORDS = {
    "sent": "sent, not answered",
    "acked": "grammar accepted, cover not confirmed",
    "confirmed": "confirmed",
    "refused": "refused",
}

BY_REQUEST = "taken by the vendor, cover not confirmed"
"""What acked means of a family that was sent as a request."""


@dataclass(frozen=True, slots=True)
class MemberStatus:
    """One member at one carrier."""

    carrier: str
    member: str
    person: str
    state: str
    says: str
    since: str
    dispatch: str
    transaction_set: str
    answer_due: str
    """Day by which the next answer has to be there; empty where none is owed."""
    overdue: bool

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def of_carrier(session: Session, connection_id: str, acks: Acks, states: Sequence[str] = ()) -> list[MemberStatus]:
    """Every member of whom a carrier was told by us, families together."""
    query = _query(session).where(member_state.c.connection_id == connection_id)
    if states:
        query = query.where(member_state.c.state.in_(states))
    now = session.clock()
    return [
        _status(row, acks, now) for row in session.rows(query.order_by(person.c.member_id, member_state.c.file_group))
    ]


def of_dispatch(session: Session, dispatch_id: str, acks: Acks, limit: int = 500) -> list[MemberStatus]:
    """Members of whom this dispatch was the newest word, those who were refused first."""
    query = _query(session).where(member_state.c.dispatch_id == dispatch_id)
    rank = case((member_state.c.state == "refused", 0), (member_state.c.state == "sent", 1), else_=2)
    now = session.clock()
    return [_status(row, acks, now) for row in session.rows(query.order_by(rank, person.c.member_id).limit(limit))]


def said_of(session: Session, person_id: str, connection_id: str) -> str:
    """What the carrier has said of one person so far; empty where he was told of him by no file."""
    query = _query(session).where(member_state.c.connection_id == connection_id, member_state.c.person_id == person_id)
    rows = session.rows(query.order_by(member_state.c.file_group))
    several = len(rows) > 1
    return "; ".join(
        " ".join(filter(None, (f"{row.file_group}:" if several else "", _says(row), row.reason))) for row in rows
    )


def waits_for(session: Session, person_id: str) -> set[str]:
    """Carriers that were told of a person by file and have not confirmed him."""
    rows = session.rows(
        select(member_state.c.connection_id).where(
            *session.where(member_state, person_id=person_id), member_state.c.state != "confirmed"
        )
    )
    return {row.connection_id for row in rows}


def owed_word(kind: str, state: str) -> str:
    """The state of an obligation for people: what a 999 has settled is called acknowledged, never confirmed."""
    return "acknowledged" if kind.startswith("enrollment.") and state == "confirmed" else state


def _query(session: Session) -> Any:
    return (
        select(
            member_state,
            person.c.member_id,
            dispatch.c.state.label("file_state"),
            dispatch.c.sent_at,
            dispatch.c.file_name,
        )
        .join(
            person,
            (person.c.employer_id == member_state.c.employer_id) & (person.c.person_id == member_state.c.person_id),
        )
        .join(
            dispatch,
            (dispatch.c.employer_id == member_state.c.employer_id)
            & (dispatch.c.dispatch_id == member_state.c.dispatch_id),
        )
        .where(member_state.c.employer_id == session.employer)
    )


def _says(row: Any) -> str:
    if row.state == "sent" and row.file_state != "sent":
        return f"not sent: {'the file' if row.file_name else 'it'} is {row.file_state}"
    return BY_REQUEST if row.state == "acked" and not row.file_name else WORDS[row.state]


def _status(row: Any, acks: Acks, now: datetime) -> MemberStatus:
    due = _due(row, acks)
    return MemberStatus(
        row.connection_id, row.member_id, row.person_id, row.state,
        " ".join(filter(None, (_says(row), row.reason))), row.at, row.dispatch_id, row.set_control,
        f"{due:%Y-%m-%d}" if due else "", due is not None and now > due,
    )  # fmt: skip


def _due(row: Any, acks: Acks) -> datetime | None:
    if row.state == "sent" and row.sent_at and acks.syntax_hours is not None:
        return datetime.fromisoformat(row.sent_at) + timedelta(hours=acks.syntax_hours)
    if row.state == "acked" and acks.report_days is not None:
        return datetime.fromisoformat(row.at) + timedelta(days=acks.report_days)
    return None
