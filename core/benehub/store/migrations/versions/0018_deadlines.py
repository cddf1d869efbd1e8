"""Deadlines: how far flows have looked, alarms, and who is told of them; statements kept; indexes of a monitor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from benehub.store import guards

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "looked",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_looked_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "subject", "seq", name=op.f("pk_looked")),
    )
    op.create_table(
        "alarm",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("send_by", sa.Date(), nullable=False),
        sa.Column("level", sa.String(length=6), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("plan", sa.String(length=40), nullable=True),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("cutoff", sa.String(length=5), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("worth_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("estimate_minor", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.CheckConstraint("level in ('t5', 't2', 'today', 'late')", name=op.f("ck_alarm_level")),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_alarm_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "subject", "send_by", "level", name=op.f("pk_alarm")),
    )
    op.create_index("ix_alarm_seq", "alarm", ["employer_id", "seq"], unique=False)
    op.create_table(
        "notification",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("notifier", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("next_at", sa.String(length=32), nullable=False),
        sa.Column("told_at", sa.String(length=32), nullable=True),
        sa.CheckConstraint("state in ('waiting', 'told', 'dropped')", name=op.f("ck_notification_state")),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_notification_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "notifier", "seq", name=op.f("pk_notification")),
    )
    op.create_index("ix_notification_waiting", "notification", ["state", "next_at"], unique=False)
    _statements_and_indexes()
    for statement in guards.statements(op.get_bind().dialect.name, "looked", "alarm"):
        op.execute(sa.text(statement.replace(":", "\\:")))


def _statements_and_indexes() -> None:
    op.create_table(
        "kept_statement",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "person_id"],
            ["person.employer_id", "person.person_id"],
            name=op.f("fk_kept_statement_employer_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "person_id", "day", name=op.f("pk_kept_statement")),
    )
    op.create_index("ix_run_state", "run", ["state", "employer_id"], unique=False)
    op.create_index("ix_dispatch_sent", "dispatch", ["sent_at"], unique=False)
    op.create_index("ix_intake_batch_recorded", "intake_batch", ["recorded_at"], unique=False)
