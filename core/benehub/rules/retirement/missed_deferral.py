"""What an employer owes when an employee's deferral was not taken: part of the deferral, the match, earnings.

The employee kept the pay, so only a part of the missed deferral is made good: half of it, a quarter when
corrected by the end of the third plan year with a notice in time, nothing within three months (with automatic
enrolment, nine and a half months after the plan year). The missed match is owed in full. The contribution is
vested at once and may not be paid from forfeitures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.errors import DataError
from benehub.legal import limit
from benehub.money import Rounding, round_to_int
from benehub.periods import Month, add_months
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Day, Positive, Rate, RuleModel, exact, explain, money_step, rounded_step
from benehub.rules.registry import calculator
from benehub.rules.retirement.limits import RetirementLimits, retirement_limits
from benehub.rules.retirement.lost_earnings import EarningsBasis, lost_earnings
from benehub.rules.retirement.match_formula import FormulaInput, MatchFormula, raw_formula, told_formula

NAME = "retirement.missed-deferral"
VERSION = "2"
CITATION = "Rev. Proc. 2021-30, appendix A, section .05"


class CorrectionShare(StrEnum):
    """Which part of the missed deferral is owed: half, a quarter or none of it."""

    HALF = "50%"
    QUARTER = "25%"
    NONE = "0%"


def _law(name: str, day: date) -> int:
    return limit("us", f"missed_deferral_{name}", day).value


def _part(share: CorrectionShare, day: date) -> Fraction:
    """How much of the missed deferral that is, as the law was on the day of the correction."""
    if share is CorrectionShare.NONE:
        return Fraction(0)
    return Fraction(_law("share" if share is CorrectionShare.HALF else "reduced_share", day), 10_000)


class MissedDeferralInput(FormulaInput):
    """One employee and one calendar year of the failure; amounts in minor units.

    The match formula (preset, tiers, by_service or fixed_minor) may be left out where nothing is matched.
    """

    year: Annotated[int, Field(strict=True, ge=2000, le=2100)]
    """Calendar year of the missed deferrals."""
    compensation_minor: Positive
    """Plan compensation of the time in which nothing, or too little, was taken."""
    adp_rate: Annotated[Rate, Field(ge=0, le=1)] | None = None
    """Average deferral (ADP) of the employee's group, highly compensated or not, e.g. "4.2%"; for a safe-harbour
    plan 3 %, or what is matched in full if more."""
    elected_rate: Annotated[Rate, Field(ge=0, le=1)] | None = None
    """What the employee had elected, where an election was not carried out; goes before adp_rate."""
    deferred_minor: Positive = 0
    """What was deferred in that time all the same."""
    ytd_deferrals_minor: Positive = 0
    """Deferrals of the year outside that time: the missed one may not exceed what 402(g) leaves."""
    matched_minor: Positive = 0
    """Match paid for that time all the same."""
    failed_from: Day
    """The first day on which a deferral was missed."""
    corrected_on: Day
    """The first pay date with the right deferral (or the last day of employment)."""
    notice_on: Day | None = None
    """The day the employee was told in writing; empty: not told."""
    automatic_enrollment: bool = False
    """Whether automatic enrolment or escalation was missed."""
    plan_year_end_month: Annotated[int, Field(strict=True, ge=1, le=12)] = 12
    """Last month of the plan year."""
    paid_on: Day | None = None
    """The day the correction is paid, for earnings at the rate of 26 U.S.C. 6621; empty: no earnings yet."""
    actual_return: Annotated[Rate, Field(gt=-1)] | None = None
    """Return of the plan's investments from the failure to the payment; goes before the rate of law."""
    rounding: Rounding = Rounding.HALF_UP
    """How each amount becomes minor units."""


class MissedDeferral(RuleModel):
    """What is owed, in minor units, and how."""

    missed_minor: int
    """The deferral that was missed."""
    share: CorrectionShare
    """Which part of it is owed: 50%, 25% or 0%."""
    share_with_notice: CorrectionShare
    """Which part is owed if the employee is told in writing by `notice_by`."""
    qnec_minor: int
    """The qualified nonelective contribution: vested at once, not from forfeitures."""
    missed_match_minor: int
    """The match on the whole missed deferral, less what was matched."""
    earnings_minor: int | None
    """Earnings on both; empty while neither paid_on nor actual_return is known."""
    total_minor: int
    """All three."""
    notice_by: date
    """Last day of the notice that makes the smaller parts possible."""


@dataclass(frozen=True, slots=True)
class Failure:
    """When it went wrong, when it was put right, and when the employee was told."""

    failed_from: date
    corrected_on: date
    notice_on: date | None
    automatic: bool
    plan_year_end_month: int
    began: date | None = None
    """Where deferrals were missed before `failed_from` without one between: the first day of all of them."""

    @property
    def notice_by(self) -> date:
        """The last day for the notice."""
        return self.corrected_on + timedelta(days=_law("notice_days", self.corrected_on))

    def _plan_year_end(self) -> date:
        first = self.began or self.failed_from
        year = first.year + (first.month > self.plan_year_end_month)
        return Month(year, self.plan_year_end_month).last

    def deadlines(self) -> dict[CorrectionShare, date]:
        """The last day of correction for each smaller part: of one failure, however many pays it lasted."""
        day = self.corrected_on
        short = add_months(self.began or self.failed_from, _law("short_months", day))
        if self.automatic:
            end = Month.of(self._plan_year_end()).plus(_law("automatic_months", day))
            short = end.last + timedelta(days=_law("automatic_days", day))
        long = Month.of(self._plan_year_end()).plus(12 * _law("long_years", day)).last
        return {CorrectionShare.NONE: short, CorrectionShare.QUARTER: long}

    def share(self) -> CorrectionShare:
        """The part that is owed."""
        if self.notice_on is None or self.notice_on > self.notice_by:
            return CorrectionShare.HALF
        met = (share for share, last in self.deadlines().items() if self.corrected_on <= last)
        return next(met, CorrectionShare.HALF)


def missed_deferral(
    *,
    compensation_minor: int,
    rate: Fraction,
    failure: Failure,
    limits: RetirementLimits,
    formula: MatchFormula | None = None,
    years_of_service: int | None = None,
    deferred_minor: int = 0,
    ytd_deferrals_minor: int = 0,
    matched_minor: int = 0,
    paid_on: date | None = None,
    actual_return: Fraction | None = None,
    rounding: Rounding = Rounding.HALF_UP,
) -> Calculation[MissedDeferral]:
    """The correction of one employee's missed deferral.

    Raises:
        DataError: the dates are out of order.
        ConfigError: the rate of a quarter, or the law of the day of the correction, is not loaded.
    """
    if failure.corrected_on < failure.failed_from:
        raise DataError("corrected before it failed", where="corrected_on", mend="Mend one of the two dates")
    inputs = {
        "year": limits.year, "compensation_minor": compensation_minor, "rate": rate,
        "failed_from": failure.failed_from, "corrected_on": failure.corrected_on, "notice_on": failure.notice_on,
        "automatic_enrollment": failure.automatic, "deferred_minor": deferred_minor,
        "ytd_deferrals_minor": ytd_deferrals_minor, "matched_minor": matched_minor, "paid_on": paid_on,
        "actual_return": actual_return, **(told_formula(formula) if formula else {}),
    }  # fmt: skip
    due, told_due = rounded_step("deferral that should have been", compensation_minor * rate, rounding)
    room = max(0, limits.deferral_minor - ytd_deferrals_minor - deferred_minor)
    missed = min(max(0, due - deferred_minor), room)
    share = failure.share()
    qnec, told_qnec = rounded_step(f"QNEC, {share.value} of it", missed * _part(share, failure.corrected_on), rounding)
    owed_match = 0
    if formula is not None:
        counted = min(compensation_minor, limits.compensation_minor)
        whole = round_to_int(raw_formula(formula, counted, deferred_minor + missed, years_of_service), rounding)
        owed_match = max(0, whole - matched_minor)
    earnings = _earnings(qnec + owed_match, failure.failed_from, paid_on, actual_return)
    result = MissedDeferral(
        missed_minor=missed,
        share=share,
        share_with_notice=replace(failure, notice_on=failure.notice_by).share(),
        qnec_minor=qnec,
        missed_match_minor=owed_match,
        earnings_minor=earnings,
        total_minor=qnec + owed_match + (earnings or 0),
        notice_by=failure.notice_by,
    )
    steps: tuple[Step, ...] = (
        told_due,
        money_step("missed deferral, room under 402(g)", due - deferred_minor, missed),
        told_qnec,
        money_step("missed match", owed_match, owed_match),
    )
    if earnings is not None:
        steps = (*steps, money_step("earnings", earnings, earnings))
    return Calculation(result, explain(NAME, VERSION, inputs, steps, _reasons(failure), citation=CITATION))


def _earnings(principal: int, start: date, paid_on: date | None, actual: Fraction | None) -> int | None:
    if actual is None and paid_on is None:
        return None
    basis = EarningsBasis.UNDERPAYMENT if actual is None else EarningsBasis.ACTUAL_RETURN
    return (
        lost_earnings(
            principal_minor=principal,
            loss_date=start,
            recovery_date=paid_on or start,
            basis=basis,
            actual_return=actual,
        )
        .required()
        .lost_earnings_minor
    )


def _reasons(failure: Failure) -> tuple[Reason, ...]:
    told = failure.notice_on is not None and failure.notice_on <= failure.notice_by
    notice = Reason(
        rule="notice_in_time",
        outcome=Outcome.PASS if told else Outcome.FAIL,
        inputs={"notice_on": failure.notice_on.isoformat() if failure.notice_on else None},
        needed={} if told else {"notice_on": failure.notice_by.isoformat()},
        citation=CITATION,
    )
    windows = [
        Reason(
            rule=f"corrected_for_{exact(_part(share, failure.corrected_on) * 100)}_percent",
            outcome=Outcome.PASS if failure.corrected_on <= last else Outcome.FAIL,
            inputs={"corrected_on": failure.corrected_on.isoformat()},
            needed={} if failure.corrected_on <= last else {"corrected_on": last.isoformat()},
            citation=CITATION,
        )
        for share, last in failure.deadlines().items()
    ]
    return (notice, *windows)


@calculator(
    NAME,
    "What is owed for a deferral that was not taken.",
    MissedDeferralInput,
    MissedDeferral,
    VERSION,
    example={
        "year": 2026,
        "compensation_minor": 2_000_000,
        "adp_rate": "4%",
        "preset": "basic",
        "failed_from": "2026-01-09",
        "corrected_on": "2026-09-18",
        "notice_on": "2026-10-01",
        "paid_on": "2026-11-13",
    },
)
def compute(given: MissedDeferralInput) -> Calculation[MissedDeferral]:
    """Run on validated input.

    Raises:
        DataError, ConfigError: the dates contradict each other, or a legal value is not loaded.
    """
    rate = given.elected_rate if given.elected_rate is not None else given.adp_rate
    matched = given.preset or given.tiers or given.by_service or given.fixed_minor
    formula = given.formula() if matched else None
    needs = (*(("adp_rate",) if rate is None else ()), *given.needs())
    if rate is None or needs:
        told = explain(NAME, VERSION, {"year": given.year, "failed_from": given.failed_from}, citation=CITATION)
        return Calculation(None, told, needs)
    return missed_deferral(
        compensation_minor=given.compensation_minor,
        rate=rate,
        failure=Failure(
            given.failed_from,
            given.corrected_on,
            given.notice_on,
            given.automatic_enrollment,
            given.plan_year_end_month,
        ),
        limits=retirement_limits(given.year),
        formula=formula,
        years_of_service=given.years_of_service,
        deferred_minor=given.deferred_minor,
        ytd_deferrals_minor=given.ytd_deferrals_minor,
        matched_minor=given.matched_minor,
        paid_on=given.paid_on,
        actual_return=given.actual_return,
        rounding=given.rounding,
    )
