"""What follows when a full read does not tell a row any more that was known before.

The row is marked as gone, never forgotten, and what it means depends on the stream:

- a carrier's roster: the confirmation is no longer current, so every comparison sees it;
- a deduction in payroll: payroll no longer holds it, so the next push tells it again;
- a pay date to come: it ends; one that is past stays;
- employees, dependents, elections, leave requests, people in payroll: nothing ends by absence alone. It is a
  difference (`reconcile intake`) that a person settles;
- what belongs to a period or is an event (register and invoice lines, credits, acknowledgements, pay of the past):
  nothing. The vendor takes such a row back by another row, and that one comes in.

A read of changes only never gets here, and the guard against mass removal was asked before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select, update

from benehub import facts
from benehub.facts import Version, payroll_benefits
from benehub.intake.absence import PERIODIC, absent
from benehub.intake.superseding import is_overtaken, later
from benehub.intake.told import keys_told_in
from benehub.periods import FOREVER, Interval
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import confirmation, intake_batch, seen

Follow = Callable[[Session, Row[Any], Sequence[Row[Any]]], None]
"""Does what the absence of these `seen` rows means on their stream."""


def note_gone(session: Session, batch_id: str) -> int:
    """Mark the next chunk of rows that a full read no longer told, and do what follows; 0 when none is left.

    To be called when every row of the batch has been applied and before it is finished; a second run goes on. Who was
    not there then may be there now: of a batch that a later whole read has overtaken nothing is gone, and of another
    nobody whom a later read of less has told.
    """
    header = session.connection.execute(
        select(intake_batch).where(*session.where(intake_batch, batch_id=batch_id))
    ).one()
    if header.state == "applied" or not header.full_read or header.stream in PERIODIC:
        return 0
    if is_overtaken(session, header, intake_batch.c.full_read == 1):
        return 0
    session.take_seq(0)
    gone = absent(session, header, *keys_told_in(session, *later(header)))
    keys = [row.row_key for row in session.rows(gone.order_by("row_key").limit(CHUNK))]
    if not keys:
        return 0
    where = [
        *session.where(seen, connection_id=header.connection_id, stream=header.stream),
        seen.c.row_key.in_(keys),
    ]
    follow = FOLLOW.get(header.stream)
    if follow is not None:
        follow(session, header, session.rows(select(seen).where(*where)))
    seq, _ = session.take_seq()
    # Without its hash: should it come back with the same content, that is news.
    session.connection.execute(update(seen).where(*where).values(gone_seq=seq, row_hash=""))
    session.change(intake_batch, {"batch_id": batch_id}, gone=header.gone + len(keys))
    return len(keys)


def _off_the_roster(session: Session, header: Row[Any], rows: Sequence[Row[Any]]) -> None:
    keys = [row.row_key for row in rows]
    where = [
        *session.where(confirmation, kind="roster", connection_id=header.connection_id, current=1),
        confirmation.c.row_key.in_(keys),
    ]
    standing = session.rows(select(confirmation).where(*where))
    if not standing:
        return
    session.connection.execute(update(confirmation).where(*where).values(current=0))
    first, _ = session.take_seq(len(standing))
    session.add(confirmation, [_ending(session, header, row, seq) for seq, row in enumerate(standing, first)])


def _ending(session: Session, header: Row[Any], row: Row[Any], seq: int) -> Mapping[str, Any]:
    """The version that says that the row is no longer told; it is not current, for it confirms nothing."""
    until = max(row.effective_from, min(row.effective_to, session.today()))
    return {
        **row._mapping, "version": row.version + 1, "current": 0, "effective_to": until,
        "detail": {**row.detail, "gone": True}, "batch_id": header.batch_id, "row_no": 0, "seq": seq,
    }  # fmt: skip


def _not_in_payroll(session: Session, header: Row[Any], rows: Sequence[Row[Any]]) -> None:
    """Unless another row of the same person and code is still told: then the vendor only renewed its id."""
    wanted = {row.about for row in rows if row.about}
    still = {
        row.about
        for row in session.rows(
            select(seen.c.about).where(
                *session.where(seen, connection_id=header.connection_id, stream=header.stream),
                seen.c.about.in_(wanted),
                seen.c.gone_seq.is_(None),
                seen.c.row_key.not_in([row.row_key for row in rows]),
            )
        )
    }
    today, versions = session.today(), []
    subjects = sorted({about.partition("/")[0] for about in wanted - still})
    for (connection, person, code), held in facts.payroll_holds(session, today, subjects).items():
        if connection == header.connection_id and f"{person}/{code}" in wanted - still and held.data["active"]:
            data = {**held.data, "active": False, "employee_amount_minor": 0, "employee_rate": ""}
            versions.append(payroll_benefits.version(connection, person, code, today, data))
    facts.record(session, versions, f"{header.batch_id}: gone", header.batch_id)


def _not_on_the_calendar(session: Session, header: Row[Any], rows: Sequence[Row[Any]]) -> None:
    gone = [row.about.partition("/")[::2] for row in rows if row.about]
    coming = [(group, day) for group, day in gone if date.fromisoformat(day) >= session.today()]
    known = facts.timelines(session, "pay_date", Interval(date.min, FOREVER), subjects=sorted({g for g, _ in coming}))
    versions = [
        Version("pay_date", group, day, fact.effective_from, None, fact.effective_to)
        for group, day in coming
        for fact in known.get((group, day), ())
    ]
    facts.record(session, versions, f"{header.batch_id}: gone", header.batch_id)


FOLLOW: dict[str, Follow] = {
    "roster": _off_the_roster,
    "payroll_benefit": _not_in_payroll,
    "pay_calendar": _not_on_the_calendar,
}
"""Streams on which absence alone ends something."""
