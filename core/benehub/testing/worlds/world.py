"""A world in the making: what its vendors hold, and what has been planted in it so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random

from benehub.periods import Month
from benehub.testing.worlds.people import Employee
from benehub.testing.worlds.truth import Truth
from benehub.testing.worlds.vendors import BalanceLine, BillLine, CreditLine, PayLine, RosterLine

DRAWS = 50


@dataclass
class World:
    """Everything the vendors hold, to be planted in and then written; `taken` are the lines that are spoken for."""

    seed: int
    random: Random
    people: list[Employee]
    register: list[PayLine]
    bill: list[BillLine]
    credits: list[CreditLine]
    balances: list[BalanceLine]
    roster: list[RosterLine]
    truth: Truth
    due: dict[Month, date] = field(default_factory=dict)
    """When the bill of a month is due, where that is not its first day."""
    parts: dict[Month, list[tuple[str, int]]] = field(default_factory=dict)
    """What the bill of a month says beside the members' lines: kind and amount."""
    misspelt: list[int] = field(default_factory=list)
    """Employees of whom the elections hold a row with a plan that there is none of."""
    taken: set[tuple[object, ...]] = field(default_factory=set)

    def claim(self, *key: object) -> bool:
        """Whether this line is still free; it is not from now on. Two mistakes on one line would be a third one."""
        if key in self.taken:
            return False
        self.taken.add(key)
        return True

    def shuffled(self, lines: Sequence[PayLine] | Sequence[BillLine] | Sequence[CreditLine]) -> Iterator[int]:
        """Places of the lines in an order of chance: a few draws, then all, as most searches end soon."""
        for _ in range(DRAWS if lines else 0):
            yield self.random.randrange(len(lines))
        yield from self.random.sample(range(len(lines)), len(lines))
