"""Pages by cursor: where the page before ended, so that a page costs the same wherever it lies and rows that come
meanwhile move nothing.

A cursor is opaque. It holds the place in the list's order and a digest of the question, so that it is refused at
another list or with other filters.
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Annotated, Any, Final, TypeVar

from fastapi import Query, Request

from benehub.api.v1.models import Page
from benehub.api.v1.problems import Refused

MAX_LIMIT: Final = 200
LIMIT: Final = 50

Row = TypeVar("Row")
Item = TypeVar("Item")
Place = tuple[Any, ...]
"""Where a row stands in the order of its list."""

_BEYOND: Final = 2**63
"""What a number in a place is below."""


@dataclass(frozen=True)
class Paging:
    """The page that is asked for."""

    limit: int
    cursor: str
    question: str = field(repr=False)
    """The list and its filters."""

    def after(self, *kinds: type) -> Place | None:
        """The place behind which the page begins: values of these kinds; None for the first page.

        Raises:
            Refused: the cursor is none, or one of another question.
        """
        if not self.cursor:
            return None
        try:
            told = json.loads(urlsafe_b64decode(self.cursor + "=" * (-len(self.cursor) % 4)))
            digest, *place = told
        except (ValueError, TypeError, binascii.Error, RecursionError):
            raise no_cursor() from None
        fits = digest == _digest(self.question) and len(place) == len(kinds)
        if not fits or any(type(one) is not kind for one, kind in zip(place, kinds, strict=True)):
            raise no_cursor()
        if any(isinstance(one, int) and abs(one) >= _BEYOND for one in place):
            raise no_cursor()
        if any(isinstance(one, str) and ("\x00" in one or not one.isprintable()) for one in place):
            raise no_cursor()
        return tuple(place)

    def page(self, rows: Sequence[Row], item: Callable[[Row], Item], place: Callable[[Row], Place]) -> Page[Item]:
        """The page of these rows, of which one more was read than a page has."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        return Page(items=[item(one) for one in shown], next=self._cursor(place(shown[-1])) if more else None)

    def page_to(self, items: list[Item], place: Place | None) -> Page[Item]:
        """The page of these items; the next one begins at a place that the list itself names, None at its end."""
        return Page(items=items, next=None if place is None else self._cursor(place))

    def _cursor(self, place: Place) -> str:
        text = json.dumps([_digest(self.question), *place], separators=(",", ":"))
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def paging(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows on a page.")] = LIMIT,
    cursor: Annotated[
        str, Query(max_length=1000, pattern=r"^[A-Za-z0-9_-]*$", description="The `next` of the page before.")
    ] = "",
) -> Paging:
    """The page that a request asks for."""
    filters = sorted(one for one in request.query_params.multi_items() if one[0] not in ("limit", "cursor"))
    return Paging(limit, cursor, json.dumps([request.url.path, filters]))


def _digest(question: str) -> str:
    return blake2b(question.encode(), digest_size=6).hexdigest()


def no_cursor() -> Refused:
    """A cursor that is none of this list."""
    return Refused(422, "this cursor is none of this list and these filters",
                   "Begin without a cursor, and keep the filters from page to page")  # fmt: skip
