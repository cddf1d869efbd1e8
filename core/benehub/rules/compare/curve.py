"""Exact piecewise-linear functions of what care costs: with their corners known, "never worse" can be proven.

A member's cost is built from lines by adding and by taking the lesser; every corner that comes out (deductibles,
the point where the out-of-pocket maximum is reached, an account that is used up) is kept as a fraction.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

ZERO = Fraction(0)
Corner = tuple[Fraction, Fraction]
"""Charges, and the value there."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A continuous function on [0, infinity): its corners from 0 on, and the slope after the last one."""

    corners: tuple[Corner, ...]
    slope: Fraction

    def at(self, charges: Fraction | int) -> Fraction:
        """The value at `charges`."""
        place = bisect_right(self.corners, charges, key=lambda corner: corner[0]) - 1
        start, value = self.corners[place]
        return value + self._slope_after(place) * (charges - start)

    def _slope_after(self, place: int) -> Fraction:
        if place == len(self.corners) - 1:
            return self.slope
        (left, low), (right, high) = self.corners[place], self.corners[place + 1]
        return (high - low) / (right - left)

    def __add__(self, other: Curve) -> Curve:
        points = _grid((self, other))
        return _made(((x, self.at(x) + other.at(x)) for x in points), self.slope + other.slope)

    def times(self, factor: Fraction | int) -> Curve:
        """Every value times `factor`."""
        return Curve(tuple((x, y * factor) for x, y in self.corners), self.slope * factor)

    def least(self, other: Curve) -> Curve:
        """The lesser of both, at every point."""
        return _made(((x, min(self.at(x), other.at(x))) for x in meeting((self, other))), _lowest_after((self, other)))

    def most(self, other: Curve) -> Curve:
        """The greater of both, at every point."""
        return self.times(-1).least(other.times(-1)).times(-1)


def line(slope: Fraction | int, start: Fraction | int = 0) -> Curve:
    """A straight line."""
    return Curve(((ZERO, Fraction(start)),), Fraction(slope))


def constant(value: Fraction | int) -> Curve:
    """The same value everywhere."""
    return line(0, value)


def meeting(curves: Sequence[Curve]) -> list[Fraction]:
    """Every corner of the curves, and every point where two of them cross: between two, all are straight.

    The last point lies beyond every crossing, so that an order that holds there holds from there on.
    """
    grid = _grid(curves)
    found = set(grid)
    for number, one in enumerate(curves):
        for other in curves[number + 1 :]:
            found.update(_crossings(one, other, grid))
    return sorted(found)


def _grid(curves: Iterable[Curve]) -> list[Fraction]:
    return sorted({x for curve in curves for x, _ in curve.corners})


def _crossings(one: Curve, other: Curve, grid: Sequence[Fraction]) -> Iterable[Fraction]:
    for left, right in pairwise(grid):
        before, after = one.at(left) - other.at(left), one.at(right) - other.at(right)
        if before * after < 0:
            yield left + (right - left) * before / (before - after)
    gap, slope = one.at(grid[-1]) - other.at(grid[-1]), other.slope - one.slope
    if gap * slope > 0:
        yield grid[-1] + gap / slope


def _lowest_after(curves: Sequence[Curve]) -> Fraction:
    last = meeting(curves)[-1]
    return min((curve.at(last), curve.slope) for curve in curves)[1]


def _made(points: Iterable[Corner], slope: Fraction) -> Curve:
    """A curve without corners that are none."""
    kept: list[Corner] = []
    for point in points:
        while len(kept) > 1 and _straight(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    if len(kept) > 1 and (kept[-1][1] - kept[-2][1]) == slope * (kept[-1][0] - kept[-2][0]):
        kept.pop()
    return Curve(tuple(kept), slope)


def _straight(one: Corner, two: Corner, three: Corner) -> bool:
    return (two[1] - one[1]) * (three[0] - two[0]) == (three[1] - two[1]) * (two[0] - one[0])
