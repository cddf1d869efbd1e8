"""The most an employee may pay for self-only cover so that the offer counts as affordable in the United States."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from fractions import Fraction

from benehub.legal import limit
from benehub.money import Rounding
from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Day, Positive, RuleModel, exact, explain, money_step, rounded_step
from benehub.rules.registry import calculator

NAME = "premium.affordability"
VERSION = "1"
CITATION = "26 U.S.C. 4980H; 26 CFR 54.4980H-5(e)(2); Rev. Proc. of the plan year for the percentage"
HOURS_OF_A_MONTH = 130
"""Hours that count as a full-time month for the rate-of-pay base (26 CFR 54.4980H-5(e)(2)(iii))."""


class AffordabilityBase(StrEnum):
    """What the percentage is taken of.

    POVERTY_LINE and W2_WAGES: an amount a year. HOURLY_RATE: an hour's pay, times 130 hours a month.
    """

    POVERTY_LINE = "poverty_line"
    W2_WAGES = "w2_wages"
    HOURLY_RATE = "hourly_rate"


class AffordabilityInput(RuleModel):
    """The plan year, the base chosen, and its amount."""

    plan_year_start: Day
    """First day of the plan year; its calendar year decides the percentage."""
    base: AffordabilityBase
    """poverty_line (yearly guideline for one person), w2_wages (box 1 of the year) or hourly_rate."""
    base_minor: Positive | None = None
    """The base in minor units: a year's amount, or of hourly_rate an hour's pay. The guideline in force within 6 months before the plan year may be used."""
    employee_minor: Positive | None = None
    """What the employee pays a month for the cheapest self-only cover of minimum value, in minor units; empty: only the limit is asked."""


class Affordability(RuleModel):
    """The limit a month, and whether an employee's share keeps it."""

    limit_minor: int
    """The most an employee may pay a month, in minor units, rounded down."""
    affordable: bool | None = None
    """Whether employee_minor keeps the limit; empty where it was not given."""


def affordability_limit(
    *, plan_year_start: date, base: AffordabilityBase, base_minor: int | None, employee_minor: int | None = None
) -> Calculation[Affordability]:
    """percentage x base / 12, rounded down to the cent; for an hourly rate percentage x rate x 130.

    Raises:
        ConfigError: the percentage of the year is not loaded.
    """
    inputs = {"plan_year_start": plan_year_start, "base": base, "employee_minor": employee_minor}
    if base_minor is None:
        return Calculation(None, explain(NAME, VERSION, inputs), ("base_minor",))
    legal = limit("us", "affordability_percent", plan_year_start)
    percent = Fraction(legal.value, 10_000)
    hourly = base is AffordabilityBase.HOURLY_RATE
    month = Fraction(base_minor * HOURS_OF_A_MONTH) if hourly else Fraction(base_minor, 12)
    amount, told = rounded_step("limit a month", month * percent, Rounding.DOWN)
    steps = [Step(label=f"percentage ({legal.source})", raw=exact(percent), value=f"{exact(percent * 100)}%"), told]
    fits = None if employee_minor is None else employee_minor <= amount
    if employee_minor is not None:
        steps.append(money_step("employee pays", employee_minor, employee_minor))
    result = Affordability(limit_minor=amount, affordable=fits)
    return Calculation(result, explain(NAME, VERSION, inputs, tuple(steps), citation=CITATION))


@calculator(
    NAME,
    "The most an employee may pay for self-only cover so that the offer is affordable.",
    AffordabilityInput,
    Affordability,
    VERSION,
    example={"plan_year_start": "2026-02-01", "base": "poverty_line", "base_minor": 1596000},
)
def compute(given: AffordabilityInput) -> Calculation[Affordability]:
    """Run on validated input.

    Raises:
        ConfigError: the percentage of the year is not loaded.
    """
    return affordability_limit(
        plan_year_start=given.plan_year_start,
        base=given.base,
        base_minor=given.base_minor,
        employee_minor=given.employee_minor,
    )
