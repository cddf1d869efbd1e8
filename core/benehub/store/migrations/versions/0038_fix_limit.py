"""The limit of the second person is kept with what is proposed, and of whom it tells."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("fix", sa.Column("alone_up_to", sa.BigInteger(), nullable=True))
    op.add_column("fix", sa.Column("people", sa.Integer(), nullable=True))
    op.add_column("fix", sa.Column("first_people", sa.JSON(), nullable=True))
