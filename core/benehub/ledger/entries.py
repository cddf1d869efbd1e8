"""What is posted: an entry and its legs, before the ledger has sealed them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from operator import attrgetter

from pydantic_core import to_json

from benehub.errors import IntegrityError
from benehub.ledger.accounts import CHART


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of an entry: signed integer `amount` (debit positive) in `unit`, with its dimensions.

    Money units are currencies in minor units; leave units are whole minutes (`MIN:pto`).
    """

    account: str
    unit: str
    amount: int
    person_id: str | None = None
    plan: str | None = None
    money_source: str | None = None
    coverage_month: str | None = None
    pay_date: date | None = None
    batch: str | None = None

    def negated(self) -> Leg:
        """The same leg on the other side."""
        return replace(self, amount=-self.amount)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to be recorded. `key` is the idempotency key, unique per employer, with its revision in it.

    Args:
        key: what makes it the same entry when it comes again.
        type: the event (premium.accrued, deduction.expected, deduction.withheld, ...).
        effective_date: when it is true in the world.
        legs: two or more; they sum to zero per unit.
        source: what caused it (a typed id, or the file and row of an opening balance).
        status: `posted`, `pending` (expected), or `void` (ends the rest of a pending one).
        due_date: for a pending entry, the day by which the actual must have come.
        pending_id: the pending entry that this one posts (in whole or part) or voids.
        reverses_id: the posted entry that this one takes back.
        explanation_id: why the amounts are what they are.
    """

    key: str
    type: str
    effective_date: date
    legs: tuple[Leg, ...]
    source: str
    status: str = "posted"
    due_date: date | None = None
    pending_id: str | None = None
    reverses_id: str | None = None
    explanation_id: str | None = None

    @property
    def posted_as(self) -> str | None:
        """What its legs say that they are posted as; None where nothing is posted."""
        return self.type if self.status == "posted" else None

    def content(self) -> dict[str, object]:
        """What must be equal for the same key: everything but the explanation; in the order of its names."""
        return {
            "due_date": self.due_date,
            "effective_date": self.effective_date,
            "legs": [_leg_values(leg) for leg in self.legs],
            "pending_id": self.pending_id,
            "reverses_id": self.reverses_id,
            "source": self.source,
            "status": self.status,
            "type": self.type,
        }

    def content_hash(self) -> str:
        """Digest of `content`; ledger rows hold opaque ids only, so it needs no key."""
        # The bytes of `store.canonical`, in a quarter of its time.
        return hashlib.sha256(to_json(self.content())).hexdigest()

    def check(self) -> None:
        """Refuse what the database would refuse too, with a better message.

        Raises:
            IntegrityError: too few legs, an unknown account, a zero leg, or legs that do not balance.
        """
        if len(self.legs) < 2:
            raise IntegrityError("an entry needs at least two legs", where=f"entry {self.key}")
        sums: dict[str, int] = {}
        for leg in self.legs:
            if leg.account not in CHART:
                raise IntegrityError(
                    f"no account {leg.account!r}", where=f"entry {self.key}", mend="Use the chart of accounts"
                )
            if leg.amount == 0:
                raise IntegrityError("a leg of zero", where=f"entry {self.key}", mend="Leave it out")
            sums[leg.unit] = sums.get(leg.unit, 0) + leg.amount
        if any(sums.values()):
            off = sorted(unit for unit, total in sums.items() if total)
            raise IntegrityError(f"legs do not sum to zero in {off}", where=f"entry {self.key}")


LEG_FIELDS = (
    "account", "unit", "amount", "person_id", "plan", "money_source", "coverage_month", "pay_date", "batch",
)  # fmt: skip
"""Fields of a leg in their order: columns of its row, and part of an entry's content hash."""

HEADER_FIELDS = (
    "entry_id", "idempotency_key", "content_hash", "type", "status", "effective_date", "due_date", "pending_id",
    "reverses_id", "source", "explanation_id", "seq", "recorded_at", "prev_hash", "hash",
)  # fmt: skip
"""Columns of an entry's header, in the order of its row."""

_leg_values = attrgetter(*LEG_FIELDS)


def leg_rows(employer: str, entry_id: str, entry: NewEntry) -> list[tuple[object, ...]]:
    """The rows of an entry's legs: employer, entry, number, `LEG_FIELDS` and what it is posted as; days as text.

    Tuples straight from the fields: with a dict a leg, it is what recording an entry costs most in Python.
    """
    posted_as = entry.posted_as
    return [
        (
            employer, entry_id, number, leg.account, leg.unit, leg.amount, leg.person_id, leg.plan, leg.money_source,
            leg.coverage_month, iso_day(leg.pay_date), leg.batch, posted_as,
        )
        for number, leg in enumerate(entry.legs, 1)
    ]  # fmt: skip


def iso_day(day: date | None) -> str | None:
    """A day as the database's text."""
    return day.isoformat() if day is not None else None


def chain_hash(previous: str, entry_id: str, content_hash: str, seq: int, recorded_at: str) -> str:
    """The hash of an entry over the one before it; a change anywhere changes every later one."""
    return hashlib.sha256(f"{previous}|{entry_id}|{content_hash}|{seq}|{recorded_at}".encode()).hexdigest()
