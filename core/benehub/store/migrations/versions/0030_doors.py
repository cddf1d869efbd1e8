"""Who may come in by which provider the first time; employees are found by the beginning of a name or number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "user_invitation",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("provider", sa.String(length=80), nullable=False),
        sa.Column("given_by", sa.String(length=80), nullable=False),
        sa.Column("given_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "user_id"],
            ["user_account.employer_id", "user_account.user_id"],
            name=op.f("fk_user_invitation_employer_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "user_id", "provider", name=op.f("pk_user_invitation")),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    whose = sa.text("kind = 'employee'")
    for table, name, last in (
        ("fact", "first_name", "subject"), ("fact", "last_name", "subject"), ("person", "number", "person_id"),
    ):  # fmt: skip
        told = (
            "member_id" if table == "person" else f"json_extract(data, '$.{name}')" if sqlite else f"data ->> '{name}'"
        )
        small = f"lower({told})" if sqlite else f'lower(({told}) COLLATE "C")'
        op.create_index(
            f"ix_{table}_{name}", table, ["employer_id", sa.text(small), last],
            sqlite_where=whose, postgresql_where=whose,
        )  # fmt: skip
