"""Rows of an XLSX workbook as text, so that one set of parsers serves spreadsheets and CSV alike.

A spreadsheet keeps every number as a binary floating-point number and vouches for fifteen digits. Its decimal
text (Python's `str`), cut to those digits, is what the person typed or saw; it is never calculated with.
Leading zeros of an SSN typed as a number are gone for good, which the parsers report.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

from benehub.errors import FormatError
from benehub.formats.delimited import MAX_BYTES, check_header
from benehub.formats.rows import Problem, Row, Table

if TYPE_CHECKING:
    from openpyxl import Workbook

MAX_UNPACKED_BYTES = 512 * 1024 * 1024
MAX_ROWS = 500_000
WIDE = 250
"""Cells a row on the average, at most: one cell far to the right makes a row of 16,384, and costs the file nothing."""
_DIGITS = Context(prec=15)
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, ParseError, LookupError, ValueError, TypeError,
    AttributeError, EOFError, OSError, RuntimeError,
)  # fmt: skip
"""What the libraries let out of a damaged or encrypted archive, also while its rows are read."""
_ERRORS = ("#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!")


def read_workbook(data: bytes, *, sheet: str = "", max_bytes: int = MAX_BYTES, max_rows: int = MAX_ROWS) -> Table:
    """The table on a sheet (the first, unless named); formulas give their last computed value.

    Raises:
        FormatError: no workbook, larger than the limits (also unpacked), no such sheet, or no usable header.
    """
    from openpyxl import load_workbook  # with numpy, where that is there: for who reads a workbook only
    from openpyxl.utils.exceptions import InvalidFileException

    if len(data) > max_bytes:
        raise FormatError(f"the file is larger than {max_bytes} bytes", mend="Split it, or raise the limit")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            raise FormatError(f"the workbook unpacks to {unpacked} bytes", mend="Split it")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        return _table(_rows(_cells(book, sheet), max_rows))
    except (*_DAMAGED, InvalidFileException):
        raise FormatError("not a readable XLSX workbook", mend="Save it as .xlsx, or as CSV UTF-8") from None


def _cells(book: Workbook, sheet: str) -> Iterable[Iterable[object]]:
    names = [page.title for page in book.worksheets]
    if not names:
        raise FormatError("the workbook has no sheet of cells", mend="Save the table as a sheet")
    if sheet and sheet not in names:
        raise FormatError(f"no sheet {sheet!r}", mend=f"There are: {', '.join(names)[:200]}")
    page: Any = book[sheet or names[0]]
    # Some writers declare a wrong size of the sheet, and rows beyond it would be lost without a word.
    page.reset_dimensions()
    rows: Iterable[Iterable[object]] = page.iter_rows(values_only=True)
    return rows


def _table(rows: Iterator[Row]) -> Table:
    head = next(rows, Row(1, ()))
    names = [name.strip() for name in head.cells]
    while names and not names[-1]:
        names.pop()
    check_header(names, head.line)
    width = len(names)
    kept: list[Row] = []
    problems: list[Problem] = []
    for row in rows:
        broken = next((text for text in row.cells if text in _ERRORS), "")
        # Sheets pad or cut rows at will; only a value beside the last column is a fault.
        if any(row.cells[width:]):
            problems.append(Problem(row.line, f"a value beside the {width} columns", "Move it into a column"))
        elif broken:
            problems.append(Problem(row.line, f"a cell holds {broken}", "Mend the formula"))
        else:
            kept.append(Row(row.line, (*row.cells, *("",) * width)[:width]))
    return Table(tuple(names), tuple(kept), tuple(problems))


def _rows(cells: Iterable[Iterable[object]], max_rows: int) -> Iterator[Row]:
    left = max_rows * WIDE
    for number, values in enumerate(cells, 1):
        if number > max_rows + 1:
            raise FormatError(f"the sheet has more than {max_rows} rows", mend="Split it")
        texts = tuple(cell_text(value) for value in values)
        left -= len(texts)
        if left < 0:
            raise FormatError(f"the sheet has more than {max_rows * WIDE} cells, most of them empty",
                              mend="Delete what stands right of the table, or save it as CSV UTF-8")  # fmt: skip
        if any(texts):
            yield Row(number, texts)


def cell_text(value: object) -> str:
    """A cell's exact text: dates in ISO, numbers as plain decimals, booleans as TRUE and FALSE."""
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case datetime():
            midnight = value.time() == time()
            return value.date().isoformat() if midnight else value.isoformat(timespec="seconds")
        case date() | time():
            return value.isoformat()
        case str():
            return value
        case _ if isinstance(value, float):
            exact = _DIGITS.create_decimal(str(value))
            return _plain(exact) if exact.is_finite() else "#NUM!"
        case _:
            return str(value)


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if short == "-0" else short
