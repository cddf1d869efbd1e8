"""A retirement plan's terms: deferral, match, vesting, entry, and when contributions must be deposited."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from pydantic import Field

from benehub.money import parse_minor, parse_rate
from benehub.periods import age_on
from benehub.planbook.parts.fields import Amount, Part, RateText
from benehub.rules.retirement.deferral_terms import DeferralPlan
from benehub.rules.retirement.entry import EntryDates, PlanEntry
from benehub.rules.retirement.match_formula import PRESETS, MatchFormula, MatchPeriod, Preset, percent_text
from benehub.rules.retirement.match_formula import MatchTier as MatchRuleTier
from benehub.rules.retirement.vesting import (
    SCHEDULES,
    MoneySource,
    Schedule,
    ServiceMethod,
    Table,
    VestingInput,
    vesting,
)
from benehub.rules.retirement.vesting import VestingStep as VestingRuleStep


class Deferral(Part):
    """Payroll's codes of the employee's own contributions, and what the plan allows of them."""

    pretax_code: str
    """Payroll's code of the pre-tax deferral."""
    roth_code: str = ""
    """Empty: the plan takes no Roth, so that high earners can have no catch-up."""
    loan_code: str = ""
    """Payroll's code of repayments of plan loans, which leave with the contributions; empty: payroll sends them."""
    catch_up: bool = True
    """Whether the plan takes catch-up contributions of those of 50 and more."""
    deemed_roth: bool = True
    """Whether a pre-tax election is taken as Roth for catch-up that has to be Roth."""
    automatic_enrollment: bool = False
    """Whether who elects nothing is enrolled by the plan: a missed deferral may then be put right for longer."""
    limit_rate: RateText = ""
    """The plan's own limit of a pay's deferral, as a part of pay; empty: none."""
    limit_year: Amount | None = None
    """The plan's own limit of the year; empty: none."""
    capped_pay: bool = False
    """Whether percentages stop once the year's pay has reached 401(a)(17)."""

    def rule(self, currency: str = "USD") -> DeferralPlan:
        """What the plan allows, for `rules.retirement`."""
        return DeferralPlan(
            allows_catch_up=self.catch_up,
            has_roth=bool(self.roth_code),
            deemed_roth=self.deemed_roth,
            max_rate=parse_rate(self.limit_rate) if self.limit_rate else None,
            max_year_minor=parse_minor(self.limit_year, currency) if self.limit_year else None,
            capped_pay=self.capped_pay,
        )


class MatchTier(Part):
    """`rate` of the deferral up to `up_to` of pay (cumulative upper bound)."""

    rate: RateText
    """Part of the deferral that is matched, e.g. 50%."""
    up_to: RateText
    """Deferral up to which it holds, as a part of pay; the tier begins where the one before ends."""


class ServiceTiers(Part):
    """The tiers from some completed years of service on."""

    from_years: int = Field(ge=0, le=60)
    """Completed years of service from which they hold."""
    tiers: tuple[MatchTier, ...] = Field(min_length=1)
    """Tiers, ascending by up_to."""


class Match(Part):
    """The employer's match: a formula of law by name, tiers, tiers by service, or a fixed amount."""

    code: str
    """Payroll's code of the match."""
    formula: Preset | None = None
    """basic, enhanced or qaca: the formula as the law words it."""
    tiers: tuple[MatchTier, ...] = ()
    """Tiers, ascending by up_to; one of formula, tiers, by_service and fixed."""
    by_service: tuple[ServiceTiers, ...] = ()
    """Tiers by completed years of service, ascending."""
    fixed: Amount | None = None
    """A fixed amount for each matching period with a deferral."""
    period: MatchPeriod = MatchPeriod.PER_PAY
    """Over which time the formula is worked out; a longer one accrues with its last pay date."""
    true_up: bool = False
    """Whether the plan promises the year's formula to those whose deferrals were uneven."""
    safe_harbor: Preset | None = None
    """Which safe harbour the plan claims; the formula is checked against it."""
    from_forfeitures: bool = False
    """Whether the plan lets forfeitures pay for the match; deferrals and corrections they may never pay for."""
    matches_catch_up: bool = True
    """Whether catch-up is matched like other deferrals."""

    @property
    def by_payroll(self) -> bool:
        """Whether payroll works it out with each check; the hub accrues any other match itself."""
        return self.period is MatchPeriod.PER_PAY and not self.fixed

    def told(self, years_of_service: int) -> tuple[tuple[str, str], ...]:
        """Rate and upper bound of each tier as text, for payroll; empty where payroll does not match."""
        if not self.by_payroll:
            return ()
        tiers = self.rule().tiers_at(years_of_service)
        return tuple((percent_text(tier.rate), percent_text(tier.up_to)) for tier in tiers)

    def rule(self, currency: str = "USD") -> MatchFormula:
        """The formula for `rules.retirement`."""
        return MatchFormula(
            tiers=PRESETS[self.formula] if self.formula else _tiers(self.tiers),
            fixed_minor=parse_minor(self.fixed, currency) if self.fixed else 0,
            by_service=tuple((one.from_years, _tiers(one.tiers)) for one in self.by_service),
        )


def _tiers(given: tuple[MatchTier, ...]) -> tuple[MatchRuleTier, ...]:
    return tuple(MatchRuleTier(parse_rate(tier.up_to), parse_rate(tier.rate)) for tier in given)


class VestingStep(Part):
    """The vested part from some completed years of service on."""

    years: int = Field(ge=0, le=15)
    """Completed years of service from which it holds."""
    vested: RateText
    """The vested part, e.g. 40%."""


class VestingTerms(Part):
    """How the employer's money vests; own deferrals always are vested."""

    schedule: Schedule = Schedule.IMMEDIATE
    """immediate, cliff_2 (all after two years), cliff_3, or graded_6 (20 % a year from the second to the sixth)."""
    table: tuple[VestingStep, ...] = ()
    """The schedule spelled out; wins over the name."""
    method: ServiceMethod = ServiceMethod.ELAPSED
    """hours (1,000 in a year) or elapsed (time since hire)."""

    def rule(self) -> Table:
        """The schedule for `rules.retirement`."""
        if self.table:
            return tuple((one.years, parse_rate(one.vested)) for one in self.table)
        return SCHEDULES[self.schedule]

    def vested(self, hired: date, day: date, weekly_hours: int) -> Fraction:
        """The vested part on a day; a year's hours are those scheduled in the HRIS."""
        years = age_on(hired, day) if day > hired else 0
        given = VestingInput(
            source=MoneySource.MATCH,
            table=tuple(VestingRuleStep(years=year, vested=part) for year, part in self.rule()),
            method=self.method,
            period_hours=(weekly_hours * 52,) * years,
            hired_on=hired,
            as_of=max(day, hired),
        )
        return vesting(given).required().vested


class PlanEntryTerms(Part):
    """What the plan asks for before somebody may defer; hours are those scheduled in the HRIS."""

    age: int = Field(default=0, ge=0)
    """Least age in completed years (the law's most: 21)."""
    service_months: int = Field(default=0, ge=0)
    """Least months of service (the law's most: 12)."""
    hours: int = Field(default=0, ge=0)
    """Least hours in a year of service (the law's most: 1,000)."""
    dates: EntryDates = EntryDates.IMMEDIATE
    """On or after meeting them: immediate, monthly, quarterly, or dual (1 January and 1 July)."""

    def rule(self) -> PlanEntry:
        """The conditions for `rules.retirement`."""
        return PlanEntry(self.age, self.service_months, self.hours, self.dates)


class DepositTerms(Part):
    """When contributions must reach the trust, or the custodian of an account."""

    standard_bank_days: int = Field(default=3, ge=1, le=15)
    """Bank days after the pay date by which the employer deposits."""
    small_plan: bool = False
    """A plan of fewer than 100 participants: the law's safe harbor of 7 business days is told too."""
