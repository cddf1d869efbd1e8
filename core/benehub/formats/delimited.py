"""CSV in and out: strict about columns when reading, safe against spreadsheet formulas when writing.

A payroll export is opened in a spreadsheet sooner or later, and a cell that begins with `=` runs there. So
text cells that begin like a formula are written with a leading apostrophe. Cells are read as they stand;
who reads a file of ours takes the apostrophe off with `unguarded`.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from benehub.errors import FormatError
from benehub.formats.guard import guarded, unguarded
from benehub.formats.rows import Problem, Row, Table

__all__ = ["check_header", "decode", "guarded", "lines", "read_delimited", "unguarded", "write_delimited"]

MAX_BYTES = 64 * 1024 * 1024
MAX_COLUMNS = 500
MAX_ROWS = 1_000_000
DELIMITERS = (",", ";", "\t", "|")
"""What is looked for in the header when no delimiter is named."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(data: bytes, encoding: str = "") -> str:
    """Text of a file: by its byte-order mark (UTF-8, UTF-16), else UTF-8, else Windows-1252; or as named.

    Raises:
        FormatError: it is not in that encoding, or in none of these.
    """
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    attempts = (encoding,) if encoding else (marked,) if marked else ("utf-8", "cp1252")
    for attempt in attempts:
        try:
            return data.decode(attempt).removeprefix("\ufeff")
        except (UnicodeDecodeError, LookupError):
            continue
    raise FormatError(f"text not in {' or '.join(attempts)}", mend="Save the file as CSV UTF-8")


def read_delimited(
    data: bytes,
    *,
    encoding: str = "",
    delimiter: str = "",
    max_bytes: int = MAX_BYTES,
    max_rows: int = MAX_ROWS,
) -> Table:
    """The table in a CSV file; encoding and delimiter are recognised unless named. Blank lines are skipped.

    Raises:
        FormatError: larger than the limits, no header, a column name that stands twice, or a NUL.
    """
    if len(data) > max_bytes:
        raise FormatError(f"the file is larger than {max_bytes} bytes", mend="Split it, or raise the limit")
    text = decode(data, encoding)
    if "\0" in text:
        raise FormatError("a NUL character: this is no text file", mend="Export it as CSV UTF-8")
    read = _lines(text, delimiter or _delimiter(text))
    number, header, broken = next(read, (1, [], ""))
    if broken:
        raise FormatError(broken, where=f"row {number}", mend="Mend the header", position=number)
    names = tuple(name.strip() for name in header)
    check_header(names, number)
    rows: list[Row] = []
    problems: list[Problem] = []
    for line, cells, broken in read:
        if not broken and len(cells) == len(names):
            rows.append(Row(line, tuple(cells)))
        else:
            reason = broken or f"{len(cells)} cells where the header has {len(names)}"
            problems.append(Problem(line, reason, "Quote values that hold a delimiter; export it again"))
        if len(rows) + len(problems) > max_rows:
            raise FormatError(f"the file has more than {max_rows} rows", mend="Split it")
    return Table(names, tuple(rows), tuple(problems))


def check_header(names: Sequence[str], number: int) -> None:
    """Refuse a header that cannot tell columns apart; a column without name is allowed.

    Raises:
        FormatError: no name at all, too many columns, or a name that stands twice.
    """
    plain = [name.casefold() for name in names]
    twice = any(plain.count(name) > 1 for name in plain if name)
    what = ""
    if not any(names):
        what = "no header row"
    elif len(names) > MAX_COLUMNS:
        what = f"more than {MAX_COLUMNS} columns"
    elif twice:
        # Not by name: where the header was forgotten, a person stands in its place.
        what = "two columns have the same name"
    if what:
        mend = "Give every column a name of its own in the first row"
        raise FormatError(what, where=f"row {number}", mend=mend, position=number)


def _delimiter(text: str) -> str:
    header = text.lstrip("\r\n").split("\n", 1)[0]
    return max(DELIMITERS, key=header.count)


class _Counted:
    """Physical lines of a text, and how many of them were taken."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.taken += 1
        return line


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str], str]]:
    """First line, cells and what is wrong of each row; a broken row costs itself and what it swallowed."""
    source = _Counted(text)
    going = True
    while going:
        first = source.taken + 1
        try:
            for cells in csv.reader(source, delimiter=delimiter, strict=True):
                if any(cells):
                    yield first, cells, ""
                first = source.taken + 1
            going = False
        except csv.Error:
            swallowed = source.taken - first
            more = f"; an open quote swallowed the {swallowed} lines after it" if swallowed else ""
            yield first, [], f"quotes are not closed or stand inside a value{more}"


def lines(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, delimiter: str = ",", quote_all: bool = False
) -> Iterator[str]:
    """The file, a line at a time, CRLF ended, cells guarded.

    Raises:
        FormatError: a row of another width than the header.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL)

    def line(row: Sequence[str]) -> str:
        out.seek(0)
        out.truncate()
        writer.writerow([guarded(cell) for cell in row])
        return out.getvalue()

    yield line(header)
    for row in rows:
        if len(row) != len(header):
            raise FormatError(f"{len(row)} cells for {len(header)} columns", mend="Give every row the header's columns")
        yield line(row)


def write_delimited(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    delimiter: str = ",",
    quote_all: bool = False,
    bom: bool = False,
) -> bytes:
    """The whole file in UTF-8; `bom` for spreadsheets that need the mark to see it.

    Raises:
        FormatError: as `lines`.
    """
    text = "".join(lines(header, rows, delimiter=delimiter, quote_all=quote_all))
    return text.encode("utf-8-sig" if bom else "utf-8")
