"""Rows of a table file, and what becomes of them: a record, or an error that leaves the other rows alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from benehub.errors import DataError

T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Row:
    """One row as text: its line as an editor or spreadsheet shows it, its cells (hidden in reprs)."""

    line: int
    cells: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that cannot be split into the columns of the header."""

    line: int
    reason: str
    mend: str

    def error(self) -> DataError:
        """The same as an error."""
        return DataError(self.reason, where=f"row {self.line}", mend=self.mend)


@dataclass(frozen=True, slots=True)
class Table:
    """A header, the rows that fit it, and those that do not; each row of the file is in one of the two."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """What one row became: a record, or the error that keeps it out."""

    row: int
    record: T | None = None
    error: DataError | None = None

    def get(self) -> T:
        """The record.

        Raises:
            DataError: the row has none.
        """
        if self.error is not None or self.record is None:
            raise self.error or DataError("no record", where=f"row {self.row}")
        return self.record


def each(parsed: Iterable[Parsed[T]], make: Callable[[T], S]) -> Iterator[Parsed[S]]:
    """The same rows, each record turned into another; errors go along."""
    for one in parsed:
        yield Parsed(one.row, None if one.record is None else make(one.record), one.error)


def records(parsed: Iterable[Parsed[T]]) -> Iterator[T]:
    """The records alone, for a file that is taken whole or not at all.

    Raises:
        DataError: the first row that is none.
    """
    for one in parsed:
        yield one.get()
