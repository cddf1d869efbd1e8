"""Doors for vendors' webhooks, what came through them, and the users that clients wrote at our own SCIM endpoint."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _door()
    _delivery()
    _resource()


def _door() -> None:
    op.create_table(
        "webhook_door",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("opened_at", sa.String(length=32), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("refused_at", sa.String(length=32), nullable=True),
        sa.Column("refused_why", sa.Text(), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["connection.employer_id", "connection.connection_id"],
            name=op.f("fk_webhook_door_employer_id_connection_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "connection_id", name=op.f("pk_webhook_door")),
    )


def _delivery() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("delivery_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("known_by", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("signed", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("streams", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", sa.String(length=32), nullable=True),
        sa.Column("received_at", sa.String(length=32), nullable=False),
        sa.Column("worked_at", sa.String(length=32), nullable=True),
        sa.CheckConstraint("kind in ('event', 'handshake')", name=op.f("ck_webhook_delivery_kind")),
        sa.CheckConstraint("state in ('waiting', 'worked', 'failed')", name=op.f("ck_webhook_delivery_state")),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["webhook_door.employer_id", "webhook_door.connection_id"],
            name=op.f("fk_webhook_delivery_employer_id_connection_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "delivery_id", name=op.f("pk_webhook_delivery")),
    )
    op.create_index("ix_webhook_delivery_known", "webhook_delivery", ["employer_id", "connection_id", "known_by"])
    op.create_index("ix_webhook_delivery_state", "webhook_delivery", ["employer_id", "state", "received_at"])


def _resource() -> None:
    op.create_table(
        "pushed_resource",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("resource_id", sa.String(length=40), nullable=False),
        sa.Column("name_index", sa.String(length=64), nullable=False),
        sa.Column("external_index", sa.String(length=64), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("modified_at", sa.String(length=32), nullable=False),
        sa.Column("ended_at", sa.String(length=32), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["connection.employer_id", "connection.connection_id"],
            name=op.f("fk_pushed_resource_employer_id_connection_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "connection_id", "resource_id", name=op.f("pk_pushed_resource")),
        sa.UniqueConstraint(
            "employer_id",
            "connection_id",
            "name_index",
            name=op.f("uq_pushed_resource_employer_id_connection_id_name_index"),
        ),
    )
    op.create_index(
        "ix_pushed_resource_external", "pushed_resource", ["employer_id", "connection_id", "external_index"]
    )
    op.create_index("ix_pushed_resource_order", "pushed_resource", ["employer_id", "connection_id", "seq"])
