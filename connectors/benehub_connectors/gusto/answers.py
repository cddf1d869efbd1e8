"""Reading Gusto's answers: typed errors with the vendor's own category, and lists read to their end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benehub.connect import paging
from benehub.connect.connector import Link
from benehub.connect.figures import rows
from benehub.connect.messages import Response, read
from benehub.connect.verdict import unavailable, vendor_text
from benehub.errors import DataError
from benehub.money import shape

__all__ = ["MAX_ERRORS", "PER_PAGE", "REFUSALS", "get", "pages", "refuse", "rows"]

PER_PAGE = 100
"""Gusto's largest page of payrolls and of compensations."""

REFUSALS = (404, 409, 422)
"""Statuses that this connector reads itself."""

MAX_ERRORS = 20
"""Errors of one answer that are looked at; they may be nested without end."""

_STALE = frozenset({"invalid_resource_version", "duplicate_operation"})
_WORD = re.compile(r"[a-z][a-z0-9_]{0,59}")


def refuse(response: Response) -> None:
    """Raise what a refusal means; an answer below 400 passes.

    Raises:
        VendorUnavailable: somebody else changed or made the record in between, so nothing was written: the
            vendor has to be looked at again. It is not marked as sent.
        DataError: anything else, with Gusto's categories and error keys.
    """
    if response.status < 400:
        return
    errors = list(_errors(response.data))
    categories = [_word(error.get("category")) for error in errors]
    keys = [_word(error.get("error_key")) for error in errors]
    told = ", ".join(f"{category} ({key})" for category, key in zip(categories, keys, strict=True))
    if response.status == 409 or _STALE.intersection(categories) or "version" in keys:
        raise unavailable(
            f"payroll's record changed between reading and writing ({response.status}: {told})",
            where=response.place,
            sent=False,
        )
    words = vendor_text(response.body)
    raise DataError(
        f"payroll refused it ({response.status}): {told or 'no reason given'}" + (f"; {words}" if words else ""),
        where=response.place,
        mend="Mend the record or its mapping; it is not sent again as it is",
    )


def get(link: Link, path: str, query: Mapping[str, str]) -> Response:
    """A read whose refusals are told in Gusto's own words.

    Raises:
        DataError: refused; and whatever the client raises.
    """
    response = link.http().send(read(path, query, accept=REFUSALS))
    refuse(response)
    return response


def pages(
    link: Link, path: str, query: Mapping[str, str] | None = None, *, inside: str = ""
) -> Iterator[tuple[Response, Sequence[Any]]]:
    """Every page of a list with the answer it came in, up to the first empty page or the stated total.

    A short page is not taken for the last one: a server may cut the page size.

    Raises:
        FatalError, VendorUnavailable: as `paging.by_number`; DataError as `get` and `rows`.
    """
    answers: list[Response] = []

    def fetch(number: int) -> paging.Page[Any]:
        response = get(link, path, {**(query or {}), "page": str(number), "per": str(PER_PAGE)})
        answers[:] = [response]
        # The total in the header is a list's; of a payroll's inner list it is not known what it counts.
        stated = "" if inside else response.header("x-total-count")
        total = int(stated) if re.fullmatch(r"[0-9]{1,9}", stated) else None
        return paging.Page(rows(response, inside), total=total)

    for items in paging.by_number(fetch, where=f"{link.connection} {path}"):
        yield answers[0], items


def _errors(data: Any) -> Iterator[Mapping[str, Any]]:
    """All errors of an answer, those nested in others included."""
    waiting, count = [data], 0
    while waiting and count < MAX_ERRORS:
        one = waiting.pop(0)
        inner = one.get("errors") if isinstance(one, Mapping) else None
        if isinstance(inner, list):
            found = [error for error in inner[:MAX_ERRORS] if isinstance(error, Mapping)]
            waiting.extend(found)
            count += len(found)
            yield from found


def _word(value: Any) -> str:
    """A category or key of Gusto's; the shape of anything that does not look like one."""
    if isinstance(value, str) and _WORD.fullmatch(value):
        return value
    return shape(str(value)) if value else "none"
