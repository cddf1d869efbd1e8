"""What an employee may be charged for the cheapest own cover so that the offer is affordable (US).

26 CFR 54.4980H-5(e)(2): the safe harbors take the poverty line, the rate of pay or the W-2 wages as the income. The
result is rounded down, for a cent above it is too much.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.errors import ConfigError, DataError
from benehub.legal import limit
from benehub.money import Rounding
from benehub.periods import add_months
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Day, Positive, RuleModel, exact, explain, money_step, rounded_step
from benehub.rules.registry import calculator

NAME = "eligibility.affordability"
VERSION = "1"
CITATION = "26 U.S.C. 36B(c)(2)(C); 26 CFR 54.4980H-5(e)(2)"
CURRENCY = "USD"


class Basis(StrEnum):
    """Whose income the share is taken of."""

    POVERTY_LINE = "fpl"
    RATE_OF_PAY = "rate_of_pay"
    W2_WAGES = "w2"


class Guideline(StrEnum):
    """Which poverty guidelines: those in force when the plan year begins, or the ones before them."""

    CURRENT = "current"
    PREVIOUS = "previous"


class AffordabilityInput(RuleModel):
    """The plan year, the safe harbor and its income; and what the cheapest plan costs, to be compared."""

    plan_year_start: Day
    """First day of the plan year: it decides the percentage."""
    basis: Basis = Basis.POVERTY_LINE
    """fpl: the federal poverty line of one person; rate_of_pay: 130 hours at the hourly rate, or the monthly salary;
    w2: wages of box 1."""
    guideline: Guideline = Guideline.CURRENT
    """fpl: current is the guideline in force on the first day of the plan year, previous the one before it, which may
    be used where it was in force within the six months before."""
    poverty_line_minor: Positive | None = None
    """fpl: the guideline of one person a year in minor units where it is not that of the 48 states (Alaska, Hawaii);
    empty for the loaded one."""
    hourly_rate_minor: Positive | None = None
    """rate_of_pay of an hourly employee: lowest rate of the month or on the first day of the plan year, minor units an
    hour."""
    monthly_salary_minor: Positive | None = None
    """rate_of_pay of a salaried employee: monthly salary on the first day of cover, minor units."""
    w2_wages_minor: Positive | None = None
    """w2: wages of box 1 of the year, minor units."""
    months_employed: Annotated[int, Field(strict=True, ge=1, le=12)] = 12
    """w2: calendar months of the year in which the employee was employed (wages of part of a year)."""
    lowest_cost_minor: Positive | None = None
    """What the employee pays a month for the cheapest own cover of minimum value; empty to ask for the bound only."""


class Affordability(RuleModel):
    """The bound, and whether the plan keeps it."""

    max_monthly_minor: int
    """The most an employee may be charged a month."""
    percent_basis_points: int
    """The required contribution percentage in hundredths of a percent."""
    income_monthly_minor: int
    """Income a month that it is taken of, cut off to minor units."""
    affordable: bool | None = None
    """Whether the cheapest plan keeps the bound; empty where its cost was not given."""
    excess_minor: int = 0
    """By how much the cheapest plan is above the bound."""


def affordability(given: AffordabilityInput) -> Calculation[Affordability]:
    """The bound a month, rounded down once (worked case E15).

    Raises:
        ConfigError: the percentage or the guideline of the year is not loaded; the previous guideline is too old.
        DataError: hourly rate and monthly salary are both given.
    """
    inputs = given.model_dump(mode="json")
    share = Fraction(limit("us", "affordability_percent", given.plan_year_start).value, 10_000)
    income, step = _income(given)
    if income is None or step is None:
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), (_need(given.basis),))
    bound, told = rounded_step("most a month", income * share, Rounding.DOWN, CURRENCY)
    steps = (step, _percent(share), told)
    cost = given.lowest_cost_minor
    reasons: tuple[Reason, ...] = ()
    if cost is not None:
        reasons = (
            Reason(
                rule="affordable",
                version=VERSION,
                outcome=Outcome.PASS if cost <= bound else Outcome.FAIL,
                inputs={"lowest_cost_minor": cost},
                needed={} if cost <= bound else {"lowest_cost_minor": bound},
                citation=CITATION,
            ),
        )
    result = Affordability(
        max_monthly_minor=bound,
        percent_basis_points=int(share * 10_000),
        income_monthly_minor=int(income),
        affordable=None if cost is None else cost <= bound,
        excess_minor=0 if cost is None else max(0, cost - bound),
    )
    return Calculation(result, explain(NAME, VERSION, inputs, steps, reasons, CITATION))


def _percent(share: Fraction) -> Step:
    points = int(share * 10_000)
    return Step(label="percentage", raw=exact(share), value=f"{points // 100}.{points % 100:02d} %")


def _need(basis: Basis) -> str:
    return {Basis.RATE_OF_PAY: "hourly_rate_minor", Basis.W2_WAGES: "w2_wages_minor"}.get(basis, "poverty_line_minor")


def _income(given: AffordabilityInput) -> tuple[Fraction | None, Step | None]:
    """Income a month in exact minor units, and how it was found."""
    match given.basis:
        case Basis.POVERTY_LINE:
            yearly = given.poverty_line_minor
            if yearly is None:
                yearly = _guideline(given.plan_year_start, given.guideline)
            return Fraction(yearly, 12), money_step("poverty line a year", yearly, yearly, CURRENCY)
        case Basis.RATE_OF_PAY:
            return _rate_of_pay(given)
        case Basis.W2_WAGES:
            if given.w2_wages_minor is None:
                return None, None
            label = f"W-2 wages of {given.months_employed} months"
            return (
                Fraction(given.w2_wages_minor, given.months_employed),
                money_step(label, given.w2_wages_minor, given.w2_wages_minor, CURRENCY),
            )


def _rate_of_pay(given: AffordabilityInput) -> tuple[Fraction | None, Step | None]:
    hourly, salary = given.hourly_rate_minor, given.monthly_salary_minor
    if hourly is not None and salary is not None:
        raise DataError("both an hourly rate and a monthly salary", where=NAME, mend="Give the one the employee has")
    if salary is not None:
        return Fraction(salary), money_step("monthly salary", salary, salary, CURRENCY)
    if hourly is None:
        return None, None
    hours = limit("us", "aca_full_time_month_hours", given.plan_year_start).value
    return Fraction(hourly * hours), money_step(f"{hours} hours at the hourly rate", hourly, hourly * hours, CURRENCY)


def _guideline(start: date, which: Guideline) -> int:
    """The guideline in minor units a year."""
    now = limit("us", "poverty_guideline", start)
    if which is Guideline.CURRENT:
        return now.value
    before = limit("us", "poverty_guideline", now.valid_from - timedelta(days=1))
    if before.valid_to <= add_months(start, -6):
        raise ConfigError(
            f"the poverty guideline before that of {now.valid_from} was not in force within six months of {start}",
            where=f"{NAME}: guideline",
            mend="Use the current one",
        )
    return before.value


@calculator(
    NAME,
    "What an employee may be charged so that an offer of cover is affordable.",
    AffordabilityInput,
    Affordability,
    VERSION,
    example={"plan_year_start": "2026-02-01", "basis": "fpl", "lowest_cost_minor": 13000},
)
def compute(given: AffordabilityInput) -> Calculation[Affordability]:
    """Run on validated input.

    Raises:
        ConfigError: the percentage or the guideline of the year is not loaded; the previous guideline is too old.
        DataError: hourly rate and monthly salary are both given.
    """
    return affordability(given)
