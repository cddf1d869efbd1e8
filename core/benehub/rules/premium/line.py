"""One enrollment, one month: the premium due and both shares, with all steps in one explanation.

The one way to a premium, whatever the rate structure: tiers, ages, a volume, a flat amount or a part of pay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.periods import Month
from benehub.records.election import Tier
from benehub.records.explanation import Explanation
from benehub.rules.base import Calculation, Day, MonthText, Positive, Rate, RuleModel, explain
from benehub.rules.premium.age_band import AgeRule, RatedMember, Role, age_band_premium
from benehub.rules.premium.contribution import Contribution, Payer, contribution, partner_income
from benehub.rules.premium.contribution_rule import ContributionRule
from benehub.rules.premium.factors import Factor
from benehub.rules.premium.proration import Proration, ProrationRule, StartEvent, prorate
from benehub.rules.premium.rates import Age, RateKey, RateRow, tier_rates
from benehub.rules.premium.rounding import CENT, StepRounding
from benehub.rules.premium.tier import TierStructure, tier_premium
from benehub.rules.premium.volume import volume_premium
from benehub.rules.premium.volume_rule import VolumeRule
from benehub.rules.registry import calculator

NAME = "premium.line"
VERSION = "2"
EXAMPLE = {
    "price": {
        "structure": "tier",
        "rows": [{"tier": "EE", "amount_minor": 60000}, {"tier": "FAM", "amount_minor": 180000}],
    },
    "who": {"tier": "FAM"},
    "month": "2026-04",
    "cover_start": "2026-04-17",
    "proration": {"start": "daily"},
    "contribution": {"scheme": "percent_split", "percent_employee": "100%", "percent_dependents": "50%"},
}


class Structure(StrEnum):
    """What a plan's rates go by: the coverage tier, each person's age, or a volume (also flat and part of pay)."""

    TIER = "tier"
    AGE_BAND = "age_band"
    VOLUME = "volume"


class Price(RuleModel):
    """How a plan is priced in a month."""

    structure: Structure
    """What the rates go by: tier, age_band, or volume (also flat and part of pay)."""
    rows: tuple[RateRow, ...]
    """The rate rows; those that do not hold in the month may be among them."""
    tiers: TierStructure = TierStructure.FOUR_TIER
    """The tier structure, for rates by tier."""
    ages: AgeRule = AgeRule()
    """How age is taken: of everybody for rates by age, of the employee for a volume."""
    plan_year_start: Day | None = None
    """First day of the plan year the month lies in."""
    volume: VolumeRule | None = None
    """The way from pay or election to the volume in force, for rates on a volume."""
    factors: tuple[Factor, ...] = ()
    """Factors and adders on the rated premium, in their order."""
    rounding: StepRounding = CENT
    """How the full month's premium is rounded."""


class Enrolled(RuleModel):
    """Who is enrolled, with what a price or an employer's wording may ask of him; empty is not known."""

    tier: Tier | None = None
    """The coverage tier elected."""
    members: Annotated[tuple[RatedMember, ...], Field(max_length=50)] = ()
    """Everybody covered, the employee first."""
    age: Age | None = None
    """The employee's age as the plan takes it, in completed years."""
    yearly_pay_minor: Annotated[Positive | None, Field(repr=False)] = None
    """Yearly basis pay in minor units."""
    requested_minor: Annotated[Positive | None, Field(repr=False)] = None
    """The volume elected, in minor units."""
    approved_minor: Annotated[Positive, Field(repr=False)] = 0
    """The volume an insurer has approved before, in minor units."""
    region: str | None = None
    """The rating region."""
    tobacco: bool | None = None
    """Whether the employee uses tobacco."""
    wellness: bool | None = None
    """Whether the wellness program was completed."""
    employment_class: str | None = None
    """The employment class, where the employer's wording goes by it."""
    tier_without_partner: Tier | None = None
    """The tier without a domestic partner who is no tax dependent; empty where there is none."""
    event: StartEvent = StartEvent.ENROLLMENT
    """Why cover begins: enrollment or newborn."""


class PremiumLineInput(RuleModel):
    """One enrollment in one month: how the plan is priced, who is enrolled, since when, and who pays which part."""

    price: Price
    """How the plan is priced in the month."""
    who: Enrolled
    """Who is enrolled."""
    month: MonthText
    """The coverage month, as YYYY-MM."""
    cover_start: Day | None = None
    """First day of cover."""
    cover_end: Day | None = None
    """First day without cover; empty while it runs on."""
    proration: ProrationRule = ProrationRule()
    """What a partial first or last month costs."""
    contribution: ContributionRule
    """How the employer words its part."""
    affordable_minor: Positive | None = None
    """The legal bound of the employee's share of self-only cover in minor units, if any."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    """ISO currency of all amounts."""


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
    given = PremiumLineInput(
        price=price, who=who, month=month, cover_start=cover_start, cover_end=cover_end, proration=proration,
        contribution=contribution_rule, affordable_minor=affordable_minor, currency=currency,
    )  # fmt: skip
    inputs = given.model_dump(mode="json", exclude_defaults=True)
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


@calculator(
    NAME,
    "The premium of one enrollment in one month, and who pays which part of it.",
    PremiumLineInput,
    PremiumLine,
    VERSION,
    example=EXAMPLE,
)
def compute(given: PremiumLineInput) -> Calculation[PremiumLine]:
    """Run on validated input."""
    return premium_line(
        price=given.price,
        who=given.who,
        month=given.month,
        cover_start=given.cover_start,
        cover_end=given.cover_end,
        proration=given.proration,
        contribution_rule=given.contribution,
        affordable_minor=given.affordable_minor,
        currency=given.currency,
    )
