"""Right money in the wrong place: what one line lacks whole, another has too much to the cent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from benehub.reconcile.sources import SourceLine

L = TypeVar("L", bound=SourceLine)


def misplaced(
    lines: Sequence[L], group: Callable[[L], Hashable], lacks: Callable[[L], bool]
) -> tuple[list[tuple[L, L]], list[L]]:
    """Pairs of a line that lacks everything and the one that has it, and all other lines.

    Only within a group, and only where it is certain which two belong together: one line lacks the amount, one has it.
    Two mistakes of some cents that offset each other stay two.
    """
    short, over = defaultdict[Hashable, list[L]](list), defaultdict[Hashable, list[L]](list)
    for line in lines:
        if lacks(line) and line.gap < 0:
            short[group(line), -line.gap].append(line)
        elif line.gap > 0:
            over[group(line), line.gap].append(line)
    pairs = [(found[0], over[key][0]) for key, found in short.items() if len(found) == len(over.get(key, ())) == 1]
    gone = {id(line) for pair in pairs for line in pair}
    return pairs, [line for line in lines if id(line) not in gone]
