"""Fixes of differences: proposed, approved by persons, carried out; what was said of them is never changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from benehub.store import guards

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fix",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("fix_id", sa.String(length=40), nullable=False),
        sa.Column("difference_id", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=True),
        sa.Column("at_stake", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("preview_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("proposed_at", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state in ('proposed', 'approved', 'rejected', 'carried_out', 'failed', 'withdrawn')",
            name=op.f("ck_fix_state"),
        ),
        sa.ForeignKeyConstraint(["employer_id", "difference_id"],
                                ["difference.employer_id", "difference.difference_id"],
                                name=op.f("fk_fix_employer_id_difference_id")),
        sa.PrimaryKeyConstraint("employer_id", "fix_id", name=op.f("pk_fix")),
    )  # fmt: skip
    op.create_index("ix_fix_state", "fix", ["employer_id", "state"])
    op.create_index("ix_fix_difference", "fix", ["employer_id", "difference_id"])
    op.create_table(
        "fixing",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("fix_id", sa.String(length=40), nullable=False),
        sa.Column("event_no", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["employer_id", "fix_id"], ["fix.employer_id", "fix.fix_id"],
                                name=op.f("fk_fixing_employer_id_fix_id")),
        sa.PrimaryKeyConstraint("employer_id", "fix_id", "event_no", name=op.f("pk_fixing")),
    )  # fmt: skip
    op.create_table(
        "fix_obligation",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("fix_id", sa.String(length=40), nullable=False),
        sa.Column("obligation_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["employer_id", "fix_id"], ["fix.employer_id", "fix.fix_id"],
                                name=op.f("fk_fix_obligation_employer_id_fix_id")),
        sa.ForeignKeyConstraint(["employer_id", "obligation_id"],
                                ["obligation.employer_id", "obligation.obligation_id"],
                                name=op.f("fk_fix_obligation_employer_id_obligation_id")),
        sa.PrimaryKeyConstraint("employer_id", "fix_id", "obligation_id", name=op.f("pk_fix_obligation")),
    )  # fmt: skip
    op.create_index("ix_fix_obligation", "fix_obligation", ["employer_id", "obligation_id"])
    for statement in guards.statements(op.get_bind().dialect.name, "fixing"):
        op.execute(sa.text(statement.replace(":", "\\:")))
