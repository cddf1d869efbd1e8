"""Pre-tax taken or credited as Roth, or the reverse: the total agrees, and yet it is one mistake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol, TypeVar


class SourceLine(Protocol):
    """A line of one participant, plan, part and pay date whose two sides differ by `gap` (minor units)."""

    @property
    def person_id(self) -> str:
        """Whose."""
        ...

    @property
    def plan(self) -> str:
        """Which plan."""
        ...

    @property
    def part(self) -> str:
        """`pretax`, `roth`, `match` or `employee`."""
        ...

    @property
    def pay_date(self) -> date:
        """Of which pay."""
        ...

    @property
    def gap(self) -> int:
        """Actual minus expected."""
        ...


L = TypeVar("L", bound=SourceLine)

_OTHER = {"pretax": "roth", "roth": "pretax"}


def swapped(lines: Sequence[L]) -> tuple[list[L], list[L]]:
    """Pairs that offset each other to the cent, told by the line that is short; and all other lines."""
    by_key = {(line.person_id, line.plan, line.pay_date, line.part): line for line in lines}
    pairs: list[L] = []
    rest: list[L] = []
    for line in lines:
        twin = by_key.get((line.person_id, line.plan, line.pay_date, _OTHER.get(line.part, "")))
        if twin is None or twin.gap != -line.gap:
            rest.append(line)
        elif line.gap < 0:
            pairs.append(line)
    return pairs, rest
