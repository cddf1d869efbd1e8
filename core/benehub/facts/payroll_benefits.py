"""The deductions that payrolls hold: a belief is of one person and code at one connection, for each has its own.

Releases before kept no connection with it. Of those beliefs the connection is found by where they came from: the batch
that was read, else the order that was confirmed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from benehub.facts.history import Fact, Version, Which, as_of
from benehub.store import Session
from benehub.store.tables import dispatch, fact, intake_batch, obligation

KIND = "payroll_benefit"
ORDER = "deduction.set"

At = tuple[str, str, str]
"""Connection, person and payroll's code."""


def version(connection_id: str, person_id: str, code: str, since: date, data: Mapping[str, Any]) -> Version:
    """What a connection's payroll holds of a code for a person."""
    told = {**data, "code": code, "connection": connection_id}
    return Version(KIND, person_id, f"{connection_id}/{code}", since, told)


def payroll_holds(session: Session, day: date, subjects: Sequence[str] | Which | None = None) -> dict[At, Fact]:
    """What each payroll is known to hold on a day, for all people or those named: the newest word of each code."""
    known = as_of(session, KIND, day, subjects=subjects)
    older = _owners(session, [one for one in known if "connection" not in one.data])
    found: dict[At, Fact] = {}
    for one in sorted(known, key=lambda each: each.seq):
        for connection in [str(one.data["connection"])] if "connection" in one.data else older[one.fact_id]:
            found[connection, one.subject, str(one.data["code"])] = one
    return found


def _owners(session: Session, older: Sequence[Fact]) -> dict[str, list[str]]:
    """Whose each belief without a connection is, by its id; nobody's where nothing tells."""
    if not older:
        return {}
    read = _read_from(session)
    sent = _sent(session, {one.subject for one in older if one.fact_id not in read})
    found: dict[str, list[str]] = {}
    for one in older:
        orders = [order for order in sent.get((one.subject, one.key), ()) if order[0] < one.seq]
        whose = read.get(one.fact_id) or (max(orders)[1] if orders else "")
        found[one.fact_id] = [whose] if whose else []
    return found


def _read_from(session: Session) -> dict[str, str]:
    """Belief -> the connection that it was read from."""
    mine = (intake_batch.c.employer_id == fact.c.employer_id) & (intake_batch.c.batch_id == fact.c.batch_id)
    rows = session.rows(
        select(fact.c.fact_id, intake_batch.c.connection_id)
        .join(intake_batch, mine)
        .where(*session.where(fact, kind=KIND))
    )
    return {row.fact_id: row.connection_id for row in rows}


def _sent(session: Session, persons: Collection[str]) -> dict[tuple[str, str], list[tuple[int, str]]]:
    """Person and code -> number and connection of each order that has left."""
    if not persons:
        return {}
    mine = (dispatch.c.employer_id == obligation.c.employer_id) & (dispatch.c.business_key == obligation.c.business_key)
    rows = session.rows(
        select(obligation.c.business_key, obligation.c.person_id, dispatch.c.connection_id, dispatch.c.seq)
        .join(dispatch, mine)
        .where(
            *session.where(obligation, kind=ORDER),
            session.among(obligation.c.person_id, persons),
            dispatch.c.state == "sent",
        )
    )
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for row in rows:
        code = row.business_key.split("/", 3)[3]
        found.setdefault((row.person_id, code), []).append((int(row.seq), row.connection_id))
    return found
