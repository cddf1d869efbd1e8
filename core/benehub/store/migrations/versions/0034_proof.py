"""When who has a session open last showed who he is is kept apart from when the session was opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user_session", sa.Column("proved_at", sa.String(length=32), nullable=True))
