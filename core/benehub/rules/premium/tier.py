"""The full monthly premium of a coverage tier from a plan's composite rate table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from fractions import Fraction

from pydantic import Field

from benehub.errors import DataError
from benehub.records.election import Tier
from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Count, Positive, RuleModel, explain, money_step
from benehub.rules.premium.factors import Factor, apply_factors
from benehub.rules.premium.rated_input import MonthRatedInput
from benehub.rules.premium.rates import RateKey, RateRow, find_rate
from benehub.rules.premium.rounding import CENT, StepRounding
from benehub.rules.registry import calculator

NAME = "premium.tier"
VERSION = "2"


class TierStructure(StrEnum):
    """How many tiers a plan's rate table tells apart.

    TWO_TIER: EE, FAM. THREE_TIER: EE, EE1 (employee and one), FAM. FOUR_TIER: EE, ES, EC, FAM. FIVE_TIER: EE, ES,
    EC1 (one child), EC2 (two or more children), FAM.
    """

    TWO_TIER = "two_tier"
    THREE_TIER = "three_tier"
    FOUR_TIER = "four_tier"
    FIVE_TIER = "five_tier"


TIERS = {
    TierStructure.TWO_TIER: (Tier.EE, Tier.FAM),
    TierStructure.THREE_TIER: (Tier.EE, Tier.EE1, Tier.FAM),
    TierStructure.FOUR_TIER: (Tier.EE, Tier.ES, Tier.EC, Tier.FAM),
    TierStructure.FIVE_TIER: (Tier.EE, Tier.ES, Tier.EC1, Tier.EC2, Tier.FAM),
}
"""The tiers of each structure."""


class TierInput(MonthRatedInput):
    """The tier chosen or the family covered, and the rates valid in the coverage month."""

    tier: Tier | None = None
    """The coverage tier elected: EE, ES (spouse), EC (children), FAM, EE1 (one dependent), EC1 (one child), EC2 (two
    or more children). Empty: found from spouse and children.
    """
    spouse: bool | None = None
    """Whether a spouse or partner is covered; needed where the tier elected does not say enough."""
    children: Count | None = None
    """How many children are covered; needed where the tier elected does not say enough."""
    structure: TierStructure = TierStructure.FOUR_TIER
    """two_tier (EE, FAM), three_tier (EE, EE1, FAM), four_tier (EE, ES, EC, FAM) or five_tier (EE, ES, EC1, EC2, FAM).
    """
    rates_minor: dict[Tier, Positive] = Field(default_factory=dict)
    """Monthly premium of each tier in minor units, where it depends on nothing else. Give this or `rates`."""


class TierPremium(RuleModel):
    """The premium of a full month."""

    monthly_minor: int
    """A full month's premium in minor units."""
    tier: Tier
    """The tier of the rate table that was charged."""


def rated_tier(
    tier: Tier | None, structure: TierStructure, *, spouse: bool | None = None, children: int | None = None
) -> Tier | str:
    """The tier of the plan's table that an elected tier or a family falls into, or the input that is missing."""
    if tier is None:
        if spouse is None or children is None:
            return "tier"
        tier = _of_family(spouse, children)
    if tier in TIERS[structure]:
        return tier
    if structure is TierStructure.TWO_TIER:
        return Tier.FAM
    if tier is Tier.EC1:
        return Tier.EE1 if structure is TierStructure.THREE_TIER else Tier.EC
    if tier is Tier.EC2:
        return Tier.FAM if structure is TierStructure.THREE_TIER else Tier.EC
    if tier is Tier.ES:
        return Tier.EE1
    if tier is Tier.EE1:
        if spouse is None:
            return "spouse"
        return Tier.ES if spouse else Tier.EC if structure is TierStructure.FOUR_TIER else Tier.EC1
    if children is None:
        return "children"
    one, more = (Tier.EE1, Tier.FAM) if structure is TierStructure.THREE_TIER else (Tier.EC1, Tier.EC2)
    return one if children <= 1 else more


def _of_family(spouse: bool, children: int) -> Tier:
    if spouse:
        return Tier.FAM if children else Tier.ES
    return Tier.EC if children else Tier.EE


def tier_premium(
    *,
    tier: Tier | None,
    rates_minor: Mapping[Tier, int] | None = None,
    rates: Sequence[RateRow] = (),
    key: RateKey | None = None,
    structure: TierStructure = TierStructure.FOUR_TIER,
    spouse: bool | None = None,
    children: int | None = None,
    factors: Sequence[Factor] = (),
    wellness: bool | None = None,
    rounding: StepRounding = CENT,
    currency: str = "USD",
) -> Calculation[TierPremium]:
    """The rate of `tier` in the plan's own structure; a tier or rate unknown is told in `needs`, never zero.

    Raises:
        DataError: both kinds of rate table are given.
        ConfigError: two rates hold for one key.
    """
    if rates and rates_minor:
        raise DataError("rates_minor and rates are both given", where=NAME, mend="Give one of them")
    key = key or RateKey()
    inputs = {
        "tier": tier, "spouse": spouse, "children": children, "structure": structure,
        "rates_minor": rates_minor or {}, "region": key.region, "tobacco": key.tobacco, "month": key.month,
    }  # fmt: skip
    charged = rated_tier(tier, structure, spouse=spouse, children=children)
    if not isinstance(charged, Tier):
        return Calculation(None, explain(NAME, VERSION, inputs), (charged,))
    amount = _amount(charged, rates_minor or {}, rates, key)
    if not isinstance(amount, int):
        return Calculation(None, explain(NAME, VERSION, inputs), amount)
    steps: tuple[Step, ...] = ()
    if charged is not tier:
        said = tier.value if tier else f"spouse: {spouse}, children: {children}"
        steps = (Step(label=f"tier in a {structure.value} table", raw=said, value=charged.value),)
    steps += (money_step(f"monthly rate of tier {charged.value}", amount, amount, currency),)
    if factors:
        done = apply_factors(Fraction(amount), factors, tobacco=key.tobacco, wellness=wellness)
        if isinstance(done, str):
            return Calculation(None, explain(NAME, VERSION, inputs), (done,))
        amount, told = rounding.told("premium with factors", done[0], currency)
        steps += (*done[1], told)
    return Calculation(TierPremium(monthly_minor=amount, tier=charged), explain(NAME, VERSION, inputs, steps))


def _amount(
    tier: Tier, rates_minor: Mapping[Tier, int], rates: Sequence[RateRow], key: RateKey
) -> int | tuple[str, ...]:
    if not rates:
        return rates_minor.get(tier, (f"rates_minor.{tier.value}",))
    row = find_rate(rates, RateKey(key.month, key.plan, key.version, tier, key.age, None, key.region, key.tobacco))
    if isinstance(row, tuple):
        return row
    return row.amount_minor if row.amount_minor is not None else (f"amount_minor of [{row}]",)


@calculator(
    NAME,
    "The full monthly premium of a coverage tier.",
    TierInput,
    TierPremium,
    VERSION,
    example={
        "tier": "EC", "children": 2, "structure": "five_tier", "month": "2026-04", "region": "TX",
        "rates": [
            {"tier": "EE", "region": "TX", "amount_minor": 61250},
            {"tier": "EC1", "region": "TX", "amount_minor": 98000},
            {"tier": "EC2", "region": "TX", "valid_from": "2026-01-01", "amount_minor": 116375},
        ],
    },
)  # fmt: skip
def compute(given: TierInput) -> Calculation[TierPremium]:
    """Run on validated input.

    Raises:
        DataError, ConfigError: two kinds of table are given, or two rates hold for one key.
    """
    return tier_premium(
        tier=given.tier,
        rates_minor=given.rates_minor,
        rates=given.rates,
        key=given.key(given.month, given.tobacco),
        structure=given.structure,
        spouse=given.spouse,
        children=given.children,
        factors=given.factors,
        wellness=given.wellness,
        rounding=given.rounding,
        currency=given.currency,
    )
