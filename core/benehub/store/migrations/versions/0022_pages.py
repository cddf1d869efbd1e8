"""What stands behind the pages: questions of employees with their answers, and imports by hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from benehub.store import guards

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "question",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("question_id", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("turn", sa.String(length=8), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.String(length=32), nullable=False),
        sa.Column("last_at", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("turn in ('employer', 'employee', 'closed')", name=op.f("ck_question_turn")),
        sa.ForeignKeyConstraint(
            ["employer_id", "person_id"],
            ["person.employer_id", "person.person_id"],
            name=op.f("fk_question_employer_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "question_id", name=op.f("pk_question")),
    )
    op.create_index("ix_question_turn", "question", ["employer_id", "turn", "seq"])
    op.create_index("ix_question_person", "question", ["employer_id", "person_id"])
    op.create_table(
        "message",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("question_id", sa.String(length=40), nullable=False),
        sa.Column("message_no", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("side in ('employee', 'employer')", name=op.f("ck_message_side")),
        sa.ForeignKeyConstraint(
            ["employer_id", "question_id"],
            ["question.employer_id", "question.question_id"],
            name=op.f("fk_message_employer_id_question_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "question_id", "message_no", name=op.f("pk_message")),
    )
    _imports()
    for statement in guards.statements(op.get_bind().dialect.name, "message"):
        op.execute(sa.text(statement.replace(":", "\\:")))


def _imports() -> None:
    op.create_table(
        "upload",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("upload_id", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("stream", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("data_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("how", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("batch_id", sa.String(length=40), nullable=True),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state in ('waiting', 'taken', 'dropped')", name=op.f("ck_upload_state")),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_upload_employer_id")),
        sa.ForeignKeyConstraint(
            ["employer_id", "batch_id"],
            ["intake_batch.employer_id", "intake_batch.batch_id"],
            name=op.f("fk_upload_employer_id_batch_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "upload_id", name=op.f("pk_upload")),
    )
