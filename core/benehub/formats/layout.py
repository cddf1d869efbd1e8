"""A table file as a list of columns, each with the field it fills and how its cells are written.

The files of recordkeepers and carriers differ in columns and spelling only; parsing, rendering, masking and
error messages are the same and live here once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from heapq import merge
from operator import attrgetter
from typing import Any, Generic, TypeVar

from benehub.crypto import mask
from benehub.errors import DataError, FileRefused, FormatError
from benehub.formats import delimited
from benehub.formats.findings import Finding
from benehub.formats.rows import Parsed, Problem, Row, Table
from benehub.money import format_minor, parse_minor, shape
from benehub.periods import Month, parse_date

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind:
    """How a cell is read and written; `read` raises DataError without a place, which the layout adds.

    `values` are all words a cell may hold, where the layout lists them.
    """

    read: Callable[[str], Any]
    write: Callable[[Any], str]
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the file, the record's field, its kind, and whether it may be empty."""

    name: str
    field: str
    kind: Kind
    required: bool = False


def read_ssn(text: str) -> str:
    """Nine digits from `NNN-NN-NNNN` or nine digits.

    Raises:
        DataError: anything else; lost leading zeros are named and never filled in.
    """
    if re.fullmatch(r"[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{9}", text):
        return text.replace("-", "")
    digits = len(re.sub(r"\D", "", text))
    if digits in (7, 8):
        raise DataError(
            f"an SSN of {digits} digits: leading zeros were lost",
            mend="Format the column as text at the source and export it again; benehub does not guess digits",
        )
    raise DataError(f"not an SSN (shape {shape(text)!r})", mend="Write it as NNN-NN-NNNN")


def write_ssn(ssn: str) -> str:
    """`NNN-NN-NNNN`.

    Raises:
        DataError: not nine digits.
    """
    plain = read_ssn(ssn)
    return f"{plain[:3]}-{plain[3:5]}-{plain[5:]}"


def read_compact_date(text: str) -> date:
    """A date written MMDDYYYY; MM/DD/YYYY and ISO are understood too.

    Raises:
        DataError: none of these; a lost leading zero is named.
    """
    if re.fullmatch(r"[0-9]{8}", text):
        return parse_date(f"{text[:2]}/{text[2:4]}/{text[4:]}")
    if re.fullmatch(r"[0-9]{7}", text):
        raise DataError(
            "a date of seven digits: a leading zero was lost",
            mend="Format the column as text at the source and export it again",
        )
    return parse_date(text)


def _read_hundredths(text: str) -> int:
    return parse_minor(text)


def _read_month(text: str) -> Month:
    return Month.parse(text)


def read_percent(text: str) -> Fraction:
    """A rate from a percentage: "6", "6.00" and "6%" are 6/100.

    Raises:
        DataError: no percentage, or not from 0 to 100.
    """
    bare = text.strip().removesuffix("%").strip()
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", bare) is None or Fraction(bare) > 100:
        raise DataError(f"not a percentage (shape {shape(text)!r})", mend="Write it as e.g. 6.00")
    return Fraction(bare) / 100


def write_percent(rate: Fraction) -> str:
    """The percentage as decimal text: 3/50 -> "6".

    Raises:
        DataError: it has no finite text of six decimals.
    """
    scaled = rate * 100_000_000
    if scaled.denominator != 1:
        raise DataError("a rate that has no percentage of six decimals", mend="Round it in the plan book")
    whole, fraction = divmod(scaled.numerator, 1_000_000)
    return f"{whole}.{fraction:06d}".rstrip("0").rstrip(".")


def read_decimal(text: str) -> Fraction:
    """An exact number of up to twelve digits before the point and six after it.

    Raises:
        DataError: anything else.
    """
    if re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", text) is None:
        raise DataError(f"not a number (shape {shape(text)!r})", mend="Write it as digits, e.g. 17.25")
    return Fraction(text)


def write_decimal(number: Fraction) -> str:
    """The number with two to six decimals.

    Raises:
        DataError: six decimals do not hold it.
    """
    scaled = number * 1_000_000
    if scaled.denominator != 1:
        raise DataError("a number that six decimals do not hold", mend="Round it at the source")
    whole, fraction = divmod(abs(scaled.numerator), 1_000_000)
    digits = f"{fraction:06d}"
    return f"{'-' if number < 0 else ''}{whole}.{digits[:2]}{digits[2:].rstrip('0')}"


def write_text(text: str) -> str:
    """The text on one line, with single spaces.

    Raises:
        DataError: a character that no text file carries.
    """
    line = " ".join(text.split())
    if any(ord(one) < 32 or ord(one) == 127 or 0xD800 <= ord(one) <= 0xDFFF for one in line):
        raise DataError("a character that no text file carries", mend="Take it out at the source")
    return line


def _us(day: date) -> str:
    return f"{day.month:02d}/{day.day:02d}/{day.year:04d}"


def _compact(day: date) -> str:
    return f"{day.month:02d}{day.day:02d}{day.year:04d}"


def _read_flag(text: str) -> bool:
    if text.upper() in ("Y", "YES", "TRUE", "1", "N", "NO", "FALSE", "0"):
        return text.upper() in ("Y", "YES", "TRUE", "1")
    raise DataError(f"neither Y nor N (shape {shape(text)!r})", mend="Write Y or N")


TEXT = Kind(str, write_text)
DECIMAL = Kind(read_decimal, write_decimal)
SSN = Kind(read_ssn, write_ssn)
MONEY = Kind(parse_minor, format_minor)
HUNDREDTHS = Kind(_read_hundredths, format_minor)
US_DATE = Kind(parse_date, _us)
ISO_DATE = Kind(parse_date, date.isoformat)
COMPACT_DATE = Kind(read_compact_date, _compact)
MONTH = Kind(_read_month, str)
PERCENT = Kind(read_percent, write_percent)
FLAG = Kind(_read_flag, lambda value: "Y" if value else "N")


def one_of(values: type[StrEnum]) -> Kind:
    """A kind that takes the values of an enumeration in any case, and names them when it gets another."""
    known = {value.casefold(): value for value in values}

    def read(text: str) -> StrEnum:
        found = known.get(text.casefold())
        if found is None:
            raise DataError(f"not one of the known values (shape {shape(text)!r})", mend=f"Write {', '.join(values)}")
        return found

    return Kind(read, str, tuple(values))


class Layout(Generic[T]):
    """Columns in file order and the record they make.

    Args:
        what: how messages call the file ("Ascensus 180").
        make: the record's class; it gets each column's field by keyword, absent when the cell is empty.
        optional: columns at the end that a file may lack, from the last one on.
        quote_all: every cell is written in quotes.
    """

    def __init__(
        self,
        what: str,
        make: Callable[..., T],
        columns: Sequence[Column],
        optional: Sequence[Column] = (),
        *,
        quote_all: bool = False,
    ) -> None:
        self.what = what
        self._make = make
        self._quote_all = quote_all
        self._columns = (*columns, *optional)
        self._least = len(columns)

    @property
    def header(self) -> tuple[str, ...]:
        """All column names."""
        return tuple(column.name for column in self._columns)

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns in file order."""
        return self._columns

    def columns_of(self, table: Table) -> tuple[Column, ...]:
        """The columns a table has.

        Raises:
            FormatError: its header is another; the message names what is missing and what is unknown.
        """
        found = [name.casefold() for name in table.header]
        for columns in (self._columns[:width] for width in range(len(self._columns), self._least - 1, -1)):
            if found == [column.name.casefold() for column in columns]:
                return columns
        wanted = [name.casefold() for name in self.header]
        missing = [c.name for c in self._columns[: self._least] if c.name.casefold() not in found]
        # Masked: a value that slipped into the header may be an SSN.
        unknown = [mask(name[:40]) for name in table.header if name.casefold() not in wanted]
        said = f"missing {missing[:5]}" if missing else f"unknown {unknown[:5]}" if unknown else "another order"
        raise FormatError(
            f"not the columns of {self.what}: {said}",
            where="row 1",
            mend=f"Send the {self._least} columns of the layout in their order",
            position=1,
        )

    def parse(self, data: bytes | Table) -> Iterator[Parsed[T]]:
        """Each row as a record or as the error that keeps it out; the header is checked at once.

        Raises:
            FormatError, FileRefused: the file is not what it claims to be.
        """
        table = delimited.read_delimited(data) if isinstance(data, bytes) else data
        columns = self.columns_of(table)
        parsed = (self.parse_row(row, columns) for row in table.rows)
        broken: Iterator[Parsed[T]] = (Parsed(p.line, error=p.error()) for p in table.problems)
        return merge(parsed, broken, key=attrgetter("row"))

    def parse_row(self, row: Row, columns: Sequence[Column] = ()) -> Parsed[T]:
        """One row as a record or an error; never raises for what is in it."""
        try:
            return Parsed(row.line, self._record(row, columns or self._columns))
        except DataError as error:
            return Parsed(row.line, error=error)

    def findings(self, data: bytes | Table) -> Iterator[tuple[int, T | None, list[Finding]]]:
        """Each row's line and record, or everything that is wrong with it, where `parse` stops at the first fault.

        Raises:
            FormatError, FileRefused: the file is not what it claims to be.
        """
        table = delimited.read_delimited(data) if isinstance(data, bytes) else data
        columns = self.columns_of(table)
        in_order: Iterator[Row | Problem] = merge(table.rows, table.problems, key=attrgetter("line"))
        for row in in_order:
            if isinstance(row, Row):
                yield (row.line, *self._told(row, columns))
            else:
                yield row.line, None, [Finding(row.line, "", "width", row.reason, row.mend)]

    def _told(self, row: Row, columns: Sequence[Column]) -> tuple[T | None, list[Finding]]:
        values: dict[str, Any] = {}
        found: list[Finding] = []
        for column, cell in zip(columns, row.cells, strict=True):
            text = delimited.unguarded(cell.strip())
            try:
                if text:
                    # The text itself stays out of the message: it may be an SSN, a birth date or pay.
                    values[column.field] = column.kind.read(text)
                elif column.required:
                    found.append(Finding(row.line, column.name, "empty", "is empty", "Fill it in at the source"))
            except DataError as error:
                found.append(Finding(row.line, column.name, "cell", error.what, error.mend))
        if not found:
            try:
                return self._make(**values), []
            except DataError as error:
                found.append(Finding(row.line, error.where, "row", error.what, error.mend))
        return None, found

    def _record(self, row: Row, columns: Sequence[Column]) -> T:
        record, found = self._told(row, columns)
        if record is None:
            raise found[0].error()
        return record

    def cells(self, record: T) -> list[str]:
        """One record as cells.

        Raises:
            DataError: a required field is empty, or a value the file cannot carry; names column and mend.
        """
        cells: list[str] = []
        for column in self._columns:
            value = getattr(record, column.field)
            try:
                text = "" if value is None or value == "" else column.kind.write(value)
            except DataError as error:
                raise DataError(error.what, where=column.name, mend=error.mend) from None
            if column.required and not text:
                raise DataError("is empty", where=column.name, mend="Fill it in before the file is written")
            cells.append(text)
        return cells

    def render(self, records: Iterable[T]) -> Iterator[str]:
        """The file, a line at a time; a record that cannot be written names its row.

        Raises:
            DataError: as `cells`, with the row. Nothing yielded until then may be sent.
        """
        return delimited.lines(self.header, self._all_cells(records), quote_all=self._quote_all)

    def _all_cells(self, records: Iterable[T]) -> Iterator[list[str]]:
        for number, record in enumerate(records, 2):
            try:
                yield self.cells(record)
            except DataError as error:
                raise DataError(error.what, where=f"row {number}, {error.where}", mend=error.mend) from None

    def validate(self, record: T) -> list[DataError]:
        """What is wrong with a record before it is written; empty when nothing is."""
        try:
            self.cells(record)
        except DataError as error:
            return [error]
        return []


def stamp(created: datetime) -> str:
    """MMDDYYYY.HHMMSS for file names."""
    return created.strftime("%m%d%Y.%H%M%S")


def refuse_total(what: str, row: int) -> FileRefused:
    """The refusal of a file whose own total is not the sum of its rows."""
    return FileRefused(what, where=f"row {row}" if row else "", mend="Ask the sender for the file again")
