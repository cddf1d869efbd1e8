"""What a job cannot go on without, told by a handle: whoever reads a run's error may see no person.

A handle is the hub's opaque id. Neither plan, pay nor family stands beside it; whoever may see people opens it
(`benehub statement per_...`) or asks the page that lists whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from benehub.errors import DataError


class Lacks(DataError):
    """Something of one employee is not known, and what is owed cannot be worked out without it."""


@dataclass
class Lacking:
    """Of how many employees something lacks, and the first of them: a run is told of all at once."""

    count: int = 0
    first: Lacks | None = None

    def note(self, error: Lacks) -> None:
        """Count one more employee."""
        self.count += 1
        self.first = self.first or error

    def refuse(self) -> None:
        """Stop where anything lacks.

        Raises:
            Lacks: the first that lacks, and of how many employees something does.
        """
        if self.first is None:
            return
        what = self.first.what
        if self.count > 1:
            what = f"{what}; employees of whom something lacks: {self.count}"
        raise Lacks(what, where=self.first.where, mend=self.first.mend)
