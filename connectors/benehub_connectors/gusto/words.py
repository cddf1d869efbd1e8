"""Gusto's words and numbers in the hub's: benefit types, amounts, hours, percentages.

Gusto writes amounts as decimal text to the cent (some as JSON numbers), hours as text to the thousandth and
percentages as plain figures ("4.0" is four per cent). No float passes here.
"""

from __future__ import annotations

from benehub.connect.figures import hours, minor, needed, percent, percent_text, text
from benehub.records import TaxClass

__all__ = [
    "IMPUTED_TYPES",
    "ONE_A_PERSON",
    "POSTTAX_TYPES",
    "PRETAX_TYPES",
    "RETIREMENT_TYPES",
    "ROTH_TYPES",
    "hours",
    "minor",
    "needed",
    "percent",
    "percent_text",
    "tax_class",
    "text",
]

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
