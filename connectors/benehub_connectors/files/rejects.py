"""The file a person mends and hands in again: the rows that were refused, each with its reason.

It is opened in a spreadsheet and sent by mail, so nothing in it may start a formula, and what is sensitive is
shown as its shape: the person has the original.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from benehub.connect.connector import Page
from benehub.formats.delimited import write_delimited
from benehub.money import shape
from benehub.records import STREAMS
from benehub_connectors.files.settings import StreamMap
from benehub_connectors.files.tables import read_table
from benehub_connectors.files.translate import plain

MAX_ROWS = 1_000_000
WHOLE_FILE = 0
"""Row number of a problem that is the whole file's."""

_MANY_DIGITS = re.compile(r"\d(?:[\s-]?\d){7,}")


def rejects_file(page: Page, problems: Mapping[int, str], how: StreamMap) -> bytes:
    """The rows of `page` that `problems` (row number -> reason) names, as CSV in UTF-8 with BOM.

    A row too broken to have cells, and the file as a whole (`WHOLE_FILE`), stand with their reason alone.

    Raises:
        FormatError: rows are named, and the page's payload is no table.
    """
    if set(problems) <= {WHOLE_FILE}:
        return write_delimited(("row", "reason"), [("", reason) for reason in problems.values()], bom=True)
    table = read_table(page.name, page.payload, how, MAX_ROWS)
    sensitive = STREAMS[page.stream].sensitive
    hidden = {plain(column) for name, column in how.columns.items() if name in sensitive}
    cells = {row.line: row.cells for row in table.rows if row.line in problems}
    empty = ("",) * len(table.header)
    lines = [
        (
            str(number) if number != WHOLE_FILE else "",
            reason,
            *(_shown(n, text, hidden) for n, text in zip(table.header, cells.get(number, empty), strict=True)),
        )
        for number, reason in sorted(problems.items())
    ]
    return write_delimited(("row", "reason", *table.header), lines, bom=True)


def _shown(name: str, text: str, hidden: set[str]) -> str:
    # A column nobody mapped may hold an account or an SSN as well.
    return shape(text) if plain(name) in hidden or _MANY_DIGITS.search(text) else text
