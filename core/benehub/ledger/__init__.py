"""The benefits ledger: append-only double entry in money and hours."""

from __future__ import annotations

from benehub.ledger.accounts import CHART, Account
from benehub.ledger.balances import Balance, balances, clearing, open_pending
from benehub.ledger.books import Book, Closed, Movement, Posting, book_of, closed, movements, postings
from benehub.ledger.entries import Leg, NewEntry
from benehub.ledger.journal import Recorded, entry_of, head, legs_of, record, reversal, reversals, void
from benehub.ledger.restate import Restated, restate
from benehub.ledger.verify import Verification, verify

__all__ = [
    "CHART",
    "Account",
    "Balance",
    "Book",
    "Closed",
    "Leg",
    "Movement",
    "NewEntry",
    "Posting",
    "Recorded",
    "Restated",
    "Verification",
    "balances",
    "book_of",
    "clearing",
    "closed",
    "entry_of",
    "head",
    "legs_of",
    "movements",
    "open_pending",
    "postings",
    "record",
    "restate",
    "reversal",
    "reversals",
    "verify",
    "void",
]
