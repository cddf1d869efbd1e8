"""Rows that a full read no longer tells, what a person did and why, who runs a run, and the employer's time zone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Added column by column: batch mode would copy the table and drop what hangs on it.
    op.add_column("employer", sa.Column("timezone", sa.String(length=64), nullable=False, server_default="UTC"))
    op.add_column("intake_batch", sa.Column("full_from", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("intake_batch", sa.Column("gone", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("seen", sa.Column("about", sa.String(length=200), nullable=False, server_default=""))
    op.add_column("seen", sa.Column("gone_seq", sa.BigInteger(), nullable=True))
    op.add_column("run", sa.Column("executor", sa.String(length=80), nullable=False, server_default=""))
    op.create_index("ix_obligation_dispatch", "obligation", ["employer_id", "dispatch_id"], unique=False)
    op.create_index("ix_seen_gone", "seen", ["employer_id", "stream", "gone_seq"], unique=False)
    _intake_same()
    _act()


def _intake_same() -> None:
    op.create_table(
        "intake_same",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("batch_id", sa.String(length=40), nullable=False),
        sa.Column("row_key", sa.String(length=120), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "batch_id"],
            ["intake_batch.employer_id", "intake_batch.batch_id"],
            name=op.f("fk_intake_same_employer_id_batch_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "batch_id", "row_key", "row_no", name=op.f("pk_intake_same")),
    )


def _act() -> None:
    op.create_table(
        "act",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("act_no", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_act_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "subject", "act_no", name=op.f("pk_act")),
    )
