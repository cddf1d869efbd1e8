"""The tables behind the pages: what employees ask and what they are answered, and imports by hand."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Index, Integer, LargeBinary, String, Table

from benehub.store.schema import belongs, employer_key, metadata

question = Table(
    "question",
    metadata,
    # What an employee asks, and what it was asked about; whose turn it is follows from the newest message.
    employer_key(),
    Column("question_id", String(40), primary_key=True),
    Column("person_id", String(40), nullable=False),
    Column("about", JSON, nullable=False),
    Column("turn", String(8), nullable=False),
    Column("messages", Integer, nullable=False),
    Column("asked_at", String(32), nullable=False),
    Column("last_at", String(32), nullable=False),
    Column("seq", BigInteger, nullable=False),
    CheckConstraint("turn in ('employer', 'employee', 'closed')", name="turn"),
    belongs("person_id", to="person"),
)
Index("ix_question_turn", question.c.employer_id, question.c.turn, question.c.seq)
Index("ix_question_person", question.c.employer_id, question.c.person_id)

message = Table(
    "message",
    metadata,
    # What was said to a question, by whom; never changed.
    employer_key(),
    Column("question_id", String(40), primary_key=True),
    Column("message_no", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("who", String(80), nullable=False),
    Column("side", String(8), nullable=False),
    Column("text_sealed", LargeBinary, nullable=False),
    CheckConstraint("side in ('employee', 'employer')", name="side"),
    belongs("question_id", to="question"),
)

upload = Table(
    "upload",
    metadata,
    # A table that somebody uploaded, until it is taken in or laid aside; then its bytes stand in custody, or are gone.
    employer_key(),
    Column("upload_id", String(40), primary_key=True),
    Column("source", String(60), nullable=False),
    Column("stream", String(40), nullable=False),
    Column("name", String(160), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("data_sealed", LargeBinary),
    Column("how", JSON, nullable=False),
    Column("state", String(8), nullable=False),
    Column("batch_id", String(40)),
    Column("who", String(80), nullable=False),
    Column("at", String(32), nullable=False),
    Column("seq", BigInteger, nullable=False),
    CheckConstraint("state in ('waiting', 'taken', 'dropped')", name="state"),
    belongs(to="employer"),
    belongs("batch_id", to="intake_batch"),
)
