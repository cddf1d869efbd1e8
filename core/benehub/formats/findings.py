"""A finding about a file of rows, as a value: a broken file yields a list, not the first exception."""

from __future__ import annotations

from dataclasses import dataclass

from benehub.errors import DataError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong in a file.

    Args:
        line: 1-based line as an editor shows it; 0 for what concerns the file as a whole.
        field: the column or field, as the layout calls it; empty for the whole line.
        code: stable short name of the rule ("cell", "empty", "total", ...).
        text: what is wrong, without any value of a person.
        mend: what to do about it.
    """

    line: int
    field: str
    code: str
    text: str
    mend: str

    def error(self) -> DataError:
        """The finding as an exception, for a reader that stops at it."""
        place = f"row {self.line}" if self.line else ""
        where = ", ".join(part for part in (place, self.field) if part)
        return DataError(self.text, where=where, mend=self.mend)
