"""Writes to the ledger: append-only, idempotent by key, hash-chained in the employer's recorded order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Row, select, update

from benehub.errors import ConflictError, DataError
from benehub.ledger import kept
from benehub.ledger.entries import HEADER_FIELDS, LEG_FIELDS, Leg, NewEntry, chain_hash, iso_day, leg_rows
from benehub.store import Session
from benehub.store.collector import without_collector
from benehub.store.session import INSERTED
from benehub.store.tables import employer as employer_table
from benehub.store.tables import entry as entry_table
from benehub.store.tables import leg as leg_table


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a batch of entries: how many are new, how many were there already."""

    new: int
    existing: int


def record(session: Session, entries: Iterable[NewEntry]) -> Recorded:
    """Append `entries`; one whose key is there with the same content is left as it is.

    Raises:
        ConflictError: a key is there with other content (put a revision into the key).
        IntegrityError: an entry does not balance.
    """
    new = existing = 0
    batch: list[NewEntry] = []
    for one in entries:
        one.check()
        batch.append(one)
        if len(batch) == INSERTED:
            done = _record_chunk(session, batch)
            new, existing, batch = new + done.new, existing + done.existing, []
    if batch:
        done = _record_chunk(session, batch)
        new, existing = new + done.new, existing + done.existing
    return Recorded(new, existing)


def _record_chunk(session: Session, batch: Sequence[NewEntry]) -> Recorded:
    # The lock comes first: two writers of one employer look for the same keys one after the other.
    session.take_seq(0)
    with without_collector():
        fresh = _fresh(session, batch)
        if fresh:
            last = _append(session, fresh)
            session.connection.execute(
                update(employer_table).where(employer_table.c.employer_id == session.employer).values(ledger_head=last)
            )
    return Recorded(len(fresh), len(batch) - len(fresh))


def _fresh(session: Session, batch: Sequence[NewEntry]) -> list[tuple[NewEntry, str]]:
    """Those whose key is not there yet, each once, with its content hash."""
    known = _content_by_key(session, [one.key for one in batch])
    fresh: list[tuple[NewEntry, str]] = []
    for one in batch:
        content_hash = one.content_hash()
        there = known.get(one.key)
        if there is None:
            known[one.key] = content_hash
            fresh.append((one, content_hash))
        elif there != content_hash:
            raise ConflictError(
                "the same idempotency key with other content",
                # Its id, not its key: a key tells of whom and of which plan it is.
                where=f"ledger entry {session.id('ent', one.key)}",
                mend="Post a reversal and a new revision of the key",
            )
    return fresh


def _append(session: Session, fresh: Sequence[tuple[NewEntry, str]]) -> str:
    """Write these entries and move the balances by them; gives the chain's new head."""
    employer, last = session.employer, head(session)
    first, recorded_at = session.take_seq(len(fresh))
    headers: list[tuple[object, ...]] = []
    legs: list[tuple[object, ...]] = []
    for seq, (one, content_hash) in enumerate(fresh, first):
        entry_id = session.id("ent", one.key)
        chained = chain_hash(last, entry_id, content_hash, seq, recorded_at)
        headers.append((
            employer, entry_id, one.key, content_hash, one.type, one.status, iso_day(one.effective_date),
            iso_day(one.due_date), one.pending_id, one.reverses_id, one.source, one.explanation_id, seq, recorded_at,
            last, chained,
        ))  # fmt: skip
        legs.extend(leg_rows(employer, entry_id, one))
        last = chained
    session.add_ready(leg_table, ("employer_id", "entry_id", "leg_no", *LEG_FIELDS, "posted_as"), legs)
    session.add_ready(entry_table, ("employer_id", *HEADER_FIELDS), headers)
    kept.add(session, first, (one for one, _ in fresh))
    return last


def head(session: Session) -> str:
    """The newest hash of the employer's chain; empty before the first entry."""
    query = select(employer_table.c.ledger_head).where(employer_table.c.employer_id == session.employer)
    return str(session.connection.execute(query).scalar_one())


def _content_by_key(session: Session, keys: Sequence[str]) -> dict[str, str]:
    found = session.rows(
        select(entry_table.c.idempotency_key, entry_table.c.content_hash).where(
            entry_table.c.employer_id == session.employer, session.among(entry_table.c.idempotency_key, keys)
        )
    )
    return {row.idempotency_key: row.content_hash for row in found}


def legs_of(session: Session, entry_id: str) -> tuple[Leg, ...]:
    """The legs of one entry, in order."""
    rows = session.rows(
        select(leg_table).where(*session.where(leg_table, entry_id=entry_id)).order_by(leg_table.c.leg_no)
    )
    return tuple(leg_from(row) for row in rows)


def leg_from(row: Row[Any]) -> Leg:
    """The leg in a row of the table."""
    return Leg(
        row.account, row.unit, row.amount, row.person_id, row.plan, row.money_source,
        row.coverage_month, row.pay_date, row.batch,
    )  # fmt: skip


def entry_of(session: Session, entry_id: str) -> Row[Any]:
    """The header of one entry.

    Raises:
        DataError: no such entry.
    """
    found = session.connection.execute(
        select(entry_table).where(*session.where(entry_table, entry_id=entry_id))
    ).first()
    if found is None:
        raise DataError(f"no ledger entry {entry_id}", mend="See `benehub ledger journal`")
    return found


def reversal(session: Session, entry_id: str, reason: str) -> NewEntry:
    """The entry that takes back a posted one, on the same effective date.

    One that had posted a pending entry opens that one again, unless nothing more is expected of it.

    Raises:
        DataError: no such entry, or it is none that was posted.
    """
    header = entry_of(session, entry_id)
    if header.status != "posted":
        raise DataError(f"{entry_id} is {header.status}; only what is posted is reversed", mend="Void it instead")
    return NewEntry(
        key=f"reverse:{header.idempotency_key}",
        type=f"{header.type}.reversed",
        effective_date=header.effective_date,
        legs=tuple(leg.negated() for leg in legs_of(session, entry_id)),
        source=reason,
        pending_id=None if _ended(session, header.pending_id) else header.pending_id,
        reverses_id=entry_id,
    )


def reversals(session: Session, source: str, type_: str, reason: str) -> list[NewEntry]:
    """The entries that take back all that a source posted as `type_`, none of it for a pending entry; in one query."""
    rows = session.rows(
        select(leg_table, entry_table.c.idempotency_key, entry_table.c.effective_date)
        .join(
            entry_table,
            (entry_table.c.employer_id == leg_table.c.employer_id) & (entry_table.c.entry_id == leg_table.c.entry_id),
        )
        .where(*session.where(entry_table, source=source, status="posted", type=type_))
        .order_by(entry_table.c.seq, leg_table.c.leg_no)
    )
    return [
        NewEntry(
            f"reverse:{key}", f"{type_}.reversed", day, tuple(leg_from(row).negated() for row in legs), reason,
            reverses_id=entry_id,
        )
        for (entry_id, key, day), legs in groupby(
            rows, lambda row: (row.entry_id, row.idempotency_key, row.effective_date)
        )
    ]  # fmt: skip


def void(session: Session, entry_id: str, reason: str) -> NewEntry | None:
    """The entry that ends what is still open of a pending one; None when nothing is.

    Raises:
        DataError: no such entry, or it is none that is pending.
    """
    header = entry_of(session, entry_id)
    if header.status != "pending":
        raise DataError(f"{entry_id} is {header.status}; only what is pending is voided", mend="Reverse it instead")
    rest = [list(legs_of(session, entry_id)), *_linked(session, entry_id)]
    open_legs: dict[tuple[object, ...], int] = {}
    for sign, legs in zip([1] + [-1] * (len(rest) - 1), rest, strict=True):
        for leg in legs:
            # Without the batch: only the actual knows the one that it came in.
            key = (leg.account, leg.unit, leg.person_id, leg.plan, leg.money_source, leg.coverage_month,
                   leg.pay_date)  # fmt: skip
            open_legs[key] = open_legs.get(key, 0) + sign * leg.amount
    legs_left = tuple(
        Leg(str(k[0]), str(k[1]), -amount, *k[2:])  # type: ignore[arg-type]  # the key is a leg without its amount
        for k, amount in open_legs.items()
        if amount
    )
    if not legs_left:
        return None
    return NewEntry(
        key=f"void:{header.idempotency_key}",
        type=f"{header.type}.void",
        status="void",
        effective_date=header.effective_date,
        legs=legs_left,
        source=reason,
        pending_id=entry_id,
    )


def _ended(session: Session, pending_id: str | None) -> bool:
    """Whether a pending entry expects no more: its rest was voided, or a later revision stands for it."""
    if pending_id is None:
        return True
    base, mark, number = entry_of(session, pending_id).idempotency_key.rpartition("/r")
    later = f"{base}/r{int(number) + 1}" if mark and number.isdigit() else ""
    query = select(entry_table.c.entry_id).where(
        entry_table.c.employer_id == session.employer,
        # What was carried as arrears is counted again when a result is corrected: it ends nothing.
        ((entry_table.c.pending_id == pending_id) & entry_table.c.type.endswith(".void"))
        | (entry_table.c.idempotency_key == later),
    )
    return session.connection.execute(query.limit(1)).first() is not None


def _linked(session: Session, entry_id: str) -> list[list[Leg]]:
    linked = session.rows(select(entry_table).where(*session.where(entry_table, pending_id=entry_id)))
    return [
        [leg if row.status == "posted" else leg.negated() for leg in legs_of(session, row.entry_id)] for row in linked
    ]
