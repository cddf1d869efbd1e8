"""Open differences are summed up from an index alone, listed in its order, and found by their person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    still_open = sa.text("state IN ('discrepancy', 'pending')")
    op.create_index(
        "ix_difference_sums",
        "difference",
        ["employer_id", "state", "relation", "period", "unit", "at_stake", "first_seen"],
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_index(
        "ix_difference_stake",
        "difference",
        ["employer_id", "state", sa.text("at_stake DESC"), "difference_id"],
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_index("ix_difference_person", "difference", ["employer_id", "person_id", "period", "first_seq"])
