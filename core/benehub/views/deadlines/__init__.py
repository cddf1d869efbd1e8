"""Every deadline that is still open, from what was worked out and from what nobody has worked out yet.

An obligation tells its own; the rest is derived: a pay date that payroll was told nothing of, a premium that was
accrued, money withheld and not sent on, leave owed to somebody who has left, an answer that has not come.
"""

from __future__ import annotations

from collections.abc import Iterator

from benehub.views.deadlines import carriers, money, owed, pay
from benehub.views.deadlines.deadline import Asked, Deadline
from benehub.views.deadlines.listed import Only, behind, place
from benehub.views.deadlines.told import Raised, Told, raised

__all__ = [
    "Asked", "Deadline", "Only", "Raised", "Told", "behind", "derived", "open_deadlines", "place", "raised",
]  # fmt: skip


def derived(asked: Asked) -> Iterator[Deadline]:
    """Deadlines of what is no obligation's row."""
    yield from pay.pay_dates(asked)
    yield from carriers.changes(asked)
    yield from money.premiums(asked)
    yield from money.deposits(asked)
    yield from pay.payouts(asked)
    yield from carriers.answers(asked)


def open_deadlines(asked: Asked) -> list[Deadline]:
    """All of them, the most pressing first."""
    return sorted([*owed.grouped(asked), *derived(asked)], key=place)
