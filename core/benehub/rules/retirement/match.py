"""The employer's match on one period's deferral."""

from __future__ import annotations

from typing import Any

from benehub.money import Rounding
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Day, Positive, RuleModel, explain, money_step, rounded_step
from benehub.rules.registry import calculator
from benehub.rules.retirement.limits import RetirementLimits, retirement_limits
from benehub.rules.retirement.match_formula import (
    FormulaInput,
    MatchFormula,
    MatchPeriod,
    raw_formula,
    told_formula,
)

NAME = "retirement.match"
VERSION = "2"
CITATION = "26 U.S.C. 401(k)(12), 401(k)(13), 401(a)(17), 401(m)(4)(D)"


class MatchInput(FormulaInput):
    """One matching period of one employee; amounts in minor units."""

    pay_date: Day
    """The day of the pay; its year decides the limits."""
    compensation_minor: Positive
    """Plan compensation of the matching period up to and including this pay."""
    deferral_minor: Positive
    """Deferrals of the same period that the plan matches (without catch-up, where the plan leaves it out)."""
    match_period: MatchPeriod = MatchPeriod.PER_PAY
    """The period the formula is worked out over: per_pay, monthly, quarterly or annual."""
    period_closed: bool = True
    """Whether this is the last pay of the matching period; before it nothing accrues."""
    ytd_compensation_minor: Positive = 0
    """Plan compensation of the year before the matching period, toward the 401(a)(17) cap."""
    student_loan_minor: Positive = 0
    """Certified student-loan payments of the period, matched as if they were deferred."""
    ytd_deferrals_minor: Positive = 0
    """Deferrals and matched loan payments of the year before the period: both together stop at 402(g)."""
    max_match_minor: Positive | None = None
    """The plan's own cap of the period, if any."""
    additions_left_minor: Positive | None = None
    """What 415(c) leaves for the year after the deferrals; empty: not looked at."""
    rounding: Rounding = Rounding.HALF_UP
    """How the match becomes minor units."""


class Match(RuleModel):
    """The match, and what it was worked out on, in minor units."""

    match_minor: int
    """The match of the period; 0 while the period runs."""
    counted_compensation_minor: int
    """Compensation that counts: up to the year's 401(a)(17) cap."""
    counted_deferral_minor: int
    """Deferrals with the student-loan payments that count as such."""


def match_contribution(
    *,
    compensation_minor: int,
    deferral_minor: int,
    formula: MatchFormula,
    limits: RetirementLimits,
    ytd_compensation_minor: int = 0,
    years_of_service: int | None = None,
    student_loan_minor: int = 0,
    ytd_deferrals_minor: int = 0,
    max_match_minor: int | None = None,
    additions_left_minor: int | None = None,
    match_period: MatchPeriod = MatchPeriod.PER_PAY,
    period_closed: bool = True,
    rounding: Rounding = Rounding.HALF_UP,
) -> Calculation[Match]:
    """The match of one period, rounded once; compensation above the year's cap does not count (R13)."""
    counted = min(compensation_minor, max(0, limits.compensation_minor - ytd_compensation_minor))
    # a loan payment counts only where the money could have been deferred instead
    room = max(0, min(limits.deferral_minor - ytd_deferrals_minor, compensation_minor) - deferral_minor)
    loan = min(student_loan_minor, room)
    inputs: dict[str, Any] = {
        "year": limits.year,
        "compensation_minor": compensation_minor,
        "deferral_minor": deferral_minor,
        "ytd_compensation_minor": ytd_compensation_minor,
        "compensation_cap_minor": limits.compensation_minor,
        "match_period": match_period,
        **told_formula(formula),
    }
    if formula.by_service:
        inputs["years_of_service"] = years_of_service
    steps: tuple[Step, ...] = (money_step("compensation counted, 401(a)(17)", compensation_minor, counted),)
    if student_loan_minor:
        inputs |= {"student_loan_minor": student_loan_minor, "ytd_deferrals_minor": ytd_deferrals_minor}
        steps = (*steps, money_step("loan payments counted, room under 402(g)", student_loan_minor, loan))
    closed = period_closed or match_period is MatchPeriod.PER_PAY
    amount = 0
    reasons: tuple[Reason, ...] = ()
    if closed:
        raw = raw_formula(formula, counted, deferral_minor + loan, years_of_service)
        amount, told = rounded_step("match", raw, rounding)
        steps = (*steps, told)
        for label, most in (("plan's own cap", max_match_minor), ("room under 415(c)", additions_left_minor)):
            if most is not None and most < amount:
                steps = (*steps, money_step(label, amount, most))
                amount = most
    else:
        still = {"period_closed": True}
        reasons = (Reason(rule="match_period", outcome=Outcome.NOT_APPLICABLE, needed=still, citation="plan document"),)
    result = Match(match_minor=amount, counted_compensation_minor=counted, counted_deferral_minor=deferral_minor + loan)
    return Calculation(result, explain(NAME, VERSION, inputs, steps, reasons, citation=CITATION))


@calculator(
    NAME,
    "The employer's match on a period's deferral.",
    MatchInput,
    Match,
    VERSION,
    example={
        "pay_date": "2026-11-13",
        "compensation_minor": 500_000,
        "deferral_minor": 20_000,
        "preset": "basic",
    },
)
def compute(given: MatchInput) -> Calculation[Match]:
    """Run on validated input.

    Raises:
        DataError, ConfigError: the formula is unclear, or the year's cap is not loaded.
    """
    formula = given.formula()
    if given.needs():
        inputs = {"pay_date": given.pay_date, **told_formula(formula)}
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), given.needs())
    return match_contribution(
        compensation_minor=given.compensation_minor,
        deferral_minor=given.deferral_minor,
        formula=formula,
        limits=retirement_limits(given.pay_date.year),
        ytd_compensation_minor=given.ytd_compensation_minor,
        years_of_service=given.years_of_service,
        student_loan_minor=given.student_loan_minor,
        ytd_deferrals_minor=given.ytd_deferrals_minor,
        max_match_minor=given.max_match_minor,
        additions_left_minor=given.additions_left_minor,
        match_period=given.match_period,
        period_closed=given.period_closed,
        rounding=given.rounding,
    )
