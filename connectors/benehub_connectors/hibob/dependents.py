"""The stream `dependent`: Bob has none of its own, so employers keep them in a custom table; one call an employee.

Which table it is, and what its columns hold, the settings say. A list column holds an item's id, which `relationships`
maps; a column of text holds the word itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benehub.connect.cells import EMPTY, Cells, find
from benehub.connect.connector import Incoming, Link, Page
from benehub.errors import Unsupported
from benehub.records import Sex
from benehub_connectors.hibob import words
from benehub_connectors.hibob.account import VENDOR, Account
from benehub_connectors.hibob.employees import ID, value_at
from benehub_connectors.hibob.settings import Dependents

STREAM = "dependent"


def read_dependents(link: Link) -> Iterator[Page]:
    """The list of people as an empty page, then a page a person.

    Raises:
        Unsupported: the settings name no table.
    """
    how: Dependents | None = link.settings.dependents
    if how is None:
        raise Unsupported(
            "Bob has no dependents of its own", where=link.connection,
            mend="Name the custom table that holds them under `dependents`", blocker="us",
        )  # fmt: skip
    account = Account(link)
    ids = [str(value_at(row, ID) or "") if isinstance(row, Mapping) else "" for row in account.people((ID,))]
    nameless = [
        Incoming(f"row {at}", {}, problem=f"{ID} {EMPTY}: let the service user see it, then read again", row=at)
        for at, one in enumerate(ids, 1)
        if not one
    ]
    yield Page(STREAM, nameless, account.last, "people", full=not nameless)
    for one in filter(None, ids):
        rows = account.entries(one, how.table)
        if rows is None:
            what = f"Bob knows no such employee, or no table {how.table[:40]!r}: mend `dependents`, or read again"
            yield Page(STREAM, [Incoming(one, {}, problem=what)], account.last, "dependents")
            continue
        found = [_row(row, one, number, how) for number, row in enumerate(rows, 1)]
        yield Page(STREAM, found, account.last, "dependents", full=not any("/row " in row.key for row in found))


def _row(row: Any, employee: str, number: int, how: Dependents) -> Incoming:
    if not isinstance(row, Mapping):
        return Incoming(f"{employee}/row {number}", {}, problem="the row is no object", row=number)
    cells = Cells(row, VENDOR)
    key = cells.needed("id") or f"row {number}"
    word = cells.needed(how.relationship)
    kind = find(word, words.RELATIONSHIPS, how.relationships)
    if word and kind is None:
        cells.wrong(how.relationship, f"says {word[:40]!r}, which is no relationship of ours",
                    "map it in the connection's dependents.relationships")  # fmt: skip
    data = {
        "employee": employee, "relationship": kind,
        "first_name": cells.needed(how.first_name), "last_name": cells.needed(how.last_name),
        "birth_date": cells.date(how.birth_date, needed=True),
        "sex": find(cells.text(how.sex), words.SEXES) or Sex.UNKNOWN,
        "ssn": cells.ssn(how.ssn),
    }  # fmt: skip
    used = frozenset({"id", how.first_name, how.last_name, how.birth_date, how.relationship, how.sex, how.ssn})
    return cells.incoming(f"{employee}/{key}", data, number, used)
