"""Entries are found by what posted them (a dispatch, a difference, a fix), and a stream's batches in their order."""

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
