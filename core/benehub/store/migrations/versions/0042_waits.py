"""Waits for a vendor's limit are counted where the limit is kept: for all processes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("waits", "waited_ms"):
        op.add_column("call_window", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
