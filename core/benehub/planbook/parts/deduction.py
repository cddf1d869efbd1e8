"""How the employee's share is taken from pay."""

from __future__ import annotations

from pydantic import Field

from benehub.planbook.parts.fields import Part
from benehub.records import TaxClass
from benehub.rules.deduction.calendar import DeductionMethod, Timing


class DeductionTerms(Part):
    """How the employee's share is taken from pay."""

    code: str = Field(min_length=1, max_length=40)
    tax_class: TaxClass = TaxClass.PRETAX
    method: DeductionMethod = DeductionMethod.PER_MONTH
    per_month: int = Field(default=2, ge=1, le=5)
    timing: Timing = Timing.CURRENT
