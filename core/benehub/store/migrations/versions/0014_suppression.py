"""Rules by which differences are set aside until a day: who said so, and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "suppression",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("suppression_id", sa.String(length=40), nullable=False),
        sa.Column("relation", sa.String(length=12), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("plan", sa.String(length=40), nullable=True),
        sa.Column("up_to", sa.BigInteger(), nullable=True),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", sa.String(length=32), nullable=False),
        sa.Column("lifted_at", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_suppression_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "suppression_id", name=op.f("pk_suppression")),
    )
