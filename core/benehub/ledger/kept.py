"""Balances kept with every entry, so that what an account holds on any day costs some rows and not the whole ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Row, func, select, union_all
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import Executable

from benehub.ledger.entries import NewEntry
from benehub.store import Session
from benehub.store.tables import account_day, entry, leg


def add(session: Session, entries: Iterable[NewEntry]) -> None:
    """Move the balances by what these new entries post; a pending one moves nothing."""
    sums: dict[tuple[str, str, date], int] = defaultdict(int)
    for one in entries:
        if one.status == "posted":
            day = one.effective_date
            for part in one.legs:
                sums[part.account, part.unit, day] += part.amount
    rows = [
        {"employer_id": session.employer, "account": account, "unit": unit, "effective_date": day, "amount": amount}
        for (account, unit, day), amount in sorted(sums.items())
        if amount
    ]
    if not rows:
        return
    session.connection.execute(_moves(session.connection.dialect.name), rows)


@cache
def _moves(dialect: str) -> Executable:
    insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    made = insert(account_day)
    keys = ("employer_id", "account", "unit", "effective_date")
    moved = account_day.c.amount + made.excluded.amount
    found: Executable = made.on_conflict_do_update(index_elements=keys, set_={"amount": moved})
    return found


def sums(session: Session, accounts: Sequence[str], effective: date | None) -> Sequence[Row[Any]]:
    """Account, unit and amount of what is not zero, of these accounts (all when empty), up to a day."""
    total = func.sum(account_day.c.amount)
    query = (
        select(account_day.c.account, account_day.c.unit, total.label("amount"))
        .where(account_day.c.employer_id == session.employer)
        .group_by(account_day.c.account, account_day.c.unit)
        .having(total != 0)
        .order_by(account_day.c.account, account_day.c.unit)
    )
    if accounts:
        query = query.where(account_day.c.account.in_(accounts))
    if effective is not None:
        query = query.where(account_day.c.effective_date <= effective)
    return session.rows(query)


def wrong(session: Session, most: int) -> list[str]:
    """Days of accounts on which the balances kept are not the sum of the legs."""
    kept = select(account_day.c.account, account_day.c.unit, account_day.c.effective_date, account_day.c.amount).where(
        account_day.c.employer_id == session.employer
    )
    posted = (
        select(leg.c.account, leg.c.unit, entry.c.effective_date, -leg.c.amount)
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(leg.c.employer_id == session.employer, entry.c.status == "posted")
    )
    both = union_all(kept, posted).subquery()
    keys = (both.c.account, both.c.unit, both.c.effective_date)
    rows = session.rows(select(*keys).group_by(*keys).having(func.sum(both.c.amount) != 0).order_by(*keys).limit(most))
    return [
        f"the balance kept of {row.account} in {row.unit} on {row.effective_date} is not the sum of its legs"
        for row in rows
    ]
