"""The place at which a read was begun is kept for itself: its other one is taken anew when it is finished."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("opened_seq", "looked_seq"):
        op.add_column("intake_batch", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    # Of what is applied already this is the place of its end: no read of before is taken for a later one by it alone.
    op.execute("UPDATE intake_batch SET opened_seq = seq")
    waits = sa.text("state IN ('staged', 'held')")
    op.create_index(
        "ix_intake_batch_open", "intake_batch", ["employer_id", "connection_id", "stream"],
        sqlite_where=waits, postgresql_where=waits,
    )  # fmt: skip
