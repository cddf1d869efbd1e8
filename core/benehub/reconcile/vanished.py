"""Who or what a full read no longer told, while the hub still goes by it: nothing ends by absence alone.

A person settles it: with the last day of work (`benehub person end`), by mending the source, or by dismissing it.
It closes itself once the row is told again or what it stood for has ended by another way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from benehub import facts
from benehub.facts import Fact
from benehub.periods import FOREVER, Interval, Month
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.store import Session
from benehub.store.tables import seen


@dataclass(frozen=True, slots=True)
class _Told:
    """How the absence of a stream's row is told."""

    type: Type
    side: str
    cause: str
    action: str


_AGAIN = "mend the source and read it in full"
TOLD: Mapping[str, _Told] = {
    "employee": _Told(
        Type.MISSING_FROM_HRIS, "hris", "still employed here, but the HRIS no longer shows the employee",
        f"Ask HR: enter the last day of work (benehub person end), or {_AGAIN}",
    ),
    "dependent": _Told(
        Type.MISSING_FROM_HRIS, "hris", "still a dependent here, but the HRIS no longer shows him or her",
        f"Ask HR; end the cover by an election, or {_AGAIN}",
    ),
    "election": _Told(
        Type.GONE_FROM_SOURCE, "hris", "still in force here, but its source no longer tells the election",
        f"Have it ended with a date or waived at its source, or {_AGAIN}",
    ),
    "leave_request": _Told(
        Type.GONE_FROM_SOURCE, "hris", "leave counted here, but its source no longer tells the request",
        f"Have the request canceled at its source, or {_AGAIN}",
    ),
    "payroll_person": _Told(
        Type.GONE_FROM_SOURCE, "payroll", "still employed here, but payroll no longer shows the employee",
        f"Have payroll set the employee up again, or {_AGAIN}",
    ),
}  # fmt: skip
"""Streams on which a row's absence is a difference."""


def compare(session: Session, month: Month) -> list[Finding]:
    """Every row that is gone from its source while what it became still stands."""
    rows = session.rows(
        select(seen.c.connection_id, seen.c.stream, seen.c.row_key, seen.c.about)
        .where(
            seen.c.employer_id == session.employer,
            seen.c.stream.in_(list(TOLD)),
            seen.c.gone_seq.is_not(None),
            seen.c.about != "",
        )
        .order_by(seen.c.connection_id, seen.c.stream, seen.c.row_key)
    )
    return list(_findings(session, month, rows)) if rows else []


def _findings(session: Session, month: Month, rows: Any) -> Iterator[Finding]:
    subjects = sorted({row.about.partition("/")[0] for row in rows})
    employed = _employed(session, subjects)
    dependents = {fact.subject: fact for fact in _now(session, "dependent", subjects)}
    standing = {
        stream: {f"{fact.subject}/{fact.key}" for fact in _now(session, stream, subjects)}
        for stream in ("election", "leave_request")
    }
    for row in rows:
        subject = row.about.partition("/")[0]
        if row.stream in ("employee", "payroll_person"):
            stands = subject in employed
        elif row.stream == "dependent":
            mine = dependents.get(subject)
            stands = mine is not None and bool(_employed(session, [mine.data["employee"]]))
        else:
            stands = row.about in standing[row.stream]
        if stands:
            told = TOLD[row.stream]
            yield Finding(
                Relation.INTAKE, told.type, str(month), f"{row.connection_id}/{row.stream}/{row.row_key}"[:120],
                told.side, told.side, told.cause, told.action, person_id=subject,
            )  # fmt: skip


def _employed(session: Session, subjects: list[str]) -> set[str]:
    """Those whose employment has no end that has come."""
    window = Interval(session.today(), FOREVER)
    found = facts.timelines(session, "employment", window, subjects=subjects)
    return {subject for (subject, _), segments in found.items() if segments[-1].effective_to == FOREVER}


def _now(session: Session, kind: str, subjects: list[str]) -> list[Fact]:
    """Facts that hold today or later."""
    found = facts.timelines(session, kind, Interval(session.today(), FOREVER), subjects=subjects)
    return [fact for segments in found.values() for fact in segments]
