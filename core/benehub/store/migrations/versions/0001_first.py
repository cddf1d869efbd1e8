"""The first schema: all stations of the loop, and the ledger's guards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from benehub.store import guards

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for create in (
        _employer,
        _connection,
        _difference,
        _entry,
        _explanation,
        _fact,
        _payload,
        _person,
        _plan_book,
        _run,
        _control_number,
        _crosswalk,
        _difference_event,
        _dispatch,
        _intake_batch,
        _leg,
        _obligation,
        _seen,
        _stream_state,
        _attempt,
        _confirmation,
        _intake_page,
        _intake_row,
    ):
        create()
    for statement in guards.statements(op.get_bind().dialect.name, *guards.FIRST):
        op.execute(sa.text(statement.replace(":", "\\:")))


def _employer() -> None:
    op.create_table(
        "employer",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.String(length=32), nullable=False),
        sa.Column("ledger_head", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("employer_id", name=op.f("pk_employer")),
    )


def _connection() -> None:
    op.create_table(
        "connection",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("connector", sa.String(length=40), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.CheckConstraint("mode in ('live', 'watch', 'paused')", name=op.f("ck_connection_mode")),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_connection_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "connection_id", name=op.f("pk_connection")),
    )


def _difference() -> None:
    op.create_table(
        "difference",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("difference_id", sa.String(length=40), nullable=False),
        sa.Column("relation", sa.String(length=12), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("content_key", sa.String(length=200), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=True),
        sa.Column("plan", sa.String(length=40), nullable=True),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("side", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("owner", sa.String(length=16), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=True),
        sa.Column("actual", sa.BigInteger(), nullable=True),
        sa.Column("at_stake", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("clear_by", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("work_step", sa.String(length=24), nullable=False),
        sa.Column("times_seen", sa.Integer(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("first_seen", sa.String(length=32), nullable=False),
        sa.Column("last_seen", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "state in ('pending', 'discrepancy', 'resolved', 'replaced', 'dismissed', 'suppressed')",
            name=op.f("ck_difference_state"),
        ),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_difference_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "difference_id", name=op.f("pk_difference")),
        sa.UniqueConstraint("employer_id", "content_key", name=op.f("uq_difference_employer_id_content_key")),
    )
    op.create_index("ix_difference_open", "difference", ["employer_id", "state", "relation"], unique=False)


def _entry() -> None:
    op.create_table(
        "entry",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("entry_id", sa.String(length=40), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("effective_date", sa.Date(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("pending_id", sa.String(length=40), nullable=True),
        sa.Column("reverses_id", sa.String(length=40), nullable=True),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("explanation_id", sa.String(length=40), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.String(length=32), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("status <> 'void' or pending_id is not null", name=op.f("ck_entry_void_links")),
        sa.CheckConstraint("status in ('pending', 'posted', 'void')", name=op.f("ck_entry_status")),
        sa.ForeignKeyConstraint(
            ["employer_id", "pending_id"], ["entry.employer_id", "entry.entry_id"], name="fk_entry_pending"
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "reverses_id"], ["entry.employer_id", "entry.entry_id"], name="fk_entry_reverses"
        ),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_entry_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "entry_id", name=op.f("pk_entry")),
        sa.UniqueConstraint("employer_id", "idempotency_key", name=op.f("uq_entry_employer_id_idempotency_key")),
        sa.UniqueConstraint("employer_id", "seq", name=op.f("uq_entry_employer_id_seq")),
    )
    op.create_index("ix_entry_pending", "entry", ["employer_id", "pending_id"], unique=False)
    op.create_index("ix_entry_reverses", "entry", ["employer_id", "reverses_id"], unique=False)


def _explanation() -> None:
    op.create_table(
        "explanation",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("explanation_id", sa.String(length=40), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("rule_version", sa.String(length=16), nullable=False),
        sa.Column("plan_book", sa.String(length=16), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_explanation_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "explanation_id", name=op.f("pk_explanation")),
    )


def _fact() -> None:
    op.create_table(
        "fact",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("fact_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column("fact_key", sa.String(length=120), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.String(length=32), nullable=False),
        sa.Column("batch_id", sa.String(length=40), nullable=True),
        sa.Column("row_no", sa.Integer(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("effective_from <= effective_to", name=op.f("ck_fact_interval")),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_fact_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "fact_id", name=op.f("pk_fact")),
    )
    op.create_index("ix_fact_find", "fact", ["employer_id", "kind", "subject", "fact_key", "seq"], unique=False)


def _payload() -> None:
    op.create_table(
        "payload",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("payload_hash", sa.String(length=64), nullable=False),
        sa.Column("payload_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_payload_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "payload_hash", name=op.f("pk_payload")),
    )


def _person() -> None:
    op.create_table(
        "person",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("subscriber_id", sa.String(length=40), nullable=False),
        sa.Column("member_id", sa.String(length=40), nullable=False),
        sa.Column("ssn_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("ssn_index", sa.String(length=64), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind in ('employee', 'dependent')", name=op.f("ck_person_kind")),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_person_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "person_id", name=op.f("pk_person")),
        sa.UniqueConstraint("employer_id", "member_id", name=op.f("uq_person_employer_id_member_id")),
    )
    op.create_index("ix_person_ssn", "person", ["employer_id", "ssn_index"], unique=True)


def _plan_book() -> None:
    op.create_table(
        "plan_book",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_plan_book_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "version", name=op.f("pk_plan_book")),
    )


def _run() -> None:
    op.create_table(
        "run",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("flow", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("started_at", sa.String(length=32), nullable=False),
        sa.Column("ended_at", sa.String(length=32), nullable=True),
        sa.CheckConstraint("state in ('running', 'done', 'failed', 'held', 'canceled')", name=op.f("ck_run_state")),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.employer_id"], name=op.f("fk_run_employer_id")),
        sa.PrimaryKeyConstraint("employer_id", "run_id", name=op.f("pk_run")),
    )


def _control_number() -> None:
    op.create_table(
        "control_number",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["connection.employer_id", "connection.connection_id"],
            name=op.f("fk_control_number_employer_id_connection_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "connection_id", name=op.f("pk_control_number")),
    )


def _crosswalk() -> None:
    op.create_table(
        "crosswalk",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=True),
        sa.Column("how", sa.String(length=20), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["connection.employer_id", "connection.connection_id"],
            name=op.f("fk_crosswalk_employer_id_connection_id"),
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "person_id"],
            ["person.employer_id", "person.person_id"],
            name=op.f("fk_crosswalk_employer_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "connection_id", "external_id", name=op.f("pk_crosswalk")),
    )
    op.create_index("ix_crosswalk_person", "crosswalk", ["employer_id", "person_id"], unique=False)


def _difference_event() -> None:
    op.create_table(
        "difference_event",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("difference_id", sa.String(length=40), nullable=False),
        sa.Column("event_no", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("work_step", sa.String(length=24), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("entries", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "difference_id"],
            ["difference.employer_id", "difference.difference_id"],
            name=op.f("fk_difference_event_employer_id_difference_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "difference_id", "event_no", name=op.f("pk_difference_event")),
    )


def _dispatch() -> None:
    op.create_table(
        "dispatch",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("dispatch_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("operation", sa.String(length=32), nullable=False),
        sa.Column("business_key", sa.String(length=160), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("guard", sa.String(length=20), nullable=False),
        sa.Column("file_name", sa.String(length=160), nullable=False),
        sa.Column("frozen_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("frozen_hash", sa.String(length=64), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("worth_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("control", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=14), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("receipt", sa.JSON(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("prepared_at", sa.String(length=32), nullable=False),
        sa.Column("sent_at", sa.String(length=32), nullable=True),
        sa.Column("ack_state", sa.String(length=24), nullable=False),
        sa.CheckConstraint(
            "state in ('prepared', 'held', 'refused', 'sending', 'unknown', 'sent', 'failed')",
            name=op.f("ck_dispatch_state"),
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["connection.employer_id", "connection.connection_id"],
            name=op.f("fk_dispatch_employer_id_connection_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "dispatch_id", name=op.f("pk_dispatch")),
        sa.UniqueConstraint(
            "employer_id",
            "business_key",
            "revision",
            name=op.f("uq_dispatch_employer_id_business_key_revision"),
        ),
    )
    op.create_index("ix_dispatch_control", "dispatch", ["employer_id", "connection_id", "control"], unique=False)
    op.create_index("ix_dispatch_state", "dispatch", ["employer_id", "state"], unique=False)


def _intake_batch() -> None:
    op.create_table(
        "intake_batch",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("batch_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("stream", sa.String(length=40), nullable=False),
        sa.Column("run_key", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("full_read", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("applied", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("superseded", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "state <> 'applied' or rows = applied + unchanged + quarantined + superseded",
            name=op.f("ck_intake_batch_custody"),
        ),
        sa.CheckConstraint("state in ('staged', 'applied', 'held', 'refused')", name=op.f("ck_intake_batch_state")),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["connection.employer_id", "connection.connection_id"],
            name=op.f("fk_intake_batch_employer_id_connection_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "batch_id", name=op.f("pk_intake_batch")),
    )


def _leg() -> None:
    op.create_table(
        "leg",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("entry_id", sa.String(length=40), nullable=False),
        sa.Column("leg_no", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=8), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=True),
        sa.Column("plan", sa.String(length=40), nullable=True),
        sa.Column("money_source", sa.String(length=16), nullable=True),
        sa.Column("coverage_month", sa.String(length=7), nullable=True),
        sa.Column("pay_date", sa.Date(), nullable=True),
        sa.Column("batch", sa.String(length=80), nullable=True),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_leg_amount")),
        sa.ForeignKeyConstraint(
            ["employer_id", "entry_id"],
            ["entry.employer_id", "entry.entry_id"],
            name=op.f("fk_leg_employer_id_entry_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "person_id"],
            ["person.employer_id", "person.person_id"],
            name=op.f("fk_leg_employer_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "entry_id", "leg_no", name=op.f("pk_leg")),
    )
    op.create_index("ix_leg_account", "leg", ["employer_id", "account", "person_id", "plan"], unique=False)


def _obligation() -> None:
    op.create_table(
        "obligation",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("obligation_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("business_key", sa.String(length=160), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=True),
        sa.Column("plan", sa.String(length=40), nullable=True),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("send_by", sa.Date(), nullable=False),
        sa.Column("worth_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("dispatch_id", sa.String(length=40), nullable=True),
        sa.Column("explanation_id", sa.String(length=40), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state in ('open', 'sent', 'confirmed', 'refused', 'held', 'replaced', 'canceled')",
            name=op.f("ck_obligation_state"),
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["connection.employer_id", "connection.connection_id"],
            name=op.f("fk_obligation_employer_id_connection_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "obligation_id", name=op.f("pk_obligation")),
        sa.UniqueConstraint("employer_id", "business_key", name=op.f("uq_obligation_employer_id_business_key")),
    )
    op.create_index("ix_obligation_state", "obligation", ["employer_id", "state", "kind"], unique=False)


def _seen() -> None:
    op.create_table(
        "seen",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("stream", sa.String(length=40), nullable=False),
        sa.Column("row_key", sa.String(length=120), nullable=False),
        sa.Column("row_hash", sa.String(length=64), nullable=False),
        sa.Column("filled", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["connection.employer_id", "connection.connection_id"],
            name=op.f("fk_seen_employer_id_connection_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "connection_id", "stream", "row_key", name=op.f("pk_seen")),
    )


def _stream_state() -> None:
    op.create_table(
        "stream_state",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("stream", sa.String(length=40), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["connection.employer_id", "connection.connection_id"],
            name=op.f("fk_stream_state_employer_id_connection_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "connection_id", "stream", name=op.f("pk_stream_state")),
    )


def _attempt() -> None:
    op.create_table(
        "attempt",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("dispatch_id", sa.String(length=40), nullable=False),
        sa.Column("attempt_no", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=14), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "dispatch_id"],
            ["dispatch.employer_id", "dispatch.dispatch_id"],
            name=op.f("fk_attempt_employer_id_dispatch_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "dispatch_id", "attempt_no", name=op.f("pk_attempt")),
    )


def _confirmation() -> None:
    op.create_table(
        "confirmation",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("connection_id", sa.String(length=40), nullable=False),
        sa.Column("row_key", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("current", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=True),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("plan", sa.String(length=40), nullable=True),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("tax_class", sa.String(length=16), nullable=False),
        sa.Column("tier", sa.String(length=8), nullable=False),
        sa.Column("coverage_month", sa.String(length=7), nullable=False),
        sa.Column("pay_date", sa.Date(), nullable=True),
        sa.Column("on_date", sa.Date(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("batch_id", sa.String(length=40), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "batch_id"],
            ["intake_batch.employer_id", "intake_batch.batch_id"],
            name=op.f("fk_confirmation_employer_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "connection_id"],
            ["connection.employer_id", "connection.connection_id"],
            name=op.f("fk_confirmation_employer_id_connection_id"),
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "person_id"],
            ["person.employer_id", "person.person_id"],
            name=op.f("fk_confirmation_employer_id_person_id"),
        ),
        sa.PrimaryKeyConstraint(
            "employer_id", "kind", "connection_id", "row_key", "version", name=op.f("pk_confirmation")
        ),
    )
    op.create_index("ix_confirmation_month", "confirmation", ["employer_id", "kind", "coverage_month"], unique=False)
    op.create_index("ix_confirmation_period", "confirmation", ["employer_id", "kind", "pay_date"], unique=False)


def _intake_page() -> None:
    op.create_table(
        "intake_page",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("batch_id", sa.String(length=40), nullable=False),
        sa.Column("page_no", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload_hash", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id", "batch_id"],
            ["intake_batch.employer_id", "intake_batch.batch_id"],
            name=op.f("fk_intake_page_employer_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "payload_hash"],
            ["payload.employer_id", "payload.payload_hash"],
            name=op.f("fk_intake_page_employer_id_payload_hash"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "batch_id", "page_no", name=op.f("pk_intake_page")),
    )
    op.create_index("ix_intake_page_payload", "intake_page", ["employer_id", "payload_hash"], unique=False)


def _intake_row() -> None:
    op.create_table(
        "intake_row",
        sa.Column("employer_id", sa.String(length=40), nullable=False),
        sa.Column("batch_id", sa.String(length=40), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(length=120), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("row_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("resolved_seq", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "outcome in ('staged', 'applied', 'quarantined', 'superseded')",
            name=op.f("ck_intake_row_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["employer_id", "batch_id"],
            ["intake_batch.employer_id", "intake_batch.batch_id"],
            name=op.f("fk_intake_row_employer_id_batch_id"),
        ),
        sa.PrimaryKeyConstraint("employer_id", "batch_id", "row_no", name=op.f("pk_intake_row")),
    )
    op.create_index("ix_intake_row_outcome", "intake_row", ["employer_id", "outcome", "resolved_seq"], unique=False)
