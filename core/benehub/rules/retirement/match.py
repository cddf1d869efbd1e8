"""The employer's match on one period's deferral."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from benehub.money import Rounding
from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Day, Positive, RuleModel, explain, money_step, rounded_step
from benehub.rules.registry import calculator
from benehub.rules.retirement.limits import retirement_limits
from benehub.rules.retirement.match_formula import (
    MatchTier,
    MatchTierInput,
    Preset,
    raw_match,
    tiers_from,
)

NAME = "retirement.match"
VERSION = "1"
CITATION = "26 U.S.C. 401(k)(12), 401(k)(13), 401(a)(17)"


class MatchInput(RuleModel):
    """One matching period of one employee; the formula is a preset or tiers."""

    pay_date: Day
    compensation_minor: Positive
    """Plan compensation of the period."""
    deferral_minor: Positive
    """Deferrals of the period that the plan matches."""
    ytd_compensation_minor: Positive = 0
    """Plan compensation earlier in the year, toward the 401(a)(17) cap."""
    preset: Preset | None = None
    tiers: Annotated[tuple[MatchTierInput, ...], Field(max_length=10)] = ()
    max_match_minor: Positive | None = None
    """The plan's own cap of the period, if any."""
    rounding: Rounding = Rounding.HALF_UP


class Match(RuleModel):
    """The match, and the compensation it was worked out on."""

    match_minor: int
    counted_compensation_minor: int


def match_contribution(
    *,
    compensation_minor: int,
    deferral_minor: int,
    tiers: Sequence[MatchTier],
    compensation_cap_minor: int,
    ytd_compensation_minor: int = 0,
    max_match_minor: int | None = None,
    rounding: Rounding = Rounding.HALF_UP,
) -> Calculation[Match]:
    """The match of one period, rounded once; compensation above the year's cap does not count (R13)."""
    counted = min(compensation_minor, max(0, compensation_cap_minor - ytd_compensation_minor))
    inputs = {
        "compensation_minor": compensation_minor,
        "deferral_minor": deferral_minor,
        "ytd_compensation_minor": ytd_compensation_minor,
        "compensation_cap_minor": compensation_cap_minor,
        "tiers": [{"up_to": tier.up_to, "rate": tier.rate} for tier in tiers],
    }
    by_formula, told = rounded_step("match", raw_match(tiers, counted, deferral_minor), rounding)
    amount = by_formula if max_match_minor is None else min(by_formula, max_match_minor)
    steps: tuple[Step, ...] = (
        money_step("compensation counted, 401(a)(17)", compensation_minor, counted),
        told,
    )
    if amount < by_formula:
        steps = (*steps, money_step("plan's own cap", by_formula, amount))
    result = Match(match_minor=amount, counted_compensation_minor=counted)
    return Calculation(result, explain(NAME, VERSION, inputs, steps, citation=CITATION))


@calculator(NAME, "The employer's match on a period's deferral.", MatchInput, Match, VERSION)
def compute(given: MatchInput) -> Calculation[Match]:
    """Run on validated input.

    Raises:
        DataError, ConfigError: the formula is unclear, or the year's cap is not loaded.
    """
    return match_contribution(
        compensation_minor=given.compensation_minor,
        deferral_minor=given.deferral_minor,
        tiers=tiers_from(given.preset, given.tiers),
        compensation_cap_minor=retirement_limits(given.pay_date.year).compensation_minor,
        ytd_compensation_minor=given.ytd_compensation_minor,
        max_match_minor=given.max_match_minor,
        rounding=given.rounding,
    )
