"""When a child's cover ends by age, until when it is tax-free, and when to write to the family about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from benehub.legal import limit
from benehub.periods import Month, add_months
from benehub.records.election import Tier
from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Day, RuleModel, explain
from benehub.rules.registry import calculator

NAME = "eligibility.dependent-end"
VERSION = "2"
CITATION = "29 CFR 2590.715-2714; 26 CFR 54.4980H-1(a)(12); Notice 2010-38"
NOTICE_DAYS = (90, 60, 30)
"""Days before the last covered day on which the family hears of it."""


class EndRule(StrEnum):
    """The last covered day of a child who reaches the age limit."""

    DAY_BEFORE_BIRTHDAY = "day_before_birthday"
    END_OF_MONTH = "end_of_month"
    END_OF_PLAN_YEAR = "end_of_plan_year"
    END_OF_CALENDAR_YEAR = "end_of_calendar_year"


class DependentEndInput(RuleModel):
    """The child, and how the plan words the age limit."""

    birth_date: Day | None = None
    """The child's birth date."""
    rule: EndRule = EndRule.END_OF_MONTH
    """Last covered day: the day_before_birthday, or the end_of_month, end_of_plan_year or end_of_calendar_year in which
    the age is reached."""
    age_limit: Annotated[int, Field(strict=True, ge=1, le=99)] = 26
    """Age in years on reaching which cover ends."""
    plan_year_first_month: Annotated[int, Field(strict=True, ge=1, le=12)] = 1
    """First month of the plan year (for end_of_plan_year)."""
    large_us_employer: bool = True
    """Large US employers have to offer cover to the end of the month of the birthday."""
    disabled_evidence_until: Day | None = None
    """Last day for which evidence of a disability is on file; cover does not end before it."""


class DependentEnd(RuleModel):
    """The end of a child's cover."""

    last_day: date
    """Last covered day, inclusive."""
    coverage_end: date
    """First day without cover."""
    birthday: date
    tax_free_until: date
    """Last day on which the child's cover is no taxable income of the employee (US)."""
    extended: str
    """Why the plan's own wording was not the last word: empty, large_employer or disability."""
    notice_dates: tuple[date, ...]
    """Days on which the family is written to: 90, 60 and 30 days before the last covered day."""


CHILDREN = frozenset({"child", "stepchild", "adopted", "foster"})
"""Relations for which cover ends by age."""
PARTNERS = frozenset({"spouse", "domestic_partner"})
_WIDTH = {Tier.EE.value: 0, Tier.ES.value: 1, Tier.EC.value: 1, Tier.FAM.value: 2}
_WHY = {
    "": "as the plan says",
    "large_employer": "large employer: to the end of the month",
    "disability": "evidence on file",
}


def birthday(birth: date, age: int) -> date:
    """The day on which someone reaches `age`; born on 29 February, that is 1 March in other years."""
    year = birth.year + age
    try:
        return birth.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def dependent_end(
    *,
    birth_date: date | None,
    rule: EndRule,
    age_limit: int = 26,
    plan_year_first_month: int = 1,
    large_us_employer: bool = True,
    disabled_evidence_until: date | None = None,
) -> Calculation[DependentEnd]:
    """The last covered day under `rule`; without a birth date the answer needs it."""
    inputs = {
        "birth_date": birth_date,
        "rule": rule.value,
        "age_limit": age_limit,
        "plan_year_first_month": plan_year_first_month,
        "large_us_employer": large_us_employer,
        "disabled_evidence_until": disabled_evidence_until,
    }
    if birth_date is None:
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), ("birth_date",))
    reached = birthday(birth_date, age_limit)
    worded = _last_day(reached, rule, plan_year_first_month)
    last, extended = worded, ""
    if large_us_employer and last < Month.of(reached).last:
        last, extended = Month.of(reached).last, "large_employer"
    if disabled_evidence_until is not None and disabled_evidence_until > last:
        last, extended = disabled_evidence_until, "disability"
    tax_age = birthday(birth_date, limit("us", "child_tax_age", reached).value)
    steps = (
        Step(label=f"reaches {age_limit}", raw="birth date plus the age", value=reached.isoformat()),
        Step(label="last day by the plan", raw=rule.value, value=worded.isoformat()),
        Step(label="last day", raw=_WHY[extended], value=last.isoformat()),
    )
    result = DependentEnd(
        last_day=last,
        coverage_end=last + timedelta(days=1),
        birthday=reached,
        tax_free_until=date(tax_age.year - 1, 12, 31),
        extended=extended,
        notice_dates=tuple(last - timedelta(days=days) for days in NOTICE_DAYS),
    )
    return Calculation(result, explain(NAME, VERSION, inputs, steps, citation=CITATION))


def _last_day(reached: date, rule: EndRule, plan_year_first_month: int) -> date:
    match rule:
        case EndRule.DAY_BEFORE_BIRTHDAY:
            return reached - timedelta(days=1)
        case EndRule.END_OF_MONTH:
            return Month.of(reached).last
        case EndRule.END_OF_CALENDAR_YEAR:
            return date(reached.year, 12, 31)
        case EndRule.END_OF_PLAN_YEAR:
            started = reached.year - (reached.month < plan_year_first_month)
            return add_months(date(started, plan_year_first_month, 1), 12) - timedelta(days=1)


def remaining_tier(tier: str, relations: Sequence[str]) -> str:
    """The coverage tier of those who stay, by their relations; one that is narrower already is kept."""
    partner = any(one in PARTNERS for one in relations)
    child = any(one not in PARTNERS for one in relations)
    fits = {(True, True): Tier.FAM, (True, False): Tier.ES, (False, True): Tier.EC, (False, False): Tier.EE}
    found = fits[(partner, child)].value
    return found if _WIDTH[found] < _WIDTH.get(tier, 0) else tier


@calculator(
    NAME,
    "When a child's cover ends by age.",
    DependentEndInput,
    DependentEnd,
    VERSION,
    example={"birth_date": "2000-11-10", "rule": "end_of_month", "large_us_employer": True},
)
def compute(given: DependentEndInput) -> Calculation[DependentEnd]:
    """Run on validated input."""
    return dependent_end(
        birth_date=given.birth_date,
        rule=given.rule,
        age_limit=given.age_limit,
        plan_year_first_month=given.plan_year_first_month,
        large_us_employer=given.large_us_employer,
        disabled_evidence_until=given.disabled_evidence_until,
    )
