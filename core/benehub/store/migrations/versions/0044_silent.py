"""A comparison keeps with whom nothing was compared, and a stream when it last told anything."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("comparison", sa.Column("silent", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("stream_state", sa.Column("told_at", sa.String(length=32), nullable=False, server_default=""))
    op.execute(
        "UPDATE stream_state SET told_at = coalesce((SELECT max(recorded_at) FROM intake_batch"
        " WHERE intake_batch.employer_id = stream_state.employer_id"
        " AND intake_batch.connection_id = stream_state.connection_id"
        " AND intake_batch.stream = stream_state.stream"
        " AND intake_batch.state = 'applied' AND intake_batch.rows > 0), '')"
    )
