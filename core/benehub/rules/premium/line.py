"""One enrollment, one month: the premium due and both shares, with all steps in one explanation.

The one way to a premium, whatever the rate structure: tiers, ages, a volume, a flat amount or a part of pay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction

from benehub.periods import Month
from benehub.records.election import Tier
from benehub.records.explanation import Explanation
from benehub.rules.base import Calculation, Rate, RuleModel, explain
from benehub.rules.premium.age_band import AgeRule, RatedMember, Role, age_band_premium
from benehub.rules.premium.contribution import Contribution, Payer, contribution, partner_income
from benehub.rules.premium.contribution_rule import ContributionRule
from benehub.rules.premium.factors import Factor
from benehub.rules.premium.proration import Proration, ProrationRule, StartEvent, prorate
from benehub.rules.premium.rates import RateKey, RateRow, tier_rates
from benehub.rules.premium.rounding import CENT, StepRounding
from benehub.rules.premium.tier import TierStructure, tier_premium
from benehub.rules.premium.volume import volume_premium
from benehub.rules.premium.volume_rule import VolumeRule

NAME = "premium.line"
VERSION = "2"


class Structure(StrEnum):
    """What a plan's rates go by: the coverage tier, each person's age, or a volume (also flat and part of pay)."""

    TIER = "tier"
    AGE_BAND = "age_band"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class Price:
    """How a plan is priced in a month.

    Args:
        structure: what the rates go by.
        rows: the rate rows; those that do not hold in the month may be among them.
        tiers: the tier structure (tier).
        ages: how age is taken (age_band, and of the employee for volume).
        plan_year_start: the plan year's first day.
        volume: the pipeline (volume).
        factors: factors and adders.
        rounding: how the full month's premium is rounded.
    """

    structure: Structure
    rows: tuple[RateRow, ...]
    tiers: TierStructure = TierStructure.FOUR_TIER
    ages: AgeRule = AgeRule()
    plan_year_start: date | None = None
    volume: VolumeRule | None = None
    factors: tuple[Factor, ...] = ()
    rounding: StepRounding = CENT


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Who is enrolled, with what a price or an employer's wording may ask of him; None is not known.

    Args:
        tier: the coverage tier elected.
        members: everybody covered, the employee first (ages).
        age: the employee's age as the plan takes it (volume).
        yearly_pay_minor: yearly basis pay.
        requested_minor: the volume elected.
        approved_minor: the volume an insurer has approved before.
        region: the rating region.
        tobacco: whether the employee uses tobacco.
        wellness: whether the wellness program was completed.
        employment_class: the class.
        tier_without_partner: the tier without a domestic partner who is no tax dependent.
        event: why cover begins.
    """

    tier: Tier | None = None
    members: tuple[RatedMember, ...] = ()
    age: int | None = None
    yearly_pay_minor: int | None = field(default=None, repr=False)
    requested_minor: int | None = field(default=None, repr=False)
    approved_minor: int = field(default=0, repr=False)
    region: str | None = None
    tobacco: bool | None = None
    wellness: bool | None = None
    employment_class: str | None = None
    tier_without_partner: Tier | None = None
    event: StartEvent = StartEvent.ENROLLMENT


class PremiumLine(RuleModel):
    """The premium of one enrollment and month; employer and employee sum to it exactly."""

    monthly_minor: int
    """The premium of a full month."""
    fraction: Rate
    """The charged part of the month."""
    premium_minor: int
    """The premium due."""
    employer_minor: int
    """The employer's share."""
    employee_minor: int
    """The employee's share."""
    tier: Tier | None = None
    """The tier charged."""
    volume_minor: int | None = None
    """The volume charged; what waits for evidence of insurability is not in it."""
    pending_minor: int = 0
    """The volume that waits for evidence of insurability."""
    imputed_minor: int = 0
    """Income imputed for a domestic partner's cover; no part of the premium."""
    to_other_plan_minor: int = 0
    """What the employer's wording leaves over for another plan."""


@dataclass(frozen=True, slots=True)
class _Full:
    """A full month by the plan's structure, and the rates an employer's wording may ask for."""

    monthly_minor: int
    explanation: Explanation
    rates_minor: Mapping[Tier, int]
    tier: Tier | None = None
    volume_minor: int | None = None
    pending_minor: int = 0


def premium_line(
    *,
    price: Price,
    who: Enrolled,
    month: Month,
    cover_start: date | None,
    cover_end: date | None = None,
    proration: ProrationRule,
    contribution_rule: ContributionRule,
    affordable_minor: int | None = None,
    currency: str = "USD",
) -> Calculation[PremiumLine]:
    """The full month, then proration, then contribution; stops with `needs` at the first step lacking an input.

    `cover_end` is the first day without cover; `affordable_minor` the legal bound of self-only cover, if any.

    Raises:
        ConfigError: two rates hold for one key.
    """
    inputs = {
        "tier": who.tier, "region": who.region, "tobacco": who.tobacco, "month": month,
        "cover_start": cover_start, "cover_end": cover_end,
    }  # fmt: skip
    full = _full(price, who, month, currency)
    if not isinstance(full, _Full):
        return Calculation(None, explain(NAME, VERSION, inputs), full)
    due = prorate(
        monthly_minor=full.monthly_minor,
        month=month,
        cover_start=cover_start,
        cover_end=cover_end,
        rule=proration,
        event=who.event,
        rounding=price.rounding.mode,
        currency=currency,
    )
    if due.result is None:
        return Calculation(None, explain(NAME, VERSION, inputs), due.needs)
    split = _split(price, who, full, due.result, contribution_rule, affordable_minor, currency)
    if split.result is None:
        return Calculation(None, explain(NAME, VERSION, inputs), split.needs)
    line = PremiumLine(
        monthly_minor=full.monthly_minor,
        fraction=due.result.fraction,
        premium_minor=due.result.amount_minor,
        employer_minor=split.result.employer_minor,
        employee_minor=split.result.employee_minor,
        tier=full.tier,
        volume_minor=full.volume_minor,
        pending_minor=full.pending_minor,
        imputed_minor=split.result.imputed_minor,
        to_other_plan_minor=split.result.to_other_plan_minor,
    )
    told = full.explanation, due.explanation, split.explanation
    inputs = told[0].inputs | inputs | told[1].inputs | told[2].inputs
    steps = tuple(step for part in told for step in part.steps)
    reasons = tuple(reason for part in told for reason in part.reasons)
    return Calculation(line, explain(NAME, VERSION, inputs, steps, reasons, full.explanation.citation))


def _full(price: Price, who: Enrolled, month: Month, currency: str) -> _Full | tuple[str, ...]:
    key = RateKey(month, region=who.region, tobacco=who.tobacco)
    match price.structure:
        case Structure.TIER:
            return _by_tier(price, who, key, currency)
        case Structure.AGE_BAND:
            return _by_age(price, who, key, currency)
        case Structure.VOLUME:
            return _by_volume(price, who, key, currency)


def _by_tier(price: Price, who: Enrolled, key: RateKey, currency: str) -> _Full | tuple[str, ...]:
    roles = [one.role for one in who.members]
    found = tier_premium(
        tier=who.tier,
        rates=price.rows,
        key=key,
        structure=price.tiers,
        spouse=Role.SPOUSE in roles if roles else None,
        children=roles.count(Role.CHILD) if roles else None,
        factors=price.factors,
        wellness=who.wellness,
        rounding=price.rounding,
        currency=currency,
    )
    if found.result is None:
        return found.needs
    return _Full(found.result.monthly_minor, found.explanation, tier_rates(price.rows, key), found.result.tier)


def _by_age(price: Price, who: Enrolled, key: RateKey, currency: str) -> _Full | tuple[str, ...]:
    if not who.members or key.month is None:
        return ("members",)
    found = age_band_premium(
        members=who.members,
        month=key.month,
        rates=price.rows,
        rule=price.ages,
        plan_year_start=price.plan_year_start,
        key=key,
        wellness=who.wellness,
        factors=price.factors,
        rounding=price.rounding,
        currency=currency,
    )
    if found.result is None:
        return found.needs
    # What the employee alone would cost is what a wording by employee and dependents splits at.
    alone = sum(one.monthly_minor for one in found.result.members if one.role is Role.EMPLOYEE)
    return _Full(found.result.monthly_minor, found.explanation, {Tier.EE: alone}, who.tier)


def _by_volume(price: Price, who: Enrolled, key: RateKey, currency: str) -> _Full | tuple[str, ...]:
    found = volume_premium(
        rule=price.volume or VolumeRule(),
        pay_minor=who.yearly_pay_minor,
        requested_minor=who.requested_minor,
        age=who.age,
        previously_approved_minor=who.approved_minor,
        rates=price.rows,
        key=key,
        wellness=who.wellness,
        factors=price.factors,
        rounding=price.rounding,
        currency=currency,
    )
    if found.result is None:
        return found.needs
    if found.result.monthly_minor is None:
        return ("rates",)
    return _Full(
        found.result.monthly_minor, found.explanation, {}, who.tier, found.result.approved_minor,
        found.result.pending_minor,
    )  # fmt: skip


def _split(
    price: Price, who: Enrolled, full: _Full, due: Proration, rule: ContributionRule, affordable: int | None,
    currency: str,
) -> Calculation[Contribution]:  # fmt: skip
    monthly_pay = None if who.yearly_pay_minor is None else CENT.apply(Fraction(who.yearly_pay_minor, 12))
    payer = Payer(monthly_pay, who.yearly_pay_minor, who.employment_class, who.age)
    done = contribution(
        premium_minor=due.amount_minor,
        tier=full.tier,
        rule=rule,
        rates_minor=full.rates_minor,
        payer=payer,
        affordable_minor=affordable,
        fraction=due.fraction,
        rounding=price.rounding.mode,
        currency=currency,
    )
    if done.result is None or who.tier_without_partner is None:
        return done
    found = partner_income(
        premium_minor=due.amount_minor,
        tier_without=who.tier_without_partner,
        rule=rule,
        rates_minor=full.rates_minor,
        shared=done.result,
        paid_after_tax=True,
        payer=payer,
        fraction=due.fraction,
        rounding=price.rounding.mode,
        currency=currency,
    )
    if isinstance(found, str):
        return Calculation(None, done.explanation, (found,))
    steps = (*done.explanation.steps, found[1])
    return replace(
        done,
        result=done.result.model_copy(update={"imputed_minor": found[0]}),
        explanation=done.explanation.model_copy(update={"steps": steps}),
    )
