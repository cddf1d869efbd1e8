"""A retirement plan's contributions: deferral, match, and when they must be deposited."""

from __future__ import annotations

from pydantic import Field

from benehub.money import parse_rate
from benehub.planbook.parts.fields import Part, RateText
from benehub.rules.retirement.match_formula import MatchTier as MatchRuleTier


class Deferral(Part):
    """Payroll's codes of the employee's own contributions."""

    pretax_code: str
    roth_code: str = ""
    catch_up: bool = True


class MatchTier(Part):
    """`rate` of the deferral up to `up_to` of pay (cumulative upper bound)."""

    rate: RateText
    up_to: RateText


class Match(Part):
    """The employer's match."""

    code: str
    tiers: tuple[MatchTier, ...] = Field(min_length=1)

    def rule(self) -> tuple[MatchRuleTier, ...]:
        """The tiers for `rules.retirement`."""
        return tuple(MatchRuleTier(parse_rate(tier.up_to), parse_rate(tier.rate)) for tier in self.tiers)


class DepositTerms(Part):
    """When contributions must reach the trust."""

    standard_bank_days: int = Field(default=3, ge=1, le=15)
    small_plan: bool = False
