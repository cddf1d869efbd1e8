"""A run keeps that its schedule put it off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None
additive = True
"""Code of the revision before works with it: what is added has a default."""


def upgrade() -> None:
    op.add_column("run", sa.Column("put_off", sa.Integer(), nullable=False, server_default="0"))
