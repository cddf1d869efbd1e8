"""Why a row in quarantine waited at first stays when it is tried again, and whom it waits for is kept with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from benehub.store import guards

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("intake_row", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("intake_row", sa.Column("tried_at", sa.String(length=32), nullable=True))
    op.add_column("intake_row", sa.Column("names", sa.String(length=128), nullable=True))
    waits = "outcome = 'quarantined' AND resolved_seq IS NULL AND "
    for name, column, where in (
        ("names", "names", waits + "names IS NOT NULL AND names != ''"),
        ("unasked", "batch_id", waits + "names IS NULL"),
    ):
        op.create_index(
            f"ix_intake_row_{name}", "intake_row", ["employer_id", column],
            sqlite_where=sa.text(where), postgresql_where=sa.text(where),
        )  # fmt: skip
    op.create_index("ix_intake_batch_opened", "intake_batch", ["employer_id", "recorded_at", "batch_id"])
    op.create_table(
        "waited",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("batch_id", sa.String(length=40), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("try_no", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "batch_id"],
            ["intake_batch.employer_id", "intake_batch.batch_id"],
            name=op.f("fk_waited_batch_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "batch_id", "row_no", "try_no", name=op.f("pk_waited")),
    )
    for statement in guards.statements(op.get_bind().dialect.name, "waited"):
        op.execute(statement)
