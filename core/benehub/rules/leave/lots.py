"""Lots of leave, oldest first: what is used goes from the oldest, and what lapses is told by its day.

Leave that was taken before it was earned is a debt; what is earned next pays it off first.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from benehub.rules.leave.policy import ZERO


@dataclass(frozen=True, slots=True)
class Lot:
    """Hours earned on one day; `expires_on` is the first day on which they are gone."""

    earned_on: date
    hours: Fraction
    expires_on: date | None = None
    carried: bool = False


@dataclass
class Lots:
    """The lots of one employee and policy, and the debt; one of the two is always empty."""

    held: list[Lot] = field(default_factory=list)
    debt: Fraction = ZERO

    @property
    def balance(self) -> Fraction:
        """Hours left; negative while there is a debt."""
        return sum((lot.hours for lot in self.held), ZERO) - self.debt

    def add(self, on: date, hours: Fraction) -> None:
        """Hours earned; they pay off the debt first."""
        paid = min(hours, self.debt)
        self.debt -= paid
        if hours > paid:
            self.held.append(Lot(on, hours - paid))

    def take(self, hours: Fraction) -> None:
        """Hours used, from the oldest lot on; what is not there becomes a debt."""
        rest = hours
        while rest and self.held:
            oldest = self.held[0]
            used = min(rest, oldest.hours)
            rest -= used
            self.held[:1] = [replace(oldest, hours=oldest.hours - used)] if used < oldest.hours else []
        self.debt += rest

    def expire(self, day: date) -> Fraction:
        """Take out what lapses on `day` or has lapsed before; gives the hours."""
        gone = [lot for lot in self.held if lot.expires_on is not None and lot.expires_on <= day]
        self.held = [lot for lot in self.held if lot not in gone]
        return sum((lot.hours for lot in gone), ZERO)

    def carry(self, expires_on: date | None) -> None:
        """Everything left has been carried over; it lapses on `expires_on`, or on its own day if that is earlier."""
        self.held = [
            replace(lot, carried=True, expires_on=min(filter(None, (lot.expires_on, expires_on)), default=None))
            for lot in self.held
        ]
