"""The balances kept with every entry say what the legs say, on any day, and are proved by `verify`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from benehub import ledger
from benehub.crypto import Vault
from benehub.ledger import Leg, NewEntry, kept
from benehub.store import Store, open_store
from benehub.store.tables import account_block, entry, leg

FIRST = date(2026, 1, 1)
TURN = count()
ACCOUNTS = ("1300", "2100", "5100")
moves = st.lists(
    st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(ACCOUNTS), st.integers(-500, 500), st.integers(0, 40),
              st.sampled_from(("posted", "pending")), st.booleans()),
    max_size=12,
)  # fmt: skip


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few entries stand in several blocks, and numbers in the middle of one."""
    monkeypatch.setattr(kept, "BLOCK", 5)


def by_legs(store: Store, day: date, known_at: int = 10**9) -> dict[tuple[str, str], int]:
    with store.read("acme") as session:
        rows = session.rows(
            select(leg.c.account, leg.c.unit, func.sum(leg.c.amount).label("sum"))
            .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
            .where(
                entry.c.status == "posted", entry.c.effective_date <= day, entry.c.seq <= known_at,
                leg.c.employer_id == "acme",
            )
            .group_by(leg.c.account, leg.c.unit)
        )  # fmt: skip
    return {(row.account, row.unit): int(row.sum) for row in rows if row.sum}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=moves)
def test_on_any_day_they_are_the_sum_of_the_legs(
    store: Store, made: list[tuple[str, str, int, int, str, bool]]
) -> None:
    number = next(TURN)
    with store.write("acme") as session:
        for place, (debit, credit, amount, after, status, back) in enumerate(made):
            if debit == credit or not amount:
                continue
            key, day = f"k/{number}/{place}", FIRST + timedelta(after)
            legs = (Leg(debit, "USD", amount), Leg(credit, "USD", -amount))
            due = day if status == "pending" else None
            ledger.record(session, [NewEntry(key, "premium.accrued", day, legs, "x", status, due)])
            if back and status == "posted":
                ledger.record(session, [ledger.reversal(session, session.id("ent", key), "taken back")])
    for after in (-1, 0, 20, 40, 400):
        day = FIRST + timedelta(after)
        with store.read("acme") as session:
            found = {(one.account, one.unit): one.amount for one in ledger.balances(session, effective=day)}
            one = {(b.account, b.unit): b.amount for b in ledger.balances(session, ["2100"], effective=day)}
        expected = by_legs(store, day)
        assert found == expected
        assert one == {key: amount for key, amount in expected.items() if key[0] == "2100"}
    with store.read("acme") as session:
        assert ledger.verify(session).ok
        newest = session.connection.execute(select(func.max(entry.c.seq))).scalar() or 0
    for known_at, until in ((newest - 7, None), (newest - 5, FIRST + timedelta(20)), (newest - 3, None), (0, None)):
        with store.read("acme") as session:
            rows = ledger.balances(session, effective=until, known_at=max(known_at, 0))
            one = {(b.account, b.unit): b.amount for b in ledger.balances(session, ["2100"], known_at=max(known_at, 0))}
        assert {(b.account, b.unit): b.amount for b in rows} == by_legs(store, until or date.max, known_at)
        if until is None:
            assert one == {(b.account, b.unit): b.amount for b in rows if b.account == "2100"}


def test_one_that_was_changed_by_hand_is_told(store: Store) -> None:
    with store.write("acme") as session:
        legs = (Leg("5100", "USD", 500), Leg("2100", "USD", -500))
        ledger.record(session, [NewEntry("one", "premium.accrued", FIRST, legs, "x")])
        session.connection.execute(text("UPDATE account_day SET amount = amount + 1 WHERE account = '5100'"))
        assert ledger.verify(session).problems == (
            "the balance kept of 5100 in USD on 2026-01-01 is not the sum of its legs",
        )
        session.connection.execute(text("UPDATE account_day SET amount = amount - 1 WHERE account = '5100'"))
        assert ledger.verify(session).ok
        session.connection.execute(text("UPDATE account_block SET amount = amount + 1 WHERE account = '2100'"))
        assert ledger.verify(session).problems == (
            "the balance kept of 2100 in USD on 2026-01-01 is not the sum of its legs",
        )


def test_a_ledger_from_before_gets_its_balances_by_the_migration(db_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In blocks as they are kept now: entries at the ends of one and far behind; what was only expected is in none."""
    monkeypatch.setattr(kept, "BLOCK", 1 << 15)
    opened = open_store(db_url, Vault({"k1": b"k" * 32}), lambda: datetime(2026, 11, 1, tzinfo=UTC))
    opened.migrate("0014")
    with opened.engine.connect().execution_options(benehub_write=True) as connection, connection.begin():
        run: Callable[[str], object] = connection.exec_driver_sql
        run("INSERT INTO employer (employer_id, name, country, currency, seq, recorded_at, ledger_head) "
            "VALUES ('acme', 'Acme', 'US', 'USD', 1, '', '')")  # fmt: skip
        for seq, money in ((1, 700), (32_767, 20), (32_768, 3), (40_000, 5_000), (70_000, 100_000)):
            for number, (account, amount) in enumerate((("5100", money), ("2100", -money)), 1):
                run(f"INSERT INTO leg (employer_id, entry_id, leg_no, account, unit, amount) "
                    f"VALUES ('acme', 'ent_{seq}', {number}, '{account}', 'USD', {amount})")  # fmt: skip
            status = "pending" if seq == 40_000 else "posted"
            names = "employer_id, entry_id, idempotency_key, content_hash, type, status, effective_date, source, seq"
            values = f"'acme', 'ent_{seq}', 'k{seq}', '', 't', '{status}', '2026-01-01', 'x', {seq}"
            run(f"INSERT INTO entry ({names}, recorded_at, prev_hash, hash) VALUES ({values}, '', '', '')")
    opened.migrate()
    with opened.read("acme") as session:
        for known_at, held in (
            (None, 100_723), (1, 700), (32_766, 700), (32_767, 720), (32_768, 723), (69_999, 723), (70_000, 100_723),
            (0, 0),
        ):  # fmt: skip
            found = [(one.account, one.amount) for one in ledger.balances(session, known_at=known_at)]
            assert found == ([("2100", -held), ("5100", held)] if held else []), known_at
        blocks = select(account_block.c.block, account_block.c.amount).where(account_block.c.account == "5100")
        rows = session.rows(blocks.order_by(account_block.c.block))
        assert [tuple(row) for row in rows] == [(0, 720), (1, 3), (2, 100_000)]
        assert not [one for one in ledger.verify(session).problems if "balance kept" in one]
    opened.close()
