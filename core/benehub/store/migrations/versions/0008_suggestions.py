"""Who a vendor's unlinked person may be; permits for pushes that change many; calls reserved of vendor accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("crosswalk", sa.Column("stream", sa.String(length=40), nullable=False, server_default=""))
    op.add_column("crosswalk", sa.Column("told_sealed", sa.LargeBinary(), nullable=True))
    op.create_table(
        "suggestion",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state in ('open', 'rejected')", name=op.f("ck_suggestion_state")),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["connection.employer_id", "connection.connection_id"],
            name=op.f("fk_suggestion_employer_id_connection_id"),
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "person_id"],
            ["person.employer_id", "person.person_id"],
            name=op.f("fk_suggestion_employer_id_person_id"),
        ),
        sa.PrimaryKeyConstraint(
            "employer_id", "connection_id", "external_id", "person_id", name=op.f("pk_suggestion")
        ),
    )  # fmt: skip
    _push_permit()
    op.create_table(
        "call_window",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("held_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_block", sa.BigInteger(), nullable=False),
        sa.Column("blocks", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("employer_id", "account", name=op.f("pk_call_window")),
    )


def _push_permit() -> None:
    op.create_table(
        "push_permit",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("operation", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["connection.employer_id", "connection.connection_id"],
            name=op.f("fk_push_permit_employer_id_connection_id"),
        ),
        sa.PrimaryKeyConstraint(
            "employer_id", "connection_id", "operation", "seq", name=op.f("pk_push_permit")
        ),
    )  # fmt: skip
