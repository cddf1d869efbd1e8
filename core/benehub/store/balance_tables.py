"""The tables of balances: what each account moved by, kept with every entry; the legs have the last word."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Integer, String, Table

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

BLOCK = 32_768
"""Recorded numbers of a block: of what is asked as known at a number, at most half as many are read leg by leg."""

account_block = Table(
    "account_block",
    metadata,
    # The same of the entries of one block of recorded numbers: the block is the number over `BLOCK`, cut.
    employer_key(),
    Column("block", Integer, primary_key=True),
    Column("account", String(8), primary_key=True),
    Column("unit", String(16), primary_key=True),
    Column("effective_date", Date, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    belongs(to="employer"),
)
