"""The tables of what stands between us and a partner: permits, control numbers, and how far each member has come."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, String, Table, Text

from benehub.store.schema import belongs, employer_key, metadata

push_permit = Table(
    "push_permit",
    metadata,
    # A person's word that the next push of an operation may change or end so many people; never changed.
    employer_key(),
    Column("connection_id", String(40), primary_key=True),
    Column("operation", String(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("people", Integer, nullable=False),
    Column("at", String(32), nullable=False),
    Column("who", String(80), nullable=False),
    Column("note", Text, nullable=False),
    belongs("connection_id", to="connection"),
)

control_line = Table(
    "control_line",
    metadata,
    # The last number used between a sender and a receiver in one usage (or by one connection, where none are named).
    employer_key(),
    Column("line", String(80), primary_key=True),
    Column("last", BigInteger, nullable=False),
    belongs(to="employer"),
)

member_state = Table(
    "member_state",
    metadata,
    # How far the newest word on a member has come at his carrier: sent, acked (its grammar), confirmed, or refused.
    employer_key(),
    Column("connection_id", String(40), primary_key=True),
    Column("person_id", String(40), primary_key=True),
    # The group of the employer's that the file is of, where a partner takes one for each; else empty.
    Column("file_group", String(50), primary_key=True, server_default=""),
    Column("subscriber_id", String(40), nullable=False),
    Column("dispatch_id", String(40), nullable=False),
    Column("set_control", String(9), nullable=False),
    Column("state", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", String(32), nullable=False),
    CheckConstraint("state in ('sent', 'acked', 'confirmed', 'refused')", name="state"),
    belongs("connection_id", to="connection"),
    belongs("person_id", to="person"),
    belongs("dispatch_id", to="dispatch"),
)
Index("ix_member_state_dispatch", member_state.c.employer_id, member_state.c.dispatch_id)
Index("ix_member_state_state", member_state.c.employer_id, member_state.c.connection_id, member_state.c.state)
