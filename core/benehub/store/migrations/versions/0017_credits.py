"""Claims of premium paid too much; and what each account moved by on each day, worked out from the legs there are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "credit_claim",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("credit_id", sa.String(length=40), nullable=False),
        sa.Column("claim_no", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=True),
        sa.Column("plan", sa.String(length=40), nullable=False),
        sa.Column("coverage_month", sa.String(length=7), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("claimed_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["connection.employer_id", "connection.connection_id"],
            name=op.f("fk_credit_claim_employer_id_connection_id"),
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "person_id"],
            ["person.employer_id", "person.person_id"],
            name=op.f("fk_credit_claim_employer_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "credit_id", "claim_no", name=op.f("pk_credit_claim")),
    )
    op.create_table(
        "account_day",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=8), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("effective_date", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_account_day_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "account", "unit", "effective_date", name=op.f("pk_account_day")),
    )
    op.execute(
        "INSERT INTO account_day (employer_id, account, unit, effective_date, amount)"
        " SELECT l.employer_id, l.account, l.unit, e.effective_date, sum(l.amount) FROM leg l"
        " JOIN entry e ON e.employer_id = l.employer_id AND e.entry_id = l.entry_id"
        " WHERE e.status = 'posted'"
        " GROUP BY l.employer_id, l.account, l.unit, e.effective_date"
    )
