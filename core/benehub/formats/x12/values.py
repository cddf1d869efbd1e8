"""Dates, amounts and numbers as X12 writes them."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from benehub.errors import DataError, FormatError
from benehub.money import format_minor, parse_minor

MAX_AMOUNT_CHARACTERS = 18
"""Element 782 of the 5010 guides."""


class _Days(dict[date, str]):
    """Days as written; so many that all hire and birth dates of a file find room."""

    def __missing__(self, day: date) -> str:
        if len(self) >= MAX_DAYS:
            self.clear()
        text = self[day] = day.isoformat().replace("-", "")
        return text


MAX_DAYS = 50_000

DAYS = _Days()
"""Any day -> CCYYMMDD (qualifier D8)."""


def write_date(day: date) -> str:
    """CCYYMMDD (qualifier D8)."""
    return DAYS[day]


def write_range(first: date, last: date) -> str:
    """CCYYMMDD-CCYYMMDD (qualifier RD8), both days inclusive."""
    return f"{write_date(first)}-{write_date(last)}"


def read_date(text: str, position: int = 0, place: str = "") -> date:
    """A D8 date.

    Raises:
        FormatError: no such day.
    """
    try:
        if len(text) != 8 or not text.isdecimal() or not text.isascii():
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise FormatError(
            "not a date of eight digits CCYYMMDD",
            where=f"segment {position} ({place})",
            mend="Ask the sender to write an existing day",
            position=position,
        ) from None


def read_range(text: str, position: int = 0, place: str = "") -> tuple[date, date]:
    """An RD8 range, both days inclusive.

    Raises:
        FormatError: not two days.
    """
    first, _, last = text.partition("-")
    return read_date(first, position, place), read_date(last, position, place)


@lru_cache(4096)
def write_amount(minor: int) -> str:
    """Decimal text of US cents without needless zeros: 61250 -> "612.5", -200 -> "-2"."""
    text = format_minor(minor).rstrip("0").rstrip(".")
    if len(text) > MAX_AMOUNT_CHARACTERS:
        raise FormatError("an amount has more digits than X12 carries", mend="Split the payment")
    return text


def read_amount(text: str, position: int = 0, place: str = "") -> int:
    """US cents from decimal text.

    Raises:
        FormatError: no number, or more than two decimals.
    """
    bare = f"0{text}" if text.startswith(".") else text.replace("-.", "-0.", 1)
    try:
        if re.fullmatch(r"-?\d+(\.\d*)?", bare) is None:
            raise DataError("not a decimal number")
        return parse_minor(bare)
    except DataError as error:
        raise FormatError(
            error.what,
            where=f"segment {position} ({place})",
            mend="Ask the sender for at most two decimals, without grouping",
            position=position,
        ) from None


def read_number(text: str) -> int | None:
    """A count or control number of at most 18 plain digits; None for anything else.

    Python's own `int` takes digits of every script, and none of more than 4,300.
    """
    return int(text) if len(text) <= MAX_AMOUNT_CHARACTERS and text.isascii() and text.isdecimal() else None
