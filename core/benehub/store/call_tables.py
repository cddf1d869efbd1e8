"""The tables of calls: doors for webhooks, what came in, users written at our endpoint, and our calls' limits."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from benehub.store.schema import belongs, employer_key, metadata

webhook_door = Table(
    "webhook_door",
    metadata,
    # A connection whose vendor may call us: where its secret stands, and who was turned away.
    employer_key(),
    Column("connection_id", String(40), primary_key=True),
    # A reference, never the secret; empty for a vendor that does not sign, or whose key comes by a handshake.
    Column("secret", Text, nullable=False),
    # The key that came by a confirmed handshake.
    Column("key_sealed", LargeBinary),
    Column("opened_at", String(32), nullable=False),
    Column("refused", Integer, nullable=False, server_default="0"),
    Column("refused_at", String(32)),
    Column("refused_why", Text, nullable=False, server_default=""),
    belongs("connection_id", to="connection"),
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    employer_key(),
    Column("delivery_id", String(40), primary_key=True),
    Column("connection_id", String(40), nullable=False),
    # Digest of the vendor's id of the delivery, or of its body where the vendor gives none.
    Column("known_by", String(64), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("signed", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    # The streams that it led to a read of.
    Column("streams", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body_sealed", LargeBinary, nullable=False),
    Column("sent_at", String(32)),
    Column("received_at", String(32), nullable=False),
    Column("worked_at", String(32)),
    CheckConstraint("kind in ('event', 'handshake')", name="kind"),
    CheckConstraint("state in ('waiting', 'worked', 'failed')", name="state"),
    belongs("connection_id", to="webhook_door"),
)
Index(
    "ix_webhook_delivery_known", webhook_delivery.c.employer_id, webhook_delivery.c.connection_id,
    webhook_delivery.c.known_by,
)  # fmt: skip
Index(
    "ix_webhook_delivery_state", webhook_delivery.c.employer_id, webhook_delivery.c.state,
    webhook_delivery.c.received_at,
)  # fmt: skip

pushed_resource = Table(
    "pushed_resource",
    metadata,
    # What a client wrote at our own SCIM endpoint, as it wrote it, so that it reads the same back.
    employer_key(),
    Column("connection_id", String(40), primary_key=True),
    Column("resource_id", String(40), primary_key=True),
    # Blind indexes: whoever writes is known by names of persons.
    Column("name_index", String(64), nullable=False),
    Column("external_index", String(64)),
    Column("version", Integer, nullable=False),
    Column("body_sealed", LargeBinary, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("modified_at", String(32), nullable=False),
    # When it first told a last day: what the guard against mass removal counts.
    Column("ended_at", String(32)),
    Column("seq", BigInteger, nullable=False),
    UniqueConstraint("employer_id", "connection_id", "name_index"),
    belongs("connection_id", to="connection"),
)
Index(
    "ix_pushed_resource_external", pushed_resource.c.employer_id, pushed_resource.c.connection_id,
    pushed_resource.c.external_index,
)  # fmt: skip
Index(
    "ix_pushed_resource_order", pushed_resource.c.employer_id, pushed_resource.c.connection_id, pushed_resource.c.seq,
)  # fmt: skip

call_window = Table(
    "call_window",
    metadata,
    # Calls reserved of a vendor account. The vendor counts those of all employers together: the key names none (`*`).
    employer_key(),
    Column("account", String(40), primary_key=True),
    Column("held_until_ms", BigInteger, nullable=False),
    Column("last_block", BigInteger, nullable=False),
    # [block, stands until (ms), calls] each.
    Column("blocks", JSON, nullable=False),
    # Calls that had to wait for a slot since ever, and for how long together.
    Column("waits", BigInteger, nullable=False, server_default="0"),
    Column("waited_ms", BigInteger, nullable=False, server_default="0"),
)
