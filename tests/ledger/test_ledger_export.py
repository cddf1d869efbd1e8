"""The ledger in other programs: beancount takes it, and a spreadsheet runs nothing of it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from beancount import loader
from beancount.core import inventory

from benehub import ledger
from benehub.ledger import Leg, NewEntry, export
from benehub.store import Store

Make = Callable[..., NewEntry]


@pytest.fixture
def posted(store: Store, make: Make) -> Store:
    """Money, hours, every account, an expected entry, and a source that is no formula."""
    hours = (Leg("2410", "MIN:pto", 615), Leg("2490", "MIN:pto", -615))
    with store.write("acme") as session:
        ledger.record(
            session,
            [
                make("a", "5100 +60000", "1300 +20000", "2100 -80000", day=date(2026, 2, 1)),
                make("b", "5100 -5", "2100 +5", source="=HYPERLINK(1)", type='said "x"'),
                make("c", "1900 +7", "1300 -7", status="pending", source="-1+cmd|' /C calc'!A0"),
                make("yen", "5100 +500", "2100 -500", unit="JPY"),
                NewEntry("h", "leave.accrued", date(2026, 1, 31), hours, "@test\rrow,2"),
                *(make(code, f"{code} +1", "1000 -1") for code in ledger.CHART if code != "1000"),
            ],
        )
    return store


def test_beancount_accepts_it(posted: Store) -> None:
    with posted.read("acme") as session:
        text = "\n".join(export.beancount(session))
        wanted = {(b.account, b.unit): b.amount for b in ledger.balances(session)}
    entries, errors, options = loader.load_string(text)
    assert [error.message for error in errors] == []
    assert options["title"] == "benehub acme"
    held: dict[str, inventory.Inventory] = {}
    for entry in entries:
        for posting in getattr(entry, "postings", ()):
            code = posting.account.split(":")[1][1:5]
            held.setdefault(code, inventory.Inventory()).add_position(posting)
    for (code, unit), amount in wanted.items():
        number = held[code].get_currency_units(unit.upper().replace(":", ".")).number
        assert number == (Decimal(amount) if unit in ("JPY", "MIN:pto") else Decimal(amount) / 100), (code, unit)


def test_an_empty_ledger_is_accepted_too(store: Store) -> None:
    with store.read("acme") as session:
        _, errors, _ = loader.load_string("\n".join(export.beancount(session)))
    assert errors == []


def test_csv_holds_every_leg_and_runs_nothing(posted: Store) -> None:
    with posted.read("acme") as session:
        text = "\n".join(export.csv_lines(session))
    rows = list(csv.DictReader(text.splitlines(keepends=True)))
    assert len(rows) == 3 + 2 + 2 + 2 + 2 + 2 * (len(ledger.CHART) - 1)
    assert {row["status"] for row in rows} == {"posted", "pending"}
    assert [row["amount"] for row in rows[:3]] == ["600.00", "200.00", "-800.00"]
    sources = {row["source"] for row in rows}
    assert sources == {"test", "'=HYPERLINK(1)", "'-1+cmd|' /C calc'!A0", "'@test\rrow,2"}
    for row in rows:
        for name, cell in row.items():
            assert cell[:1] not in "=+@\t\r" or not cell, (name, cell)
            assert cell[:1] != "-" or name == "amount", (name, cell)
