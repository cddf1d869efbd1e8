"""Rippling's words and numbers in the hub's: deduction types, amounts and percentages as decimal text.

Rippling writes amounts with two decimals, what an employee or the company gives with four, and says beside it
whether that is dollars or per cent. No float passes here.
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

_TAXED = {
    TaxClass.PRETAX: (
        "MEDICAL", "DENTAL", "VISION", "HSA", "FSA_MEDICAL", "FSA_DEPENDENT_CARE", "SIMPLE_IRA", "_401K",
        "OTHER_NON_TAXABLE", "COMMUTER_TRANSIT", "COMMUTER_PARKING", "SEP_IRA", "SARSEP", "_403B",
    ),
    TaxClass.ROTH: ("ROTH_401K", "ROTH_403B"),
    TaxClass.POSTTAX: ("OTHER_TAXABLE", "CUSTOM_TAXABLE", "_401K_LOAN_PAYMENT", "STUDENT_LOAN"),
}  # fmt: skip
TAX_CLASSES = {kind: taxed for taxed, kinds in _TAXED.items() for kind in kinds}
"""Tax treatment by deduction type. Of disability and life Rippling does not say which way they are taken."""


def minor(value: Any, where: str) -> int:
    """Minor units of an amount; nothing counts as zero.

    Raises:
        DataError: no amount, or parts of a cent.
    """
    return 0 if value is None else parse_minor(_text(value, where), where=where)


def percent(value: Any, where: str) -> Fraction:
    """The rate that a figure stands for: "4.0000" is 1/25; nothing counts as zero.

    Raises:
        DataError: no figure.
    """
    return Fraction(0) if value is None else parse_rate(f"{_text(value, where)}%", where=where)


def percent_text(rate: Fraction, where: str) -> str:
    """The figure of a rate: 1/25 is "4.0000".

    Raises:
        DataError: the rate has no exact figure with four decimals.
    """
    scaled = rate * 1_000_000
    if scaled.denominator != 1 or scaled < 0:
        raise DataError(
            "a rate that payroll cannot hold exactly", where=where, mend="Give it at most four decimals of a %"
        )
    whole, rest = divmod(int(scaled), 10_000)
    return f"{whole}.{rest:04d}"


def hours(value: Any, where: str) -> str:
    """Rippling's own text of hours; empty where it tells none or zero.

    Raises:
        DataError: no number of hours.
    """
    if value is None:
        return ""
    told = _text(value, where)
    return told if parse_hours(told, where=where) else ""


def text(row: Mapping[str, Any], name: str) -> str:
    """A text or whole number as text; empty where it is absent or null.

    Raises:
        DataError: it holds something else.
    """
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise DataError(f"{name} is no text but {type(value).__name__}", mend="Report it to the vendor")
    return str(value).strip()


def needed(row: Mapping[str, Any], name: str) -> str:
    """A text that has to be filled.

    Raises:
        DataError: it is not.
    """
    found = text(row, name)
    if not found:
        raise DataError(f"{name} is missing", mend="Give the connection's scopes for it, or complete it in payroll")
    return found


def parts(row: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a list within a row; nulls in it are left out.

    Raises:
        DataError: there is no such list, or it holds something else.
    """
    found = row.get(name)
    if not isinstance(found, list):
        raise DataError(f"{name} is no list", mend="Give the connection the scopes of payroll and deductions")
    kept = [one for one in found if one is not None]
    if not all(isinstance(one, Mapping) for one in kept):
        raise DataError(f"{name} is no list of objects", mend="Report it to the vendor")
    return kept


def _text(value: Any, where: str) -> str:
    try:
        return number_text(value)
    except TypeError as error:
        raise DataError(str(error), where=where, mend="Report it to the vendor") from None
