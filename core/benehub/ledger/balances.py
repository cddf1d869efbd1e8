"""What the accounts hold, in both times: effective up to a day, as known at a number of the recorded order.

There is no implicit lower bound. A balance as known at T never changes once T is past.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, and_, case, cast, func, or_, select

from benehub.ledger import kept
from benehub.ledger.accounts import CHART
from benehub.periods import Month
from benehub.store import Session
from benehub.store.tables import entry, leg

DIMENSIONS = ("person_id", "plan", "money_source", "coverage_month", "pay_date", "batch")


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance of an account in a unit, for the values of the dimensions that were asked for."""

    account: str
    unit: str
    amount: int
    dimensions: dict[str, Any]


def balances(
    session: Session,
    accounts: Sequence[str] = (),
    by: Sequence[str] = (),
    effective: date | None = None,
    known_at: int | None = None,
    within: Month | None = None,
    **equal: Any,
) -> list[Balance]:
    """Posted balances that are not zero, grouped by account, unit and the dimensions `by`.

    Args:
        accounts: only these; all when empty.
        by: dimensions to group by, of `DIMENSIONS`.
        effective: entries effective on or before this day.
        known_at: entries with this recorded number or a lower one.
        within: legs of this month's pay dates and cover, or of earlier ones (`concerns`).
        equal: only legs whose dimension has this value.

    What no dimension narrows comes from the balances that are kept with every entry.
    """
    if not by and within is None and not equal:
        rows = (
            kept.sums(session, accounts, effective)
            if known_at is None
            else kept.known(session, accounts, effective, known_at)
        )
        return [Balance(row.account, row.unit, int(row.amount), {}) for row in rows]
    columns = [leg.c.account, leg.c.unit, *(leg.c[name] for name in by)]
    total = func.sum(leg.c.amount).label("amount")
    query = (
        select(*columns, total)
        .where(leg.c.employer_id == session.employer, leg.c.posted_as.is_not(None))
        .group_by(*columns)
        .having(func.sum(leg.c.amount) != 0)
        .order_by(*columns)
    )
    if effective is not None or known_at is not None or within is not None:
        query = query.join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
    if accounts:
        query = query.where(leg.c.account.in_(accounts))
    if effective is not None:
        query = query.where(entry.c.effective_date <= effective)
    if known_at is not None:
        query = query.where(entry.c.seq <= known_at)
    if within is not None:
        query = query.where(concerns(within))
    for name, value in equal.items():
        query = query.where(leg.c[name] == value)
    return [
        Balance(row.account, row.unit, int(row.amount), {name: getattr(row, name) for name in by})
        for row in session.rows(query)
    ]


def concerns(month: Month) -> ColumnElement[bool]:
    """Whether a leg is about the month or an earlier one: by pay date, else month of cover, else entry's day.

    What is about a month may be recorded, and even be effective, after its end: a payment that is confirmed later.
    """
    return or_(
        leg.c.pay_date < month.end,
        and_(leg.c.pay_date.is_(None), leg.c.coverage_month <= str(month)),
        and_(leg.c.pay_date.is_(None), leg.c.coverage_month.is_(None), entry.c.effective_date < month.end),
    )


def clearing(session: Session, within: Month | None = None) -> dict[str, int]:
    """Balance of every clearing account in the employer's money, zero ones included; `within` as for `balances`."""
    codes = [code for code, account in CHART.items() if account.clearing]
    found = {balance.account: balance.amount for balance in balances(session, codes, within=within)}
    return {code: found.get(code, 0) for code in codes}


def open_pending(session: Session, known_at: int | None = None) -> Sequence[Row[Any]]:
    """What pending entries still expect: per pending entry, account and dimensions, expected minus actual.

    Columns: entry_id, type, effective_date, due_date, account, unit, person_id, plan, money_source,
    coverage_month, pay_date, amount. Entries that were posted or voided in full are left out. The batch is no
    part of it: only the actual knows the one that it came in.
    """
    dims = [leg.c[name] for name in ("account", "unit", *DIMENSIONS) if name != "batch"]
    origin = func.coalesce(entry.c.pending_id, entry.c.entry_id).label("origin")
    signed = func.sum(case((entry.c.status == "posted", -leg.c.amount), else_=leg.c.amount))
    linked = (
        select(origin, *dims, cast(signed, BigInteger).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            (entry.c.status == "pending") | entry.c.pending_id.is_not(None),
        )
        .group_by(origin, *dims)
        .having(signed != 0)
    )
    if known_at is not None:
        linked = linked.where(entry.c.seq <= known_at)
    rest = linked.subquery()
    columns = [rest.c[column.name] for column in dims]
    query = (
        select(entry.c.entry_id, entry.c.type, entry.c.effective_date, entry.c.due_date, *columns, rest.c.amount)
        .join(rest, rest.c.origin == entry.c.entry_id)
        .where(entry.c.employer_id == session.employer)
        .order_by(entry.c.seq, *columns)
    )
    return session.rows(query)
