"""What others may want to hear of: written in the transaction of the event itself, for every subscription to it.

So an event is told if and only if it happened. A message holds the event's name and the id of what it is about.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import select

from benehub.store.session import Session
from benehub.store.tables import hook_message, hook_subscription

EVENTS: Final = {
    "difference.opened": "Two systems do not agree, or do not agree again.",
    "difference.closed": "A difference was resolved, dismissed, or is found no more.",
    "run.ended": "A run is done, failed, held or canceled.",
    "dispatch.acknowledged": "A partner has answered what we sent.",
    "period.closed": "A month was signed off.",
}
"""Each event, and when it happens."""

TEST: Final = "subscription.test"
"""Sent on request, to see whether it arrives."""


def note_event(session: Session, event: str, refs: Iterable[str], unique: str) -> None:
    """Tell every subscription to an event of these things; `unique` tells this time from another of the same thing."""
    listening = [name for name, events in _subscriptions(session) if event in events]
    if not listening:
        return
    at = session.now()
    for ref in refs:
        for name in listening:
            message_id = session.id("whm", name, event, ref, unique)
            session.defer(hook_message, {
                "message_id": message_id, "subscription_id": name, "event": event, "ref": ref, "at": at,
                "state": "waiting", "tries": 0, "next_at": at, "ended_at": None, "reason": "",
            }, new=True)  # fmt: skip
    session.written()


def _subscriptions(session: Session) -> list[tuple[str, list[str]]]:
    """Who listens; asked once a transaction."""
    known: list[tuple[str, list[str]]] | None = session.memo.get(note_event)
    if known is None:
        rows = session.rows(
            select(hook_subscription.c.subscription_id, hook_subscription.c.events).where(
                *session.where(hook_subscription, state="on")
            )
        )
        known = session.memo[note_event] = [(row.subscription_id, row.events) for row in rows]
    return known
