"""Balances kept with every entry, so that what an account holds on any day costs some rows and not the whole ledger.

They are kept twice: by day, for what is asked as of now; and by day within blocks of recorded numbers, for what is
asked as it was known at one of them. Only beside that number is the ledger itself read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, Table, bindparam, cast, func, select, union_all
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import Executable

from benehub.ledger.entries import NewEntry
from benehub.store import Session
from benehub.store.balance_tables import BLOCK
from benehub.store.tables import account_block, account_day, entry, leg

_KEYS = {table: [one.name for one in table.primary_key] for table in (account_day, account_block)}


def add(session: Session, first: int, entries: Iterable[NewEntry]) -> None:
    """Move the balances by what these new entries post, recorded from `first` on; a pending one moves nothing."""
    sums: Counter[tuple[int, str, str, date]] = Counter()
    for seq, one in enumerate(entries, first):
        if one.status == "posted":
            block, day = seq // BLOCK, one.effective_date
            for part in one.legs:
                sums[block, part.account, part.unit, day] += part.amount
    days: Counter[tuple[str, str, date]] = Counter()
    for (_, account, unit, day), amount in sums.items():
        days[account, unit, day] += amount
    for table, moved in ((account_day, days), (account_block, sums)):
        _move(session, table, moved)


def _move(session: Session, table: Table, moved: Mapping[tuple[Any, ...], int]) -> None:
    names = (*_KEYS[table], "amount")
    rows = [
        dict(zip(names, (session.employer, *key, amount), strict=True))
        for key, amount in sorted(moved.items())
        if amount
    ]
    if rows:
        session.connection.execute(_moves(table, session.connection.dialect.name), rows)


@cache
def _moves(table: Table, dialect: str) -> Executable:
    insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    made = insert(table)
    moved = table.c.amount + made.excluded.amount
    found: Executable = made.on_conflict_do_update(index_elements=_KEYS[table], set_={"amount": moved})
    return found


def sums(session: Session, accounts: Sequence[str], effective: date | None) -> Sequence[Row[Any]]:
    """Account, unit and amount of what is not zero, of these accounts (all when empty), up to a day."""
    given = {"employer": session.employer, "accounts": list(accounts), "effective": effective}
    return session.rows(_sums(bool(accounts), effective is not None), {k: v for k, v in given.items() if v})


@cache
def _sums(some: bool, until: bool) -> Executable:
    """The question of `sums`, made once: making it took longer than answering it does."""
    day = account_day.c
    total = func.sum(day.amount)
    query = (
        select(day.account, day.unit, total.label("amount"))
        .where(day.employer_id == bindparam("employer"))
        .group_by(day.account, day.unit)
        .having(total != 0)
        .order_by(day.account, day.unit)
    )
    if some:
        query = query.where(day.account.in_(bindparam("accounts", expanding=True)))
    return query.where(day.effective_date <= bindparam("effective")) if until else query


def known(session: Session, accounts: Sequence[str], effective: date | None, known_at: int) -> Sequence[Row[Any]]:
    """As `sums`, of the entries with this recorded number or a lower one.

    The blocks up to the nearest end of one, and the entries between that and the number, added or taken away.
    """
    blocks = (known_at + BLOCK // 2) // BLOCK
    end = blocks * BLOCK - 1
    block = account_block.c
    whole = _until(block.effective_date, effective, select(block.account, block.unit, block.amount)).where(
        block.employer_id == session.employer, block.block < blocks
    )
    sign, low, high = (1, end, known_at) if end <= known_at else (-1, known_at, end)
    beside = (
        _until(entry.c.effective_date, effective, select(leg.c.account, leg.c.unit, sign * leg.c.amount))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            entry.c.employer_id == session.employer,
            entry.c.seq > low,
            entry.c.seq <= high,
            leg.c.posted_as.is_not(None),
        )
    )
    # Which accounts is asked of the sums: it would lead a database to read all legs of an account.
    found = _summed(session, union_all(whole, beside).subquery().select())
    return [row for row in found if not accounts or row.account in accounts]


def _until(
    column: ColumnElement[date], effective: date | None, query: Select[*tuple[Any, ...]]
) -> Select[*tuple[Any, ...]]:
    return query if effective is None else query.where(column <= effective)


def _summed(session: Session, query: Select[*tuple[Any, ...]]) -> Sequence[Row[Any]]:
    account, unit, amount = query.subquery().c
    total = func.sum(amount)
    return session.rows(
        select(account.label("account"), unit.label("unit"), total.label("amount"))
        .group_by(account, unit)
        .having(total != 0)
        .order_by(account, unit)
    )


def wrong(session: Session, most: int) -> list[str]:
    """Days of accounts on which the balances kept are not the sum of the legs."""
    block, day = account_block.c, account_day.c
    mine = block.employer_id == session.employer
    blocks = select(block.block, block.account, block.unit, block.effective_date, block.amount).where(mine)
    posted = (
        select(entry.c.seq // BLOCK, leg.c.account, leg.c.unit, entry.c.effective_date, -leg.c.amount)
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(leg.c.employer_id == session.employer, entry.c.status == "posted")
    )
    days = select(day.account, day.unit, day.effective_date, day.amount).where(day.employer_id == session.employer)
    of_blocks = select(block.account, block.unit, block.effective_date, -block.amount).where(mine)
    told: dict[str, None] = {}
    for kept, proof in ((blocks, posted), (days, of_blocks)):
        both = union_all(kept, proof).subquery()
        *keys, amount = both.c
        rows = session.rows(
            select(*keys).group_by(*keys).having(cast(func.sum(amount), BigInteger) != 0).order_by(*keys).limit(most)
        )
        for row in rows:
            text = f"the balance kept of {row.account} in {row.unit} on {row.effective_date} is not the sum of its legs"
            told[text] = None
    return list(told)
