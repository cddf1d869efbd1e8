"""A partner may take a file for each of the employer's groups, each with answers and members' ways of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BEFORE = """
CREATE TABLE member_state_before AS
SELECT employer_id, connection_id, person_id, subscriber_id, dispatch_id, set_control, state, reason, seq, at
FROM member_state
"""
AGAIN = """
INSERT INTO member_state
(employer_id, connection_id, person_id, subscriber_id, dispatch_id, set_control, state, reason, seq, at)
SELECT employer_id, connection_id, person_id, subscriber_id, dispatch_id, set_control, state, reason, seq, at
FROM member_state_before
"""


def upgrade() -> None:
    op.add_column("dispatch", sa.Column("file_group", sa.String(50), nullable=False, server_default=""))
    # The primary key grows: SQLite can only make such a table anew.
    op.execute(BEFORE)
    op.drop_table("member_state")
    op.create_table(
        "member_state",
        sa.Column("employer_id", sa.String(40), nullable=False),
        sa.Column("connection_id", sa.String(40), nullable=False),
        sa.Column("person_id", sa.String(40), nullable=False),
        sa.Column("file_group", sa.String(50), nullable=False, server_default=""),
        sa.Column("subscriber_id", sa.String(40), nullable=False),
        sa.Column("dispatch_id", sa.String(40), nullable=False),
        sa.Column("set_control", sa.String(9), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.CheckConstraint("state in ('sent', 'acked', 'confirmed', 'refused')", name=op.f("ck_member_state_state")),
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
        sa.PrimaryKeyConstraint(
            "employer_id", "connection_id", "person_id", "file_group", name=op.f("pk_member_state")
        ),
    )
    op.execute(AGAIN)
    op.drop_table("member_state_before")
    op.create_index("ix_member_state_dispatch", "member_state", ["employer_id", "dispatch_id"], unique=False)
    op.create_index("ix_member_state_state", "member_state", ["employer_id", "connection_id", "state"], unique=False)
