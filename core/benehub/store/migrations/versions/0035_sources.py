"""Entries are found by what posted them (a dispatch, a difference, a fix), and a stream's batches in their order.

What each account moved by is kept by blocks of recorded numbers too, here worked out from the legs there are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_entry_remitted", table_name="entry")
    sourced = sa.text("substr(source, 1, 4) IN ('dif_', 'dis_', 'fix ')")
    op.create_index(
        "ix_entry_source", "entry", ["employer_id", "source", "type"], sqlite_where=sourced, postgresql_where=sourced
    )
    op.create_index("ix_intake_batch_stream", "intake_batch", ["employer_id", "connection_id", "stream", "seq"])
    op.create_table(
        "account_block",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=8), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("effective_date", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_account_block_employer_id")),
        sa.PrimaryKeyConstraint(
            "employer_id", "block", "account", "unit", "effective_date", name=op.f("pk_account_block")
        ),
    )
    op.execute(
        "INSERT INTO account_block (employer_id, block, account, unit, effective_date, amount)"
        " SELECT l.employer_id, e.seq / 32768, l.account, l.unit, e.effective_date, sum(l.amount) FROM leg l"
        " JOIN entry e ON e.employer_id = l.employer_id AND e.entry_id = l.entry_id"
        " WHERE l.posted_as IS NOT NULL"
        " GROUP BY l.employer_id, e.seq / 32768, l.account, l.unit, e.effective_date"
    )
