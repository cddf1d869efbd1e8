"""What is owed to carriers, and what has left to them, is found by month of cover."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None
additive = True
"""Code of the revision before works beside it: an index is added, and nothing else."""


def upgrade() -> None:
    where = sa.text("account IN ('1010', '2100')")
    op.create_index(
        "ix_leg_carriers", "leg",
        ["employer_id", "account", "coverage_month", "plan", "person_id", "batch", "posted_as", "amount"],
        sqlite_where=where, postgresql_where=where,
    )  # fmt: skip
