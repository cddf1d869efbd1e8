"""Stacked columns as plain geometry: what a page draws as SVG, with nothing but whole numbers.

Colour never says anything alone: every part carries its name and amount as text, and the same numbers stand in a
table beside the picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 720
HEIGHT: Final = 260
LEFT: Final = 76
BOTTOM: Final = 30
TOP: Final = 12
COLORS: Final = 6
"""Different colours there are; further series repeat them."""
STEPS: Final = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a column; `color` is the number of its series, `minor` its amount."""

    x: int
    y: int
    width: int
    height: int
    color: int
    series: str
    column: str
    minor: int


@dataclass(frozen=True, slots=True)
class Stacked:
    """A picture: its parts, the columns' places, and where the lines of the scale stand."""

    width: int
    height: int
    left: int
    bottom: int
    parts: tuple[Part, ...]
    columns: tuple[tuple[str, int], ...]
    """(column, middle of it)."""
    scale: tuple[tuple[int, int], ...]
    """(amount, height of its line)."""
    series: tuple[tuple[str, int], ...]
    """(series, its colour), in the order they are stacked."""


def stacked(columns: Sequence[str], amounts: Mapping[str, Sequence[int]]) -> Stacked:
    """Columns of the amounts of each series, in minor units; what is below zero is drawn as nothing."""
    most = max((sum(max(row[n], 0) for row in amounts.values()) for n in range(len(columns))), default=0)
    step = _step(most)
    top = max(step, -(-most // step) * step)
    room = HEIGHT - TOP - BOTTOM
    wide = (WIDTH - LEFT) // max(1, len(columns))
    parts, ground = [], HEIGHT - BOTTOM
    for number, column in enumerate(columns):
        y = ground
        for color, (series, row) in enumerate(amounts.items()):
            high = max(row[number], 0) * room // top
            if high:
                y -= high
                x = LEFT + number * wide + wide // 6
                parts.append(Part(x, y, wide * 2 // 3, high, color % COLORS, series, column, row[number]))
    return Stacked(
        WIDTH, HEIGHT, LEFT, ground, tuple(parts),
        tuple((column, LEFT + number * wide + wide // 2) for number, column in enumerate(columns)),
        tuple((amount, ground - amount * room // top) for amount in range(0, top + 1, step)),
        tuple((series, color % COLORS) for color, series in enumerate(amounts)),
    )  # fmt: skip


def _step(most: int) -> int:
    """A round amount of which three to six reach the largest column."""
    size = 100
    while True:
        for times in STEPS:
            if most <= size * times * 5:
                return size * times
        size *= 10
