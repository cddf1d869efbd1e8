"""What a dispatch has paid a carrier is found by it, and what was due beside a payment stands beside its content."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    remitted = sa.text("type = 'premium.remitted'")
    op.create_index(
        "ix_entry_remitted", "entry", ["employer_id", "source"], sqlite_where=remitted, postgresql_where=remitted
    )
    op.add_column("obligation", sa.Column("beside_minor", sa.BigInteger(), nullable=False, server_default="0"))
