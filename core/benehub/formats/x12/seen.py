"""Which numbers of a file have come by: of a million members, in a few bytes each.

A set of texts costs some 120 bytes each, which is most of what checking a large file would hold. What is kept here
is Python's own keyed 64-bit hash. Two numbers of a million in a file share one in one file of 37 million, and
nobody outside can make them, as each process has a key of its own.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

_SMALLEST = 1 << 10


class Seen:
    """A set of texts that only grows, 8 bytes each until it is first asked and 12 to 24 from then on."""

    def __init__(self) -> None:
        self._waiting = array("q")
        self._slots = array("q", [0]) * _SMALLEST
        self._held = 0

    def add(self, text: str) -> None:
        """Remember a text."""
        self._waiting.append(hash(text))

    def update(self, texts: Iterable[str]) -> None:
        """Remember texts."""
        self._waiting.extend(map(hash, texts))

    def __contains__(self, text: str) -> bool:
        if self._waiting:
            self._settle()
        code = hash(text) or 1  # an empty slot holds 0
        return self._slots[_place(self._slots, code)] == code

    def _settle(self) -> None:
        waiting, self._waiting = self._waiting, array("q")
        self._room(len(waiting))
        slots = self._slots
        for code in waiting:
            at = _place(slots, code or 1)
            self._held += not slots[at]
            slots[at] = code or 1

    def _room(self, more: int) -> None:
        """Make place for so many, a third of it always empty."""
        size = len(self._slots)
        while (self._held + more) * 3 > size * 2:
            size *= 2
        if size > len(self._slots):
            old, self._slots = self._slots, array("q", [0]) * size
            for code in old:
                if code:
                    self._slots[_place(self._slots, code)] = code


def _place(slots: array[int], code: int) -> int:
    """Where the code stands, or the empty slot where it belongs."""
    last = len(slots) - 1
    at = code & last
    while (held := slots[at]) and held != code:
        at = (at + 1) & last
    return at
