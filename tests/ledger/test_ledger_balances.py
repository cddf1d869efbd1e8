"""Balances in both times; what was known at a moment never changes after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benehub import ledger
from benehub.ledger import Balance, NewEntry
from benehub.store import Session, Store

Make = Callable[..., NewEntry]


def test_both_times(store: Store, make: Make) -> None:
    march, april = date(2026, 3, 1), date(2026, 4, 1)
    with store.write("acme") as session:
        ledger.record(session, [make("april", "5100 +5", "2100 -5", day=april)])
        ledger.record(session, [make("march, told later", "5100 +3", "2100 -3", day=march)])
        found = {
            (effective, known): sum(
                b.amount for b in ledger.balances(session, ["5100"], effective=effective, known_at=known)
            )
            for effective in (march - timedelta(days=1), march, april, None)
            for known in (0, 1, 2, None)
        }
    assert [found[(march, known)] for known in (0, 1, 2, None)] == [0, 0, 3, 3]
    assert [found[(april, known)] for known in (0, 1, 2, None)] == [0, 5, 8, 8]
    assert found[(None, None)] == 8
    assert found[(march - timedelta(days=1), None)] == 0


def test_by_dimension(store: Store, make: Make) -> None:
    with store.write("acme") as session:
        ledger.record(
            session,
            [
                make("a", "5100 +5", "2100 -5", dims={"plan": "ppo", "coverage_month": "2026-01"}),
                make("b", "5100 +7", "2100 -7", dims={"plan": "ppo", "coverage_month": "2026-02"}),
                make("c", "5100 +9", "2100 -9", dims={"plan": "dental", "coverage_month": "2026-02"}),
                make("d", "5100 -9", "2100 +9", dims={"plan": "vision", "coverage_month": "2026-02"}),
                make("e", "5100 +9", "2100 -9", dims={"plan": "vision", "coverage_month": "2026-02"}),
            ],
        )
        assert ledger.balances(session, ["5100"], by=["plan"]) == [
            Balance("5100", "USD", 9, {"plan": "dental"}),
            Balance("5100", "USD", 12, {"plan": "ppo"}),
        ]
        assert ledger.balances(session, ["5100"], plan="ppo", coverage_month="2026-02") == [
            Balance("5100", "USD", 7, {})
        ]
        assert ledger.balances(session, ["1000"]) == []


def test_clearing_names_every_clearing_account(store: Store, make: Make) -> None:
    with store.write("acme") as session:
        ledger.record(session, [make("a", "1900 +5", "1300 -5")])
        found = ledger.clearing(session)
    assert found == {
        "1010": 0, "1020": 0, "1030": 0, "1300": -5, "1900": 5, "2100": 0, "2310": 0, "2320": 0, "2330": 0, "2340": 0,
            "2350": 0, "9000": 0,
    }  # fmt: skip


class Undo(Exception):
    """Takes an example's rows back."""


batches = st.lists(
    st.lists(
        st.tuples(
            st.integers(0, 20),  # effective day
            st.integers(-5, 5).filter(bool),  # amount
            st.sampled_from(["1300", "1900", "2100"]),
            st.sampled_from(["posted", "posted", "pending", "reverse"]),
        ),
        min_size=1,
        max_size=4,
    ),
    min_size=2,
    max_size=5,
)


def everything(session: Session, known_at: int) -> dict[date, list[Balance]]:
    return {
        date(2026, 1, 1) + timedelta(days=day): ledger.balances(
            session, by=["plan"], effective=date(2026, 1, 1) + timedelta(days=day), known_at=known_at
        )
        for day in (0, 7, 20)
    }


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=batches)
def test_a_balance_as_known_then_never_changes(
    store: Store, make: Make, batches: list[list[tuple[int, int, str, str]]]
) -> None:
    with pytest.raises(Undo), store.write("acme") as session:
        told: dict[int, dict[date, list[Balance]]] = {}
        posted: list[str] = []
        for number, batch in enumerate(batches):
            for place, (day, amount, account, what) in enumerate(batch):
                key = f"{number}.{place}"
                if what == "reverse" and posted:
                    ledger.record(session, [ledger.reversal(session, posted.pop(), "test")])
                    continue
                status = "pending" if what == "pending" else "posted"
                one = make(
                    key, f"5100 {amount}", f"{account} {-amount}", status=status,
                    day=date(2026, 1, 1) + timedelta(days=day), dims={"plan": f"p{amount % 2}"},
                )  # fmt: skip
                ledger.record(session, [one])
                if status == "posted":
                    posted.append(session.id("ent", key))
            told[session.latest_seq()] = everything(session, session.latest_seq())
        assert told == {known_at: everything(session, known_at) for known_at in told}
        for balances in everything(session, session.latest_seq()).values():
            assert sum(balance.amount for balance in balances) == 0
        for entry_id in posted:
            ledger.record(session, [ledger.reversal(session, entry_id, "all of it")])
        assert ledger.balances(session) == []
        assert ledger.verify(session).ok
        raise Undo
