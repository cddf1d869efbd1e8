"""How what a recordkeeper has credited stands in the ledger: one entry a row, under the kind that the row has."""

from __future__ import annotations

from datetime import date

from benehub.ledger.entries import NewEntry

CREDIT, EARNINGS, FORFEITURE = "credit", "earnings_credit", "forfeiture_credit"
KINDS = (CREDIT, EARNINGS, FORFEITURE)
"""Kinds of confirmations that a row of a credit report may be."""
POSTED = {
    CREDIT: ("contribution.credited", "credit"),
    EARNINGS: ("earnings.credited", "earnings-credit"),
    FORFEITURE: ("forfeiture.applied", "forfeiture"),
}
"""Kind -> the entry that it posts, and how its key begins."""


def credited_key(kind: str, connection_id: str, row_key: str) -> str:
    """The key of a credit's entry, without its revision."""
    return f"{POSTED[kind][1]}/{connection_id}/{row_key}"


def no_credit(kind: str, connection_id: str, row_key: str, day: date, source: str) -> NewEntry:
    """For `restate`: takes back what a row has posted as a kind that it is no more."""
    return NewEntry(credited_key(kind, connection_id, row_key), POSTED[kind][0], day, (), source)
