"""Where two long lists in the same order differ, with a bounded part of each in memory.

Nearly all rows of a comparison are equal, so they are compared as whole tuples, side by side; only where two are not
equal is it asked which of their keys comes first, and are the rows of a key gathered.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

Cells = tuple[Any, ...]
Parts = Iterator[list[Cells]]
"""A list part by part, no part empty."""


def differing(left: Parts, right: Parts, keys: int) -> Iterator[tuple[list[Cells], list[Cells]]]:
    """The rows of each key whose rows are not the same on both sides; empty where a side has none.

    Args:
        left: rows whose first cells are their key, in the order of the keys (`Session.in_order`).
        right: as `left`, with as many cells.
        keys: how many cells are the key.
    """
    one, other = _Side(left, keys), _Side(right, keys)
    while one.more() and other.more():
        equal = _equal(one, other)
        one.at, other.at = one.at + equal, other.at + equal
        mine, yours = one.key(), other.key()
        ours = one.take() if mine <= yours else []
        theirs = other.take() if yours <= mine else []
        if ours != theirs:
            yield ours, theirs
    while one.more():
        yield one.take(), []
    while other.more():
        yield [], other.take()


def _equal(one: _Side, other: _Side) -> int:
    """How many rows from here on are equal, all rows of the last key left out: it may go on beyond what is at hand."""
    number = 0
    for mine, yours in zip(islice(one.rows, one.at, None), islice(other.rows, other.at, None), strict=False):
        if mine != yours:
            break
        number += 1
    if number:
        last = one.rows[one.at + number - 1][: one.keys]
        while number and one.rows[one.at + number - 1][: one.keys] == last:
            number -= 1
    return number


class _Side:
    """One of the lists, as far as it was read, and the row that comes next."""

    def __init__(self, parts: Parts, keys: int) -> None:
        self.parts, self.keys = parts, keys
        self.rows: list[Cells] = []
        self.at = 0

    def more(self) -> bool:
        """Whether there is a next row; reads on where needed."""
        if self.at == len(self.rows):
            self.rows, self.at = next(self.parts, []), 0
        return bool(self.rows)

    def key(self) -> tuple[tuple[bool, Any], ...]:
        """Key of the next row, comparable also where cells are missing."""
        return tuple((cell is not None, cell) for cell in self.rows[self.at][: self.keys])

    def take(self) -> list[Cells]:
        """All rows of the next row's key."""
        key, found = self.rows[self.at][: self.keys], []
        while self.more() and self.rows[self.at][: self.keys] == key:
            found.append(self.rows[self.at])
            self.at += 1
        return found
