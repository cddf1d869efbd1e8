"""A remittance that the carrier rejects is owed again: its postings are reversed, once."""

from __future__ import annotations

from datetime import date

from benehub import ledger
from benehub.flows.premiums import take_back
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
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
