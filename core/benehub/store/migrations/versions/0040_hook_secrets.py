"""The hub may make a webhook's secret, one that is changed signs on for a day, and the last try is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hook_subscription", sa.Column("secret_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("hook_subscription", sa.Column("old_secret", sa.Text(), nullable=True))
    op.add_column("hook_subscription", sa.Column("old_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("hook_subscription", sa.Column("old_until", sa.String(length=32), nullable=True))
    op.add_column("hook_subscription", sa.Column("last_at", sa.String(length=32), nullable=True))
    op.add_column("hook_subscription", sa.Column("last_reason", sa.Text(), nullable=True))
    op.add_column("hook_subscription", sa.Column("failed_in_row", sa.Integer(), nullable=False, server_default="0"))
