"""Access: users, roles, sessions, tokens, and the audit trail, which is only ever added to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from benehub.store import guards

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _users()
    _ways_in()
    _trail()


def _users() -> None:
    op.create_table(
        "user_account",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("must_change", sa.Integer(), nullable=False),
        sa.Column("totp_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("totp_new_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.String(length=32), nullable=False),
        sa.Column("signed_in_at", sa.String(length=32), nullable=True),
        sa.CheckConstraint("state in ('active', 'disabled')", name=op.f("ck_user_account_state")),
        sa.UniqueConstraint("employer_id", "email", name=op.f("uq_user_account_employer_id_email")),
        sa.PrimaryKeyConstraint("employer_id", "user_id", name=op.f("pk_user_account")),
    )
    op.create_table(
        "user_role",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("role_for", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("given_by", sa.String(length=80), nullable=False),
        sa.Column("given_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "user_id"],
            ["user_account.employer_id", "user_account.user_id"],
            name=op.f("fk_user_role_employer_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "user_id", "role_for", "role", "given_by", name=op.f("pk_user_role")),
    )
    op.create_table(
        "user_person",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("person_of", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "user_id"],
            ["user_account.employer_id", "user_account.user_id"],
            name=op.f("fk_user_person_employer_id_user_id"),
        ),
        sa.UniqueConstraint(
            "employer_id", "person_of", "person_id", name=op.f("uq_user_person_employer_id_person_of_person_id")
        ),
        sa.PrimaryKeyConstraint("employer_id", "user_id", "person_of", name=op.f("pk_user_person")),
    )
    op.create_table(
        "user_identity",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("made_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "user_id"],
            ["user_account.employer_id", "user_account.user_id"],
            name=op.f("fk_user_identity_employer_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "issuer", "subject", name=op.f("pk_user_identity")),
    )


def _ways_in() -> None:
    op.create_table(
        "recovery_code",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["employer_id", "user_id"],
            ["user_account.employer_id", "user_account.user_id"],
            name=op.f("fk_recovery_code_employer_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "user_id", "code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "user_session",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("session_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("way", sa.String(length=80), nullable=False),
        sa.Column("made_at", sa.String(length=32), nullable=False),
        sa.Column("seen_at", sa.String(length=32), nullable=False),
        sa.Column("ends_at", sa.String(length=32), nullable=False),
        sa.CheckConstraint("stage in ('code', 'enrol', 'password', 'open')", name=op.f("ck_user_session_stage")),
        sa.ForeignKeyConstraint(
            ["employer_id", "user_id"],
            ["user_account.employer_id", "user_account.user_id"],
            name=op.f("fk_user_session_employer_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "session_hash", name=op.f("pk_user_session")),
    )
    op.create_index("ix_user_session_user", "user_session", ["employer_id", "user_id"])
    op.create_table(
        "api_token",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("token_id", sa.String(length=40), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.String(length=32), nullable=False),
        sa.Column("ends_at", sa.String(length=32), nullable=False),
        sa.Column("used_at", sa.String(length=32), nullable=True),
        sa.Column("revoked_at", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["employer_id", "user_id"],
            ["user_account.employer_id", "user_account.user_id"],
            name=op.f("fk_api_token_employer_id_user_id"),
        ),
        sa.UniqueConstraint("employer_id", "token_hash", name=op.f("uq_api_token_employer_id_token_hash")),
        sa.PrimaryKeyConstraint("employer_id", "token_id", name=op.f("pk_api_token")),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("attempt_by", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.String(length=32), nullable=False),
        sa.Column("held_until", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("employer_id", "attempt_by", name=op.f("pk_sign_in_attempt")),
    )


def _trail() -> None:
    op.create_table(
        "audit",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("audit_no", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("by_what", sa.String(length=40), nullable=False),
        sa.Column("front", sa.String(length=8), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=200), nullable=False),
        sa.Column("permission", sa.String(length=30), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("of_no", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.CheckConstraint("outcome in ('asked', 'done', 'refused', 'failed')", name=op.f("ck_audit_outcome")),
        sa.PrimaryKeyConstraint("employer_id", "audit_no", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["employer_id", "at"])
    op.create_table(
        "trail_head",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("audit_no", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("employer_id", name=op.f("pk_trail_head")),
    )
    for statement in guards.statements(op.get_bind().dialect.name, "audit"):
        op.execute(sa.text(statement.replace(":", "\\:")))
