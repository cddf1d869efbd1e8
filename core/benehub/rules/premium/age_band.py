"""What a month costs where every covered person is rated by age: medical by person, or a rate on a volume.

In the small-group market only the three oldest covered children under 21 are charged, older ones always, and a
birthday changes nothing before the renewal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.errors import DataError
from benehub.periods import Month, age_on
from benehub.records.explanation import Outcome, Reason
from benehub.rules.base import Calculation, Day, MonthText, Positive, RuleModel, explain, money_step
from benehub.rules.premium.factors import Factor, apply_factors
from benehub.rules.premium.rated_input import RatedInput
from benehub.rules.premium.rates import RateKey, RateRow, find_rate
from benehub.rules.premium.rounding import CENT, StepRounding
from benehub.rules.registry import calculator

NAME = "premium.age-band"
VERSION = "1"
CITATION = "45 CFR 147.102(c)(1), (d)"
CHILD_AGE = 21
"""From this age on a child is charged whatever the number of children."""
CHILDREN_CHARGED = 3
"""Children under 21 who are charged: the oldest."""


class Role(StrEnum):
    """Who a covered person is: the employee, the spouse or partner, a child or another dependent."""

    EMPLOYEE = "employee"
    SPOUSE = "spouse"
    CHILD = "child"


class AgeBasis(StrEnum):
    """On which day age is taken.

    PLAN_YEAR_START: the plan year's first day, so that it changes at renewal. BIRTHDAY: the first day of the
    coverage month, so that it changes on the first of the month on or after a birthday. JANUARY_1: of the
    coverage month's calendar year.
    """

    PLAN_YEAR_START = "plan_year_start"
    BIRTHDAY = "birthday"
    JANUARY_1 = "january_1"


class RatedMember(RuleModel):
    """One covered person."""

    role: Role = Role.EMPLOYEE
    """employee, spouse (or partner) or child (or other dependent)."""
    birth_date: Day | None = None
    """The day of birth; without it the person cannot be rated."""
    tobacco: bool | None = None
    """Whether the person uses tobacco, where rates or factors differ by it."""
    covered_from: Day | None = None
    """First day of this person's cover. In a small group, age counts on that day where it lies after the plan year's
    first.
    """
    volume_minor: Positive | None = None
    """Volume in force in minor units, where the rate is per unit of volume."""


class AgeRule(RuleModel):
    """How a plan takes age, and whom it charges."""

    basis: AgeBasis = AgeBasis.PLAN_YEAR_START
    """Day on which age is taken: plan_year_start, birthday (first of the month on or after it) or january_1."""
    small_group: bool = False
    """Small-group rule of the United States: of the children under 21 only the three oldest are charged."""
    unit: Annotated[int, Field(strict=True, ge=1)] = 1000
    """Units of currency one `rate` is for: 1000 for life, 10 for weekly benefit, 100 for covered payroll."""


PLAN_YEAR = AgeRule()
"""Age on the first day of the plan year, everybody charged."""


class AgeBandInput(RatedInput):
    """The covered persons, how the plan takes age, and its rates by age."""

    members: Annotated[tuple[RatedMember, ...], Field(min_length=1, max_length=50)]
    """Everybody covered."""
    month: MonthText
    """The coverage month, as YYYY-MM."""
    rule: AgeRule = AgeRule()
    """How the plan takes age, and whom it charges."""
    plan_year_start: Day | None = None
    """First day of the plan year the month lies in; needed where age is taken on it."""


class MemberPremium(RuleModel):
    """What one person costs a month."""

    role: Role
    """employee, spouse or child."""
    age: int
    """Completed years on the rating day."""
    charged: bool
    """Whether the person is charged at all."""
    monthly_minor: int
    """A full month's premium in minor units; 0 where not charged."""


class AgeBandPremium(RuleModel):
    """The premium of a full month, and of each person."""

    monthly_minor: int
    """The sum over all persons, in minor units."""
    members: tuple[MemberPremium, ...]
    """One a person, in the order given."""


def rating_day(
    rule: AgeRule, month: Month, plan_year_start: date | None, covered_from: date | None = None
) -> date | None:
    """The day on which age is taken; None where the plan year's first day is needed and not known.

    Raises:
        DataError: the plan year begins after the coverage month.
    """
    match rule.basis:
        case AgeBasis.BIRTHDAY:
            return month.first
        case AgeBasis.JANUARY_1:
            return date(month.year, 1, 1)
    if plan_year_start is None:
        return None
    if plan_year_start > month.last:
        raise DataError(
            f"the plan year begins {plan_year_start}, after coverage month {month}",
            where=NAME,
            mend="Give the first day of the plan year the month lies in",
        )
    return max(plan_year_start, covered_from) if rule.small_group and covered_from else plan_year_start


def age_band_premium(
    *,
    members: Sequence[RatedMember],
    month: Month,
    rates: Sequence[RateRow],
    rule: AgeRule = PLAN_YEAR,
    plan_year_start: date | None = None,
    key: RateKey | None = None,
    wellness: bool | None = None,
    factors: Sequence[Factor] = (),
    rounding: StepRounding = CENT,
    currency: str = "USD",
) -> Calculation[AgeBandPremium]:
    """Every person's rate at the rating age, rounded per person and summed.

    Raises:
        DataError: the plan year begins after the month.
        ConfigError: two rates hold for one key.
    """
    key = replace(key or RateKey(), month=month)
    inputs = {
        "month": month, "basis": rule.basis, "small_group": rule.small_group, "plan_year_start": plan_year_start,
        "region": key.region, "members": len(members),
    }  # fmt: skip
    ages = [_age(rule, month, plan_year_start, one) for one in members]
    needs = [name if name == "plan_year_start" else f"members.{n}.{name}" for n, name in enumerate(ages)
             if isinstance(name, str)]  # fmt: skip
    if needs:
        return Calculation(None, explain(NAME, VERSION, inputs), tuple(dict.fromkeys(needs)))
    known = [age for age in ages if isinstance(age, int)]
    charged = _charged(rule, members, known)
    parts, steps = [], []
    for number, (one, age, pays) in enumerate(zip(members, known, charged, strict=True)):
        amount = 0
        if pays:
            raw = _raw(one, replace(key, age=age, tobacco=one.tobacco), rates, rule)
            if isinstance(raw, tuple):
                return Calculation(None, explain(NAME, VERSION, inputs), tuple(f"members.{number}.{n}" for n in raw))
            done = apply_factors(raw, factors, tobacco=one.tobacco, wellness=wellness)
            if isinstance(done, str):
                return Calculation(None, explain(NAME, VERSION, inputs), (f"members.{number}.{done}",))
            amount, told = rounding.told(f"{one.role.value}, age {age}", done[0], currency)
            steps += [*done[1], told]
        parts.append(MemberPremium(role=one.role, age=age, charged=pays, monthly_minor=amount))
    total = sum(one.monthly_minor for one in parts)
    steps.append(money_step("premium of all persons", total, total, currency))
    reasons = _reasons(members, known, charged) if rule.small_group else ()
    result = AgeBandPremium(monthly_minor=total, members=tuple(parts))
    citation = CITATION if rule.small_group else "plan's rate sheet"
    return Calculation(result, explain(NAME, VERSION, inputs, tuple(steps), reasons, citation))


def _age(rule: AgeRule, month: Month, plan_year_start: date | None, one: RatedMember) -> int | str:
    if one.birth_date is None:
        return "birth_date"
    day = rating_day(rule, month, plan_year_start, one.covered_from)
    # Somebody born after the rating day is of age zero on it.
    return "plan_year_start" if day is None else max(0, age_on(one.birth_date, day))


def _charged(rule: AgeRule, members: Sequence[RatedMember], ages: Sequence[int]) -> list[bool]:
    """Whom the plan charges. Of two children of one age the elder counts first."""
    young = [n for n, one in enumerate(members) if one.role is Role.CHILD and ages[n] < CHILD_AGE]
    young.sort(key=lambda n: members[n].birth_date or date.max)
    free = set(young[CHILDREN_CHARGED:]) if rule.small_group else set()
    return [n not in free for n in range(len(members))]


def _raw(one: RatedMember, key: RateKey, rates: Sequence[RateRow], rule: AgeRule) -> Fraction | tuple[str, ...]:
    row = find_rate(rates, replace(key, volume_minor=one.volume_minor))
    if isinstance(row, tuple):
        return row
    if row.rate is None:
        return Fraction(row.amount_minor or 0)
    return ("volume_minor",) if one.volume_minor is None else one.volume_minor * row.rate / rule.unit


def _reasons(members: Sequence[RatedMember], ages: Sequence[int], charged: Sequence[bool]) -> tuple[Reason, ...]:
    return tuple(
        Reason(
            rule="small_group.three_oldest_children",
            outcome=Outcome.PASS if pays else Outcome.FAIL,
            inputs={"member": number, "age": age, "charged": pays},
            citation=CITATION,
        )
        for number, (one, age, pays) in enumerate(zip(members, ages, charged, strict=True))
        if one.role is Role.CHILD
    )


@calculator(
    NAME,
    "What a month costs where every covered person is rated by age.",
    AgeBandInput,
    AgeBandPremium,
    VERSION,
    example={
        "month": "2026-06",
        "plan_year_start": "2026-01-01",
        "rule": {"basis": "plan_year_start", "small_group": True},
        "members": [
            {"role": "employee", "birth_date": "1984-05-01"},
            {"role": "child", "birth_date": "2004-03-01"},
            {"role": "child", "birth_date": "2012-09-09"},
        ],
        "rates": [
            {"age_from": 0, "age_through": 20, "amount_minor": 21500},
            {"age_from": 21, "age_through": 39, "amount_minor": 31000},
            {"age_from": 40, "age_through": 64, "amount_minor": 46200},
        ],
    },
)
def compute(given: AgeBandInput) -> Calculation[AgeBandPremium]:
    """Run on validated input.

    Raises:
        DataError, ConfigError: the plan year begins after the month, or two rates hold for one key.
    """
    return age_band_premium(
        members=given.members,
        month=given.month,
        rates=given.rates,
        rule=given.rule,
        plan_year_start=given.plan_year_start,
        key=given.key(),
        wellness=given.wellness,
        factors=given.factors,
        rounding=given.rounding,
        currency=given.currency,
    )
