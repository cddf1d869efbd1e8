"""Which claims of a credit the carrier has answered: what payments have taken back, held against what was asked for.

Nothing says which claim a unit taken is of. It can be of no claim that was made later. Of those made by then it is of
the one of just that amount, else of the late ones first: what was claimed in time must not count as lost by a guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of a person, plan and month: when it left, how much it asks for in minor units, whether too late."""

    day: date
    amount: int
    late: bool


@dataclass(slots=True)
class _Standing:
    claim: Claim
    left: int


def unanswered(claims: Iterable[Claim], takings: Iterable[tuple[date, int]]) -> tuple[int, int]:
    """What stands claimed in time, and what too late; takings are what payments took on a day, below zero taken back.

    >>> in_time, late = Claim(date(2026, 11, 2), 5000, False), Claim(date(2026, 12, 9), 7000, True)
    >>> unanswered([in_time, late], [(date(2026, 12, 1), 5000)])
    (0, 7000)
    """
    standing = [_Standing(one, one.amount) for one in sorted(claims, key=lambda one: one.day)]
    for day, amount in _net(takings):
        _answer([one for one in standing if one.claim.day <= day], amount)
    late = sum(one.left for one in standing if one.claim.late)
    return sum(one.left for one in standing) - late, late


def _answer(made: list[_Standing], amount: int) -> None:
    for one in sorted(made, key=lambda one: (one.left != amount, not one.claim.late, one.claim.day)):
        used = min(one.left, amount)
        one.left -= used
        amount -= used


def _net(takings: Iterable[tuple[date, int]]) -> list[tuple[date, int]]:
    """The takings in order; what came back lowers the ones before it, the last first."""
    found: list[tuple[date, int]] = []
    for day, amount in sorted(takings):
        back = max(0, -amount)
        while back and found:
            at, last = found.pop()
            if last > back:
                found.append((at, last - back))
            back = max(0, back - last)
        if amount > 0:
            found.append((day, amount))
    return found
