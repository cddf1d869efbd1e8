"""How an employer words the part of a premium it pays, and what bounds the two shares."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from benehub.errors import ConfigError
from benehub.records.election import Tier
from benehub.rules.base import RULE_CONFIG, Minor, Positive, Rate, RuleModel
from benehub.rules.premium.rates import Age


class Scheme(StrEnum):
    """How the employer's part is worded.

    FLAT: an amount a month. PERCENT_OF_TIER: a part of the tier's own premium. PERCENT_SPLIT: a part of the
    employee-only premium plus a part of the rest. BASE_PLAN: what PERCENT_SPLIT gives on a base plan, in
    money, for every plan. BUY_UP: a part of the base plan's own premium of the tier, the difference is the
    employee's. PERCENT_OF_PAY: a part of the employee's pay. DEFINED: an amount by tier, or by rows of class, age
    and tier; the excess is the employee's. SALARY_BANDS: an amount or a part of the premium by yearly pay.
    YEARLY_BY_TIER: an amount a year by tier, a twelfth for each month the tier holds (HSA).
    """

    FLAT = "flat"
    PERCENT_OF_TIER = "percent_of_tier"
    PERCENT_SPLIT = "percent_split"
    BASE_PLAN = "base_plan"
    BUY_UP = "buy_up"
    PERCENT_OF_PAY = "percent_of_pay"
    DEFINED = "defined"
    SALARY_BANDS = "salary_bands"
    YEARLY_BY_TIER = "yearly_by_tier"


class Unused(StrEnum):
    """What becomes of an employer amount beyond the premium: it is lost, or goes to another plan."""

    FORFEIT = "forfeit"
    OTHER_PLAN = "other_plan"


class DefinedRow(RuleModel):
    """A defined contribution by class, age and tier; a part left empty holds for all."""

    employment_class: str | None = None
    """The employee's class; empty holds for all."""
    age_from: Age | None = None
    """Lowest age in completed years; empty: from birth."""
    age_through: Age | None = None
    """Highest age, itself in it; empty: without end."""
    tier: Tier | None = None
    """The coverage tier (the family's size); empty holds for all."""
    amount_minor: Positive
    """What the employer gives a month, in minor units."""

    def holds(self, employment_class: str | None, age: int | None, tier: Tier | None) -> dict[str, bool | None]:
        """Part -> whether it holds; None where it asks for something that is not known."""
        banded = self.age_from is not None or self.age_through is not None
        inside = age is not None and (self.age_from or 0) <= age <= (
            130 if self.age_through is None else self.age_through
        )
        return {
            "employment_class": _same(self.employment_class, employment_class),
            "age": (None if age is None else inside) if banded else True,
            "tier": _same(self.tier, tier),
        }


def _same(asked: str | None, known: str | None) -> bool | None:
    if asked is None:
        return True
    return None if known is None else asked == known


class SalaryBand(RuleModel):
    """From a yearly pay on, the employer's amount a month or its part of the premium."""

    pay_from_minor: Positive
    """Lowest yearly pay of the band in minor units; it ends where the next one begins."""
    flat_minor: Positive | None = None
    """The employer's amount a month in minor units. Give this or percent."""
    percent: Annotated[Rate, Field(ge=0, le=1)] | None = None
    """The employer's part of the premium. Give this or flat_minor."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.flat_minor is None) == (self.percent is None):
            raise ValueError("a salary band has either flat_minor or percent: give exactly one")
        return self


class TierSpell(RuleModel):
    """A tier, and how many months of the year it held."""

    tier: Tier
    """The coverage tier."""
    months: Annotated[int, Field(strict=True, ge=0, le=12)]
    """Whole months in which it held."""


@dataclass(frozen=True, config=RULE_CONFIG)
class ContributionRule:
    """The employer's wording; only the fields of its scheme are read. Rates lie between 0 and 1.

    `min_employee_minor` and `max_employee_minor` bound the employee's share of a full month, the employer pays
    the rest; `unused` says what becomes of an amount beyond the premium.

    Raises:
        ConfigError: a rate or amount lies outside its range, or the wording contradicts itself.
    """

    scheme: Scheme
    """How the employer's part is worded; only the fields of this wording are read."""
    flat_minor: Minor = 0
    """flat: the employer's amount a month in minor units."""
    percent: Rate = Fraction(0)
    """percent_of_tier, buy_up, percent_of_pay: the employer's part."""
    percent_employee: Rate = Fraction(0)
    """percent_split, base_plan: the employer's part of the employee-only premium."""
    percent_dependents: Rate = Fraction(0)
    """percent_split, base_plan: the employer's part of the rest."""
    base_rates_minor: Mapping[Tier, int] = Field(default_factory=dict)
    """base_plan, buy_up: full-month rates of the base plan by tier, in minor units."""
    defined_minor: Mapping[Tier, int] = Field(default_factory=dict)
    """defined: the employer's amount a month by tier, in minor units."""
    defined: tuple[DefinedRow, ...] = ()
    """defined: rows by class, age and tier instead."""
    bands: tuple[SalaryBand, ...] = ()
    """salary_bands: amounts or parts by yearly pay."""
    yearly_minor: Mapping[Tier, int] = Field(default_factory=dict)
    """yearly_by_tier: the employer's amount a year by tier, in minor units."""
    min_employee_minor: Minor = 0
    """The employee's share of a full month is at least this, in minor units."""
    max_employee_minor: Minor | None = None
    """The employee's share of a full month is at most this; empty: no bound."""
    unused: Unused = Unused.FORFEIT
    """What becomes of an amount beyond the premium: forfeit or other_plan."""
    unused_plan: str = ""
    """The plan it goes to (other_plan)."""

    def __post_init__(self) -> None:
        for name in ("percent", "percent_employee", "percent_dependents"):
            if not 0 <= getattr(self, name) <= 1:
                raise _refused("the employer's part is below 0 or above the premium", name, 'Write "0%" to "100%"')
        if self.flat_minor < 0:
            raise _refused("a negative amount", "flat_minor", "Use 0 or more")
        if self.max_employee_minor is not None and self.max_employee_minor < self.min_employee_minor:
            raise _refused("the employee's largest share is below the smallest", "max_employee_minor", "Mend one")
        if self.defined and self.defined_minor:
            raise _refused("defined by tier and by rows", "defined", "Keep one of them")
        pays = [band.pay_from_minor for band in self.bands]
        if pays != sorted(set(pays)):
            raise _refused("salary bands do not ascend", "bands", "Order them by pay_from_minor, each above the last")
        if (self.unused is Unused.OTHER_PLAN) != bool(self.unused_plan):
            raise _refused("what is unused goes to no plan", "unused_plan", "Name the plan with unused: other_plan")


def _refused(what: str, name: str, mend: str) -> ConfigError:
    return ConfigError(what, where=f"contribution: {name}", mend=mend)
