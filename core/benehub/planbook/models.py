"""The plan book's nouns: what the employer offers, to whom, at what price, and how it is deducted.

The YAML file is the source; loading it makes an immutable version. Amounts are decimal text and rates exact
text ("4.5%"), so that nothing passes through a float. Plans hand out the value types of the rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from benehub.errors import DataError
from benehub.money import parse_minor, parse_rate
from benehub.periods import FOREVER, Month
from benehub.records import EmploymentClass, TaxClass, Tier
from benehub.rules.deduction.calendar import DeductionMethod, DeductionRule, Timing
from benehub.rules.eligibility.entry_rule import EntryGrid, EntryRule, WaitUnit
from benehub.rules.eligibility.reasons import CoverageEndRule, PlanEligibility
from benehub.rules.leave.accrual import AccrualMethod, AccrualRule
from benehub.rules.premium.contribution import ContributionRule, Scheme
from benehub.rules.premium.proration import ProrationMethod, ProrationRule
from benehub.rules.retirement.match_formula import MatchTier as MatchRuleTier

BenefitType = Literal["medical", "dental", "vision", "retirement"]
INSURANCE = ("medical", "dental", "vision")


def _text(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError('write amounts and rates in quotes, e.g. "612.50"')
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _amount(value: Any) -> Any:
    text = _text(value)
    if isinstance(text, str):
        _checked(parse_minor, text)
    return text


def _rate(value: Any) -> Any:
    text = _text(value)
    if isinstance(text, str) and text:
        _checked(parse_rate, text)
    return text


def _day_of_month(value: Any) -> Any:
    text = str(value)
    if text == "last":
        return text
    if not (text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= 31):
        raise ValueError("no day of a month: write 1 to 31, or last")
    return int(text)


def _checked(parse: Any, text: str) -> None:
    try:
        parse(text)
    except DataError as error:
        raise ValueError(error.what) from None


# Editors read 612.50 as a number; loading keeps its text, so both are fine.
_EXACT = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}]})
_DAY = WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 31}, {"const": "last"}]})

Amount = Annotated[str, BeforeValidator(_amount), _EXACT]
"""Decimal text of an amount in the employer's currency."""
RateText = Annotated[str, BeforeValidator(_rate), _EXACT]
"""Exact text of a rate: "4.5%", "0.045" or "1/30"."""
DayOfMonth = Annotated[int | Literal["last"], BeforeValidator(_day_of_month), _DAY]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class Part(BaseModel):
    """Base of all parts: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Employer(Part):
    """Whose plan book it is."""

    id: Slug
    name: str
    country: str = Field(default="US", pattern=r"^[A-Z]{2}$")
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    ein: str = Field(default="", pattern=r"^(\d{2}-?\d{7})?$")


class Roles(Part):
    """Which connection plays which part."""

    hris: Slug
    payroll: Slug
    elections: Slug | None = None
    recordkeeper: Slug | None = None


class PayGroup(Part):
    """A pay group and its calendar, used where payroll tells none of its own."""

    frequency: Literal["weekly", "biweekly", "semimonthly", "monthly"]
    first_pay_date: date | None = None
    """Weekly and biweekly: the first pay date of the counting."""
    days: tuple[DayOfMonth, ...] = ()
    """Semimonthly and monthly: days of the month."""
    pay_dates: tuple[date, ...] = ()
    """All pay dates one by one; wins over the rule."""

    @property
    def pays_a_year(self) -> int:
        """The divisor of a yearly salary."""
        return {"weekly": 52, "biweekly": 26, "semimonthly": 24, "monthly": 12}[self.frequency]


class RateTable(Part):
    """Full-month premium by tier, valid over `[from, to)`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    valid_from: date = Field(alias="from")
    valid_to: date = Field(default=FOREVER, alias="to")
    tiers: dict[Tier, Amount] = Field(min_length=1)


class EmployerContribution(Part):
    """The employer's part of the premium; see `Scheme` for the wordings."""

    scheme: Scheme
    flat: Amount = "0"
    percent: RateText = "0"
    percent_employee: RateText = "0"
    percent_dependents: RateText = "0"
    defined: dict[Tier, Amount] = Field(default_factory=dict)


class Waiting(Part):
    """How long a new employee waits; days or months, not both."""

    days: int = Field(default=0, ge=0, le=365)
    months: int = Field(default=0, ge=0, le=12)


class EligibilityTerms(Part):
    """Who may enroll, and from when."""

    classes: tuple[EmploymentClass, ...] = ()
    min_weekly_hours: int = Field(default=0, ge=0, le=80)
    waiting: Waiting = Waiting()
    entry: EntryGrid = EntryGrid.IMMEDIATE


class MidPeriod(Part):
    """What a partial first or last month costs."""

    start: ProrationMethod = ProrationMethod.FULL_MONTH
    end: ProrationMethod = ProrationMethod.FULL_MONTH
    wash_day: int = Field(default=15, ge=1, le=28)


class DeductionTerms(Part):
    """How the employee's share is taken from pay."""

    code: str = Field(min_length=1, max_length=40)
    tax_class: TaxClass = TaxClass.PRETAX
    method: DeductionMethod = DeductionMethod.PER_MONTH
    per_month: int = Field(default=2, ge=1, le=5)
    timing: Timing = Timing.CURRENT


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


class Plan(Part):
    """One plan."""

    id: Slug
    name: str
    benefit_type: BenefitType
    carrier: Slug | None = None
    recordkeeper: Slug | None = None
    effective_from: date
    effective_to: date = FOREVER
    rates: tuple[RateTable, ...] = ()
    employer_contribution: EmployerContribution | None = None
    eligibility: EligibilityTerms = EligibilityTerms()
    coverage_end: CoverageEndRule = CoverageEndRule.END_OF_MONTH
    mid_period: MidPeriod = MidPeriod()
    deduction: DeductionTerms | None = None
    deferral: Deferral | None = None
    match: Match | None = None
    deposit: DepositTerms = DepositTerms()

    @property
    def insured(self) -> bool:
        """Whether it is an insurance plan (with tiers and premiums)."""
        return self.benefit_type in INSURANCE

    @property
    def vendor(self) -> str:
        """The connection of its carrier or recordkeeper."""
        return self.carrier or self.recordkeeper or ""

    def rates_minor(self, month: Month, currency: str = "USD") -> Mapping[Tier, int]:
        """Full-month premium by tier, valid on the first of `month`.

        Raises:
            DataError: no rate table covers the month.
        """
        for table in self.rates:
            if table.valid_from <= month.first < table.valid_to:
                return {tier: parse_minor(text, currency) for tier, text in table.tiers.items()}
        raise DataError(
            f"plan {self.id} has no rates for {month}",
            where="plan book",
            mend="Add a rate table for that month",
        )

    def eligibility_rule(self) -> PlanEligibility:
        """Who it takes in, for `rules.eligibility`."""
        waiting = self.eligibility.waiting
        entry = EntryRule(
            wait=waiting.months or waiting.days,
            wait_unit=WaitUnit.MONTHS if waiting.months else WaitUnit.DAYS,
            grid=self.eligibility.entry,
            us_medical=self.benefit_type == "medical",
        )
        return PlanEligibility(
            classes=tuple(one.value for one in self.eligibility.classes),
            min_hours_minor=self.eligibility.min_weekly_hours * 100,
            entry=entry,
            open_from=self.effective_from,
            open_to=None if self.effective_to == FOREVER else self.effective_to,
            coverage_end=self.coverage_end,
        )

    def proration_rule(self) -> ProrationRule:
        """How partial months are charged, for `rules.premium`."""
        mid = self.mid_period
        return ProrationRule(mid.start, mid.end, mid.wash_day, mid.wash_day)

    def contribution_rule(self, currency: str = "USD") -> ContributionRule:
        """The employer's part, for `rules.premium`; none stated means that the employee pays all."""
        terms = self.employer_contribution or EmployerContribution(scheme=Scheme.FLAT)
        return ContributionRule(
            scheme=terms.scheme,
            flat_minor=parse_minor(terms.flat, currency),
            percent=parse_rate(terms.percent),
            percent_employee=parse_rate(terms.percent_employee),
            percent_dependents=parse_rate(terms.percent_dependents),
            defined_minor={tier: parse_minor(text, currency) for tier, text in terms.defined.items()},
        )

    def deduction_rule(self) -> DeductionRule:
        """When its deductions are taken, for `rules.deduction`."""
        terms = self.deduction
        return DeductionRule() if terms is None else DeductionRule(terms.method, terms.per_month, terms.timing)


class Accrual(Part):
    """How leave is earned: an even part of the year's hours, or a rate on hours worked."""

    method: AccrualMethod = AccrualMethod.PER_PAY
    annual_hours: Amount = "0"
    rate: RateText = "0"
    cap_hours: Amount | None = None

    def rule(self, pays_a_year: int) -> AccrualRule:
        """The value type of `rules.leave`; hours become hundredths."""
        return AccrualRule(
            method=self.method,
            rate=parse_rate(self.rate),
            annual_hours_minor=parse_minor(self.annual_hours),
            pays_per_year=pays_a_year,
            cap_minor=None if self.cap_hours is None else parse_minor(self.cap_hours),
        )


class LeavePolicy(Part):
    """One kind of leave."""

    id: Slug
    name: str = ""
    accrual: Accrual
    payout_on_termination: bool = False
    taken_code: str = ""
    payout_code: str = ""


class CarrierTerms(Part):
    """How a carrier wants to be paid."""

    premium_due_day: int = Field(default=1, ge=1, le=28)
    grace_days: int = Field(default=31, ge=0, le=90)
    pay_policy: Literal["pay_as_billed", "pay_as_enrolled"] = "pay_as_billed"
    transit_bank_days: int = Field(default=2, ge=0, le=10)


class Guards(Part):
    """When the hub stops and asks instead of going on."""

    mass_removal_percent: int = Field(default=5, ge=0, le=100)
    field_empty_percent: int = Field(default=50, ge=0, le=100)
    headcount_drop_percent: int = Field(default=5, ge=0, le=100)
