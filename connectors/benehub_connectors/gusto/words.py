"""Gusto's words and numbers in the hub's: benefit types, amounts, hours, percentages.

Gusto writes amounts as decimal text to the cent (some as JSON numbers), hours as text to the thousandth and
percentages as plain figures ("4.0" is four per cent). No float passes here.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from benehub.connect.jsontext import number_text
from benehub.errors import DataError
from benehub.hours import parse_hours
from benehub.money import parse_minor, parse_rate
from benehub.records import TaxClass

PRETAX_TYPES = frozenset({1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 108, 109, 113, 114, 996, 997})
"""Medical, dental, vision, 401(k), HSA, FSA, SIMPLE IRA, 403(b), commuter, dependent care, SEP, SARSEP,
parking, transit, disability taken before tax."""

ROTH_TYPES = frozenset({105, 110})
"""Roth 401(k) and Roth 403(b)."""

POSTTAX_TYPES = frozenset({991, 992, 993, 998, 999})
"""Voluntary disability and life, disability taken after tax."""

IMPUTED_TYPES = frozenset({100, 106, 107, 111, 112, 201, 202, 203, 204})
"""Group term life, company car, education and other taxable benefits: the employee's part is after tax, the
company's part is imputed income."""

RETIREMENT_TYPES = frozenset({5, 8, 9, 105, 108, 109, 110})
"""Benefits whose deferrals count together toward a match."""

ONE_A_PERSON = frozenset({5, 6, 7, 8, 9, 11, 105, 110})
"""Types with a legal yearly limit, of which Gusto lets an employee hold one."""


def tax_class(benefit_type: int | None) -> TaxClass | None:
    """How Gusto taxes the employee's part of a benefit type; None for a type it did not publish."""
    if benefit_type in PRETAX_TYPES:
        return TaxClass.PRETAX
    if benefit_type in ROTH_TYPES:
        return TaxClass.ROTH
    return TaxClass.POSTTAX if benefit_type in POSTTAX_TYPES | IMPUTED_TYPES else None


def minor(value: Any, where: str) -> int:
    """Minor units of an amount that Gusto wrote as text or number; nothing counts as zero.

    Raises:
        DataError: no amount, or more than two decimals.
    """
    return 0 if value is None else parse_minor(_text(value, where), where=where)


def hours(value: Any, where: str) -> str:
    """Gusto's own text of hours ("7.333"); empty where it tells none or zero.

    Raises:
        DataError: no number of hours.
    """
    if value is None:
        return ""
    told = _text(value, where)
    return told if parse_hours(told, where=where) else ""


def percent(value: Any, where: str) -> Fraction:
    """The rate that Gusto's figure stands for: "4.0" is 1/25; nothing counts as zero.

    Raises:
        DataError: no figure.
    """
    return Fraction(0) if value is None else parse_rate(f"{_text(value, where)}%", where=where)


def percent_text(rate: Fraction, where: str = "") -> str:
    """Gusto's figure of a rate: 1/25 is "4.0".

    Raises:
        DataError: the rate has no exact figure with four decimals.
    """
    scaled = rate * 1_000_000
    if scaled.denominator != 1 or scaled < 0:
        raise DataError(
            "a rate that payroll cannot hold exactly",
            where=where,
            mend="Give it at most four decimals of a %",
        )
    whole, rest = divmod(int(scaled), 10_000)
    return f"{whole}.{f'{rest:04d}'.rstrip('0') or '0'}"


def text(row: Mapping[str, Any], name: str) -> str:
    """A text field, empty when it is absent or null.

    Raises:
        DataError: it holds something else.
    """
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(f"{name} is no text but {type(value).__name__}", mend="Report it to the vendor")
    return str(value).strip()


def needed(row: Mapping[str, Any], name: str) -> str:
    """A text field that has to be filled.

    Raises:
        DataError: it is not.
    """
    found = text(row, name)
    if not found:
        raise DataError(f"{name} is missing", mend="Complete the record in payroll")
    return found


def _text(value: Any, where: str) -> str:
    try:
        return number_text(value)
    except TypeError as error:
        raise DataError(str(error), where=where, mend="Report it to the vendor") from None
