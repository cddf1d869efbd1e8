"""The table of claims: what was asked back from carriers, when and by whom; never changed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Integer, String, Table, Text

from benehub.store.schema import belongs, employer_key, metadata

credit_claim = Table(
    "credit_claim",
    metadata,
    # One claim of premium paid too much for a person, plan and month; a further one adds to it.
    employer_key(),
    Column("credit_id", String(40), primary_key=True),
    Column("claim_no", Integer, primary_key=True),
    Column("connection_id", String(40), nullable=False),
    # Empty for a member whom nobody here knows.
    Column("person_id", String(40)),
    Column("plan", String(40), nullable=False),
    Column("coverage_month", String(7), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("claimed_on", Date, nullable=False),
    # The carrier's number of the claim, or of the letter.
    Column("reference", String(120), nullable=False),
    Column("who", String(80), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", String(32), nullable=False),
    belongs("connection_id", to="connection"),
    belongs("person_id", to="person"),
)
