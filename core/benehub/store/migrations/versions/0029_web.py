"""A difference is somebody's to work; what was said of it tells to whom it was given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("difference", sa.Column("assigned_to", sa.String(40)))
    op.add_column("difference", sa.Column("assigned_at", sa.String(32)))
    op.create_index("ix_difference_assigned", "difference", ["employer_id", "assigned_to", "state"])
    op.add_column("difference_event", sa.Column("assigned_to", sa.String(40)))
