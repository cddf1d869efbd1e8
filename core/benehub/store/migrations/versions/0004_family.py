"""The dependents of an employee are found by an index, where everybody is gone through part by part."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_person_subscriber", "person", ["employer_id", "subscriber_id"], unique=False)
