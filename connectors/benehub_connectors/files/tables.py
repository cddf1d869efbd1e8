"""From a file's bytes to a table of text, by what the file is and not by what it is called."""

from __future__ import annotations

from benehub.errors import DataError, FormatError
from benehub.formats.delimited import read_delimited
from benehub.formats.rows import Table
from benehub.formats.workbook import read_workbook
from benehub_connectors.files.settings import StreamMap

_ZIP = b"PK\x03\x04"


def is_workbook(data: bytes) -> bool:
    """Whether the bytes are an XLSX workbook (a zip archive)."""
    return data.startswith(_ZIP)


def read_table(name: str, data: bytes, how: StreamMap, max_rows: int) -> Table:
    """The table in a CSV file or on the map's sheet of a workbook.

    Raises:
        FormatError: it is neither, too large, or has no header; the message names the file.
    """
    try:
        if is_workbook(data):
            return read_workbook(data, sheet=how.sheet, max_rows=max_rows)
        return read_delimited(data, encoding=how.encoding, delimiter=how.delimiter, max_rows=max_rows)
    except DataError as error:
        where = f"file {name}, {error.where}" if error.where else f"file {name}"
        raise FormatError(error.what, where=where, mend=error.mend) from None
