"""Who hears of our events: subscriptions by address and event, with the secret by reference."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, select, update

from benehub.connect import hooks_out
from benehub.crypto import mask
from benehub.errors import DataError
from benehub.flows.hub import Hub
from benehub.store import Session
from benehub.store.events import EVENTS, TEST
from benehub.store.tables import hook_message, hook_subscription
from benehub.store.version import must_be, version

SECRET = re.compile(r"env:BENEHUB_HOOK_[A-Z0-9_]{1,40}|keyring:benehub-hook-[a-z0-9-]{1,40}")
"""References that may be named: whoever may subscribe must not make us sign with other secrets."""

MOST = 50
"""Subscriptions of an employer at most."""


def subscribe(hub: Hub, employer: str, url: str, events: Sequence[str], secret: str, who: str) -> str:
    """Let an address hear of events from now on; gives the subscription's id.

    Raises:
        DataError: the address may not be called, an event or the reference is none, or there are too many.
    """
    unknown = [one for one in events if one not in EVENTS]
    if unknown or not events:
        raise DataError(f"no event is called {(unknown or [''])[0][:40]!r}", mend=f"There are: {', '.join(EVENTS)}")
    if SECRET.fullmatch(secret) is None:
        raise DataError("the secret is no reference that may be used for this",
                        mend="Write env:BENEHUB_HOOK_NAME or keyring:benehub-hook-name")  # fmt: skip
    hooks_out.target(url, hub.hook_hosts)
    with hub.store.write(employer) as session:
        session.take_seq(0)
        if len(session.rows(select(hook_subscription).where(*session.where(hook_subscription)))) >= MOST:
            raise DataError("there are too many subscriptions", mend="Remove those that nobody hears")
        at = session.now()
        subscription_id = session.id("whs", url, *sorted(events), at)
        session.add(hook_subscription, [{
            "subscription_id": subscription_id, "url": url, "events": sorted(set(events)), "secret": secret,
            "state": "on", "who": mask(who)[:80], "made_at": at,
        }])  # fmt: skip
    return subscription_id


def version_of(row: Row[Any]) -> str:
    """The version of a subscription: other as soon as somebody has changed it."""
    return version(_edited(row))


def set_state(hub: Hub, employer: str, subscription_id: str, state: str, expected: str = "") -> None:
    """Let a subscription hear again (on), or nothing (paused): what happens meanwhile is not made up for.

    Raises:
        DataError: there is none.
        ChangedMeanwhile: its version is not the one `expected`, where one is named; so below.
    """
    with hub.store.write(employer) as session:
        must_be(expected, _edited(get(session, subscription_id)), subscription_id)
        session.change(hook_subscription, {"subscription_id": subscription_id}, state=state)


def remove(hub: Hub, employer: str, subscription_id: str, expected: str = "") -> None:
    """End a subscription, with what waits for it.

    Raises:
        DataError: there is none.
    """
    with hub.store.write(employer) as session:
        must_be(expected, _edited(get(session, subscription_id)), subscription_id)
        for table in (hook_message, hook_subscription):
            session.connection.execute(delete(table).where(*session.where(table, subscription_id=subscription_id)))


def send_test(hub: Hub, employer: str, subscription_id: str) -> str:
    """Put a message that says nothing into the queue of a subscription; gives its id.

    Raises:
        DataError: there is none.
    """
    with hub.store.write(employer) as session:
        get(session, subscription_id)
        at = session.now()
        message_id = session.id("whm", subscription_id, TEST, at)
        session.add(hook_message, [{
            "message_id": message_id, "subscription_id": subscription_id, "event": TEST, "ref": subscription_id,
            "at": at, "state": "waiting", "tries": 0, "next_at": at, "ended_at": None, "reason": "",
        }])  # fmt: skip
    return message_id


def resend(hub: Hub, employer: str, subscription_id: str, message_id: str) -> None:
    """Let a message that was given up be tried anew.

    Raises:
        DataError: there is none, or it was not given up.
    """
    with hub.store.write(employer) as session:
        done = session.connection.execute(
            update(hook_message)
            .where(*session.where(hook_message, subscription_id=subscription_id, message_id=message_id, state="dead"))
            .values(state="waiting", tries=0, next_at=session.now(), ended_at=None)
        )
        if not done.rowcount:
            raise DataError("no such message was given up", where=message_id, mend="List the messages")


def get(session: Session, subscription_id: str) -> Row[Any]:
    """One subscription.

    Raises:
        DataError: there is none.
    """
    found = session.rows(
        select(hook_subscription).where(*session.where(hook_subscription, subscription_id=subscription_id))
    )
    if not found:
        raise DataError(f"no subscription {subscription_id[:60]}", mend="List the subscriptions")
    return found[0]


def _edited(row: Row[Any]) -> dict[str, Any]:
    return {"url": row.url, "events": row.events, "secret": row.secret, "state": row.state}
