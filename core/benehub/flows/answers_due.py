"""What the partner still owes us: who is confirmed by his roster, and which answers are overdue by the profile.

A 999 says that a file's grammar is right. That a member is covered is said by the roster (or a report) alone; so a
member stays acked until he stands there, and when the time agreed has run out that is an alarm, not an oversight.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from benehub import reconcile
from benehub.connect.exchange import Acks
from benehub.dispatch import members
from benehub.flows import exchange
from benehub.flows.hub import Hub
from benehub.flows.reconciling import tell
from benehub.periods import Month
from benehub.reconcile import Finding, Relation, Type
from benehub.reconcile import roster as rosters
from benehub.store import Session
from benehub.store.tables import difference, dispatch
from benehub.views.deadlines import carriers


def look(hub: Hub, employer: str, connection_id: str) -> dict[str, int]:
    """Confirm members by the roster and open what is overdue as differences; gives how many of each."""
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        # A roster that is what the vendor was told says nothing of the carrier: then his own word alone confirms.
        confirmed = 0 if opened.connector.roster_echoes else _confirmed(session, connection_id)
        findings = list(overdue(session, connection_id, exchange.agreed(opened).acks))
        within = f"{connection_id}/ack/"
        outcome = reconcile.settle_within(session, Relation.ENROLLMENT, within, findings, session.today())
    tell(hub, employer, outcome.opened, "difference_opened")
    tell(hub, employer, outcome.closed, "difference_closed")
    return {"confirmed": confirmed, "overdue": len(findings)}


def _confirmed(session: Session, connection_id: str) -> int:
    """Members who are acked and whom the roster, read since, shows as they were told."""
    waiting = members.in_state(session, connection_id, ("acked",))
    roster = rosters.read(session, connection_id) if waiting else None
    if roster is None:
        return 0
    shown = rosters.as_told(session, connection_id, roster, [(row.person_id, row.subscriber_id) for row in waiting])
    done = [row for row in waiting if row.seq <= roster.seq and row.person_id in shown]
    by_roster = ("confirmed", f"by the roster of {roster.day}")
    for group in sorted({row.file_group for row in done}):
        mine = [row.person_id for row in done if row.file_group == group]
        members.move(session, connection_id, dict.fromkeys(mine, by_roster), group)
    return len({row.person_id for row in done})


def overdue(session: Session, connection_id: str, acks: Acks) -> Iterator[Finding]:
    """A finding for every answer whose time has run out."""
    now = session.clock()
    envelopes = carriers.envelopes(session, connection_id)
    for row in carriers.unanswered(session, connection_id):
        age = now - datetime.fromisoformat(row.sent_at)
        told = carriers.envelope_told(row, envelopes)
        if acks.ta1_hours is not None and not told and age > timedelta(hours=acks.ta1_hours):
            yield _finding(connection_id, row, "TA1", f"{acks.ta1_hours} hours", "whether it has arrived")
        if acks.syntax_hours is not None and not row.ack_state and age > timedelta(hours=acks.syntax_hours):
            yield _finding(connection_id, row, "999", f"{acks.syntax_hours} hours", "whether it was read")
    if acks.report_days is not None:
        yield from _not_confirmed(session, connection_id, acks.report_days, now)


def _not_confirmed(session: Session, connection_id: str, days: int, now: datetime) -> Iterator[Finding]:
    late: dict[str, list[Any]] = {}
    told = _told_by_roster(session)
    for row in members.in_state(session, connection_id, ("acked",)):
        if row.person_id in told or row.subscriber_id in told:
            continue
        if now - datetime.fromisoformat(row.at) > timedelta(days=days):
            late.setdefault(row.dispatch_id, []).append(row)
    for dispatch_id, rows in late.items():
        sent = session.connection.execute(
            select(dispatch).where(*session.where(dispatch, dispatch_id=dispatch_id))
        ).one()
        several = f"{len(rows)} members" if len(rows) > 1 else "1 member"
        about = f"why {several} of it are not on the roster" if sent.file_name else f"about the cover of {several}"
        kind = "roster" if sent.file_name else "word of the carrier's"
        who = rows[0].person_id if len(rows) == 1 else rows[0].subscriber_id if not sent.file_name else None
        yield _finding(connection_id, sent, kind, f"{days} days", about, who)


def _told_by_roster(session: Session) -> set[str]:
    """People of whom a comparison with the roster or the bill has told already what is wrong: once is enough."""
    rows = session.rows(
        select(difference.c.person_id).where(
            *session.where(difference, relation=Relation.PREMIUM.value),
            difference.c.type.in_((Type.MEMBER_DROPPED.value, Type.COVERED_NOT_ENROLLED.value)),
            difference.c.state.in_(reconcile.OPEN),
        )
    )
    return {row.person_id for row in rows}


def _finding(connection_id: str, row: Any, kind: str, within: str, ask: str, person_id: str | None = None) -> Finding:
    return Finding(
        relation=Relation.ENROLLMENT,
        type=Type.ACK_OVERDUE,
        period=str(Month.of(datetime.fromisoformat(row.sent_at).date())),
        reference=f"{connection_id}/ack/{row.dispatch_id}/{kind}",
        side="carrier",
        owner="carrier",
        cause=f"{_called(row)} was sent {row.sent_at[:16]}Z, and no {kind} has come within {within}",
        action=f"Ask the carrier {ask}; see `benehub enrollments status`",
        person_id=person_id,
    )


def _called(row: Any) -> str:
    return "the family" if row.control is None else f"file {row.control}"
