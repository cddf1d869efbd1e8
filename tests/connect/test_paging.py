"""Pagers end on every vendor, and a short read is never taken for the whole."""

from __future__ import annotations

import pytest

from benehub.connect.paging import Page, by_cursor, by_link, by_number, by_offset, next_link
from benehub.errors import FatalError, VendorUnavailable

PEOPLE = list(range(25))


def test_cursor_pages_in_order() -> None:
    pages = {None: Page(PEOPLE[:10], "b"), "b": Page([], "c"), "c": Page(PEOPLE[10:], None)}
    assert [x for page in by_cursor(lambda cursor: pages[cursor]) for x in page] == PEOPLE


def test_a_cursor_that_leads_back_is_an_error() -> None:
    asked: list[str | None] = []

    def fetch(cursor: str | None) -> Page[int]:
        asked.append(cursor)
        return Page([1], {None: "a", "a": "b", "b": "a"}[cursor])

    with pytest.raises(FatalError, match="already read"):
        list(by_cursor(fetch))
    assert asked == [None, "a", "b"]


def test_a_vendor_that_repeats_one_page_for_ever_ends() -> None:
    with pytest.raises(FatalError, match="already read"):
        list(by_cursor(lambda cursor: Page([1], "same")))
    for pager in (by_offset, by_number):
        asked: list[int] = []

        def fetch(number: int, asked: list[int] = asked) -> Page[int]:
            asked.append(number)
            return Page([1, 2])

        with pytest.raises(FatalError, match="repeats the same page"):
            list(pager(fetch))
        assert len(asked) == 2


def test_the_cap_ends_a_vendor_that_always_has_more() -> None:
    with pytest.raises(FatalError, match="more than 5 pages"):
        list(by_cursor(lambda cursor: Page([1], f"{cursor}x"), cap=5))
    with pytest.raises(FatalError, match="more than 5 pages"):
        list(by_number(lambda number: Page([number]), cap=5))


@pytest.mark.parametrize("size", [7, 10, 25, 100])
def test_a_page_size_cut_by_the_server_loses_nobody(size: int) -> None:
    def from_offset(offset: int) -> Page[int]:
        return Page(PEOPLE[offset : offset + size])

    def from_number(number: int) -> Page[int]:
        return Page(PEOPLE[(number - 1) * size : number * size])

    assert [x for page in by_offset(from_offset) for x in page] == PEOPLE
    assert [x for page in by_number(from_number) for x in page] == PEOPLE


def test_a_stated_total_saves_the_last_call_and_a_short_read_is_no_read() -> None:
    asked: list[int] = []

    def fetch(offset: int) -> Page[int]:
        asked.append(offset)
        return Page(PEOPLE[offset : offset + 10], total=25)

    assert [x for page in by_offset(fetch) for x in page] == PEOPLE
    assert asked == [0, 10, 20]
    with pytest.raises(VendorUnavailable, match="states 26 items and gave 25"):
        list(by_offset(lambda offset: Page(PEOPLE[offset : offset + 10], total=26)))
    with pytest.raises(VendorUnavailable, match="states 9 items and gave 1"):
        list(by_cursor(lambda cursor: Page([1], None, total=9)))


def test_a_short_page_is_the_last_only_where_the_caller_says_so() -> None:
    asked: list[int] = []

    def fetch(number: int) -> Page[int]:
        asked.append(number)
        return Page(PEOPLE[number * 10 : number * 10 + 10])

    assert sum(map(len, by_number(fetch, first=0, full=10))) == 25
    assert asked == [0, 1, 2]


def test_nothing_is_fetched_before_it_is_wanted() -> None:
    asked: list[int] = []

    def fetch(number: int) -> Page[int]:
        asked.append(number)
        return Page([number])

    next(iter(by_number(fetch)))
    assert asked == [1]


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ('<https://x/p?page=2>; rel="next", <https://x/p?page=9>; rel="last"', "https://x/p?page=2"),
        ('<https://x/p?a=1,2>; rel="prev", <https://x/p?a=3,4>; title="t"; rel=next', "https://x/p?a=3,4"),
        ('<https://x/p>; rel="first next"', "https://x/p"),
        ('<https://x/p>; rel="last"', None),
        ("", None),
        ("<" * 1000, None),
    ],
)
def test_link_headers(header: str, address: str | None) -> None:
    assert next_link({"link": header}) == address


def test_links_are_followed_like_cursors() -> None:
    pages = {None: Page([1], "https://x/2"), "https://x/2": Page([2], None)}
    assert [list(page) for page in by_link(lambda link: pages[link])] == [[1], [2]]
