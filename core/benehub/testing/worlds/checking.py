"""Found against planted, type by type: precision and recall, and every row that is on one side only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benehub.testing.worlds.truth import Planted, Truth


@dataclass(slots=True)
class Tally:
    """Of one type: how many were planted, found, and both."""

    planted: int = 0
    found: int = 0
    both: int = 0

    @property
    def precision(self) -> str:
        """What part of the found was planted, as text."""
        return _part(self.both, self.found)

    @property
    def recall(self) -> str:
        """What part of the planted was found, as text."""
        return _part(self.both, self.planted)


@dataclass(slots=True)
class Score:
    """The verdict on a world; `missed` and `wrong` are (state, row)."""

    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    missed: list[tuple[str, Planted]] = field(default_factory=list)
    wrong: list[tuple[str, Planted]] = field(default_factory=list)

    @property
    def perfect(self) -> bool:
        """Whether everything planted was found, as what it is, and nothing else."""
        return not self.missed and not self.wrong


def score(truth: Truth, found: Mapping[str, Sequence[Planted]]) -> Score:
    """Compare row by row: the relation, type, person, plan, period and both amounts have to agree, and the state."""
    made = Score()
    wanted: dict[str, Sequence[Planted]] = {
        "discrepancy": truth.discrepancies, "pending": truth.pending, "suppressed": truth.suppressed,
        "tolerated": truth.tolerated,
    }  # fmt: skip
    for state in sorted({*wanted, *found}):
        left, right = Counter(wanted.get(state, ())), Counter(found.get(state, ()))
        for row, count in left.items():
            made.tallies.setdefault((state, f"{row.relation} {row.type}"), Tally()).planted += count
        for row, count in right.items():
            tally = made.tallies.setdefault((state, f"{row.relation} {row.type}"), Tally())
            tally.found += count
            tally.both += min(count, left[row])
        made.missed += [(state, row) for row in sorted((left - right).elements())]
        made.wrong += [(state, row) for row in sorted((right - left).elements())]
    return made


def _part(some: int, of: int) -> str:
    return f"{some * 1000 // of / 1000:.3f}" if of else "-"
