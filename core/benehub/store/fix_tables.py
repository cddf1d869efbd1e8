"""The tables of fixes: what is proposed to put a difference right, what was said of it, and what is owed by it."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from benehub.store.schema import belongs, employer_key, metadata

fix = Table(
    "fix",
    metadata,
    # What was shown to whoever decides is frozen; only its state, and why, move on.
    employer_key(),
    Column("fix_id", String(40), primary_key=True),
    Column("difference_id", String(40), nullable=False),
    Column("action", String(32), nullable=False),
    Column("state", String(12), nullable=False),
    Column("reason", Text, nullable=False),
    Column("connection_id", String(40), nullable=False),
    Column("person_id", String(40)),
    Column("at_stake", BigInteger, nullable=False),
    Column("unit", String(16), nullable=False),
    # Money up to which its proposer might have approved it alone by the plan book of that moment; null: any.
    Column("alone_up_to", BigInteger),
    Column("content_sealed", LargeBinary, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("preview_sealed", LargeBinary, nullable=False),
    # Of whom its preview tells: how many, and the first of them; null where that was not kept yet.
    Column("people", Integer),
    Column("first_people", JSON),
    Column("proposed_by", String(80), nullable=False),
    Column("proposed_at", String(32), nullable=False),
    Column("seq", BigInteger, nullable=False),
    CheckConstraint(
        "state in ('proposed', 'approved', 'rejected', 'carried_out', 'failed', 'withdrawn')", name="state"
    ),
    belongs("difference_id", to="difference"),
)
Index("ix_fix_state", fix.c.employer_id, fix.c.state)
Index("ix_fix_difference", fix.c.employer_id, fix.c.difference_id)

fixing = Table(
    "fixing",
    metadata,
    # Who did what about a fix, and when; never changed.
    employer_key(),
    Column("fix_id", String(40), primary_key=True),
    Column("event_no", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("who", String(80), nullable=False),
    Column("state", String(12), nullable=False),
    Column("note", Text, nullable=False),
    belongs("fix_id", to="fix"),
)

fix_obligation = Table(
    "fix_obligation",
    metadata,
    # What a fix has made owed: the way from what leaves back to the difference it puts right.
    employer_key(),
    Column("fix_id", String(40), primary_key=True),
    Column("obligation_id", String(40), primary_key=True),
    belongs("fix_id", to="fix"),
    belongs("obligation_id", to="obligation"),
)
Index("ix_fix_obligation", fix_obligation.c.employer_id, fix_obligation.c.obligation_id)
