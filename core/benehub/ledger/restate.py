"""Corrections: an amount worked out again is posted as a reversal and a new revision, never as an update."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import select

from benehub.ledger.entries import NewEntry
from benehub.ledger.journal import record, reversal, void
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import entry


@dataclass(frozen=True, slots=True)
class Restated:
    """What a restatement did: first postings, corrections, and amounts that stand as they were."""

    new: int = 0
    corrected: int = 0
    unchanged: int = 0


def restate(session: Session, entries: Iterable[NewEntry]) -> Restated:
    """Make these entries stand, each under its key with a revision (`KEY/r1`, `KEY/r2`, ...).

    The same content as the newest revision changes nothing. Other content takes the newest revision back
    (a posted one by reversal, a pending one by voiding what is still open of it) and posts the next. An entry
    without legs only takes back.
    """
    batch: list[NewEntry] = []
    new = corrected = unchanged = 0
    wanted = list(entries)
    newest = _newest(session, [one.key for one in wanted])
    for one in wanted:
        revision, entry_id, content_hash, status, gone = newest.get(one.key, _NONE)
        if not gone and one.legs and replace(one, key="").content_hash() == content_hash:
            unchanged += 1
            continue
        if not gone:
            back = (
                void(session, entry_id, f"restated: {one.source}")
                if status == "pending"
                else reversal(session, entry_id, f"restated: {one.source}")
            )
            if back is not None:
                batch.append(back)
            corrected += back is not None or bool(one.legs)
        if one.legs:
            batch.append(replace(one, key=f"{one.key}/r{revision + 1}"))
            new += gone
    record(session, batch)
    return Restated(new, corrected, unchanged)


_NONE = (0, "", "", "", True)


def _newest(session: Session, keys: list[str]) -> dict[str, tuple[int, str, str, str, bool]]:
    """Per key: newest revision, its entry, content hash, status, and whether it was taken back already."""
    found: dict[str, tuple[int, str, str, str, bool]] = {}
    pending, revision = list(keys), 1
    while pending:
        rows = _by_key(session, [f"{key}/r{revision}" for key in pending])
        backs = _by_key(session, [f"{verb}:{key}" for key in rows for verb in ("reverse", "void")])
        gone = {key.split(":", 1)[1] for key in backs}
        for name, (entry_id, content_hash, status) in rows.items():
            key = name.rpartition("/r")[0]
            found[key] = (revision, entry_id, content_hash, status, name in gone)
        # Only keys that have this revision can have a next one.
        pending = [name.rpartition("/r")[0] for name in rows]
        revision += 1
    return found


def _by_key(session: Session, keys: list[str]) -> dict[str, tuple[str, str, str]]:
    found: dict[str, tuple[str, str, str]] = {}
    for start in range(0, len(keys), CHUNK):
        rows = session.rows(
            select(entry.c.idempotency_key, entry.c.entry_id, entry.c.content_hash, entry.c.status).where(
                entry.c.employer_id == session.employer,
                entry.c.idempotency_key.in_(keys[start : start + CHUNK]),
            )
        )
        found |= {row.idempotency_key: (row.entry_id, row.content_hash, row.status) for row in rows}
    return found
