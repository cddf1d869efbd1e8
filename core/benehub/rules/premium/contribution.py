"""Who pays which part of a premium: the employer's rule is worked out, the rest is the employee's.

The employee's share is a difference, never a second rounding, so both shares sum to the premium to the cent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.errors import ConfigError
from benehub.money import Rounding
from benehub.records.election import Tier
from benehub.records.explanation import Step
from benehub.rules.base import (
    Calculation,
    Positive,
    Rate,
    RuleModel,
    explain,
    money_step,
    rounded_step,
)
from benehub.rules.registry import calculator

NAME = "premium.contribution"
VERSION = "1"
ONE = Fraction(1)


class Scheme(StrEnum):
    """How the employer's part is worded.

    FLAT: an amount a month. PERCENT_OF_TIER: a part of the tier's own premium. PERCENT_SPLIT: a part of the
    employee-only premium plus a part of the rest. BASE_PLAN: what PERCENT_SPLIT gives on a base plan, in
    money, for every plan. DEFINED: an amount by tier; the excess is the employee's, the unused part is lost.
    """

    FLAT = "flat"
    PERCENT_OF_TIER = "percent_of_tier"
    PERCENT_SPLIT = "percent_split"
    BASE_PLAN = "base_plan"
    DEFINED = "defined"


@dataclass(frozen=True, slots=True)
class ContributionRule:
    """The employer's wording; only the fields of its scheme are read. Rates lie between 0 and 1.

    Raises:
        ConfigError: a rate or amount lies outside its range.
    """

    scheme: Scheme
    flat_minor: int = 0
    percent: Fraction = Fraction(0)
    percent_employee: Fraction = Fraction(0)
    percent_dependents: Fraction = Fraction(0)
    base_rates_minor: Mapping[Tier, int] = field(default_factory=dict)
    defined_minor: Mapping[Tier, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("percent", "percent_employee", "percent_dependents"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(
                    "the employer's part is below 0 or above the premium",
                    where=f"contribution: {name}",
                    mend='Write a rate from "0%" to "100%"',
                )
        if self.flat_minor < 0:
            raise ConfigError("a negative amount", where="contribution: flat_minor", mend="Use 0 or more")


class ContributionInput(RuleModel):
    """The premium due, the tier, the plan's full-month rates, and the employer's wording."""

    premium_minor: Positive
    """Premium due for the month, after proration."""
    tier: Tier | None = None
    scheme: Scheme
    fraction: Rate = ONE
    """The charged part of the month; employer amounts that are worded per month scale with it."""
    rates_minor: dict[Tier, Positive] = Field(default_factory=dict)
    """Full-month rates of the plan (for percent_split)."""
    flat_minor: Positive = 0
    percent: Rate = Fraction(0)
    percent_employee: Rate = Fraction(0)
    percent_dependents: Rate = Fraction(0)
    base_rates_minor: dict[Tier, Positive] = Field(default_factory=dict)
    """Full-month rates of the base plan (for base_plan)."""
    defined_minor: dict[Tier, Positive] = Field(default_factory=dict)
    rounding: Rounding = Rounding.HALF_UP
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"


class Contribution(RuleModel):
    """Both shares of the premium; they sum to it exactly."""

    premium_minor: int
    employer_minor: int
    employee_minor: int
    unused_minor: int = 0
    """What a defined or flat contribution offered beyond the premium."""


def contribution(
    *,
    premium_minor: int,
    tier: Tier | None,
    rule: ContributionRule,
    rates_minor: Mapping[Tier, int],
    fraction: Fraction = ONE,
    rounding: Rounding = Rounding.HALF_UP,
    currency: str = "USD",
) -> Calculation[Contribution]:
    """Split `premium_minor`; the employer's part is rounded once and lies between 0 and the premium."""
    inputs = {
        "premium_minor": premium_minor,
        "tier": tier,
        "scheme": rule.scheme,
        "fraction": fraction,
        **_wording(rule),
    }
    raw = _offer(premium_minor, tier, rule, rates_minor, fraction)
    if isinstance(raw, str):
        return Calculation(None, explain(NAME, VERSION, inputs), (raw,))
    offered, told = rounded_step(f"employer by {rule.scheme.value}", raw, rounding, currency)
    employer = min(offered, premium_minor)
    employee = premium_minor - employer
    steps: tuple[Step, ...] = (
        told,
        money_step("employee: premium less employer", premium_minor - employer, employee, currency),
    )
    if offered > employer:
        steps = (told, money_step("employer, at most the premium", offered, employer, currency), steps[1])
    result = Contribution(
        premium_minor=premium_minor,
        employer_minor=employer,
        employee_minor=employee,
        unused_minor=offered - employer,
    )
    return Calculation(result, explain(NAME, VERSION, inputs, steps))


def _offer(
    premium: int, tier: Tier | None, rule: ContributionRule, rates: Mapping[Tier, int], fraction: Fraction
) -> Fraction | str:
    """What the employer offers in raw minor units, or the name of the input that is missing."""
    match rule.scheme:
        case Scheme.FLAT:
            return rule.flat_minor * fraction
        case Scheme.PERCENT_OF_TIER:
            return premium * rule.percent
        case Scheme.PERCENT_SPLIT:
            if Tier.EE not in rates:
                return "rates_minor.EE"
            alone = min(rates[Tier.EE] * fraction, Fraction(premium))
            return alone * rule.percent_employee + (premium - alone) * rule.percent_dependents
        case Scheme.BASE_PLAN | Scheme.DEFINED:
            if tier is None:
                return "tier"
            return _by_tier(tier, rule, fraction)


def _by_tier(tier: Tier, rule: ContributionRule, fraction: Fraction) -> Fraction | str:
    if rule.scheme is Scheme.DEFINED:
        if tier not in rule.defined_minor:
            return f"defined_minor.{tier.value}"
        return rule.defined_minor[tier] * fraction
    base = rule.base_rates_minor
    for wanted in (Tier.EE, tier):
        if wanted not in base:
            return f"base_rates_minor.{wanted.value}"
    rest = max(0, base[tier] - base[Tier.EE])
    return (base[Tier.EE] * rule.percent_employee + rest * rule.percent_dependents) * fraction


def _wording(rule: ContributionRule) -> dict[str, object]:
    match rule.scheme:
        case Scheme.FLAT:
            return {"flat_minor": rule.flat_minor}
        case Scheme.PERCENT_OF_TIER:
            return {"percent": rule.percent}
        case Scheme.DEFINED:
            return {"defined_minor": rule.defined_minor}
        case Scheme.PERCENT_SPLIT | Scheme.BASE_PLAN:
            worded: dict[str, object] = {
                "percent_employee": rule.percent_employee,
                "percent_dependents": rule.percent_dependents,
            }
            if rule.scheme is Scheme.BASE_PLAN:
                worded["base_rates_minor"] = rule.base_rates_minor
            return worded


@calculator(
    NAME,
    "Which part of a premium the employer pays, and which the employee.",
    ContributionInput,
    Contribution,
    VERSION,
)
def compute(given: ContributionInput) -> Calculation[Contribution]:
    """Run on validated input."""
    rule = ContributionRule(
        scheme=given.scheme,
        flat_minor=given.flat_minor,
        percent=given.percent,
        percent_employee=given.percent_employee,
        percent_dependents=given.percent_dependents,
        base_rates_minor=given.base_rates_minor,
        defined_minor=given.defined_minor,
    )
    return contribution(
        premium_minor=given.premium_minor,
        tier=given.tier,
        rule=rule,
        rates_minor=given.rates_minor,
        fraction=given.fraction,
        rounding=given.rounding,
        currency=given.currency,
    )
