"""Rippling's words and numbers in the hub's: deduction types, amounts and percentages as decimal text.

Rippling writes amounts with two decimals, what an employee or the company gives with four, and says beside it
whether that is dollars or per cent. No float passes here.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from benehub.connect import figures
from benehub.connect.figures import hours, minor, percent
from benehub.connect.figures import word as text
from benehub.errors import DataError
from benehub.records import TaxClass

__all__ = ["TAX_CLASSES", "hours", "minor", "needed", "parts", "percent", "percent_text", "text"]

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


def percent_text(rate: Fraction, where: str) -> str:
    """The figure of a rate: 1/25 is "4.0000".

    Raises:
        DataError: the rate has no exact figure with four decimals.
    """
    return figures.percent_text(rate, where, least=4)


def needed(row: Mapping[str, Any], name: str) -> str:
    """A text or whole number that has to be filled.

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
