"""Open deadlines as a list that is read in parts and by filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benehub.store import iso
from benehub.views.deadlines.deadline import Deadline


@dataclass(frozen=True, slots=True)
class Only:
    """Filters of the list: what is empty lets everything through."""

    level: str = ""
    kind: str = ""
    connection: str = ""

    def keeps(self, one: Deadline) -> bool:
        """Whether a deadline is among what is asked for."""
        return (
            self.level in ("", one.level.value)
            and self.kind in ("", one.kind)
            and self.connection in ("", one.connection)
        )


def place(one: Deadline) -> tuple[str, str, str]:
    """Where a deadline stands in the list: the most pressing first."""
    return iso(one.latest_safe), one.kind, one.subject


def behind(
    found: Sequence[Deadline], only: Only, after: tuple[str, str, str] | None, limit: int
) -> list[Deadline]:  # fmt: skip
    """So many of them behind a place, or the first ones."""
    kept = sorted((one for one in found if only.keeps(one)), key=place)
    return [one for one in kept if after is None or place(one) > after][:limit]
