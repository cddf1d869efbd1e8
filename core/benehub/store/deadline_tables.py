"""The tables of deadlines: how far flows have looked, the alarms that were raised, and who was told of them."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, Index, Integer, String, Table, Text

from benehub.store.schema import belongs, employer_key, metadata

looked = Table(
    "looked",
    metadata,
    # A flow has done for the subject (a pay date, a carrier) whatever was known up to this number; never changed.
    employer_key(),
    Column("subject", String(160), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    belongs(to="employer"),
)

alarm = Table(
    "alarm",
    metadata,
    # Raised once for a subject (an obligation's id, else a deadline's), its day and level; never changed.
    employer_key(),
    Column("subject", String(160), primary_key=True),
    Column("send_by", Date, primary_key=True),
    Column("level", String(6), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("connection_id", String(40), nullable=False),
    Column("plan", String(40)),
    Column("period", String(10), nullable=False),
    Column("due_date", Date, nullable=False),
    # Hour of the employer's clock on the last day to send.
    Column("cutoff", String(5), nullable=False),
    Column("items", Integer, nullable=False),
    Column("worth_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    # What being late has cost so far, as far as it could be worked out.
    Column("estimate_minor", BigInteger),
    # One number for all that one look raised.
    Column("seq", BigInteger, nullable=False),
    Column("at", String(32), nullable=False),
    CheckConstraint("level in ('t5', 't2', 'today', 'late')", name="level"),
    belongs(to="employer"),
)
Index("ix_alarm_seq", alarm.c.employer_id, alarm.c.seq)

notification = Table(
    "notification",
    metadata,
    # What one look raised, for one notifier of the plan book: waits until he has been told.
    employer_key(),
    Column("notifier", String(40), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("state", String(8), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("at", String(32), nullable=False),
    Column("next_at", String(32), nullable=False),
    Column("told_at", String(32)),
    CheckConstraint("state in ('waiting', 'told', 'dropped')", name="state"),
    belongs(to="employer"),
)
Index("ix_notification_waiting", notification.c.state, notification.c.next_at)
