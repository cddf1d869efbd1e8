"""What vendors tell of people nobody is linked to, and who they may be."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("crosswalk", sa.Column("stream", sa.String(length=40), nullable=False, server_default=""))
    op.add_column("crosswalk", sa.Column("told_sealed", sa.LargeBinary(), nullable=True))
    op.create_table(
        "suggestion",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state in ('open', 'rejected')", name=op.f("ck_suggestion_state")),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["connection.employer_id", "connection.connection_id"],
            name=op.f("fk_suggestion_employer_id_connection_id"),
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "person_id"],
            ["person.employer_id", "person.person_id"],
            name=op.f("fk_suggestion_employer_id_person_id"),
        ),
        sa.PrimaryKeyConstraint(
            "employer_id", "connection_id", "external_id", "person_id", name=op.f("pk_suggestion")
        ),
    )  # fmt: skip
