"""Asks before a read does damage: too many people gone, too much changed, a field suddenly empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Row, func, select

from benehub.intake.absence import absent
from benehub.intake.staging import waiting_rows
from benehub.intake.superseding import is_overtaken, later
from benehub.intake.told import keys_told_in
from benehub.planbook import Guards
from benehub.store import Session, without_collector
from benehub.store.tables import intake_batch, seen

SMALL = 10
"""Below this many known rows a percentage says nothing; the guards stay silent."""


@dataclass
class Tally:
    """What the waiting rows would do."""

    deleted: int = 0
    ended: int = 0
    before: Counter[str] = field(default_factory=Counter)
    """By field: rows known before in which it was filled."""
    emptied: Counter[str] = field(default_factory=Counter)
    """By field: those of them in which it is empty now."""

    def add(self, filled: str, now: str, deleted: bool, rows: int) -> None:
        """Count so many rows known before, of which these fields were filled when last applied, and these are now."""
        before, after = _names(filled), _names(now)
        # Only what ends now: who left long ago and comes again with a new address is no removal.
        self.ended += rows * ("termination_date" not in before and "termination_date" in after)
        if not deleted:
            self.before.update(dict.fromkeys(before, rows))
            self.emptied.update(dict.fromkeys(before - after, rows))


def _names(filled: str) -> set[str]:
    return set(filled.split(",")) - {""}


def check(session: Session, header: Row[Any], guards: Guards) -> str:
    """Why the batch must be held, or an empty text."""
    if _known(session, header, SMALL) < SMALL:
        return ""
    tally = _staged(session, header)
    return _mass_removal(session, header, guards, tally) or _gone_empty(header, guards, tally)


def _known(session: Session, header: Row[Any], most: int | None = None) -> int:
    """How many rows are known; counted no further than to `most`."""
    rows = select(seen.c.row_key).where(
        *session.where(seen, connection_id=header.connection_id, stream=header.stream), seen.c.gone_seq.is_(None)
    )
    return session.connection.execute(select(func.count()).select_from(rows.limit(most).subquery())).scalar_one()


def _mass_removal(session: Session, header: Row[Any], guards: Guards, tally: Tally) -> str:
    missing = _absent(session, header) if header.full_read else 0
    percent = guards.mass_removal_percent
    for count, what in (
        (tally.deleted, "deleted"), (missing, "missing from a full read"), (tally.ended, "ended")
    ):  # fmt: skip
        # Enough are known if there are as many as make this count the share; all are counted only to be told.
        if count > 1 and count * 100 > _known(session, header, -(-count * 100 // max(percent, 1))) * percent:
            known = _known(session, header)
            return f"{count} of {known} rows of {header.stream} are {what}, over {percent} %"
    return ""


def _absent(session: Session, header: Row[Any]) -> int:
    """How many of the known rows did not come again; new rows do not make up for missing ones.

    As `note_gone` has it: whom a read begun later has told is not missing, and nobody is where that one was whole.
    """
    gone = absent(session, header, *keys_told_in(session, *later(header))).subquery()
    count = int(session.connection.execute(select(func.count()).select_from(gone)).scalar_one())
    return 0 if count and is_overtaken(session, header, intake_batch.c.full_read == 1) else count


def _gone_empty(header: Row[Any], guards: Guards, tally: Tally) -> str:
    for name, count in tally.emptied.most_common():
        if count >= SMALL and count * 100 > tally.before[name] * guards.field_empty_percent:
            return (
                f"field {name} of {header.stream} was filled and is now empty in {count} of {tally.before[name]} rows"
            )
    return ""


def _staged(session: Session, header: Row[Any]) -> Tally:
    """All waiting rows, counted chunk by chunk."""
    last, tally = 0, Tally()
    alike: Counter[tuple[str, str, bool]] = Counter()
    while (after := _count(session, header, last, tally, alike)) > last:
        last = after
    for (filled, now, deleted), rows in alike.items():
        tally.add(filled, now, deleted, rows)
    return tally


@without_collector()
def _count(
    session: Session, header: Row[Any], last: int, tally: Tally, alike: Counter[tuple[str, str, bool]]
) -> int:  # fmt: skip
    """Count the next chunks behind `last`; gives the last of them, or `last` where there is none.

    Rows are put together in which the same fields were filled, and are: few fill other fields than most.
    """
    rows, chunks = waiting_rows(session, header.batch_id, last)
    if not rows:
        return last
    known = session.rows(
        select(seen.c.row_key, seen.c.filled).where(
            *session.where(seen, connection_id=header.connection_id, stream=header.stream),
            session.among(seen.c.row_key, [row.key for row in rows]),
        )
    )
    filled = dict(cast("Sequence[tuple[str, str]]", known))
    tally.deleted += sum(row.deleted for row in rows)
    alike.update((filled[row.key], row.filled, row.deleted) for row in rows if row.key in filled)
    return chunks[-1]
