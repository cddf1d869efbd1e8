"""What the accounts hold: one account, all of them, and as of a day, beside bare sums over the same legs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

ACCOUNTS = ("1300", "5100", "2100", "1900", "2310")
DAYS = tuple(date(2026, month, 1) for month in range(1, 13))
AS_OF = date(2026, 6, 30)


def prepare(folder: Path, size: int) -> None:
    """A ledger of `size` legs, two an entry, over a year."""
    from bench_hub import add_people, make_hub

    from benehub import ledger
    from benehub.ledger import Leg, NewEntry

    store = make_hub(folder, "hris")
    with store.write("acme") as session:
        people = add_people(session, 500)

        def entry(number: int) -> NewEntry:
            debit, credit = ACCOUNTS[number % 5], ACCOUNTS[(number + 1) % 5]
            dims = (people[number % 500], "ppo")
            legs = (Leg(debit, "USD", 100 + number, *dims), Leg(credit, "USD", -100 - number, *dims))
            return NewEntry(f"e/{number}", "premium.accrued", DAYS[number % 12], legs, "x")

        ledger.record(session, (entry(number) for number in range(size // 2)))
    store.close()


def ours(folder: Path, size: int) -> Iterator[Any]:
    """`ledger.balances`, three questions."""
    from bench_hub import open_hub

    from benehub import ledger

    store = open_hub(folder)
    told: list[Any] = []
    with store.read("acme") as session:
        yield
        for question in (("1300",), None), ((), None), ((), AS_OF):
            found = ledger.balances(session, question[0], effective=question[1])
            told.append([(one.account, one.amount) for one in found])
            yield told


def sums(folder: Path, size: int) -> Iterator[Any]:
    """The bare sums in sqlite3, entries not looked at but for their day."""
    database = sqlite3.connect(folder / "hub.db")
    joined = "FROM leg l JOIN entry e ON e.employer_id = l.employer_id AND e.entry_id = l.entry_id"
    told: list[Any] = []
    yield
    for query in (
        "SELECT account, sum(amount) FROM leg WHERE employer_id = 'acme' AND account = '1300' GROUP BY account",
        "SELECT account, sum(amount) FROM leg WHERE employer_id = 'acme' GROUP BY account",
        f"SELECT l.account, sum(l.amount) {joined} WHERE e.effective_date <= '{AS_OF}' GROUP BY l.account",
    ):
        rows = database.execute(query).fetchall()
        told.append([(account, amount) for account, amount in rows if amount])
        yield told
