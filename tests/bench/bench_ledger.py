"""Ledger append on SQLite: checked, sealed and hash-chained, beside bare inserts of the same rows."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

PEOPLE = 500
DAY = date(2026, 11, 1)

LEG_COLUMNS = (
    "entry_id", "leg_no", "account", "unit", "amount", "person_id", "plan", "money_source", "coverage_month",
    "pay_date", "batch",
)  # fmt: skip
ENTRY_COLUMNS = ("entry_id", "idempotency_key", "type", "status", "effective_date", "source", "seq", "recorded_at")


def legs(number: int) -> list[tuple[str, int]]:
    """Accounts and amounts of an entry: 2.75 legs on average."""
    amount = 10_000 + number % 5_000
    if number % 4 == 0:
        return [("1900", amount), ("2310", -amount)]
    return [("1300", amount // 2), ("5100", amount - amount // 2), ("2100", -amount)]


def raw_rows(size: int) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Rows of both tables."""
    entries, lines = [], []
    for number in range(size):
        entry_id, who = f"ent_{number:032d}", f"per_{number % PEOPLE}"
        entries.append(
            (entry_id, f"premium:{number}/r1", "premium.accrued", "posted", str(DAY), "obl_1", number, "now")
        )
        for leg_no, (account, amount) in enumerate(legs(number), 1):
            lines.append((entry_id, leg_no, account, "USD", amount, who, "ppo", None, "2026-11", None, None))
    return entries, lines


def bare(folder: Path) -> sqlite3.Connection:
    """Bare tables: keys, no guards."""
    database = sqlite3.connect(folder / "bare.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    database.execute(f"CREATE TABLE entry ({', '.join(ENTRY_COLUMNS)}, PRIMARY KEY (entry_id))")
    database.execute(f"CREATE TABLE leg ({', '.join(LEG_COLUMNS)}, PRIMARY KEY (entry_id, leg_no))")
    database.execute("CREATE TABLE balance (account, person_id, amount, PRIMARY KEY (account, person_id))")
    return database


def prepare(folder: Path, size: int) -> None:
    """The hub's database with people in it, and the bare one."""
    from bench_hub import add_people, make_hub

    store = make_hub(folder, "hris")
    with store.write("acme") as session:
        add_people(session, PEOPLE)
    store.close()
    bare(folder).close()


def ours(folder: Path, size: int) -> Iterator[Any]:
    """`ledger.record` in one transaction."""
    from bench_hub import open_hub
    from sqlalchemy import func, select

    from benehub import ledger
    from benehub.ledger import Leg, NewEntry
    from benehub.store.tables import leg

    store = open_hub(folder)

    def entry(number: int) -> NewEntry:
        who = f"per_{number % PEOPLE}"
        lines = tuple(Leg(account, "USD", amount, who, "ppo", None, "2026-11") for account, amount in legs(number))
        return NewEntry(f"premium:{number}/r1", "premium.accrued", DAY, lines, "obl_1")

    entries = [entry(number) for number in range(size)]
    yield
    with store.write("acme") as session:
        ledger.record(session, entries)
    with store.read("acme") as session:
        count = session.connection.execute(select(func.count()).select_from(leg)).scalar_one()
    store.close()
    yield count


def core(folder: Path, size: int) -> Iterator[Any]:
    """SQLAlchemy Core on bare tables, with a check that entries balance and a table of balances."""
    from sqlalchemy import create_engine, text

    entries, lines = raw_rows(size)
    engine = create_engine(f"sqlite:///{folder / 'bare.db'}")
    entry_rows = [dict(zip(ENTRY_COLUMNS, row, strict=True)) for row in entries]
    leg_rows = [dict(zip(LEG_COLUMNS, row, strict=True)) for row in lines]
    add_entry = text(f"INSERT INTO entry VALUES ({', '.join(f':{name}' for name in ENTRY_COLUMNS)})")
    add_leg = text(f"INSERT INTO leg VALUES ({', '.join(f':{name}' for name in LEG_COLUMNS)})")
    add_balance = text(
        "INSERT INTO balance VALUES (:account, :person, :amount)"
        " ON CONFLICT (account, person_id) DO UPDATE SET amount = amount + excluded.amount"
    )
    yield
    with engine.begin() as connection:
        sums: dict[str, int] = defaultdict(int)
        balances: dict[tuple[str, str], int] = defaultdict(int)
        for row in leg_rows:
            sums[row["entry_id"]] += row["amount"]
            balances[row["account"], row["person_id"]] += row["amount"]
        assert not any(sums.values())
        connection.execute(add_entry, entry_rows)
        connection.execute(add_leg, leg_rows)
        connection.execute(
            add_balance, [{"account": a, "person": p, "amount": amount} for (a, p), amount in balances.items()]
        )
        count = connection.execute(text("SELECT count(*) FROM leg")).scalar_one()
    engine.dispose()
    yield count


def executemany(folder: Path, size: int) -> Iterator[Any]:
    """sqlite3's `executemany` on bare tables: the limit."""
    database = sqlite3.connect(folder / "bare.db", isolation_level=None)
    entries, lines = raw_rows(size)
    yield
    database.execute("BEGIN IMMEDIATE")
    database.executemany(f"INSERT INTO entry VALUES ({', '.join('?' * len(ENTRY_COLUMNS))})", entries)
    database.executemany(f"INSERT INTO leg VALUES ({', '.join('?' * len(LEG_COLUMNS))})", lines)
    database.execute("COMMIT")
    count = database.execute("SELECT count(*) FROM leg").fetchone()[0]
    database.close()
    yield count
