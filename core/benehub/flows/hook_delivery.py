"""Delivers our webhooks: signed as Standard Webhooks has it, ids only, tried for days, then given up and kept.

One process delivers at a time. A message is the same whenever it is tried: its id, its event's moment, its body; a
receiver knows a repetition by the id. Of a receiver that does not answer the others wait until it is tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Row, func, select

from benehub.connect import hooks_out
from benehub.connect.hooks_out import Answer
from benehub.connect.webhooks import STANDARD, sign_with
from benehub.errors import BenehubError
from benehub.flows import hook_secrets
from benehub.flows.hub import Hub
from benehub.store import Session, canonical, iso
from benehub.store.tables import hook_message, hook_subscription

PAUSES: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""After each failure; after the last one a message is given up."""

GONE: Final = 410
"""What a receiver says who wants no more: his subscription is paused."""

AT_ONCE: Final = 200

KEPT: Final = timedelta(days=30)
"""How long a message that was delivered is kept."""

_WHERE: Final = tuple(
    hook_subscription.c[name] for name in ("url", "secret", "secret_sealed", "old_secret", "old_sealed", "old_until")
)
"""What is needed of a subscription to send a message."""

log = structlog.get_logger("benehub.flows")


@dataclass(slots=True)
class Told:
    """What became of the messages that were due."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0


def deliver(hub: Hub, over: Callable[[], bool] = lambda: False) -> Told:
    """Deliver what is due, until it is over."""
    told = Told()
    lock = hub.store.lock("webhooks' delivery")
    if not lock.take():
        return told
    try:
        silent: set[str] = set()
        for row in due(hub):
            if over():
                break
            if row.subscription_id not in silent and not _one(hub, row, told):
                silent.add(row.subscription_id)
    finally:
        lock.release()
    return told


def due(hub: Hub) -> list[Row[Any]]:
    """The messages of all employers that are due, with where they go: each subscription's oldest come first.

    They are taken in turns, so that a receiver who is silent, however much waits for him, holds up no other.
    """
    mine = (hook_subscription.c.employer_id == hook_message.c.employer_id) & (
        hook_subscription.c.subscription_id == hook_message.c.subscription_id
    )
    with hub.store.read("") as session:
        turn = func.row_number().over(
            partition_by=(hook_message.c.employer_id, hook_message.c.subscription_id),
            order_by=(hook_message.c.next_at, hook_message.c.message_id),
        )
        query = (
            select(hook_message, *_WHERE)
            .join_from(hook_message, hook_subscription, mine)
            .where(
                hook_message.c.state == "waiting",
                hook_message.c.next_at <= iso(hub.store.clock()),
                hook_subscription.c.state == "on",
            )
            .order_by(turn, hook_message.c.next_at, hook_message.c.message_id)
            .limit(AT_ONCE)
        )
        return list(session.rows(query))


def content(employer: str, row: Row[Any]) -> bytes:
    """What a message says: which event, when, and of what; whoever may know more asks the API."""
    return canonical({"type": row.event, "timestamp": row.at, "data": {"employer": employer, "id": row.ref}})


def _one(hub: Hub, row: Row[Any], told: Told) -> bool:
    answer = _sent(hub, row)
    with hub.store.write(row.employer_id) as session:
        if answer.taken:
            told.delivered += 1
            _end(session, row, "delivered", answer.reason)
        elif answer.status == GONE or row.tries >= len(PAUSES):
            told.dead += 1
            _end(session, row, "dead", answer.reason)
            log.warning("webhook given up", employer=row.employer_id, message=row.message_id, reason=answer.reason)
        else:
            told.failed += 1
            again = iso(session.clock() + PAUSES[row.tries])
            session.change(hook_message, {"message_id": row.message_id}, tries=row.tries + 1, next_at=again,
                           reason=answer.reason)  # fmt: skip
        _noted(session, row.subscription_id, answer)
    return answer.taken


def _noted(session: Session, subscription_id: str, answer: Answer) -> None:
    """Keep with the subscription what the last try came to; who wants no more is paused."""
    failed = 0 if answer.taken else hook_subscription.c.failed_in_row + 1
    paused = {"state": "paused"} if answer.status == GONE else {}
    session.change(
        hook_subscription, {"subscription_id": subscription_id}, last_at=session.now(), last_reason=answer.reason,
        failed_in_row=failed, **paused,
    )  # fmt: skip


def _sent(hub: Hub, row: Row[Any]) -> Answer:
    body = content(row.employer_id, row)
    try:
        where = hooks_out.target(row.url, hub.hook_hosts)
        with hub.store.read(row.employer_id) as session:
            keys = hook_secrets.keys(session, row)
        headers = sign_with(STANDARD, keys, body, row.message_id, hub.store.clock())
    except BenehubError as error:
        return Answer(0, error.what)
    return hooks_out.post(where, headers, body)


def _end(session: Session, row: Row[Any], state: str, reason: str) -> None:
    session.change(hook_message, {"message_id": row.message_id}, state=state, tries=row.tries + 1, reason=reason,
                   ended_at=session.now())  # fmt: skip
    old = iso(session.clock() - KEPT)
    session.connection.execute(
        hook_message.delete().where(
            *session.where(hook_message, state="delivered", subscription_id=row.subscription_id),
            hook_message.c.ended_at < old,
        )
    )
