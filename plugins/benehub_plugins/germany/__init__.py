"""Germany as a plugin: occupational pension by conversion of pay (bAV), through the hooks a stranger would use.

It brings two calculators, the dated tables of German law they stand on, the deduction lines of plans whose rule
is `de.bav`, and a section of the employee's statement. Nothing in the hub knows of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import benehub
from benehub.records.computed import DeductionAnswer, DeductionQuestion
from benehub.records.notices import StatementSection
from benehub.rules.registry import Calculator
from benehub_plugins.germany.conversion import CALCULATOR as CONVERSION
from benehub_plugins.germany.pension import RULE, answer, section
from benehub_plugins.germany.subsidy import CALCULATOR as SUBSIDY


@benehub.hookimpl
def register_rules() -> Sequence[Calculator]:
    """`bav.conversion` and `bav.subsidy`."""
    return (CONVERSION, SUBSIDY)


@benehub.hookimpl
def compute_deductions(question: DeductionQuestion) -> DeductionAnswer | None:
    """Conversion, subsidy and voluntary extra of plans whose rule is `de.bav`."""
    return answer(question) if question.rule == RULE else None


@benehub.hookimpl
def statement_sections(computed: Sequence[DeductionQuestion]) -> Sequence[StatementSection]:
    """Each contract of the employee."""
    return [section(one) for one in computed if one.rule == RULE]
