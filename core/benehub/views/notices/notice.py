"""One thing that one employee should be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that is due.

    Args:
        kind: what it is about; the key of its words.
        person_id: who is told.
        occasion: what makes it happen once: a day, a pay date, a year, a plan.
        by: the day by which it should have been sent.
        values: what it says, in plain values (amounts in minor units, days as text).
        refs: ids that prove it.
    """

    kind: str
    person_id: str
    occasion: str
    by: date
    values: Mapping[str, str | int] = field(default_factory=dict, repr=False)
    refs: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The business key: the same occasion is told once."""
        return f"notice.send/{self.kind}/{self.person_id}/{self.occasion}"
