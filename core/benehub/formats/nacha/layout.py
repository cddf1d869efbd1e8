"""Fixed columns of a 94-character record: how a field is written, and what is wrong with one that is read.

Read and written are exact inverses: what is not spelled as the writer spells it is a finding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Generic, TypeVar

from benehub.errors import FormatError
from benehub.formats.file_finding import FileFinding

WIDTH = 94
"""Characters of a record."""
BLOCK = 10
"""Records of a block."""

R = TypeVar("R")

_PRINTABLE = re.compile(r"[ -~]*")


class Kind(StrEnum):
    """How a field is filled."""

    NUMBER = "number"
    """Digits, zeros on the left; an int."""
    DIGITS = "digits"
    """Exactly so many digits; a text."""
    TEXT = "text"
    """Blanks on the right; a text without them."""
    DATE = "date"
    """YYMMDD of this century, or blank (None)."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One field: its name in our record, first column (1-based), width and kind; a constant has no name."""

    name: str
    start: int
    width: int
    kind: Kind = Kind.TEXT
    constant: str = ""

    @property
    def label(self) -> str:
        """Its name in messages."""
        return self.name.replace("_", " ") if self.name else f"column {self.start}"


def constant(start: int, text: str) -> Cell:
    """Columns that always read the same."""
    return Cell("", start, len(text), Kind.TEXT, text)


class Layout(Generic[R]):
    """The columns of one record type.

    Args:
        what: the record's name in messages.
        make: its class.
        cells: all 94 columns, in order.
    """

    def __init__(self, what: str, make: Callable[..., R], *cells: Cell) -> None:
        at = 1
        for cell in cells:
            if cell.start != at:
                raise ValueError(f"{what}: {cell.label} starts at {cell.start}, not {at}")
            at += cell.width
        if at != WIDTH + 1:
            raise ValueError(f"{what}: {at - 1} columns")
        self.what, self._make, self._cells = what, make, cells

    def read(self, line: str, number: int, found: list[FileFinding], **more: Any) -> R:
        """The record of a line of 94 characters; what is wrong is added to `found` and read as empty."""
        values: dict[str, Any] = {}
        for cell in self._cells:
            text = line[cell.start - 1 : cell.start - 1 + cell.width]
            if cell.constant:
                if text != cell.constant:
                    found.append(self._finding(number, cell, "constant", f"must read {cell.constant!r}"))
                continue
            try:
                values[cell.name] = _READ[cell.kind](text)
            except ValueError as error:
                found.append(self._finding(number, cell, str(cell.kind), str(error)))
                values[cell.name] = _EMPTY[cell.kind]
        return self._make(**values, **more)

    def _finding(self, number: int, cell: Cell, code: str, text: str) -> FileFinding:
        columns = f"columns {cell.start} to {cell.start + cell.width - 1}"
        return FileFinding(
            number, f"{self.what} {cell.label}", code, f"{text} ({columns})", "Ask the sender for a new file"
        )

    def write(self, record: R) -> str:
        """The 94 characters of a record.

        Raises:
            FormatError: a value is too long, negative, or has a character that ASCII does not print.
        """
        return "".join(self._written(cell, record) for cell in self._cells)

    def _written(self, cell: Cell, record: R) -> str:
        if cell.constant:
            return cell.constant
        value = getattr(record, cell.name)
        text = _text(cell, value)
        if len(text) != cell.width or not _PRINTABLE.fullmatch(text):
            raise FormatError(
                f"cannot be written in {cell.width} characters",
                where=f"{self.what} {cell.label}",
                mend="Shorten it, or write it in plain ASCII",
            )
        if _READ[cell.kind](text) != value:
            raise FormatError(
                "has blanks around it, or other characters than its columns hold",
                where=f"{self.what} {cell.label}",
                mend="Write it plainly",
            )
        return text


def _text(cell: Cell, value: Any) -> str:
    if cell.kind is Kind.NUMBER:
        return f"{value:0{cell.width}d}" if value >= 0 else ""
    if cell.kind is Kind.DATE:
        return " " * cell.width if value is None else f"{value:%y%m%d}"
    return str(value).ljust(cell.width) if cell.kind is Kind.TEXT else str(value)


def _read_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("is no number filled with zeros")
    return int(text)


def _read_digits(text: str) -> str:
    _read_number(text)
    return text


def _read_text(text: str) -> str:
    if not _PRINTABLE.fullmatch(text):
        raise ValueError("has a character that ASCII does not print")
    return text.rstrip(" ")


def _read_date(text: str) -> date | None:
    if not text.strip(" "):
        return None
    if not (text.isascii() and text.isdigit()):
        raise ValueError("is no date YYMMDD")
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        raise ValueError("is no day of the calendar") from None


_READ: Mapping[Kind, Callable[[str], Any]] = {
    Kind.NUMBER: _read_number,
    Kind.DIGITS: _read_digits,
    Kind.TEXT: _read_text,
    Kind.DATE: _read_date,
}
_EMPTY: Mapping[Kind, Any] = {Kind.NUMBER: 0, Kind.DIGITS: "", Kind.TEXT: "", Kind.DATE: None}
