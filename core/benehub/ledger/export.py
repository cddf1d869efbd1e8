"""The ledger for other eyes: beancount (accepted by bean-check) and CSV, without personal data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import func, select

from benehub.hours import is_leave
from benehub.ledger.accounts import CHART
from benehub.money import EXPONENT, format_minor
from benehub.store import Session
from benehub.store.tables import entry, leg

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_ROOT = {"1": "Assets", "2": "Liabilities", "3": "Equity", "5": "Expenses", "9": "Assets"}

CSV_HEADER = (
    "entry_id,seq,recorded_at,effective_date,type,status,account,unit,amount,"
    "person_id,plan,money_source,coverage_month,pay_date,source"
)


def beancount(session: Session) -> Iterator[str]:
    """Posted entries as beancount text, line by line; leave minutes are a commodity of their own."""
    first = session.connection.execute(
        select(func.min(entry.c.effective_date)).where(entry.c.employer_id == session.employer)
    ).scalar()
    opened = first or date(1970, 1, 1)
    yield f'option "title" {_quoted(f"benehub {session.employer}")}'
    for account in CHART.values():
        yield f"{opened} open {_name(account.code)}"
    current = ""
    for row in _rows(session, posted_only=True):
        if row.entry_id != current:
            current = row.entry_id
            yield ""
            yield f"{row.effective_date} * {_quoted(row.type)} {_quoted(row.entry_id)}"
        yield f"  {_name(row.account)}  {_decimal(row.unit, row.amount)} {_commodity(row.unit)}"


def csv_lines(session: Session) -> Iterator[str]:
    """All legs, pending and void ones included, as CSV lines with `CSV_HEADER` first."""
    yield CSV_HEADER
    for row in _rows(session, posted_only=False):
        cells = (
            row.entry_id, row.seq, row.recorded_at, row.effective_date, row.type, row.status, row.account,
            row.unit, _decimal(row.unit, row.amount), row.person_id, row.plan, row.money_source,
            row.coverage_month, row.pay_date, row.source,
        )  # fmt: skip
        yield ",".join(_cell(value) for value in cells)


def _rows(session: Session, posted_only: bool) -> Iterator[Any]:
    query = (
        select(
            entry.c.entry_id, entry.c.seq, entry.c.recorded_at, entry.c.effective_date, entry.c.type,
            entry.c.status, entry.c.source, leg.c.account, leg.c.unit, leg.c.amount, leg.c.person_id,
            leg.c.plan, leg.c.money_source, leg.c.coverage_month, leg.c.pay_date,
        )
        .join(leg, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(entry.c.employer_id == session.employer)
        .order_by(entry.c.seq, leg.c.leg_no)
    )  # fmt: skip
    if posted_only:
        query = query.where(entry.c.status == "posted")
    yield from session.connection.execute(query.execution_options(yield_per=1000))


def _name(code: str) -> str:
    words = CHART[code].name.replace(",", "").replace("(", "").replace(")", "").split()
    return f"{_ROOT[code[0]]}:B{code}-{'-'.join(word.capitalize() for word in words)}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _commodity(unit: str) -> str:
    return unit.upper().replace(":", ".")


def _decimal(unit: str, amount: int) -> str:
    # Leave in its minutes: hours with two decimals would not sum to zero.
    return str(amount) if is_leave(unit) else format_minor(amount, unit if unit in EXPONENT else "USD")


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    # A spreadsheet runs what begins like this; only a plain negative number may begin with a minus.
    if text[:1] in ("=", "+", "@", "\t", "\r", "-") and not _NUMBER.fullmatch(text):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text
