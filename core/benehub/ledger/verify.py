"""Proves the ledger: sums, guards, links and the hash chain, read back from the database itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select

from benehub.ledger import kept
from benehub.ledger.accounts import CHART
from benehub.ledger.entries import NewEntry, chain_hash
from benehub.ledger.journal import leg_from
from benehub.store import Session, guards
from benehub.store.session import CHUNK
from benehub.store.tables import employer as employer_table
from benehub.store.tables import entry, leg


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked and what is wrong; `problems` empty means that the ledger verifies."""

    entries: int
    legs: int
    head: str
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(session: Session) -> Verification:
    """Check every entry of the session's employer; streams, so its memory does not grow with the ledger."""
    problems = [f"guard {name} is missing in the database" for name in guards.missing(session.connection)]
    problems += _unbalanced(session)
    problems += kept.wrong(session, 100)
    head, count, legs = "", 0, 0
    after = 0
    while rows := session.rows(
        select(entry)
        .where(entry.c.employer_id == session.employer, entry.c.seq > after)
        .order_by(entry.c.seq)
        .limit(CHUNK)
    ):
        by_entry = _legs(session, [row.entry_id for row in rows])
        for row in rows:
            told = by_entry.get(row.entry_id, ())
            entry_legs = tuple(leg_from(one) for one in told)
            count, legs, after = count + 1, legs + len(entry_legs), row.seq
            whole = NewEntry(
                row.idempotency_key, row.type, row.effective_date, entry_legs, row.source, row.status,
                row.due_date, row.pending_id, row.reverses_id,
            )  # fmt: skip
            if whole.content_hash() != row.content_hash:
                problems.append(f"{row.entry_id}: its content is not what was sealed")
            if any(one.posted_as != whole.posted_as for one in told):
                problems.append(f"{row.entry_id}: a leg is not posted as the entry is")
            if row.prev_hash != head:
                problems.append(f"{row.entry_id}: the hash chain is broken before it")
            if row.hash != chain_hash(row.prev_hash, row.entry_id, row.content_hash, row.seq, row.recorded_at):
                problems.append(f"{row.entry_id}: its hash is wrong")
            if row.entry_id != session.id("ent", row.idempotency_key):
                problems.append(f"{row.entry_id}: its idempotency key is not the one it was recorded under")
            head = row.hash
    stored = session.connection.execute(
        select(employer_table.c.ledger_head).where(employer_table.c.employer_id == session.employer)
    ).scalar()
    if stored != head:
        problems.append("the head of the hash chain is not the last entry's: entries are missing at the end")
    return Verification(count, legs, head, tuple(problems[:100]))


def _unbalanced(session: Session) -> list[str]:
    off = session.rows(
        select(leg.c.entry_id, leg.c.unit)
        .where(leg.c.employer_id == session.employer)
        .group_by(leg.c.entry_id, leg.c.unit)
        .having(func.sum(leg.c.amount) != 0)
        .limit(100)
    )
    strange = session.rows(
        select(leg.c.entry_id)
        .where(leg.c.employer_id == session.employer, leg.c.account.not_in(CHART))
        .distinct()
        .limit(100)
    )
    return [f"{row.entry_id}: legs do not sum to zero in {row.unit}" for row in off] + [
        f"{row.entry_id}: a leg names an unknown account" for row in strange
    ]


def _legs(session: Session, entry_ids: list[str]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {}
    for row in session.rows(
        select(leg)
        .where(leg.c.employer_id == session.employer, leg.c.entry_id.in_(entry_ids))
        .order_by(leg.c.entry_id, leg.c.leg_no)
    ):
        found.setdefault(row.entry_id, []).append(row)
    return found
