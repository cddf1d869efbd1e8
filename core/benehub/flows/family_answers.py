"""What is answered to families that were sent as requests: each answer finds its dispatch, and only news is told.

The vendor's receipt is his word that he took a family (acked). What carriers behind him say comes later, by the id of
the receipt. Where that is lost (a time-out), or nothing had to be written, the answer to the newest thing the vendor
has of the family is the answer to ours, if it was read after ours had left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row, func, select

from benehub import dispatch
from benehub.dispatch import members
from benehub.store import Session
from benehub.store.tables import confirmation, intake_batch, member_state
from benehub.store.tables import dispatch as dispatch_table

TAKEN = SimpleNamespace(external_id="", part="syntax", code="", person_id=None, detail={"status": "accepted"})
"""The answer that having left is: the vendor's receipt, or no answer owed on the grammar."""

COLUMNS = (
    "dispatch_id", "operation", "state", "reason", "ack_state", "seq", "file_name", "file_group", "sent_at", "receipt",
)  # fmt: skip

Answered = tuple[Any, list[Any]]
"""A dispatch, and what is answered to it."""


@dataclass(slots=True)
class Family:
    """The newest dispatch of a family, and the members whose newest word it is."""

    sent: Row[Any]
    persons: list[str] = field(default_factory=list)
    states: set[str] = field(default_factory=set)

    @property
    def told(self) -> bool:
        """Whether the vendor gave a receipt of his own for something he had to change."""
        receipt = self.sent.receipt or {}
        return bool(receipt.get("changed")) and not str(receipt.get("reference", "")).startswith(dispatch.SAID_BY)


@dataclass(slots=True)
class News:
    """What of the answers moves somebody: families newly taken, members now confirmed, and families refused."""

    taken: list[Family] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)
    refused: list[Answered] = field(default_factory=list)


def news(session: Session, connection_id: str, receipts_only: bool = False) -> News:
    """What is answered otherwise than the members of each family stand; the oldest first."""
    families = _families(session, connection_id, receipts_only)
    answers, doubted = ({}, set[str]()) if receipts_only else _answers(session, connection_id, families)
    found = News()
    for one, family in sorted(families.items(), key=lambda each: each[1].sent.seq):
        rows = answers.get(one, [])
        refusals = [row for row in rows if row.detail["status"] == "rejected"]
        fresh = not family.sent.ack_state
        if refusals:
            if family.states != {"refused"}:
                found.refused.append((family.sent, [TAKEN, *refusals] if fresh else refusals))
            continue
        if fresh:
            found.taken.append(family)
        # The word on a family is a word on each of its members.
        if one not in doubted and any(row.reference for row in rows) and family.states & {"sent", "acked"}:
            found.confirmed += family.persons
    return found


def not_taken(session: Session, connection_id: str) -> int:
    """Members of families that the vendor refused at once are refused, with his reason; gives how many families."""
    refused: dict[str, dict[str, tuple[str, str]]] = {}
    for row in session.rows(
        _newest(session, connection_id, ("failed", "refused")).where(member_state.c.state == "sent")
    ):
        refused.setdefault(row.dispatch_id, {})[row.person_id] = ("refused", row.reason)
    members.move(session, connection_id, {who: told for each in refused.values() for who, told in each.items()})
    return len(refused)


def _newest(session: Session, connection_id: str, states: tuple[str, ...]) -> Any:
    """Members with the dispatch that is their newest word, where it is a request in one of these states."""
    both = (member_state.c.employer_id == dispatch_table.c.employer_id) & (
        member_state.c.dispatch_id == dispatch_table.c.dispatch_id
    )
    return (
        select(
            *(dispatch_table.c[name] for name in COLUMNS),
            member_state.c.person_id, member_state.c.state.label("member"),
        )
        .join(member_state, both)
        .where(
            *session.where(dispatch_table, connection_id=connection_id, file_name=""),
            dispatch_table.c.state.in_(states),
        )
    )  # fmt: skip


def _families(session: Session, connection_id: str, not_taken_yet: bool) -> dict[str, Family]:
    found: dict[str, Family] = {}
    query = _newest(session, connection_id, ("sent",))
    for row in session.rows(query.where(dispatch_table.c.ack_state == "") if not_taken_yet else query):
        one = found.setdefault(row.dispatch_id, Family(row))
        one.persons.append(row.person_id)
        one.states.add(row.member)
    return found


def _answers(
    session: Session, connection_id: str, families: dict[str, Family]
) -> tuple[dict[str, list[Any]], set[str]]:
    """By dispatch, what carriers have said of it; and the dispatches that nothing confirms yet.

    A difference found before ours left is mended by it, or not: as long as it stands open, nobody knows.
    """
    by_reference = {str((each.sent.receipt or {}).get("reference", "")): one for one, each in families.items()}
    of_person = {who: one for one, each in families.items() for who in each.persons}
    read = _read_at(session, connection_id)
    found: dict[str, list[Any]] = {}
    doubted: set[str] = set()
    for row in session.rows(
        select(confirmation)
        .where(*session.where(confirmation, kind="acknowledgement", connection_id=connection_id, current=1))
        .order_by(confirmation.c.seq)
    ):
        one = by_reference.get(row.reference) if row.reference else None
        mine = of_person.get(row.person_id or "")
        if one is None and mine is not None and _speaks_of(row, families[mine], read):
            one = mine
        elif mine is not None and not row.reference and row.detail["status"] == "rejected":
            doubted.add(mine)
        if one is not None:
            found.setdefault(one, []).append(row)
    return found, doubted


def _speaks_of(row: Row[Any], family: Family, read: str) -> bool:
    """Whether an answer that does not name our receipt is about this family as it was sent last."""
    if not row.reference:
        # What the vendor found by comparing: it stands for what he holds, until something newer reached him.
        return row.seq > family.sent.seq or not family.told
    return bool(row.detail.get("latest")) and not family.told and read > (family.sent.sent_at or "")


def _read_at(session: Session, connection_id: str) -> str:
    """When the last read of answers that has been applied began; empty where there was none."""
    where = session.where(intake_batch, connection_id=connection_id, stream="acknowledgement", state="applied")
    return str(session.connection.execute(select(func.max(intake_batch.c.recorded_at)).where(*where)).scalar() or "")
