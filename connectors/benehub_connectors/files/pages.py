"""Pages out of files with a fixed layout: a problem for each row that cannot be taken, one for a bad file.

A file that is not what it claims to be is refused whole: it gives one row `file` with the reason, the hub
keeps its payload, and the files after it are still read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from benehub.connect.connector import Incoming, Page
from benehub.errors import DataError, FileRefused
from benehub.formats.rows import Parsed
from benehub.records import Record
from benehub_connectors.files.inbox import Mail

T = TypeVar("T")


def pages(
    stream: str, mails: Iterable[Mail], read: Callable[[Mail], list[Incoming]], *, full: bool = False
) -> Iterator[Page]:
    """A page for every file; `read` raises DataError for a file to be refused whole.

    With `full`, a page counts as full only where every row of it could be read: who stands in a broken row is
    not gone.
    """
    for mail in mails:
        try:
            if mail.problem:
                raise FileRefused(mail.problem)
            rows = read(mail)
        except DataError as error:
            where = f"file {mail.name}, {error.where}" if error.where else f"file {mail.name}"
            rows = [Incoming("file", {}, {}, str(FileRefused(error.what, where=where, mend=error.mend)))]
        whole = full and not any(row.problem for row in rows)
        yield Page(stream, rows, mail.data, mail.name, mail.cursor, whole, alone=True)


def parsed_rows(
    found: Iterable[Parsed[T]],
    translate: Callable[[T], Record],
    key: tuple[str, ...],
    mail: Mail,
    *,
    additive: bool = False,
) -> list[Incoming]:
    """A row or a problem for every line of the file.

    Args:
        key: fields of the record that make the row's key; none for file name and line.
        additive: rows of equal key all count, so later ones get a number.
    """
    rows: list[Incoming] = []
    seen: dict[str, int] = {}
    for one in found:
        place = f"{mail.name}#{one.row}"
        try:
            data = translate(one.get()).model_dump(mode="json")
        except DataError as error:
            text = str(error) if error.where.startswith("row") else f"row {one.row}, {error}"
            rows.append(Incoming(place, {}, {}, text, one.row))
            continue
        name = "/".join(str(data[part]) for part in key) or place
        count = seen[name] = seen.get(name, 0) + 1
        rows.append(Incoming(name if count == 1 or not additive else f"{name}/{count}", data, row=one.row))
    return rows
