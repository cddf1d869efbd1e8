"""The routing number of a US bank: nine digits, the last of which checks the others."""

from __future__ import annotations

from benehub.errors import DataError

_WEIGHTS = (3, 7, 1, 3, 7, 1, 3, 7)


def check_digit(eight: str) -> str:
    """The ninth digit: what brings the sum of 3, 7, 1, 3, 7, 1, 3, 7 times the digits to a multiple of ten."""
    return str(-sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, eight, strict=True)) % 10)


def is_routing(text: str) -> bool:
    """Whether `text` is nine digits with a right check digit."""
    return len(text) == 9 and text.isascii() and text.isdigit() and check_digit(text[:8]) == text[8]


def routing(text: str, *, where: str) -> str:
    """The routing number, checked.

    Raises:
        DataError: not nine digits, or the check digit is wrong.
    """
    if not is_routing(text):
        what = "its check digit is wrong" if len(text) == 9 and text.isascii() and text.isdigit() else "not nine digits"
        raise DataError(f"no ABA routing number: {what}", where=where, mend="Copy it from the bank's own letter")
    return text
