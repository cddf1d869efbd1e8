"""First results of writes by their idempotency key, webhooks that we send, and the order in which lists are paged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _first_result()
    _subscription()
    _message()
    op.create_index("ix_difference_order", "difference", ["employer_id", "first_seq", "difference_id"])
    op.create_index("ix_obligation_order", "obligation", ["employer_id", "seq", "obligation_id"])
    op.create_index("ix_dispatch_order", "dispatch", ["employer_id", "seq", "dispatch_id"])
    op.create_index("ix_run_order", "run", ["employer_id", "started_at", "run_id"])


def _first_result() -> None:
    op.create_table(
        "first_result",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("result_id", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=6), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("claimed_at", sa.String(length=32), nullable=False),
        sa.CheckConstraint("state in ('open', 'done')", name=op.f("ck_first_result_state")),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_first_result_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "result_id", name=op.f("pk_first_result")),
    )
    op.create_index("ix_first_result_age", "first_result", ["employer_id", "claimed_at"])


def _subscription() -> None:
    op.create_table(
        "hook_subscription",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("subscription_id", sa.String(length=40), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=6), nullable=False),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("made_at", sa.String(length=32), nullable=False),
        sa.CheckConstraint("state in ('on', 'paused')", name=op.f("ck_hook_subscription_state")),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employer.employer_id"], name=op.f("fk_hook_subscription_employer_id")
        ),
        sa.PrimaryKeyConstraint("employer_id", "subscription_id", name=op.f("pk_hook_subscription")),
    )


def _message() -> None:
    op.create_table(
        "hook_message",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("message_id", sa.String(length=40), nullable=False),
        sa.Column("subscription_id", sa.String(length=40), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=40), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.String(length=32), nullable=False),
        sa.Column("ended_at", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("state in ('waiting', 'delivered', 'dead')", name=op.f("ck_hook_message_state")),
        sa.ForeignKeyConstraint(
            ["employer_id", "subscription_id"],
            ["hook_subscription.employer_id", "hook_subscription.subscription_id"],
            name=op.f("fk_hook_message_employer_id_subscription_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "message_id", name=op.f("pk_hook_message")),
    )
    op.create_index("ix_hook_message_due", "hook_message", ["state", "next_at"])
    op.create_index("ix_hook_message_newest", "hook_message", ["employer_id", "subscription_id", "at", "message_id"])
