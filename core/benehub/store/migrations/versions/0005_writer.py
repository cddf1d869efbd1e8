"""What is frozen may stand in several pieces, so that a file of any size is frozen and sent with one in memory."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("frozen_pieces", "wire_pieces"):
        op.add_column("dispatch", sa.Column(name, sa.Integer(), nullable=False, server_default="1"))
    op.create_table(
        "dispatch_piece",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("dispatch_id", sa.String(length=40), nullable=False),
        sa.Column("form", sa.String(length=10), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "dispatch_id"],
            ["dispatch.employer_id", "dispatch.dispatch_id"],
            name=op.f("fk_dispatch_piece_employer_id_dispatch_id"),
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("employer_id", "dispatch_id", "form", "place", name=op.f("pk_dispatch_piece")),
    )
