"""Schedules of jobs; a run tells the class of its error and the mend apart from its text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("error_class", sa.String(length=40), nullable=False, server_default=""))
    op.add_column("run", sa.Column("mend", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "schedule",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("flow", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=True),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("cron", sa.String(length=120), nullable=False),
        sa.Column("every_s", sa.Integer(), nullable=False),
        sa.Column("anchor_at", sa.String(length=32), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("closed_days", sa.String(length=6), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("blackouts", sa.JSON(), nullable=False),
        sa.Column("jitter_s", sa.Integer(), nullable=False),
        sa.Column("catch_up", sa.String(length=4), nullable=False),
        sa.Column("state", sa.String(length=6), nullable=False),
        sa.Column("slot_at", sa.String(length=32), nullable=False),
        sa.Column("next_at", sa.String(length=32), nullable=False),
        sa.Column("last_at", sa.String(length=32), nullable=True),
        sa.Column("last_run", sa.String(length=40), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("state in ('on', 'paused')", name=op.f("ck_schedule_state")),
        sa.CheckConstraint("catch_up in ('once', 'skip')", name=op.f("ck_schedule_catch_up")),
        sa.CheckConstraint(
            "closed_days in ('run', 'skip', 'before', 'after')", name=op.f("ck_schedule_closed_days")
        ),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_schedule_employer_id")),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["connection.employer_id", "connection.connection_id"],
            name=op.f("fk_schedule_employer_id_connection_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "name", name=op.f("pk_schedule")),
    )  # fmt: skip
    op.create_index("ix_schedule_due", "schedule", ["state", "next_at"], unique=False)
