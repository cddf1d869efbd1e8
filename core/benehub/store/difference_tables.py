"""The tables of what does not agree: differences and the work on them, rules that set aside, comparisons, closings."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

from benehub.store.schema import belongs, employer_key, metadata

difference = Table(
    "difference",
    metadata,
    employer_key(),
    Column("difference_id", String(40), primary_key=True),
    Column("relation", String(12), nullable=False),
    Column("type", String(32), nullable=False),
    Column("content_key", String(200), nullable=False),
    Column("period", String(10), nullable=False),
    Column("person_id", String(40)),
    Column("plan", String(40)),
    Column("reference", String(120), nullable=False),
    Column("side", String(16), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("owner", String(16), nullable=False),
    Column("cause", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("expected", BigInteger),
    Column("actual", BigInteger),
    Column("at_stake", BigInteger, nullable=False),
    Column("unit", String(16), nullable=False),
    Column("clear_by", Date),
    Column("state", String(12), nullable=False),
    Column("work_step", String(24), nullable=False),
    # The user who works it, and since when.
    Column("assigned_to", String(40)),
    Column("assigned_at", String(32)),
    Column("times_seen", Integer, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("first_seen", String(32), nullable=False),
    Column("last_seen", String(32), nullable=False),
    UniqueConstraint("employer_id", "content_key"),
    CheckConstraint(
        "state in ('pending', 'discrepancy', 'resolved', 'replaced', 'dismissed', 'suppressed')", name="state"
    ),
    belongs(to="employer"),
)
Index("ix_difference_open", difference.c.employer_id, difference.c.state, difference.c.relation)
still_open = difference.c.state.in_([literal_column("'discrepancy'"), literal_column("'pending'")])
"""Nobody has settled it, in the words of the indexes below: a parameter in their place would not be found by them."""

# All that a look at the months sums up, in the order in which it groups.
Index(
    "ix_difference_sums",
    difference.c.employer_id,
    *(difference.c[name] for name in ("state", "relation", "period", "unit", "at_stake", "first_seen")),
    sqlite_where=still_open, postgresql_where=still_open,
)  # fmt: skip
Index(
    "ix_difference_stake", difference.c.employer_id, difference.c.state, difference.c.at_stake.desc(),
    difference.c.difference_id, sqlite_where=still_open, postgresql_where=still_open,
)  # fmt: skip
Index(
    "ix_difference_person", difference.c.employer_id, difference.c.person_id, difference.c.period,
    difference.c.first_seq,
)  # fmt: skip
Index("ix_difference_assigned", difference.c.employer_id, difference.c.assigned_to, difference.c.state)
Index("ix_difference_order", difference.c.employer_id, difference.c.first_seq, difference.c.difference_id)

suppression = Table(
    "suppression",
    metadata,
    # Which differences are set aside until a day, by whose word; a lifted one stays, with its time.
    employer_key(),
    Column("suppression_id", String(40), primary_key=True),
    Column("relation", String(12), nullable=False),
    Column("type", String(32), nullable=False),
    Column("plan", String(40)),
    Column("up_to", BigInteger),
    Column("ends", Date, nullable=False),
    Column("who", String(80), nullable=False),
    Column("note", Text, nullable=False),
    Column("made_at", String(32), nullable=False),
    Column("lifted_at", String(32)),
    belongs(to="employer"),
)

difference_event = Table(
    "difference_event",
    metadata,
    employer_key(),
    Column("difference_id", String(40), primary_key=True),
    Column("event_no", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("who", String(80), nullable=False),
    Column("state", String(12), nullable=False),
    Column("work_step", String(24), nullable=False),
    Column("note", Text, nullable=False),
    Column("entries", JSON, nullable=False),
    # The newest number of the recorded order when it was said; null where that was not kept yet.
    Column("seq", BigInteger),
    # To whom it was given by this; empty for nobody, none where that was not spoken of.
    Column("assigned_to", String(40)),
    belongs("difference_id", to="difference"),
)

closing = Table(
    "closing",
    metadata,
    # A month that is signed off: what the books held at this number of the recorded order; never changed.
    employer_key(),
    Column("period", String(7), primary_key=True),
    Column("closing_id", String(40), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("head", String(64), nullable=False),
    Column("closed_at", String(32), nullable=False),
    Column("who", String(80), nullable=False),
    Column("note", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("report", Text, nullable=False),
    belongs(to="employer"),
)

comparison = Table(
    "comparison",
    metadata,
    # How far in the recorded order the last comparison of a relation and month had read, and when it was.
    employer_key(),
    Column("relation", String(12), primary_key=True),
    Column("period", String(7), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("at", String(32), nullable=False),
    # The connections of which nothing of the month had been read.
    Column("silent", JSON, nullable=False, server_default="[]"),
    belongs(to="employer"),
)
