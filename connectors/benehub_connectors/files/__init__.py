"""Tables in a folder or on SFTP: any system that can export a CSV or XLSX file can be a source.

It writes two files: the approved leave of a pay date, for a payroll that takes none from a program, and claims to a
carrier for premium it billed too much.

What a file's columns mean is data (`settings.StreamMap`), so a new customer's export needs no code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import ClassVar

from pydantic import BaseModel

from benehub.connect.bases import FileConnector
from benehub.connect.capabilities import Blocker, Capability, Guard
from benehub.connect.connector import Envelope, FileOut, Incoming, Item, Kind, Link, Page
from benehub.errors import DataError, Unsupported
from benehub.formats.rows import Problem, Row
from benehub_connectors.files.claims import CLAIM, claims_file
from benehub_connectors.files.inbox import Mail, unread
from benehub_connectors.files.leave import TAKE, leave_file
from benehub_connectors.files.rejects import rejects_file
from benehub_connectors.files.settings import SUPPORTED, FilesSettings, StreamMap
from benehub_connectors.files.tables import is_workbook, read_table
from benehub_connectors.files.translate import RowTranslator

__all__ = ["FilesConnector", "FilesSettings", "StreamMap", "rejects_file"]

PAGE_ROWS = 2_000
"""Rows of a page: what is staged in one transaction."""


class FilesConnector(FileConnector):
    """Reads every stream that its settings map; a file comes in pages of `PAGE_ROWS`, all with its payload."""

    name = "files"
    kind = Kind.FILES
    Settings: ClassVar[type[BaseModel]] = FilesSettings
    harmless_settings: ClassVar[frozenset[str]] = frozenset({"streams.*.key"})
    streams: ClassVar[Mapping[str, str]] = dict.fromkeys(sorted(SUPPORTED), "both")
    # Whoever reads a file may read it twice; only the register, or the next bill, says what was made of it.
    guards: ClassVar[Mapping[str, Guard]] = {TAKE: Guard.READ_BACK, CLAIM: Guard.READ_BACK}
    files_out: ClassVar[frozenset[str]] = frozenset({TAKE, CLAIM})

    def capabilities(self) -> tuple[Capability, ...]:
        """All its streams; a connection reads those that its settings map."""
        reads = (Capability(f"read.{name}") for name in self.streams)
        leave = "A CSV of the approved leave of a pay date, in the connection's `outbox`"
        claims = "A CSV of claims to a carrier, in the connection's `outbox`"
        writes = (
            Capability(name, guard=self.guards[name], note=note) for name, note in ((TAKE, leave), (CLAIM, claims))
        )
        return (*reads, *writes)

    def takes(self, operation: str, settings: FilesSettings) -> bool:
        """What has a folder to go to."""
        return super().takes(operation, settings) and bool(settings.outbox)

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """The pages of every file not read before; the last one of a file carries the cursor behind it.

        Raises:
            Unsupported: the settings map no such stream.
            ConfigError, NeedsPersonError, VendorUnavailable: as the mailbox tells.
        """
        settings: FilesSettings = link.settings
        how = settings.streams.get(stream)
        if how is None:
            raise Unsupported(
                f"no file is mapped to {stream}",
                where=f"connection {link.connection}",
                mend="Add the stream to the connection's settings",
                blocker=Blocker.US.value,
            )
        for mail in unread(link.files(), settings.inbox, (how.pattern,), cursor):
            yield from paged(stream, read_rows(stream, how, mail, settings.max_rows), mail, how.full)

    def render(self, operation: str, items: Sequence[Item], envelope: Envelope, settings: FilesSettings) -> FileOut:
        """The CSV of claims, or of a pay date's approved leave: all of it, so a later file of the date replaces it.

        Raises:
            Unsupported: another operation, or the connection has no outbox.
        """
        if operation not in self.files_out:
            raise Unsupported(f"{self.name} renders no file for {operation}", blocker=Blocker.US.value)
        if not settings.outbox:
            raise Unsupported(
                "the connection has no outbox", where=f"{operation}", mend="Name a folder in its `outbox`",
                blocker=Blocker.US.value,
            )  # fmt: skip
        return (leave_file if operation == TAKE else claims_file)(items, envelope, settings.outbox)


def paged(stream: str, rows: Iterator[Incoming], mail: Mail, full: bool) -> Iterator[Page]:
    """The rows of one file in pages; a large file never stands in memory as rows."""
    page, first = list(islice(rows, PAGE_ROWS)), True
    while True:
        following = list(islice(rows, PAGE_ROWS))
        # Who stands in a row that could not be read is not gone: such a file says nothing of absence.
        whole = full and not any(row.problem for row in page)
        yield Page(stream, page, mail.data, mail.name, None if following else mail.cursor, whole, alone=first)
        if not following:
            return
        page, first = following, False


def read_rows(stream: str, how: StreamMap, mail: Mail, max_rows: int) -> Iterator[Incoming]:
    """The rows of one file in their order; one that is not what the map says is one row `file` with the problem."""
    if mail.problem:
        yield refused(mail.problem)
        return
    try:
        table = read_table(mail.name, mail.data, how, max_rows)
    except DataError as error:
        yield refused(str(error))
        return
    translator = RowTranslator(stream, how, mail.name, typed=is_workbook(mail.data))
    if missing := translator.missing_columns(table.header):
        absent = DataError(
            f"no column {', '.join(map(repr, missing))}",
            where=f"file {mail.name}",
            mend="Mend the file's headings or the connection's column map",
        )
        yield refused(str(absent))
        return
    in_order: Iterator[Row | Problem] = merge(table.rows, table.problems, key=attrgetter("line"))
    for row in in_order:
        if isinstance(row, Row):
            yield translator.translate(row.line, dict(zip(table.header, row.cells, strict=True)))
        else:
            yield translator.broken(row)


def refused(problem: str) -> Incoming:
    """The one row that stands for a file refused whole."""
    return Incoming("file", {}, {}, problem)
