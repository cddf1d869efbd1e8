"""A line of a participant where what was deposited and what was credited differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

Key = tuple[str, str, str, date]
"""Person, plan, part and pay date."""


@dataclass(frozen=True, slots=True)
class Line:
    """A key where deposited and credited differ; minor units."""

    person_id: str
    plan: str
    part: str
    pay_date: date
    deposited: int
    credited: int
    credits: int

    @property
    def key(self) -> Key:
        """What tells it from other lines."""
        return self.person_id, self.plan, self.part, self.pay_date

    @property
    def gap(self) -> int:
        """Credited minus deposited."""
        return self.credited - self.deposited

    @property
    def repeated(self) -> bool:
        """Whether the same deposit was credited more than once."""
        return self.credits > 1 and self.credited == self.deposited * self.credits
