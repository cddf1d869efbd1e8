"""A question to a plugin that computes a plan's deductions, and its answer.

The only hook that is told somebody's pay: it stands in no repr and no log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from benehub.records.explanation import Explanation


@dataclass(frozen=True, slots=True)
class DeductionQuestion:
    """What does this pay date take of one employee under one plan?

    Args:
        rule: whose question it is, e.g. `de.bav` (the plan book names it).
        options: what the plan book says for everybody in the plan.
        terms: what the employee chose, in the words of the rule.
        pays_a_year: pay dates a year of the employee's pay group.
        gross_minor: pay of the full pay period in minor units; None is unknown.
    """

    employer: str
    currency: str
    person: str
    plan: str
    rule: str
    options: Mapping[str, str]
    pay_date: date
    pays_a_year: int
    terms: Mapping[str, str] = field(repr=False)
    gross_minor: int | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ComputedAmount:
    """One line: its name in the plan book's `lines`, the amount in minor units, and why.

    `result` is what the explanation's rule gave, as plain JSON, where the explanation's inputs are the whole of what
    its calculator takes: then `benehub why` works it out again. Without it only the steps are told.
    """

    line: str
    amount_minor: int = field(repr=False)
    explanation: Explanation = field(repr=False)
    result: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class DeductionAnswer:
    """The lines, or the names of what would be needed to say them; then nothing is expected, told or ended."""

    lines: tuple[ComputedAmount, ...] = ()
    needs: tuple[str, ...] = ()
