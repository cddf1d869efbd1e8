"""Reading ADP's answers: its confirm messages as typed errors, and lists read to their end.

ADP tells a refusal in a confirm message, whose own `status` says "success" even then; what counts are the HTTP status
and the type of each process message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from benehub.connect import figures, jsontext, paging
from benehub.connect.connector import Link
from benehub.connect.figures import part, parts, text
from benehub.connect.messages import Response, read
from benehub.connect.verdict import unavailable, vendor_text
from benehub.errors import DataError

Row = Mapping[str, Any]

TOP = 50
"""Rows asked for at once: ADP takes no more on its lists of payroll."""

REFUSALS = (400, 404)
"""Statuses that this connector reads itself."""

UNMASKED = "application/json;masked=false"
"""Asks for SSNs and birth dates; where the project may not see them, ADP masks them all the same."""

_LOOK_AGAIN = frozenset({"AtLeastOneFieldMustChange2"})
"""Messages which say that what was read a moment ago is no longer so."""


def refuse(response: Response) -> None:
    """Raise what a refusal means; an answer without one passes.

    Raises:
        VendorUnavailable: what was read before has changed in between, so nothing was written: look again.
        DataError: anything else, with ADP's own words, masked.
    """
    found = [one for one in messages(response) if response.status >= 400 or _is_error(one)]
    if response.status < 400 and not found:
        return
    told = [text(part(one, "userMessage"), "messageTxt") for one in found]
    ids = [text(part(one, "processMessageID"), "idValue") for one in found]
    if _LOOK_AGAIN.intersection(ids) or any(one.startswith("itemID") for one in told):
        raise unavailable(
            f"payroll's deduction changed between reading and writing ({response.status})",
            where=response.place, sent=False,
        )  # fmt: skip
    if any("404 Not Found" in one for one in ids):
        raise DataError("ADP knows no such worker", where=response.place, mend="Link the employee again")
    if response.status >= 500:
        raise unavailable(f"ADP answered {response.status}", where=response.place, sent=False)
    words = vendor_text(jsontext.dump({"message": " / ".join(told)}).encode()) if told else ""
    raise DataError(
        f"ADP refused it ({response.status}): {words or 'no reason given'}", where=response.place,
        mend="Mend the record or its mapping; it is not sent again as it is",
    )  # fmt: skip


def messages(response: Response) -> list[Row]:
    """All process messages of an answer's confirm message, those of its resources included."""
    try:
        data = response.json()
        if not isinstance(data, Mapping):
            return []
        confirm = part(data, "confirmMessage") or data
        inner = [one for each in parts(confirm, "resourceMessages") for one in parts(each, "processMessages")]
        return [*parts(confirm, "processMessages"), *inner]
    except DataError:
        return []  # it is no JSON, or not of this form: the status alone tells


def _is_error(message: Row) -> bool:
    return text(part(message, "messageTypeCode"), "codeValue") == "error"


def rows(response: Response, inside: str) -> list[Any]:
    """The list that an answer holds under a name; none for 204, which is how ADP ends a list.

    Raises:
        DataError: there is none: an empty answer must not look like an empty list.
    """
    return [] if response.status == 204 else figures.rows(response, inside)


def pages(
    link: Link, path: str, take: Callable[[Response], list[Any]], query: Mapping[str, str] | None = None
) -> Iterator[tuple[Response, Sequence[Any]]]:
    """Every page of a list with the answer it came in, up to the first empty one or 204: no total is told.

    Args:
        take: finds the rows of an answer; `$skip` counts these.

    Raises:
        DataError: an answer is no list.
        FatalError, VendorUnavailable: as the pager and the client tell.
    """
    last: list[Response] = []

    def fetch(skip: int) -> paging.Page[Any]:
        asked = {**(query or {}), "$top": str(TOP), "$skip": str(skip)}
        last[:] = [link.http().send(read(path, asked))]
        return paging.Page(take(last[0]))

    for items in paging.by_offset(fetch, where=f"{link.connection} {path}"):
        yield last[0], items
