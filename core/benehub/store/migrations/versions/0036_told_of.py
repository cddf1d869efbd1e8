"""Whom a file tells of is kept with it: a look at it opens nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dispatch", sa.Column("people", sa.Integer(), nullable=True))
    op.add_column("dispatch", sa.Column("first_people", sa.JSON(), nullable=True))
