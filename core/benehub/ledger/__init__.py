"""The benefits ledger: append-only double entry in money and hours."""

from __future__ import annotations

from benehub.ledger.accounts import CHART, Account
from benehub.ledger.balances import Balance, balances, clearing, open_pending
from benehub.ledger.entries import Leg, NewEntry
from benehub.ledger.journal import Recorded, entry_of, legs_of, record, reversal, void
from benehub.ledger.restate import Restated, restate
from benehub.ledger.verify import Verification, verify

__all__ = [
    "CHART",
    "Account",
    "Balance",
    "Leg",
    "NewEntry",
    "Recorded",
    "Restated",
    "Verification",
    "balances",
    "clearing",
    "entry_of",
    "legs_of",
    "open_pending",
    "record",
    "restate",
    "reversal",
    "verify",
    "void",
]
