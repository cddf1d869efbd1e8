"""What is posted: an entry and its legs, before the ledger has sealed them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from operator import attrgetter

from benehub.errors import IntegrityError
from benehub.ledger.accounts import CHART
from benehub.store import canonical


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

    def content(self) -> dict[str, object]:
        """What must be equal for the same key: everything but the explanation."""
        return {
            "type": self.type,
            "status": self.status,
            "effective_date": self.effective_date,
            "due_date": self.due_date,
            "pending_id": self.pending_id,
            "reverses_id": self.reverses_id,
            "source": self.source,
            "legs": [_leg_values(leg) for leg in self.legs],
        }

    def content_hash(self) -> str:
        """Digest of `content`; ledger rows hold opaque ids only, so it needs no key."""
        return hashlib.sha256(canonical(self.content())).hexdigest()

    def check(self) -> None:
        """Refuse what the database would refuse too, with a better message.

        Raises:
            IntegrityError: too few legs, an unknown account, a zero leg, or legs that do not balance.
        """
        where = f"entry {self.key}"
        if len(self.legs) < 2:
            raise IntegrityError("an entry needs at least two legs", where=where)
        sums: dict[str, int] = defaultdict(int)
        for leg in self.legs:
            if leg.account not in CHART:
                raise IntegrityError(f"no account {leg.account!r}", where=where, mend="Use the chart of accounts")
            if leg.amount == 0:
                raise IntegrityError("a leg of zero", where=where, mend="Leave it out")
            sums[leg.unit] += leg.amount
        off = {unit: total for unit, total in sums.items() if total}
        if off:
            raise IntegrityError(f"legs do not sum to zero in {sorted(off)}", where=where)


LEG_FIELDS = (
    "account", "unit", "amount", "person_id", "plan", "money_source", "coverage_month", "pay_date", "batch",
)  # fmt: skip
"""Fields of a leg in their order: columns of its row, and part of an entry's content hash."""

_leg_values = attrgetter(*LEG_FIELDS)


def leg_row(leg: Leg) -> dict[str, object]:
    """The columns of a leg (`dataclasses.asdict` copies every value: ten times the cost)."""
    return dict(zip(LEG_FIELDS, _leg_values(leg), strict=True))


def chain_hash(previous: str, entry_id: str, content_hash: str, seq: int, recorded_at: str) -> str:
    """The hash of an entry over the one before it; a change anywhere changes every later one."""
    return hashlib.sha256(f"{previous}|{entry_id}|{content_hash}|{seq}|{recorded_at}".encode()).hexdigest()
