"""Control numbers by sender, receiver and usage; files as they leave; how far each member has come at his carrier."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dispatch", sa.Column("control_line", sa.String(length=80), nullable=False, server_default=""))
    op.add_column("dispatch", sa.Column("heads", sa.Integer(), nullable=True))
    op.add_column("dispatch", sa.Column("wire_sealed", sa.LargeBinary(), nullable=True))
    _control_line()
    _member_state()


def _control_line() -> None:
    """Numbers that were taken per connection go on as the connection's own line: none is given twice."""
    op.create_table(
        "control_line",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("line", sa.String(length=80), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employer.employer_id"], name=op.f("fk_control_line_employer_id")
        ),
        sa.PrimaryKeyConstraint("employer_id", "line", name=op.f("pk_control_line")),
    )  # fmt: skip
    op.execute(
        "INSERT INTO control_line (employer_id, line, last) "
        "SELECT employer_id, 'connection/' || connection_id, last FROM control_number"
    )
    op.drop_table("control_number")


def _member_state() -> None:
    op.create_table(
        "member_state",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("subscriber_id", sa.String(length=40), nullable=False),
        sa.Column("dispatch_id", sa.String(length=40), nullable=False),
        sa.Column("set_control", sa.String(length=9), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "state in ('sent', 'acked', 'confirmed', 'refused')", name=op.f("ck_member_state_state")
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["connection.employer_id", "connection.connection_id"],
            name=op.f("fk_member_state_employer_id_connection_id"),
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "person_id"],
            ["person.employer_id", "person.person_id"],
            name=op.f("fk_member_state_employer_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "dispatch_id"],
            ["dispatch.employer_id", "dispatch.dispatch_id"],
            name=op.f("fk_member_state_employer_id_dispatch_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "connection_id", "person_id", name=op.f("pk_member_state")),
    )  # fmt: skip
    op.create_index("ix_member_state_dispatch", "member_state", ["employer_id", "dispatch_id"], unique=False)
    op.create_index("ix_member_state_state", "member_state", ["employer_id", "connection_id", "state"], unique=False)
