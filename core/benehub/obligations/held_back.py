"""What one file could not say of one person: held by name with its amount, while the file goes for all others.

Each is an obligation of the file's kind, of its own key below the file's, in state `held`. It is no second debt: the
ledger owes the money once, and the next file that can name the person carries it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from benehub.obligations.book import UNFIT, Wanted, mark, open_ones, want
from benehub.store import Session
from benehub.store.tables import obligation

_PART = "/held/"


def part_key(base: str, person_id: str) -> str:
    """Business key of one person's part of a file's business."""
    return f"{base}{_PART}{person_id}"


def hold_back(session: Session, base: str, parts: Sequence[tuple[Wanted, str]]) -> None:
    """Hold these parts of a file's business, each with why; what was held of it before and is not now is let go.

    Args:
        base: business key of the business, without a correction's number.
        parts: what is owed of a person, keyed by `part_key`, and why the file cannot say it.
    """
    want(session, [one for one, _ in parts])
    for one, why in parts:
        mark(session, [session.id("obl", one.key)], "held", f"{UNFIT}{why}"[:300])
    now = {one.key for one, _ in parts}
    gone = [row.obligation_id for row in parts_of(session, base) if row.business_key not in now]
    mark(session, gone, "canceled", "held back no longer: it goes with the next file, or is owed no more")


def parts_of(session: Session, base: str) -> Sequence[Row[Any]]:
    """What is held back of a file's business."""
    mine = obligation.c.business_key.startswith(f"{base}{_PART}", autoescape=True)
    return session.rows(select(obligation).where(*session.where(obligation, state="held"), mine))


def held_back(session: Session, kind: str, connection_id: str) -> dict[tuple[str, str], str]:
    """Business and person of all that is held back -> why."""
    found: dict[tuple[str, str], str] = {}
    for row in open_ones(session, kind, connection_id, states=("held",)):
        base, part, person_id = row.business_key.rpartition(_PART)
        if part:
            found[base, person_id] = row.reason
    return found
