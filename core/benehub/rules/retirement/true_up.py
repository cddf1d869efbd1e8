"""What the year's match still owes an employee whose deferrals were uneven, or what was matched too much."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from benehub.money import Rounding
from benehub.rules.base import Calculation, Positive, RuleModel, explain, money_step, rounded_step
from benehub.rules.registry import calculator
from benehub.rules.retirement.limits import retirement_limits
from benehub.rules.retirement.match_formula import (
    MatchTier,
    MatchTierInput,
    Preset,
    raw_match,
    tiers_from,
)

NAME = "retirement.true-up"
VERSION = "1"
CITATION = "26 CFR 1.401(k)-3(c)(5)"


class MatchPeriod(StrEnum):
    """The period a plan's formula is worked out over."""

    PER_PAY = "per_pay"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    ANNUAL = "annual"


class TrueUpInput(RuleModel):
    """One employee's year."""

    year: Annotated[int, Field(strict=True, ge=2000, le=2100)]
    compensation_minor: Positive
    deferrals_minor: Positive
    """Deferrals of the year that the plan matches."""
    paid_minor: Positive
    """Match paid during the year."""
    preset: Preset | None = None
    tiers: Annotated[tuple[MatchTierInput, ...], Field(max_length=10)] = ()
    plan_trues_up: bool = True
    match_period: MatchPeriod = MatchPeriod.PER_PAY
    rounding: Rounding = Rounding.HALF_UP


class TrueUp(RuleModel):
    """The year's match against what was paid; over-match is reported, never taken back in silence."""

    annual_match_minor: int
    true_up_minor: int
    """What is owed; 0 where the plan does not true up."""
    missed_minor: int
    """What the year's formula gives beyond what was paid, owed or not."""
    over_match_minor: int
    """What was paid beyond the year's formula: a forfeiture review."""


def true_up(
    *,
    compensation_minor: int,
    deferrals_minor: int,
    paid_minor: int,
    tiers: Sequence[MatchTier],
    compensation_cap_minor: int,
    plan_trues_up: bool,
    match_period: MatchPeriod = MatchPeriod.PER_PAY,
    rounding: Rounding = Rounding.HALF_UP,
) -> Calculation[TrueUp]:
    """The annual formula less what was paid; a plan that matches by the year owes it whatever it says."""
    counted = min(compensation_minor, compensation_cap_minor)
    owed = plan_trues_up or match_period is MatchPeriod.ANNUAL
    inputs = {
        "compensation_minor": compensation_minor,
        "deferrals_minor": deferrals_minor,
        "paid_minor": paid_minor,
        "compensation_cap_minor": compensation_cap_minor,
        "tiers": [{"up_to": tier.up_to, "rate": tier.rate} for tier in tiers],
        "plan_trues_up": plan_trues_up,
        "match_period": match_period,
    }
    annual, told = rounded_step("match of the year", raw_match(tiers, counted, deferrals_minor), rounding)
    missed = max(0, annual - paid_minor)
    result = TrueUp(
        annual_match_minor=annual,
        true_up_minor=missed if owed else 0,
        missed_minor=missed,
        over_match_minor=max(0, paid_minor - annual),
    )
    steps = (
        money_step("compensation counted, 401(a)(17)", compensation_minor, counted),
        told,
        money_step("less paid", annual - paid_minor, annual - paid_minor),
        money_step("true-up" if owed else "true-up (the plan has none)", missed, result.true_up_minor),
    )
    return Calculation(result, explain(NAME, VERSION, inputs, steps, citation=CITATION))


@calculator(NAME, "What the year's match still owes.", TrueUpInput, TrueUp, VERSION)
def compute(given: TrueUpInput) -> Calculation[TrueUp]:
    """Run on validated input.

    Raises:
        DataError, ConfigError: the formula is unclear, or the year's cap is not loaded.
    """
    return true_up(
        compensation_minor=given.compensation_minor,
        deferrals_minor=given.deferrals_minor,
        paid_minor=given.paid_minor,
        tiers=tiers_from(given.preset, given.tiers),
        compensation_cap_minor=retirement_limits(given.year).compensation_minor,
        plan_trues_up=given.plan_trues_up,
        match_period=given.match_period,
        rounding=given.rounding,
    )
