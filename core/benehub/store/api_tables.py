"""The tables of the API: first results of writes by their idempotency key, and webhooks that we send."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from benehub.store.schema import belongs, employer_key, metadata

first_result = Table(
    "first_result",
    metadata,
    # What a write answered at first: whoever sends it again under the same key hears the same. Kept for a day.
    employer_key(),
    # Digest of the caller and his key.
    Column("result_id", String(64), primary_key=True),
    Column("content_hash", String(64), nullable=False),
    Column("state", String(6), nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body_sealed", LargeBinary),
    Column("claimed_at", String(32), nullable=False),
    CheckConstraint("state in ('open', 'done')", name="state"),
    belongs(to="employer"),
)
Index("ix_first_result_age", first_result.c.employer_id, first_result.c.claimed_at)

hook_subscription = Table(
    "hook_subscription",
    metadata,
    # Who wants to hear of which events: the address, and where the secret of the signature stands.
    employer_key(),
    Column("subscription_id", String(40), primary_key=True),
    Column("url", Text, nullable=False),
    Column("events", JSON, nullable=False),
    # A reference; empty where the hub has made the secret, which is sealed then.
    Column("secret", Text, nullable=False),
    Column("secret_sealed", LargeBinary),
    # What was signed with before it was changed: until then, with both.
    Column("old_secret", Text),
    Column("old_sealed", LargeBinary),
    Column("old_until", String(32)),
    # The last try, and how many have failed since one was taken.
    Column("last_at", String(32)),
    Column("last_reason", Text),
    Column("failed_in_row", Integer, nullable=False, server_default="0"),
    Column("state", String(6), nullable=False),
    Column("who", String(80), nullable=False),
    Column("made_at", String(32), nullable=False),
    CheckConstraint("state in ('on', 'paused')", name="state"),
    belongs(to="employer"),
)

hook_message = Table(
    "hook_message",
    metadata,
    # One event for one subscription, written in the event's own transaction: ids only, nothing of a person.
    employer_key(),
    Column("message_id", String(40), primary_key=True),
    Column("subscription_id", String(40), nullable=False),
    Column("event", String(40), nullable=False),
    Column("ref", String(40), nullable=False),
    Column("at", String(32), nullable=False),
    Column("state", String(10), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", String(32), nullable=False),
    Column("ended_at", String(32)),
    Column("reason", Text, nullable=False),
    CheckConstraint("state in ('waiting', 'delivered', 'dead')", name="state"),
    belongs("subscription_id", to="hook_subscription"),
)
Index("ix_hook_message_due", hook_message.c.state, hook_message.c.next_at)
Index(
    "ix_hook_message_newest", hook_message.c.employer_id, hook_message.c.subscription_id, hook_message.c.at,
    hook_message.c.message_id,
)  # fmt: skip
