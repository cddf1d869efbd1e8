"""Our webhooks as people ask for them: who hears of what, and what became of each message."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, func, select, tuple_

from benehub.store import Session
from benehub.store.tables import hook_message, hook_subscription

STATES: Final = ("waiting", "delivered", "dead")
"""Of a message; dead is one that was given up."""


def subscriptions(session: Session) -> list[dict[str, Any]]:
    """All subscriptions, the oldest first, each with what waits and what was given up."""
    counts = {
        (row.subscription_id, row.state): int(row.n)
        for row in session.rows(
            select(hook_message.c.subscription_id, hook_message.c.state, func.count().label("n"))
            .where(*session.where(hook_message))
            .group_by(hook_message.c.subscription_id, hook_message.c.state)
        )
    }
    now = session.now()
    rows = session.rows(
        select(hook_subscription)
        .where(*session.where(hook_subscription))
        .order_by(hook_subscription.c.made_at, hook_subscription.c.subscription_id)
    )
    return [
        {
            "subscription": row.subscription_id, "url": row.url, "events": row.events, "secret": row.secret,
            "state": row.state, "who": row.who, "made_at": row.made_at,
            "old_secret_until": row.old_until if row.old_until and row.old_until > now else None,
            "last_at": row.last_at, "last_reason": row.last_reason or "", "failed_in_row": row.failed_in_row,
            "waiting": counts.get((row.subscription_id, "waiting"), 0),
            "dead": counts.get((row.subscription_id, "dead"), 0),
        }
        for row in rows
    ]  # fmt: skip


def messages(
    session: Session, subscription_id: str, state: str = "", limit: int = 50, before: tuple[str, str] | None = None
) -> list[dict[str, Any]]:
    """The newest messages of a subscription; those after the one with this moment and id, if given."""
    query = select(hook_message).where(*session.where(hook_message, subscription_id=subscription_id))
    if state:
        query = query.where(hook_message.c.state == state)
    if before is not None:
        query = query.where(tuple_(hook_message.c.at, hook_message.c.message_id) < tuple_(*before))
    query = query.order_by(hook_message.c.at.desc(), hook_message.c.message_id.desc()).limit(limit)
    return [_told(row) for row in session.rows(query)]


def part(
    session: Session, subscription_id: str, state: str = "", after: str = "", limit: int = 50
) -> tuple[list[dict[str, Any]], str]:
    """Messages behind a place of the list, the newest first, and the place of the last one where more follow."""
    at, _, name = after.partition("~")
    found = messages(session, subscription_id, state, limit + 1, (at, name) if after else None)
    last = f"{found[limit - 1]['at']}~{found[limit - 1]['message']}" if len(found) > limit else ""
    return found[:limit], last


def _told(row: Row[Any]) -> dict[str, Any]:
    return {
        "message": row.message_id, "event": row.event, "ref": row.ref, "at": row.at, "state": row.state,
        "tries": row.tries, "next_at": row.next_at if row.state == "waiting" else None, "ended_at": row.ended_at,
        "reason": row.reason,
    }  # fmt: skip
