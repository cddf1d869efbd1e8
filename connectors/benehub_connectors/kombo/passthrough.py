"""Lists that Kombo's model does not have, asked of the system behind through Kombo.

Kombo sends the call on with its own credentials and tells what came back, status included; the settings say where the
rows stand and what their fields mean. It is a POST that reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benehub.connect import paging
from benehub.connect.cells import all_named
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.messages import path, search
from benehub.connect.verdict import unavailable
from benehub.errors import DataError, Unsupported
from benehub_connectors.kombo.answers import refuse
from benehub_connectors.kombo.settings import PassThrough


def read_through(link: Link, stream: str, how: PassThrough | None) -> Iterator[Page]:
    """All rows of a list of the system behind.

    Raises:
        Unsupported: the settings name no such list.
        DataError: the system refuses, or its answer has no list where the settings say.
        VendorUnavailable: the system cannot answer now; and what Kombo and the client tell.
    """
    if how is None:
        raise Unsupported(
            f"Kombo's model has no {stream}", where=link.connection,
            mend="Name the list of the system behind in the settings", blocker="us",
        )  # fmt: skip
    last: list[bytes] = []

    def fetch(number: int) -> paging.Page[Any]:
        if number > 1 and not how.page:
            return paging.Page([])
        payload, found = _ask(link, how, {how.page: str(number)} if how.page else {})
        last[:] = [payload]
        return paging.Page(found)

    count = 0
    for number, rows in enumerate(paging.by_number(fetch, where=f"{link.connection} {how.path}"), 1):
        made = [_row(row, count + at, how) for at, row in enumerate(rows, 1)]
        count += len(made)
        yield Page(stream, made, last[0], f"{stream} {number}", full=all_named(made))


def _ask(link: Link, how: PassThrough, page: Mapping[str, str]) -> tuple[bytes, Sequence[Any]]:
    where = path("/passthrough/{tool}/{api}", tool=link.settings.tool, api=how.api)
    response = link.http().send(search(where, {"method": "GET", "path": how.path, "params": {**how.params, **page}}))
    refuse(response)
    data = response.data.get("data") if isinstance(response.data, Mapping) else None
    told = data if isinstance(data, Mapping) else {}
    status = told.get("status")
    if not isinstance(status, int) or status >= 500 or status == 429:
        raise unavailable(f"the system behind Kombo answered {status}", where=response.place, sent=False)
    if status >= 400:
        raise DataError(
            f"the system behind Kombo refused it ({status})", where=f"{response.place} {how.path}",
            mend="Mend path and params in the settings, or the rights of Kombo's user there",
        )  # fmt: skip
    found = _at(told.get("data"), how.items)
    if not isinstance(found, list):
        raise DataError(
            f"no list in {how.items or 'the answer'!r}", where=f"{response.place} {how.path}", mend="Mend `items`"
        )
    return response.body, found


def _row(row: Any, number: int, how: PassThrough) -> Incoming:
    if not isinstance(row, Mapping):
        return Incoming(f"row {number}", {}, problem="the row is no object", row=number)
    data = {ours: _at(row, theirs) for ours, theirs in how.fields.items()}
    problems = []
    for ours, known in how.values.items():
        word = str(data.get(ours))
        if word not in known:
            problems.append(f"no word of ours for this {how.fields.get(ours, ours)}")
        data[ours] = known.get(word)
    key = _at(row, how.key)
    if key in (None, ""):
        problems.append(f"no {how.key!r} to know it by")
    top = {theirs.partition(".")[0] for theirs in (*how.fields.values(), how.key)}
    extra = {name: value for name, value in row.items() if name not in top}
    told = {name: value for name, value in data.items() if value is not None}
    return Incoming(str(key) if key not in (None, "") else f"row {number}", told, extra, "; ".join(problems), number)


def _at(value: Any, place: str) -> Any:
    """What stands at a place with dots; None where there is nothing."""
    for name in filter(None, place.split(".")):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
