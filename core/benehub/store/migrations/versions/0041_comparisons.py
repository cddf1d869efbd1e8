"""What came behind a comparison, or behind a difference's return, is told by number and not by the clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "comparison",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("relation", sa.String(length=12), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_comparison_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "relation", "period", name=op.f("pk_comparison")),
    )
    for name, table, column, where in (
        ("ix_fact_unread", "fact", "seq", "batch_id IS NULL"),
        ("ix_intake_row_resolved", "intake_row", "resolved_seq", "resolved_seq IS NOT NULL"),
    ):
        op.create_index(
            name, table, ["employer_id", column], sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )
    op.add_column("difference_event", sa.Column("seq", sa.BigInteger(), nullable=True))
