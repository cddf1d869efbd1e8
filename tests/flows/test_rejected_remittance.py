"""What a remittance left in transit is posted back or on, once: rejected it is owed again, confirmed it has left."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from benehub import ledger
from benehub.flows.premiums import confirm_in, take_back
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.store import Store


def test_a_rejected_820_is_owed_again(store: Store) -> None:
    def remitted(number: int, dispatch_id: str) -> NewEntry:
        legs = (
            Leg(chart.PREMIUM_PAYABLE, "USD", 100, plan="ppo"),
            Leg(chart.CARRIER_TRANSIT, "USD", -100, plan="ppo", batch=dispatch_id),
        )
        key = f"remit/{dispatch_id}/{number}"
        return NewEntry(key, "premium.remitted", date(2026, 10, 28), legs, dispatch_id)

    with store.write("acme") as session:
        ledger.record(session, [remitted(1, "dis_a"), remitted(2, "dis_a"), remitted(1, "dis_b")])
        assert take_back(session, "dis_a") == 2
        assert take_back(session, "dis_a") == 0
        assert ledger.clearing(session)[chart.CARRIER_TRANSIT] == -100
        assert ledger.clearing(session)[chart.PREMIUM_PAYABLE] == 100
        assert ledger.verify(session).ok


@pytest.mark.parametrize("day", [date(2026, 9, 30), date(2026, 11, 3)])
def test_what_the_bank_confirms_early_or_late_belongs_to_the_month_of_its_cover(store: Store, day: date) -> None:
    """One payment of two months of cover is in transit in neither, on whichever day it was booked."""
    with store.write("acme") as session:
        for month, amount in (("2026-09", 40), ("2026-10", 100)):
            dims: Any = {"plan": "ppo", "coverage_month": month}
            legs = (
                Leg(chart.PREMIUM_PAYABLE, "USD", amount, **dims),
                Leg(chart.CARRIER_TRANSIT, "USD", -amount, batch="dis_a", **dims),
            )
            sent = NewEntry(f"remit/dis_a/{month}", "premium.remitted", date(2026, 9, 28), legs, "dis_a")
            ledger.record(session, [sent])
        assert confirm_in(session, "dis_a", day) == 1
        assert confirm_in(session, "dis_a", day) == 0
        for month in (Month(2026, 9), Month(2026, 10)):
            assert ledger.clearing(session, month)[chart.CARRIER_TRANSIT] == 0
        assert [one.amount for one in ledger.balances(session, [chart.BANK])] == [-140]
        assert take_back(session, "dis_a", booked=True) == 3
        assert ledger.clearing(session, Month(2026, 9))[chart.CARRIER_TRANSIT] == 0
        assert ledger.balances(session, [chart.BANK]) == []
