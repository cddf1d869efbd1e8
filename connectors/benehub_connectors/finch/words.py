"""Finch's words and numbers in the hub's: whole cents, basis points, benefit types.

Amounts are JSON integers of cents where a contribution is `fixed`, of basis points where it is `percent`. Text or a
fraction in their place is refused: what looks like dollars must not become cents. No float passes here.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from benehub.connect.figures import hours, needed, text
from benehub.errors import DataError
from benehub.records import TaxClass

__all__ = [
    "BENEFIT_TYPES",
    "POSTTAX_TYPES",
    "PRETAX_TYPES",
    "ROTH_TYPES",
    "dollars",
    "hours",
    "mapping",
    "money",
    "needed",
    "percent_text",
    "points",
    "tax_class",
    "text",
    "whole",
]

ROTH_TYPES = frozenset({"401k_roth", "403b_roth", "457_roth"})
"""Deferrals after tax into an account of their own."""

POSTTAX_TYPES = frozenset({"401k_loan", "hsa_post", "custom_post_tax"})
"""Taken after tax."""

PRETAX_TYPES = frozenset(
    {
        "401k", "403b", "457", "simple_ira", "simple", "s125_medical", "s125_dental", "s125_vision", "hsa_pre",
        "fsa_medical", "fsa_dependent_care", "commuter", "custom_pre_tax",
    }
)  # fmt: skip
"""Taken before tax; `simple` and `simple_ira` are the same plan."""

BENEFIT_TYPES = ROTH_TYPES | POSTTAX_TYPES | PRETAX_TYPES
"""All types that the vendor publishes."""


def tax_class(kind: str, pre_tax: Any = None) -> TaxClass | None:
    """How a deduction was or is taxed: what a statement says of itself goes before its type; None where neither tells.

    Args:
        kind: Finch's type of the benefit; empty where it tells none.
        pre_tax: the statement's own word.
    """
    if pre_tax is True:
        return TaxClass.PRETAX
    if kind in ROTH_TYPES:
        return TaxClass.ROTH
    if pre_tax is False or kind in POSTTAX_TYPES:
        return TaxClass.POSTTAX
    return TaxClass.PRETAX if kind in PRETAX_TYPES else None


def whole(value: Any, where: str) -> int:
    """Cents or basis points.

    Raises:
        DataError: no whole number: Finch tells both as integers.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise DataError(f"{where} is no whole number of cents or basis points", mend="Report it to the vendor")
    return value


def money(value: Any, where: str) -> int | None:
    """Cents of Finch's `{amount, currency}`; None where it tells no amount.

    Raises:
        DataError: no whole cents, or another currency than the dollar.
    """
    if value is None:
        return None
    told = mapping(value, where)
    dollars(told, where)
    amount = told.get("amount")
    return None if amount is None else whole(amount, where)


def dollars(row: Mapping[str, Any], where: str) -> None:
    """Refuse an amount in another currency: its cents would be added to ours.

    Raises:
        DataError: it is in one.
    """
    currency = text(row, "currency")
    if currency and currency.lower() != "usd":
        raise DataError(
            f"{where} is not in US dollars", mend="Keep employees paid in another currency out of this connection"
        )


def points(rate: Fraction, where: str) -> int:
    """Basis points of a rate: 9/200 is 450.

    Raises:
        DataError: Finch cannot hold it exactly, or it is below zero.
    """
    scaled = rate * 10_000
    if scaled.denominator != 1 or scaled < 0:
        raise DataError(
            "a rate that Finch cannot hold exactly", where=where, mend="Give it at most two decimals of a %"
        )
    return int(scaled)


def percent_text(basis_points: int) -> str:
    """The rate as the hub writes it: 450 is "4.5%"."""
    sign, (full, rest) = "-" if basis_points < 0 else "", divmod(abs(basis_points), 100)
    decimals = f"{rest:02d}".rstrip("0")
    return f"{sign}{full}{'.' + decimals if decimals else ''}%"


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """An object.

    Raises:
        DataError: it is none.
    """
    if not isinstance(value, Mapping):
        raise DataError(f"{where} is no object", mend="Report it to the vendor")
    return value
