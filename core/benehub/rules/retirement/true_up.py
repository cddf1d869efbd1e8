"""What the year's match still owes an employee whose deferrals were uneven, or what was matched too much."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from benehub.money import Rounding
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Positive, RuleModel, explain, money_step, rounded_step
from benehub.rules.registry import calculator
from benehub.rules.retirement.limits import RetirementLimits, retirement_limits
from benehub.rules.retirement.match_formula import (
    FormulaInput,
    MatchFormula,
    MatchPeriod,
    raw_formula,
    told_formula,
)

NAME = "retirement.true-up"
VERSION = "3"
CITATION = "26 CFR 1.401(k)-3(c)(5), 1.401(m)-3(d)(4); plan document"


class TrueUpInput(FormulaInput):
    """One employee's year, or matching period; amounts in minor units."""

    year: Annotated[int, Field(strict=True, ge=2000, le=2100)]
    """Calendar year."""
    compensation_minor: Positive
    """Plan compensation of the year (of the matching period, where the plan trues up within it only)."""
    deferrals_minor: Positive
    """Deferrals of the same time that the plan matches."""
    paid_minor: Positive
    """Match paid for it so far."""
    plan_trues_up: bool = True
    """Whether the plan document promises a true-up."""
    match_period: MatchPeriod = MatchPeriod.PER_PAY
    """The plan's matching period: one longer than a pay makes the true-up over it owed in any case."""
    max_match_minor: Positive | None = None
    """The plan's own cap of the year's match, if any."""
    additions_left_minor: Positive | None = None
    """What 415(c) leaves for the year after deferrals and what the employer has added; empty: not looked at."""
    rounding: Rounding = Rounding.HALF_UP
    """How the match becomes minor units."""


class TrueUp(RuleModel):
    """The year's match against what was paid; over-match is reported, never taken back in silence."""

    annual_match_minor: int
    """What the formula gives on the year."""
    true_up_minor: int
    """What is owed: 0 where the plan does not true up, and no more than 415(c) leaves."""
    missed_minor: int
    """What the year's formula gives beyond what was paid, owed or not."""
    over_match_minor: int
    """What was paid beyond the year's formula."""
    forfeiture_review: bool
    """Whether somebody has to decide on the over-match: it is a mistake to be forfeited, not a gift."""


def true_up(
    *,
    compensation_minor: int,
    deferrals_minor: int,
    paid_minor: int,
    formula: MatchFormula,
    limits: RetirementLimits,
    plan_trues_up: bool,
    match_period: MatchPeriod = MatchPeriod.PER_PAY,
    years_of_service: int | None = None,
    max_match_minor: int | None = None,
    additions_left_minor: int | None = None,
    rounding: Rounding = Rounding.HALF_UP,
) -> Calculation[TrueUp]:
    """The formula on the whole time less what was paid (R06, R07).

    A matching period longer than a pay owes it whatever the plan says of true-ups; never more than 415(c) leaves.
    """
    counted = min(compensation_minor, limits.compensation_minor)
    owed = plan_trues_up or match_period is not MatchPeriod.PER_PAY
    inputs: dict[str, Any] = {
        "year": limits.year,
        "compensation_minor": compensation_minor,
        "deferrals_minor": deferrals_minor,
        "paid_minor": paid_minor,
        "compensation_cap_minor": limits.compensation_minor,
        "plan_trues_up": plan_trues_up,
        "match_period": match_period,
        **told_formula(formula),
    }
    if formula.by_service:
        inputs["years_of_service"] = years_of_service
    if additions_left_minor is not None:
        inputs["additions_left_minor"] = additions_left_minor
    annual, told = rounded_step(
        "match of the year", raw_formula(formula, counted, deferrals_minor, years_of_service), rounding
    )
    if max_match_minor is not None:
        annual = min(annual, max_match_minor)
    missed, over = max(0, annual - paid_minor), max(0, paid_minor - annual)
    due = missed if owed else 0
    allowed = due if additions_left_minor is None else min(due, additions_left_minor)
    result = TrueUp(
        annual_match_minor=annual,
        true_up_minor=allowed,
        missed_minor=missed,
        over_match_minor=over,
        forfeiture_review=over > 0,
    )
    steps: tuple[Step, ...] = (
        money_step("compensation counted, 401(a)(17)", compensation_minor, counted),
        told,
        money_step("less paid", annual - paid_minor, annual - paid_minor),
        money_step("true-up" if owed else "true-up (the plan has none)", missed, due),
    )
    if allowed < due:
        steps = (*steps, money_step("room under 415(c)", due, allowed))
    reasons = _reasons(plan_trues_up, match_period, owed, over)
    return Calculation(result, explain(NAME, VERSION, inputs, steps, reasons, citation=CITATION))


def _reasons(plan_trues_up: bool, match_period: MatchPeriod, owed: bool, over: int) -> tuple[Reason, Reason]:
    return (
        Reason(
            rule="true_up_owed",
            outcome=Outcome.PASS if owed else Outcome.FAIL,
            inputs={"plan_trues_up": plan_trues_up, "match_period": match_period.value},
            needed={} if owed else {"plan_trues_up": True},
            citation="plan document",
        ),
        Reason(
            rule="over_match",
            outcome=Outcome.FAIL if over else Outcome.NOT_APPLICABLE,
            inputs={"over_match_minor": over},
            needed={"forfeiture_review": True} if over else {},
            citation="Rev. Proc. 2021-30, section 6.06(2)",
        ),
    )


@calculator(
    NAME,
    "What the year's match still owes.",
    TrueUpInput,
    TrueUp,
    VERSION,
    example={
        "year": 2026,
        "compensation_minor": 20_000_000,
        "deferrals_minor": 2_450_000,
        "paid_minor": 500_000,
        "additions_left_minor": 4_250_000,
        "tiers": [{"up_to": "5%", "rate": "100%"}],
    },
)
def compute(given: TrueUpInput) -> Calculation[TrueUp]:
    """Run on validated input.

    Raises:
        DataError, ConfigError: the formula is unclear, or the year's cap is not loaded.
    """
    formula = given.formula()
    if given.needs():
        inputs = {"year": given.year, **told_formula(formula)}
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), given.needs())
    return true_up(
        compensation_minor=given.compensation_minor,
        deferrals_minor=given.deferrals_minor,
        paid_minor=given.paid_minor,
        formula=formula,
        limits=retirement_limits(given.year),
        plan_trues_up=given.plan_trues_up,
        match_period=given.match_period,
        years_of_service=given.years_of_service,
        max_match_minor=given.max_match_minor,
        additions_left_minor=given.additions_left_minor,
        rounding=given.rounding,
    )
