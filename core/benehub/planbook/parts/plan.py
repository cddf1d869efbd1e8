"""One plan, whatever its kind; it hands out the value types of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from benehub.errors import DataError
from benehub.money import parse_minor, parse_rate
from benehub.periods import FOREVER, Month
from benehub.planbook.parts.deduction import DeductionTerms
from benehub.planbook.parts.eligibility import EligibilityTerms
from benehub.planbook.parts.fields import Part, Slug
from benehub.planbook.parts.insurance import EmployerContribution, MidPeriod, RateTable
from benehub.planbook.parts.retirement import Deferral, DepositTerms, Match, PlanEntryTerms, VestingTerms
from benehub.records import Tier
from benehub.rules.deduction.calendar import DeductionRule
from benehub.rules.eligibility.entry_rule import EntryRule, WaitUnit
from benehub.rules.eligibility.reasons import CoverageEndRule, PlanEligibility
from benehub.rules.premium.contribution import ContributionRule, Scheme
from benehub.rules.premium.proration import ProrationRule

BenefitType = Literal["medical", "dental", "vision", "retirement"]
INSURANCE = ("medical", "dental", "vision")


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
    vesting: VestingTerms | None = None
    entry: PlanEntryTerms | None = None
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
