"""Pagers that always end and never lose a page in silence.

A vendor that repeats its last page for ever, a cursor that leads back to itself, a page size quietly cut by
the server: each would end in a loop or, worse, in a short read that looks like a mass removal. So every pager
has a cap, notices repetition, ends at an empty page rather than a short one, and holds the count against the
total the vendor states.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from benehub.errors import FatalError, VendorUnavailable

T = TypeVar("T")

MAX_PAGES = 10_000
"""Pages one read may have unless told otherwise."""

_LINK = re.compile(r"<([^<>]{1,4000})>([^<]*)")
_NEXT = re.compile(r";\s*rel\s*=\s*\"?[^\";,]*\bnext\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page: its items, the way to the next one (None at the end), the stated total if there is one."""

    items: Sequence[T]
    next: str | None = None
    total: int | None = None


def by_cursor(
    fetch: Callable[[str | None], Page[T]], *, start: str | None = None, cap: int = MAX_PAGES, where: str = ""
) -> Iterator[Sequence[T]]:
    """Pages that each name the next one's cursor (or address: `by_link` is this very function).

    Raises:
        FatalError: the same cursor came twice, or more than `cap` pages.
        VendorUnavailable: fewer items than the vendor's total.
    """
    cursor, seen, count = start, {start}, 0
    for _ in range(cap):
        page = fetch(cursor)
        count += len(page.items)
        if page.items:
            yield page.items
        if not page.next:
            _check_total(count, page.total, where)
            return
        if page.next in seen:
            raise _loop("the vendor leads back to a page already read", where)
        seen.add(page.next)
        cursor = page.next
    raise _too_many(cap, where)


by_link = by_cursor


def by_offset(
    fetch: Callable[[int], Page[T]],
    *,
    first: int = 0,
    cap: int = MAX_PAGES,
    full: int | None = None,
    where: str = "",
) -> Iterator[Sequence[T]]:
    """Pages asked by the number of items before them (`first` is 1 where the vendor counts from 1).

    It steps by the items received, so a page size cut by the server skips nothing.

    Args:
        full: a page shorter than this is the last. Only where the vendor is known to honour that page size.

    Raises:
        FatalError: the same page came twice in a row, or more than `cap` pages.
        VendorUnavailable: fewer items than the vendor's total.
    """
    return _numbered(fetch, lambda number, page: number + len(page.items), first, cap, full, where)


def by_number(
    fetch: Callable[[int], Page[T]],
    *,
    first: int = 1,
    cap: int = MAX_PAGES,
    full: int | None = None,
    where: str = "",
) -> Iterator[Sequence[T]]:
    """Pages asked by their number (`first` is 0 where the vendor counts from 0); else as `by_offset`."""
    return _numbered(fetch, lambda number, page: number + 1, first, cap, full, where)


def next_link(headers: Mapping[str, str]) -> str | None:
    """The address of `rel="next"` in a Link header (RFC 8288); names of `headers` in lower case."""
    for address, parameters in _LINK.findall(headers.get("link", "")):
        if _NEXT.search(parameters):
            return str(address)
    return None


def _numbered(
    fetch: Callable[[int], Page[T]],
    step: Callable[[int, Page[T]], int],
    first: int,
    cap: int,
    full: int | None,
    where: str,
) -> Iterator[Sequence[T]]:
    number, count, before = first, 0, None
    for _ in range(cap):
        page = fetch(number)
        if not page.items:
            _check_total(count, page.total, where)
            return
        items = list(page.items)
        if items == before:
            raise _loop("the vendor repeats the same page", where)
        before = items
        count += len(items)
        yield page.items
        if page.total is not None and count >= page.total:
            return
        if page.total is None and full is not None and len(items) < full:
            return
        number = step(number, page)
    raise _too_many(cap, where)


def _check_total(count: int, total: int | None, where: str) -> None:
    if total is not None and count < total:
        raise VendorUnavailable(
            f"the vendor states {total} items and gave {count}",
            where=where,
            mend="Read the list again from the start",
        )


def _loop(what: str, where: str) -> FatalError:
    return FatalError(what, where=where, mend="Nothing of this read is applied; report it to the vendor")


def _too_many(cap: int, where: str) -> FatalError:
    return FatalError(f"more than {cap} pages", where=where, mend="Raise the page size, or the page cap if it is right")
