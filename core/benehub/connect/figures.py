"""Texts and figures of a vendor's row where one fault ends the row: amounts, rates, hours, fields that must be there.

`cells` gathers every fault of a row instead; a check or an answer to a write is translated whole or not at all. No
float passes here.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from benehub.connect.jsontext import number_text
from benehub.connect.messages import Response
from benehub.errors import DataError
from benehub.hours import parse_hours
from benehub.money import parse_minor, parse_rate

REPORT = "Report it to the vendor"


def minor(value: Any, where: str, currency: str = "USD") -> int:
    """Minor units of an amount written as text or number; nothing counts as zero.

    Raises:
        DataError: no amount, or parts of a minor unit.
    """
    return 0 if value is None else parse_minor(figure(value, where), currency, where=where)


def percent(value: Any, where: str) -> Fraction:
    """The rate that a figure of per cent stands for: "4.0" is 1/25; nothing counts as zero.

    Raises:
        DataError: no figure.
    """
    return Fraction(0) if value is None else parse_rate(f"{figure(value, where)}%", where=where)


def percent_text(rate: Fraction, where: str = "", *, least: int = 1, most: int = 4) -> str:
    """The figure of a rate in per cent, with `least` to `most` decimals: 1/25 is "4.0".

    Raises:
        DataError: the rate is below zero, or has no exact figure with so many decimals.
    """
    scaled = rate * 100 * 10**most
    if scaled.denominator != 1 or scaled < 0:
        raise DataError(
            "a rate that payroll cannot hold exactly", where=where, mend=f"Give it at most {most} decimals of a %"
        )
    whole, rest = divmod(int(scaled), 10**most)
    return f"{whole}.{f'{rest:0{most}d}'.rstrip('0').ljust(least, '0')}"


def hours(value: Any, where: str) -> str:
    """The vendor's own text of hours; empty where it tells none or zero.

    Raises:
        DataError: no number of hours.
    """
    if value is None:
        return ""
    told = figure(value, where)
    return told if parse_hours(told, where=where) else ""


def text(row: Mapping[str, Any], name: str) -> str:
    """A text; empty where it is absent or null.

    Raises:
        DataError: it holds something else.
    """
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(f"{name} is no text but {type(value).__name__}", mend=REPORT)
    return str(value).strip()


def word(row: Mapping[str, Any], name: str) -> str:
    """A text or whole number as text, for fields that hold either; empty where it is absent or null.

    Raises:
        DataError: it holds something else.
    """
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(row, name)


def needed(row: Mapping[str, Any], name: str) -> str:
    """A text that has to be filled.

    Raises:
        DataError: it is not.
    """
    found = text(row, name)
    if not found:
        raise DataError(f"{name} is missing", mend="Complete the record in payroll")
    return found


def part(row: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The object that stands at the end of these names; empty where one of them is absent or null.

    Raises:
        DataError: something else than an object stands there.
    """
    at = row
    for name in names:
        found = at.get(name)
        if found is None:
            return {}
        if not isinstance(found, Mapping):
            raise DataError(f"{name} is no object but {type(found).__name__}", mend=REPORT)
        at = found
    return at


def parts(row: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a list within a row; nothing where the list is absent or null.

    Raises:
        DataError: it is no list of objects.
    """
    found = row.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise DataError(f"{name} is no list of objects", mend=REPORT)
    return found


def rows(response: Response, inside: str = "") -> list[Any]:
    """The list an answer holds, at its top or under a name.

    Raises:
        DataError: there is none: an empty answer must not look like an empty list.
    """
    data = response.data
    if inside:
        data = data.get(inside) if isinstance(data, Mapping) else None
    if not isinstance(data, list):
        what = f"the answer holds no list{f' {inside}' if inside else ''}"
        raise DataError(what, where=response.place, mend=REPORT)
    return data


def figure(value: Any, where: str) -> str:
    """The decimal text of a number or text.

    Raises:
        DataError: neither.
    """
    try:
        return number_text(value)
    except TypeError as error:
        raise DataError(str(error), where=where, mend=REPORT) from None
