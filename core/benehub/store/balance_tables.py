"""The table of balances: what each account moved by on each day, kept with every entry; the legs have the last word."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, String, Table

from benehub.store.schema import belongs, employer_key, metadata

account_day = Table(
    "account_day",
    metadata,
    # Sum of the posted legs of an account, unit and effective day. It can be made again from the legs.
    employer_key(),
    Column("account", String(8), primary_key=True),
    Column("unit", String(16), primary_key=True),
    Column("effective_date", Date, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    belongs(to="employer"),
)
