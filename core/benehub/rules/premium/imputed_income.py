"""Taxable value of employer-provided group-term life insurance above 50,000: Table I, month by month.

The age counts on the last day of the tax year, the excess is rounded to the nearest 100 before the rate, and what the
employee paid after tax is deducted from the year's sum.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Annotated

from pydantic import Field

from benehub.errors import DataError
from benehub.legal import limit
from benehub.money import Rounding, round_to_int
from benehub.periods import FOREVER, Month, age_on
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Day, Positive, Rate, RuleModel, exact, explain, money_step, rounded_step
from benehub.rules.premium.rates import Age
from benehub.rules.registry import calculator

NAME = "premium.imputed-income"
VERSION = "1"
CITATION = "26 U.S.C. 79; 26 CFR 1.79-1, 1.79-3(d)(2) Table I; IRS Pub. 15-B"
AGES = (70, 65, 60, 55, 50, 45, 40, 35, 30, 25, 0)
"""First ages of Table I's bands."""
HUNDRED = 100_00
"""The excess is rounded to the nearest 100.00."""


class CoverAmount(RuleModel):
    """An amount of insurance, and the days it was in force."""

    from_day: Day
    """First day it was in force."""
    to_day: Day | None = None
    """First day it no longer was; empty: to the end of the tax year."""
    volume_minor: Positive
    """The amount of insurance in minor units."""


class DependentCover(RuleModel):
    """Employer-provided life insurance of a spouse or dependent."""

    volume_minor: Positive
    """The face amount in minor units; up to 2,000 it is de minimis and no income."""
    birth_date: Day | None = None
    """The dependent's day of birth, for the rate by age; needed above the de minimis amount."""
    months: Annotated[int, Field(strict=True, ge=0, le=12)] = 12
    """Months of the year it was in force."""


class AgeRate(RuleModel):
    """What employees of an age pay a month for 1,000 of cover."""

    age_from: Age
    """Lowest age of the band in completed years; it ends where the next begins."""
    rate: Rate
    """The employee's monthly rate in currency per 1,000."""


class ImputedIncomeInput(RuleModel):
    """One employee's cover in a tax year, and how the plan is paid."""

    tax_year: Annotated[int, Field(strict=True, ge=2000, le=2100)]
    """The employee's tax year; age counts on its last day, 31 December."""
    birth_date: Day | None = None
    """The employee's day of birth. Give this or age."""
    age: Age | None = None
    """Age in completed years on the last day of the tax year. Give this or birth_date."""
    volume_minor: Positive | None = None
    """An amount of insurance in force for `months` whole months. Give this or cover."""
    months: Annotated[int, Field(strict=True, ge=0, le=12)] = 12
    """Whole months of the year that volume_minor was in force."""
    cover: Annotated[tuple[CoverAmount, ...], Field(max_length=366)] = ()
    """Amounts by the days they were in force; a change within a month counts as the average of first and last day."""
    employee_after_tax_minor: Positive = 0
    """What the employee paid for the cover after tax over the year, in minor units; amounts paid pre-tax do not count.
    """
    employer_pays: bool = True
    """Whether the employer pays any part of the cost of the cover."""
    employee_rates: Annotated[tuple[AgeRate, ...], Field(max_length=50)] = ()
    """Where the employer pays nothing: what employees of each age pay, for the straddle test against Table I. Empty:
    not carried by the employer.
    """
    key_employee: bool = False
    """Whether the employee is a key employee."""
    discriminatory: bool = False
    """Whether the plan favors key employees; then they have no exclusion and the greater of actual cost and Table I
    counts.
    """
    actual_cost_minor: Positive | None = None
    """The actual cost of the year's cover in minor units; needed for a key employee of a discriminatory plan."""
    dependents: Annotated[tuple[DependentCover, ...], Field(max_length=20)] = ()
    """Employer-provided life insurance of spouse and dependents."""


class MonthIncome(RuleModel):
    """One month's part of the year."""

    month: str
    """The month as YYYY-MM."""
    volume_minor: int
    """The amount that counts: that in force, or the average of first and last day."""
    excess_minor: int
    """What is above the exclusion, rounded to the nearest 100."""
    fraction: Rate
    """The part of the month that is charged."""
    amount_minor: int
    """The month's Table I cost, rounded by itself; the year is not the sum of these but is rounded once."""


class ImputedIncome(RuleModel):
    """What is imputed as wages for the year."""

    imputed_minor: int
    """Wages of the year: W-2 boxes 1, 3, 5 and box 12 code C; never below 0."""
    monthly_minor: int
    """One full month's Table I cost by the last amount in force, before deductions."""
    employee_cover_minor: int
    """Table I cost of the employee's cover over the year, before deductions."""
    after_tax_minor: int
    """What the employee paid after tax and is deducted."""
    dependents_minor: int
    """Cost of dependents' cover above the de minimis amount; not an amount of box 12 code C."""
    age: int
    """Completed years on the last day of the tax year."""
    rate_minor: int
    """Table I rate of a month for 1,000, in minor units."""
    months: tuple[MonthIncome, ...]
    """Month by month, where days of cover were given."""


def table_rate(age: int, year: int) -> int:
    """Table I: minor units a month for 1,000 of cover.

    Raises:
        ConfigError: no value is loaded for the year.
    """
    band = next(first for first in AGES if age >= first)
    return limit("us", f"group_life_rate_{band}", date(year, 12, 31)).value


def imputed_income(given: ImputedIncomeInput) -> Calculation[ImputedIncome]:
    """The year's imputed income, rounded once; unknown birth dates or amounts are asked for.

    Raises:
        DataError: amounts overlap, or are given in both ways.
        ConfigError: Table I is not loaded for the year.
    """
    inputs = given.model_dump(mode="json", exclude={"birth_date", "dependents", "cover"}, exclude_none=True)
    year_end = date(given.tax_year, 12, 31)
    if given.cover and given.volume_minor is not None:
        raise DataError("volume_minor and cover are both given", where=NAME, mend="Give one of them")
    if needs := _needs(given):
        return Calculation(None, explain(NAME, VERSION, inputs), needs)
    age = given.age if given.age is not None else age_on(given.birth_date or year_end, year_end)
    rate = table_rate(age, given.tax_year)
    special = given.key_employee and given.discriminatory
    exclusion = 0 if special else limit("us", "group_life_exclusion", year_end).value
    reasons = [_key_reason(given, special), _carried(given)]
    carried = reasons[1].outcome is not Outcome.FAIL
    steps = [Step(label=f"Table I, age {age} on {year_end}", raw=str(rate), value=exact(Fraction(rate, 100)))]
    months = _months(given, exclusion, rate) if carried else []
    if given.volume_minor is not None and carried:
        excess = _excess(given.volume_minor, exclusion)
        monthly, raw = _cost(excess, rate), _cost(excess, rate) * given.months
        steps.append(money_step("excess, to the nearest 100", max(0, given.volume_minor - exclusion), excess))
    else:
        raw = sum((_cost(one.excess_minor, rate) * one.fraction for one in months), Fraction(0))
        monthly = _cost(months[-1].excess_minor, rate) if months else Fraction(0)
        steps += [money_step(f"{one.month}: excess, {exact(one.fraction)} of a month", one.excess_minor,
                             one.amount_minor) for one in months]  # fmt: skip
    if special:
        raw = max(raw, Fraction(given.actual_cost_minor or 0))
        steps.append(money_step("the greater of actual cost and Table I", raw, round_to_int(raw, Rounding.HALF_UP)))
    cost, told = rounded_step("cost of the employee's cover", raw, Rounding.HALF_UP)
    of_dependents, more = _dependents(given, year_end)
    kept = max(Fraction(0), raw - given.employee_after_tax_minor)
    total, last = rounded_step("imputed: less paid after tax, with dependents' cover", kept + of_dependents,
                               Rounding.HALF_UP)  # fmt: skip
    result = ImputedIncome(
        imputed_minor=total,
        monthly_minor=round_to_int(monthly, Rounding.HALF_UP),
        employee_cover_minor=cost,
        after_tax_minor=min(cost, given.employee_after_tax_minor),
        dependents_minor=round_to_int(of_dependents, Rounding.HALF_UP),
        age=age,
        rate_minor=rate,
        months=tuple(months),
    )
    told_all = (*steps, told, *more, last)
    return Calculation(result, explain(NAME, VERSION, inputs, told_all, tuple(reasons), CITATION))


def _needs(given: ImputedIncomeInput) -> tuple[str, ...]:
    needs = ["birth_date"] if given.birth_date is None and given.age is None else []
    needs += ["volume_minor"] if given.volume_minor is None and not given.cover else []
    if given.key_employee and given.discriminatory and given.actual_cost_minor is None:
        needs.append("actual_cost_minor")
    small = limit("us", "dependent_life_de_minimis", date(given.tax_year, 12, 31)).value
    needs += [
        f"dependents.{number}.birth_date"
        for number, one in enumerate(given.dependents)
        if one.volume_minor > small and one.birth_date is None
    ]
    return tuple(needs)


def _excess(volume_minor: int | Fraction, exclusion: int) -> int:
    """What is above the exclusion, to the nearest 100 (G07)."""
    return HUNDRED * round_to_int(max(Fraction(0), Fraction(volume_minor) - exclusion) / HUNDRED, Rounding.HALF_UP)


def _cost(excess_minor: int, rate: int) -> Fraction:
    """Raw minor units of one month: excess in thousands x rate."""
    return Fraction(excess_minor * rate, 1000_00)


def _months(given: ImputedIncomeInput, exclusion: int, rate: int) -> list[MonthIncome]:
    """Each month with any cover: the average of its first and last amount where they differ, for its days."""
    spans = sorted(given.cover, key=lambda one: one.from_day)
    if not spans:
        return []
    for one, two in pairwise(spans):
        if two.from_day == one.from_day or (one.to_day is not None and one.to_day > two.from_day):
            raise DataError(
                f"two amounts are in force on {two.from_day}", where=NAME, mend="Let one end where the next begins"
            )
    ends = [min(one.to_day or FOREVER, two.from_day if two else FOREVER)
            for one, two in zip(spans, [*spans[1:], None], strict=True)]  # fmt: skip
    found = []
    for month in (Month(given.tax_year, number) for number in range(1, 13)):
        here = [(one, max(one.from_day, month.first), min(end, month.end))
                for one, end in zip(spans, ends, strict=True)
                if one.from_day < month.end and end > month.first]  # fmt: skip
        if not here:
            continue
        days = sum((to - start).days for _, start, to in here)
        first, last = here[0][0].volume_minor, here[-1][0].volume_minor
        counted = Fraction(first + last, 2)
        excess, fraction = _excess(counted, exclusion), Fraction(days, month.days)
        amount = round_to_int(_cost(excess, rate) * fraction, Rounding.HALF_UP)
        found.append(
            MonthIncome(
                month=str(month), volume_minor=round_to_int(counted, Rounding.HALF_UP), excess_minor=excess,
                fraction=fraction, amount_minor=amount,
            )
        )  # fmt: skip
    return found


def _key_reason(given: ImputedIncomeInput, special: bool) -> Reason:
    outcome = Outcome.FAIL if special else Outcome.PASS if given.key_employee else Outcome.NOT_APPLICABLE
    inputs = {"key_employee": given.key_employee, "discriminatory": given.discriminatory, "exclusion": not special}
    return Reason(rule="key_employee.exclusion", outcome=outcome, inputs=inputs, citation="26 U.S.C. 79(d)")


def _carried(given: ImputedIncomeInput) -> Reason:
    """Whether the cover counts as carried by the employer: he pays for it, or the rates straddle Table I."""
    below = [one for one in given.employee_rates if one.rate * 100 < table_rate(one.age_from, given.tax_year)]
    above = [one for one in given.employee_rates if one.rate * 100 > table_rate(one.age_from, given.tax_year)]
    straddles = bool(below) and bool(above)
    return Reason(
        rule="carried_by_employer",
        outcome=Outcome.PASS if given.employer_pays or straddles else Outcome.FAIL,
        inputs={"employer_pays": given.employer_pays, "below_table": len(below), "above_table": len(above)},
        citation="26 CFR 1.79-0: carried directly or indirectly",
    )


def _dependents(given: ImputedIncomeInput, year_end: date) -> tuple[Fraction, list[Step]]:
    small = limit("us", "dependent_life_de_minimis", year_end).value
    total, steps = Fraction(0), []
    for number, one in enumerate(given.dependents):
        if one.volume_minor <= small:
            steps.append(money_step(f"dependent {number}: de minimis", one.volume_minor, 0))
            continue
        rate = table_rate(max(0, age_on(one.birth_date or year_end, year_end)), given.tax_year)
        raw = Fraction(one.volume_minor * rate, 1000_00) * one.months
        total += raw
        steps.append(
            money_step(f"dependent {number}: the whole amount by Table I", raw, round_to_int(raw, Rounding.HALF_UP))
        )
    return total, steps


@calculator(
    NAME,
    "Taxable value of group-term life insurance above 50,000.",
    ImputedIncomeInput,
    ImputedIncome,
    VERSION,
    example={"tax_year": 2026, "age": 45, "volume_minor": 20000000, "months": 12},
)
def compute(given: ImputedIncomeInput) -> Calculation[ImputedIncome]:
    """Run on validated input.

    Raises:
        DataError, ConfigError: amounts overlap or are given twice, or Table I is not loaded for the year.
    """
    return imputed_income(given)
