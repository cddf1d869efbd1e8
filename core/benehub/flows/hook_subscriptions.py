"""Who hears of our events: addresses and events, signed with a secret by reference or one that the hub made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, and_, case, delete, or_, select, update

from benehub.connect import hooks_out
from benehub.crypto import mask
from benehub.errors import DataError, NeedsPersonError
from benehub.flows import hook_secrets
from benehub.flows.first_results import place_of
from benehub.flows.hub import Hub
from benehub.store import Session
from benehub.store.events import EVENTS, TEST
from benehub.store.tables import hook_message, hook_subscription
from benehub.store.version import must_be, version

MOST = 50
"""Subscriptions of an employer at most."""


class Made(NamedTuple):
    """A subscription that was made."""

    id: str
    secret: str
    """The secret that the hub made for it, told this once; empty where a reference was named."""


def subscribe(
    hub: Hub, employer: str, url: str, events: Sequence[str], secret: str, who: str, key: str = ""
) -> Made:  # fmt: skip
    """Let an address hear of events from now on; without a reference of a secret the hub makes one.

    Args:
        key: tells this subscription from others that say the same: with the same one it is made once, for as long as
            keys of writes are kept, and the secret that was made for it is told again while it is the one in force.
            Empty for a new one.

    Raises:
        DataError: the address may not be called, an event or the reference is none, or there are too many.
    """
    unknown = [one for one in events if one not in EVENTS]
    if unknown:
        raise DataError(f"no event is called {unknown[0][:40]!r}", mend=f"There are: {', '.join(EVENTS)}")
    if not events:
        raise DataError("a subscription hears of one event at least", mend=f"There are: {', '.join(EVENTS)}")
    hooks_out.target(url, hub.hook_hosts)
    with hub.store.write(employer) as session:
        session.take_seq(0)
        at = session.now()
        subscription_id, before = session.id("whs", url, *sorted(events), at), False
        if key:
            subscription_id, before = place_of(
                session, lambda told: session.id("whs", url, *sorted(events), secret, told),
                lambda made: found.made_at if (found := _found(session, made)) else None, key,
            )  # fmt: skip
        if before:
            return Made(subscription_id, hook_secrets.first(session, get(session, subscription_id)))
        if len(session.rows(select(hook_subscription).where(*session.where(hook_subscription)))) >= MOST:
            raise DataError("there are too many subscriptions", mend="Remove those that nobody hears")
        kept, made = hook_secrets.chosen(session, secret)
        session.add(hook_subscription, [{
            "subscription_id": subscription_id, "url": url, "events": sorted(set(events)), **kept,
            "state": "on", "who": mask(who)[:80], "made_at": at, "failed_in_row": 0,
        }])  # fmt: skip
    return Made(subscription_id, made)


def rotate(
    hub: Hub, employer: str, subscription_id: str, secret: str = "", expected: str = "", key: str = ""
) -> str:  # fmt: skip
    """Sign with another secret; the one before signs beside it for a day. Gives the new one, where the hub made it.

    Args:
        key: tells this write from others: with the same one within a day nothing is changed again, and the secret that
            it has made is told again while it is the one in force. Empty for a new one. A write with a key that names
            the reference in force, which came within the day, changes nothing either.

    Raises:
        DataError: there is no such subscription, or the reference is none.
        NeedsPersonError: it was changed within the last day, and the one before that still signs.
        ChangedMeanwhile: its version is not the one `expected`, where one is named; so below.
    """
    with hub.store.write(employer) as session:
        session.take_seq(0)  # of two at once the second finds what the first has made
        row = get(session, subscription_id)
        if before := "" if secret else hook_secrets.made_by(session, row, key):
            return before
        if key and hook_secrets.took(session, row, secret):
            return ""
        must_be(expected, _edited(row), subscription_id)
        kept, made = hook_secrets.chosen(session, secret, key)
        session.change(
            hook_subscription, {"subscription_id": subscription_id}, **hook_secrets.replaced(session, row, kept)
        )
    return made


def version_of(row: Row[Any]) -> str:
    """The version of a subscription: other as soon as somebody has changed it."""
    return version(_edited(row))


def set_state(hub: Hub, employer: str, subscription_id: str, state: str, expected: str = "") -> None:
    """Let a subscription hear again (on), or nothing (paused): what happens meanwhile is not made up for.

    One that a person pauses is known to hear nothing: its failures are counted no more.

    Raises:
        DataError: there is none.
    """
    heard = {"failed_in_row": 0} if state == "paused" else {}
    with hub.store.write(employer) as session:
        must_be(expected, _edited(get(session, subscription_id)), subscription_id)
        session.change(hook_subscription, {"subscription_id": subscription_id}, state=state, **heard)


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
        NeedsPersonError: it is paused, so that nothing is sent to it; so below.
    """
    with hub.store.write(employer) as session:
        _hearing(session, subscription_id)
        at = session.now()
        message_id = session.id("whm", subscription_id, TEST, at)
        session.add(hook_message, [{
            "message_id": message_id, "subscription_id": subscription_id, "event": TEST, "ref": subscription_id,
            "at": at, "state": "waiting", "tries": 0, "next_at": at, "ended_at": None, "reason": "",
        }])  # fmt: skip
    return message_id


def resend(hub: Hub, employer: str, subscription_id: str, message_id: str) -> None:
    """Let a message that was given up be tried anew, or one that failed and waits be tried at once.

    Raises:
        DataError: there is none, or it has not failed.
    """
    with hub.store.write(employer) as session:
        _hearing(session, subscription_id)
        if not _anew(session, subscription_id, message_id=message_id):
            raise DataError("no such message has failed", where=message_id, mend="List the messages")


def resend_all(hub: Hub, employer: str, subscription_id: str) -> int:
    """As `resend`, all that failed; gives how many.

    Raises:
        DataError: there is no such subscription.
    """
    with hub.store.write(employer) as session:
        _hearing(session, subscription_id)
        return _anew(session, subscription_id)


def _hearing(session: Session, subscription_id: str) -> None:
    if get(session, subscription_id).state != "on":
        raise NeedsPersonError("it is paused, and hears nothing", where=subscription_id, mend="Resume it first")


def _anew(session: Session, subscription_id: str, **more: str) -> int:
    given_up = hook_message.c.state == "dead"
    failed = or_(given_up, and_(hook_message.c.state == "waiting", hook_message.c.tries > 0))
    done = session.connection.execute(
        update(hook_message)
        .where(*session.where(hook_message, subscription_id=subscription_id, **more), failed)
        .values(state="waiting", tries=case((given_up, 0), else_=hook_message.c.tries), next_at=session.now(),
                ended_at=None)
    )  # fmt: skip
    return int(done.rowcount)


def get(session: Session, subscription_id: str) -> Row[Any]:
    """One subscription.

    Raises:
        DataError: there is none.
    """
    found = _found(session, subscription_id)
    if found is None:
        raise DataError(f"no subscription {subscription_id[:60]}", mend="List the subscriptions")
    return found


def _found(session: Session, subscription_id: str) -> Row[Any] | None:
    return session.connection.execute(
        select(hook_subscription).where(*session.where(hook_subscription, subscription_id=subscription_id))
    ).first()


def _edited(row: Row[Any]) -> dict[str, Any]:
    secret = [row.secret, row.old_until]  # of one that the hub made nothing but the moment tells that it is another
    return {"url": row.url, "events": row.events, "secret": secret, "state": row.state}
