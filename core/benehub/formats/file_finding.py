"""A finding about a bank's file, as a value: a broken file yields a list, not the first exception."""

from __future__ import annotations

from dataclasses import dataclass

from benehub.errors import FormatError


@dataclass(frozen=True, slots=True)
class FileFinding:
    """One thing wrong in a file.

    Args:
        line: 1-based line (record) in the file; 0 where a file has no lines that count (XML).
        field: the field or element it is about, in the standard's words.
        code: stable short name of the rule ("entry-hash").
        text: what is wrong, without any value of a person or an account.
        mend: what to do about it.
    """

    line: int
    field: str
    code: str
    text: str
    mend: str

    def error(self) -> FormatError:
        """The finding as an exception, for a reader that refuses the file whole."""
        place = f"line {self.line}, {self.field}" if self.line else self.field
        return FormatError(self.text, where=place, mend=self.mend, position=self.line)
