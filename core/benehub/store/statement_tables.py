"""The table of statements that were made for employees, kept as they were on their day."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, LargeBinary, String, Table

from benehub.store.schema import belongs, employer_key, metadata

kept_statement = Table(
    "kept_statement",
    metadata,
    # What an employee's statement said on a day; once made it is not made again.
    employer_key(),
    Column("person_id", String(40), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("language", String(2), nullable=False),
    Column("content_sealed", LargeBinary, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", String(32), nullable=False),
    belongs("person_id", to="person"),
)
