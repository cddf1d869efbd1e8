"""One plan, whatever its kind; it hands out the value types of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from benehub.errors import DataError
from benehub.money import parse_minor
from benehub.periods import FOREVER, Month
from benehub.planbook.parts.account import AccountTerms
from benehub.planbook.parts.computed import Computed
from benehub.planbook.parts.deduction import ArrearsTerms, DeductionTerms
from benehub.planbook.parts.design import Design
from benehub.planbook.parts.eligibility import CoverageWash, DependentTerms, EligibilityTerms
from benehub.planbook.parts.fields import Part, Slug
from benehub.planbook.parts.insurance import (
    AgeTerms,
    EmployerContribution,
    MidPeriod,
    PremiumFactor,
    RateTable,
    RoundTo,
    VolumeTerms,
)
from benehub.planbook.parts.retirement import Deferral, DepositTerms, Match, PlanEntryTerms, VestingTerms
from benehub.records import Tier
from benehub.rules.deduction.calendar import DeductionRule
from benehub.rules.deduction.collection import BenefitKind, CollectionRule
from benehub.rules.eligibility.coverage_end import CoverageEndRule
from benehub.rules.eligibility.plan_rules import PlanEligibility
from benehub.rules.premium.age_band import AgeRule
from benehub.rules.premium.contribution_rule import ContributionRule, Scheme
from benehub.rules.premium.line import Price, Structure
from benehub.rules.premium.proration import ProrationRule
from benehub.rules.premium.tier import TierStructure
from benehub.rules.premium.volume_rule import UNITS

BenefitType = Literal[
    "medical", "dental", "vision", "life", "add", "voluntary_life", "std", "ltd",
    "hsa", "fsa_health", "fsa_dependent", "commuter", "retirement",
]  # fmt: skip
INSURANCE = ("medical", "dental", "vision", "life", "add", "voluntary_life", "std", "ltd")
HEALTH = ("medical", "dental", "vision")
"""Benefit types whose arrears are caught up as health."""
ACCOUNTS = ("hsa", "fsa_health", "fsa_dependent", "commuter")


class Plan(Part):
    """One plan."""

    id: Slug
    """Short name; elections and files are mapped to it."""
    name: str
    """Name as employees read it."""
    benefit_type: BenefitType
    """Kind of benefit. Insurance: medical, dental, vision, life, add, voluntary_life, std, ltd. Accounts: hsa,
    fsa_health, fsa_dependent, commuter. Else retirement."""
    carrier: Slug | None = None
    """Connection of the insurer; insurance needs one."""
    recordkeeper: Slug | None = None
    """Connection of the recordkeeper; retirement needs one."""
    custodian: Slug | None = None
    """Connection of the custodian or administrator of an account, which is paid what payroll took; left out: it is
    paid outside benehub."""
    effective_from: date
    """First day on which it can cover somebody."""
    effective_to: date = FOREVER
    """First day on which it covers nobody any more; left out: it runs on."""
    rates: tuple[RateTable, ...] = ()
    """What it costs a month, by dated tables without gap or overlap."""
    tier_structure: TierStructure = TierStructure.FOUR_TIER
    """Tiers a rate table tells apart. two_tier: EE, FAM. three_tier: EE, EE1, FAM. four_tier: EE, ES, EC, FAM.
    five_tier: EE, ES, EC1, EC2, FAM."""
    age_rating: AgeTerms = AgeTerms()
    """How age is taken where the price depends on it."""
    volume: VolumeTerms | None = None
    """How pay or an election becomes an amount of insurance, where the rate is for a unit of it."""
    factors: tuple[PremiumFactor, ...] = ()
    """Factors and amounts on the premium, applied in this order."""
    premium_round: RoundTo = RoundTo()
    """How the premium is rounded."""
    region_by: Literal["state", "location", "zip_code"] = "state"
    """Which fact of the employee is the rating region."""
    account: AccountTerms | None = None
    """An account's terms (hsa, fsa_health, fsa_dependent, commuter)."""
    employer_contribution: EmployerContribution | None = None
    """The employer's part of the premium; left out: the employee pays all."""
    eligibility: EligibilityTerms = EligibilityTerms()
    """Classes, hours, wait, entry days and further rules; left out: everybody from the first day."""
    coverage_end: CoverageEndRule = CoverageEndRule.END_OF_MONTH
    """When cover ends after the last day of employment: last_day, end_of_month or wash."""
    coverage_wash: CoverageWash = CoverageWash()
    """The days of coverage_end wash."""
    dependents: DependentTerms = DependentTerms()
    """The age at which a child's cover ends, and on which day; left out: the month of the 26th birthday."""
    mid_period: MidPeriod = MidPeriod()
    """What a month costs in which cover begins or ends."""
    deduction: DeductionTerms | None = None
    """How the employee's share is taken from pay; insurance and accounts need it."""
    deferral: Deferral | None = None
    """Retirement: the employee's own contributions."""
    match: Match | None = None
    """Retirement: the employer's match; left out: none."""
    vesting: VestingTerms | None = None
    """Retirement: how the employer's money vests; left out: it is not kept here."""
    entry: PlanEntryTerms | None = None
    """Retirement: what it asks for before somebody may defer; left out: nothing beside `eligibility`."""
    deposit: DepositTerms = DepositTerms()
    """Retirement and accounts: when contributions must reach the trust or the custodian."""
    computed: Computed | None = None
    """For a retirement plan whose deductions a plugin computes; takes the place of `deferral` and `match`."""
    design: Design | None = None
    """What it promises, for `benehub compare`."""

    @property
    def insured(self) -> bool:
        """Whether it is an insurance plan (with premiums)."""
        return self.benefit_type in INSURANCE

    @property
    def is_account(self) -> bool:
        """Whether it is an account of the employee's own (with contributions, without a premium)."""
        return self.benefit_type in ACCOUNTS

    @property
    def structure(self) -> Structure:
        """What its rates go by."""
        if self.volume is not None:
            return Structure.VOLUME
        return Structure.AGE_BAND if any(table.ages for table in self.rates) else Structure.TIER

    @property
    def slot(self) -> str:
        """What its election replaces: plans of a benefit type take each other's place, a computed one only its own."""
        return self.benefit_type if self.computed is None else self.id

    @property
    def vendor(self) -> str:
        """The connection of its carrier, recordkeeper or custodian."""
        return self.carrier or self.recordkeeper or self.custodian or ""

    def rates_minor(self, month: Month, currency: str = "USD") -> Mapping[Tier, int]:
        """Full-month premium by tier for everybody, valid on the first of `month`.

        Raises:
            DataError: no rate table covers the month.
        """
        tables = [one for one in self._tables(month) if not one.region and one.tobacco is None]
        return {tier: parse_minor(text, currency) for one in tables for tier, text in one.tiers.items()}

    def price(self, month: Month, currency: str = "USD") -> Price:
        """How it is priced in `month`, for `rules.premium`.

        Raises:
            DataError: no rate table covers the month.
        """
        rows = tuple(row for table in self._tables(month) for row in table.rows(currency))
        volume = None if self.volume is None else self.volume.rule(currency)
        unit = UNITS.get(self.volume.unit, 1000) if self.volume else 1000
        return Price(
            structure=self.structure,
            rows=rows,
            tiers=self.tier_structure,
            ages=AgeRule(basis=self.age_rating.basis, small_group=self.age_rating.small_group, unit=unit),
            plan_year_start=self.plan_year_start(month),
            volume=volume,
            factors=tuple(one.rule(currency) for one in self.factors),
            rounding=self.premium_round.rule(currency),
        )

    def plan_year_start(self, month: Month) -> date:
        """The first day of the plan year that `month` begins in: the last anniversary of the plan's first day."""
        first = self.effective_from.replace(day=1)
        begun = (first.month, 1) <= (month.month, 1)
        return max(first, first.replace(year=month.year if begun else month.year - 1))

    def _tables(self, month: Month) -> list[RateTable]:
        found = [one for one in self.rates if one.valid_from <= month.first < one.valid_to]
        if not found:
            raise DataError(
                f"plan {self.id} has no rates for {month}",
                where="plan book",
                mend="Add a rate table for that month",
            )
        return found

    @property
    def us_medical(self) -> bool:
        """Whether the rules of US law for group health plans hold (dental and vision are excepted benefits)."""
        return self.benefit_type == "medical"

    def eligibility_rule(self, large: bool = False) -> PlanEligibility:
        """Who it takes in, for `rules.eligibility`; `large` is the employer's size."""
        return PlanEligibility(
            classes=tuple(one.value for one in self.eligibility.classes),
            min_hours_minor=self.eligibility.min_weekly_hours * 100,
            entry=self.eligibility.entry_rule(self.us_medical, large),
            open_from=self.effective_from,
            open_to=None if self.effective_to == FOREVER else self.effective_to,
            coverage_end=self.coverage_end,
            wash_day=self.coverage_wash.day,
            early_wash=self.coverage_wash.early,
            rules=self.eligibility.tree(),
        )

    def proration_rule(self) -> ProrationRule:
        """How partial months are charged, for `rules.premium`."""
        mid = self.mid_period
        return ProrationRule(mid.start, mid.end, mid.wash_day, mid.wash_day, mid.newborn, mid.same_month)

    def contribution_rule(
        self, currency: str = "USD", base_rates_minor: Mapping[Tier, int] | None = None
    ) -> ContributionRule:
        """The employer's part, for `rules.premium`; none stated means that the employee pays all."""
        terms = self.employer_contribution or EmployerContribution(scheme=Scheme.FLAT)
        return terms.rule(currency, dict(base_rates_minor or {}))

    def deduction_rule(self) -> DeductionRule:
        """When its deductions are taken, for `rules.deduction`."""
        return DeductionRule() if self.deduction is None else self.deduction.rule()

    def collection_rule(self, currency: str = "USD") -> CollectionRule:
        """How fast its arrears are collected, for `rules.deduction`.

        Raises:
            ConfigError: the strategy lacks its number.
        """
        terms = self.deduction.arrears if self.deduction else ArrearsTerms()
        kind = BenefitKind.HEALTH if self.benefit_type in HEALTH else BenefitKind.OTHER
        return terms.rule(kind, currency)
