"""Rows of an XLSX workbook as text, so that one set of parsers serves spreadsheets and CSV alike.

A spreadsheet keeps every number as a binary floating-point number. Its shortest decimal text (Python's `str`)
is what the person typed, up to fifteen digits; that text is turned into an exact decimal and never calculated
with. Leading zeros of an SSN typed as a number are gone for good, which the parsers report.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from decimal import Decimal

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from benehub.errors import FileRefused, FormatError
from benehub.formats.delimited import MAX_BYTES, check_header
from benehub.formats.rows import Problem, Row, Table

MAX_UNPACKED_BYTES = 512 * 1024 * 1024
MAX_ROWS = 500_000
_ERRORS = ("#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!")


def read_workbook(
    data: bytes, *, sheet: str = "", max_bytes: int = MAX_BYTES, max_rows: int = MAX_ROWS
) -> Table:
    """The table on a sheet (the first, unless named); formulas give their last computed value.

    Raises:
        FileRefused: larger than the limits, also unpacked.
        FormatError: no workbook, no such sheet, or no usable header.
    """
    if len(data) > max_bytes:
        raise FileRefused(f"the file has more than {max_bytes} bytes", mend="Split it, or raise the limit")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            raise FileRefused("the workbook is too large unpacked", mend="Split it")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError):
        raise FormatError("not an XLSX workbook", mend="Save it as .xlsx, or as CSV UTF-8") from None
    if sheet and sheet not in book.sheetnames:
        raise FormatError(f"no sheet {sheet!r}", mend=f"There are: {', '.join(book.sheetnames)[:200]}")
    page = book[sheet] if sheet else book.worksheets[0]
    return _table(_rows(page.iter_rows(values_only=True), max_rows))


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
    for number, values in enumerate(cells, 1):
        if number > max_rows + 1:
            raise FileRefused(f"the sheet has more than {max_rows} rows", mend="Split it")
        texts = tuple(cell_text(value) for value in values)
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
            return _plain(Decimal(str(value)))
        case _:
            return str(value)


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
