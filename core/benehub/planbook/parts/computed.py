"""A plan whose deductions a plugin computes, e.g. a country's own kind of pension: whose rule, and payroll's codes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from benehub.planbook.parts.fields import Part
from benehub.records import TaxClass


class ComputedLine(Part):
    """One line that the rule gives.

    `source` says whose money it is: pretax and posttax are the employee's, match is the employer's.
    """

    code: str = Field(min_length=1, max_length=40)
    """Payroll's code of the line."""
    source: Literal["pretax", "posttax", "match"]
    """pretax or posttax (the employee's money), or match (the employer's)."""

    @property
    def tax_class(self) -> TaxClass:
        """How payroll taxes it."""
        return {"pretax": TaxClass.PRETAX, "posttax": TaxClass.POSTTAX, "match": TaxClass.EMPLOYER}[self.source]


class Computed(Part):
    """Which rule computes the plan, what it needs to know of the plan, and how payroll calls each line."""

    rule: str = Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$")
    """Name of the plugin's rule, e.g. de.bav."""
    options: dict[str, str] = Field(default_factory=dict)
    """For the rule, the same for everybody in the plan; write values in quotes."""
    lines: dict[str, ComputedLine] = Field(min_length=1)
    """By the rule's name of the line."""
