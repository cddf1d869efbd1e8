"""One enrollment, one month: the premium due and both shares, with all steps in one explanation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from benehub.money import Rounding
from benehub.periods import Month
from benehub.records.election import Tier
from benehub.rules.base import Calculation, Rate, RuleModel, explain
from benehub.rules.premium.contribution import ContributionRule, contribution
from benehub.rules.premium.proration import ProrationRule, prorate
from benehub.rules.premium.tier import tier_premium

NAME = "premium.line"
VERSION = "1"


class PremiumLine(RuleModel):
    """The premium of one enrollment and month; employer and employee sum to it exactly."""

    monthly_minor: int
    fraction: Rate
    premium_minor: int
    employer_minor: int
    employee_minor: int


def premium_line(
    *,
    tier: Tier | None,
    rates_minor: Mapping[Tier, int],
    month: Month,
    cover_start: date | None,
    cover_end: date | None = None,
    proration: ProrationRule,
    contribution_rule: ContributionRule,
    rounding: Rounding = Rounding.HALF_UP,
    currency: str = "USD",
) -> Calculation[PremiumLine]:
    """Tier rate, then proration, then contribution; stops with `needs` at the first step lacking an input.

    `rates_minor` are the plan's full-month rates valid in `month`; `cover_end` is the first day
    without cover.
    """
    inputs = {
        "tier": tier,
        "rates_minor": rates_minor,
        "month": month,
        "cover_start": cover_start,
        "cover_end": cover_end,
    }
    full = tier_premium(tier=tier, rates_minor=rates_minor, currency=currency)
    if full.result is None:
        return Calculation(None, explain(NAME, VERSION, inputs), full.needs)
    due = prorate(
        monthly_minor=full.result.monthly_minor,
        month=month,
        cover_start=cover_start,
        cover_end=cover_end,
        rule=proration,
        rounding=rounding,
        currency=currency,
    )
    if due.result is None:
        return Calculation(None, explain(NAME, VERSION, inputs), due.needs)
    split = contribution(
        premium_minor=due.result.amount_minor,
        tier=tier,
        rule=contribution_rule,
        rates_minor=rates_minor,
        fraction=due.result.fraction,
        rounding=rounding,
        currency=currency,
    )
    if split.result is None:
        return Calculation(None, explain(NAME, VERSION, inputs), split.needs)
    told = full.explanation, due.explanation, split.explanation
    line = PremiumLine(
        monthly_minor=full.result.monthly_minor,
        fraction=due.result.fraction,
        premium_minor=due.result.amount_minor,
        employer_minor=split.result.employer_minor,
        employee_minor=split.result.employee_minor,
    )
    inputs |= told[1].inputs | told[2].inputs
    return Calculation(line, explain(NAME, VERSION, inputs, tuple(step for part in told for step in part.steps)))
