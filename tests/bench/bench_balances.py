"""What the accounts hold: one account, all of them, and as of a day, beside bare sums over the same legs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

DAYS = tuple(date(2024, 1, 1) + timedelta(days) for days in range(1_096))
AS_OF = date(2025, 6, 30)
ASKED = "1300"
LEGS = 10
"""Legs of an entry, as a pay check or a bill of some lines has them."""


def prepare(folder: Path, size: int) -> None:
    """A ledger of `size` legs over three years and all accounts, made by `ledger.record`."""
    from bench_hub import add_people, fill, filling, make_hub

    from benehub import ledger
    from benehub.ledger import Leg, NewEntry
    from benehub.ledger.accounts import CHART

    store = make_hub(folder, "hris")
    with store.write("acme") as session:
        people = add_people(session, 500)
    accounts = sorted(CHART)

    def entry(number: int) -> NewEntry:
        who, legs = people[number % 500], []
        for part in range(number, number + LEGS // 2):
            amount, debit, credit = 100 + part % 1_000, *(accounts[(part + at) % len(accounts)] for at in (0, 1))
            legs += [Leg(debit, "USD", amount, who, "ppo"), Leg(credit, "USD", -amount, who, "ppo")]
        day = DAYS[(number * len(DAYS) * LEGS // size + number % 30) % len(DAYS)]  # one after the other, about
        return NewEntry(f"e/{number}", "premium.accrued", day, tuple(legs), "x")

    with filling(store):
        fill(store, ledger.record, (entry(number) for number in range(size // LEGS)))
    store.close()


def ours(folder: Path, size: int) -> Iterator[Any]:
    """`ledger.balances`, four questions; each was asked once before, so that its statement is there."""
    from bench_hub import open_hub

    from benehub import ledger

    store = open_hub(folder)
    questions: list[tuple[tuple[str, ...], dict[str, Any]]] = [
        ((ASKED,), {}), ((), {}), ((), {"effective": AS_OF}), ((), {"known_at": _known(size)})
    ]  # fmt: skip
    told: list[Any] = []
    with store.read("acme") as session:
        for accounts, when in questions:
            ledger.balances(session, accounts, **when)
        yield
        for accounts, when in questions:
            told.append([(one.account, one.amount) for one in ledger.balances(session, accounts, **when)])
            yield told
    store.close()


def _known(size: int) -> int:
    """The recorded number of about the middle one of the entries."""
    return size // LEGS // 2


def sums(folder: Path, size: int) -> Iterator[Any]:
    """The bare sums in sqlite3, entries not looked at but for their day."""
    database = sqlite3.connect(folder / "hub.db")
    joined = "FROM leg l JOIN entry e ON e.employer_id = l.employer_id AND e.entry_id = l.entry_id"
    told: list[Any] = []
    yield
    for query in (
        f"SELECT account, sum(amount) FROM leg WHERE employer_id = 'acme' AND account = '{ASKED}' GROUP BY account",
        "SELECT account, sum(amount) FROM leg WHERE employer_id = 'acme' GROUP BY account",
        f"SELECT l.account, sum(l.amount) {joined} WHERE e.effective_date <= '{AS_OF}' GROUP BY l.account",
        f"SELECT l.account, sum(l.amount) {joined} WHERE e.seq <= {_known(size)} GROUP BY l.account",
    ):
        rows = database.execute(query).fetchall()
        told.append([(account, amount) for account, amount in rows if amount])
        yield told
