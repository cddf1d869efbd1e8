"""Who may come in by which provider the first time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "user_invitation",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("provider", sa.String(length=80), nullable=False),
        sa.Column("given_by", sa.String(length=80), nullable=False),
        sa.Column("given_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "user_id"],
            ["user_account.employer_id", "user_account.user_id"],
            name=op.f("fk_user_invitation_employer_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "user_id", "provider", name=op.f("pk_user_invitation")),
    )
