"""What an insurance plan costs, who pays which part of it, and how its carrier is paid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

from pydantic import ConfigDict, Field

from benehub.money import Rounding, parse_minor, parse_rate
from benehub.periods import FOREVER, Month
from benehub.planbook.parts.fields import Amount, Part, RateText, Slug
from benehub.records import EmploymentClass, Tier
from benehub.rules.premium.age_band import AgeBasis
from benehub.rules.premium.contribution_rule import (
    ContributionRule,
    DefinedRow,
    SalaryBand,
    Scheme,
    Unused,
)
from benehub.rules.premium.factors import Factor, FactorFor
from benehub.rules.premium.proration import ProrationMethod
from benehub.rules.premium.rates import RateRow
from benehub.rules.premium.rounding import StepRounding
from benehub.rules.premium.volume_rule import PayPer, RateUnit, ReduceOf, Reduction, VolumeRule


class AgeRate(Part):
    """What an age band costs: an `amount` a person and month, or a `rate` a unit of volume."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    age_from: int = Field(alias="from", ge=0, le=130)
    """Lowest age of the band in completed years."""
    through: int | None = Field(default=None, ge=0, le=130)
    """Highest age, itself in it; empty: without end."""
    amount: Amount | None = None
    """Premium a person and month; on a plan without `volume`."""
    rate: RateText | None = None
    """Rate a unit of volume and month; on a plan with `volume`."""


class RateTable(Part):
    """Full-month rates valid over `[from, to)`: by tier, by age, or one rate a unit of volume.

    A table may hold for one region, or for tobacco users or others only; tables that tell people apart hold together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    valid_from: date = Field(alias="from")
    """First day, the first of a month."""
    valid_to: date = Field(default=FOREVER, alias="to")
    """First day after, the first of a month; left out: without end."""
    region: str = ""
    """Rating region, a value of what the plan's `region_by` names; empty: all regions."""
    tobacco: bool | None = None
    """true: for tobacco users only; false: for the others only; left out: for both."""
    tiers: dict[Tier, Amount] = Field(default_factory=dict)
    """Premium a month by coverage tier; one of tiers, ages and rate."""
    ages: tuple[AgeRate, ...] = ()
    """By age band; bands follow each other without a gap."""
    rate: RateText | None = None
    """One rate a unit of volume and month, for everybody."""

    def rows(self, currency: str) -> Iterator[RateRow]:
        """The rows for `rules.premium`."""
        common = {
            "valid_from": self.valid_from, "valid_to": None if self.valid_to == FOREVER else self.valid_to,
            "region": self.region or None, "tobacco": self.tobacco,
        }  # fmt: skip
        for tier, text in self.tiers.items():
            yield RateRow.model_validate({**common, "tier": tier, "amount_minor": parse_minor(text, currency)})
        for band in self.ages:
            price = (
                {"rate": parse_rate(band.rate)} if band.rate is not None
                else {"amount_minor": parse_minor(band.amount or "0", currency)}
            )  # fmt: skip
            yield RateRow.model_validate({**common, "age_from": band.age_from, "age_through": band.through, **price})
        if self.rate is not None:
            yield RateRow.model_validate({**common, "rate": parse_rate(self.rate)})


class RoundTo(Part):
    """To which multiple an amount is rounded, and how: {to: 1000.00, mode: up} is the next 1,000."""

    to: Amount = "0.01"
    """The multiple, an amount; 0.01 is to the cent."""
    mode: Rounding = Rounding.HALF_UP
    """half_up, half_even, down or up."""

    def rule(self, currency: str) -> StepRounding:
        """The value type of `rules.premium`."""
        return StepRounding(step_minor=max(1, parse_minor(self.to, currency)), mode=self.mode)


class AgeReduction(Part):
    """From an age on, only a part of the volume."""

    age: int = Field(ge=0, le=130)
    """Age in completed years from which it holds."""
    percent: RateText
    """The part that is left, e.g. 65%."""


class VolumeTerms(Part):
    """How pay becomes a volume of insurance, in the order in which it is worked out."""

    elected: bool = False
    """Whether the employee elects the amount; else it is pay x multiple."""
    basis: PayPer = PayPer.YEAR
    """Of which period the pay is that is multiplied: year, semimonth, month, biweek or week."""
    multiple: RateText = "1"
    """What pay is multiplied by: 2 for twice the salary, 60% for a part of it."""
    round: RoundTo = RoundTo()
    """Rounding of the product."""
    reductions: tuple[AgeReduction, ...] = ()
    """Reductions by age, ascending."""
    reduce: ReduceOf = ReduceOf.ORIGINAL
    """Of what a reduction is a part: the original amount, or the current one after the reduction before."""
    round_again: RoundTo | None = None
    """Rounding after a reduction; none: as before it."""
    min: Amount | None = None
    """Least volume; left out: none."""
    max: Amount | None = None
    """Most volume; left out: none."""
    guarantee_issue: Amount | None = None
    """Granted without evidence of insurability; what is above waits for the insurer."""
    unit: RateUnit = RateUnit.PER_1000
    """What one rate is for: per_1000 of volume (life, AD&D), per_10 of weekly benefit (STD), per_100 of covered
    monthly pay (LTD), percent of the volume itself, or flat (an amount an employee)."""

    @property
    def of_pay(self) -> bool:
        """Whether it needs the employee's pay."""
        return not self.elected and self.unit is not RateUnit.FLAT

    def rule(self, currency: str) -> VolumeRule:
        """The value type of `rules.premium`."""
        return VolumeRule(
            basis=self.basis,
            multiple=parse_rate(self.multiple),
            round=self.round.rule(currency),
            reductions=tuple(Reduction(age=one.age, percent=parse_rate(one.percent)) for one in self.reductions),
            reduce=self.reduce,
            round_again=None if self.round_again is None else self.round_again.rule(currency),
            min_minor=_minor(self.min, currency),
            max_minor=_minor(self.max, currency),
            guarantee_issue_minor=_minor(self.guarantee_issue, currency),
            unit=self.unit,
        )


class AgeTerms(Part):
    """How a plan takes age; small_group: of the children under 21 only the three oldest are charged."""

    basis: AgeBasis = AgeBasis.PLAN_YEAR_START
    """Day on which age is taken: plan_year_start, birthday (the first of each month) or january_1."""
    small_group: bool = False
    """Whether only the three oldest of the children under 21 are charged."""


class PremiumFactor(Part):
    """A factor or an amount on the premium, for everybody or by tobacco use or wellness program."""

    name: str = Field(min_length=1)
    """What it is called in the explanation; once a plan."""
    applies_to: FactorFor = FactorFor.EVERYBODY
    """everybody, tobacco, no_tobacco, wellness or no_wellness."""
    multiply: RateText = "1"
    """The premium so far is multiplied by this; 1 leaves it."""
    add: Amount = "0"
    """Then this amount a month is added; below 0 it is a discount."""

    def rule(self, currency: str) -> Factor:
        """The value type of `rules.premium`."""
        return Factor(
            name=self.name, applies_to=self.applies_to, multiply=parse_rate(self.multiply),
            add_minor=parse_minor(self.add, currency),
        )  # fmt: skip


class DefinedAmount(Part):
    """The employer's amount a month for a class, an age band and a tier; what is left out holds for all."""

    employment_class: EmploymentClass | None = None
    """full_time, part_time, seasonal or contractor; left out: all."""
    age_from: int | None = Field(default=None, ge=0, le=130)
    """Lowest age in completed years; left out: from birth."""
    age_through: int | None = Field(default=None, ge=0, le=130)
    """Highest age, itself in it; left out: without end."""
    tier: Tier | None = None
    """Coverage tier; left out: all."""
    amount: Amount
    """What the employer gives a month."""


class PayBand(Part):
    """From a yearly pay on: the employer's amount a month, or its part of the premium."""

    pay_from: Amount
    """Lowest yearly pay of the band; it ends where the next one begins."""
    flat: Amount | None = None
    """The employer's amount a month; this or percent."""
    percent: RateText | None = None
    """The employer's part of the premium; this or flat."""


class EmployerContribution(Part):
    """The employer's part of the premium; see `Scheme` for the wordings."""

    scheme: Scheme
    """The wording; each reads only the fields that name it. flat; percent_of_tier; percent_split; base_plan; buy_up;
    percent_of_pay; defined; salary_bands. (yearly_by_tier is for accounts.)"""
    flat: Amount = "0"
    """flat: an amount a month."""
    percent: RateText = "0"
    """percent_of_tier: part of the tier's premium. buy_up: part of the base plan's premium. percent_of_pay: part of
    pay."""
    percent_employee: RateText = "0"
    """percent_split, base_plan: part of the employee-only premium."""
    percent_dependents: RateText = "0"
    """percent_split, base_plan: part of what dependents add to it."""
    defined: dict[Tier, Amount] = Field(default_factory=dict)
    """defined: an amount a month by coverage tier."""
    defined_by: tuple[DefinedAmount, ...] = ()
    """Instead of `defined`: by class, age and tier."""
    bands: tuple[PayBand, ...] = ()
    """salary_bands: an amount or a part by yearly pay."""
    base_plan: Slug | None = None
    """The plan whose rates base_plan and buy_up are worked out on."""
    unused: Unused = Unused.FORFEIT
    """What becomes of an amount beyond the premium: forfeit, or other_plan."""
    unused_plan: Slug | None = None
    """other_plan: the plan that gets it."""
    min_employee: Amount = "0"
    """Least the employee pays of a full month."""
    max_employee: Amount | None = None
    """Most the employee pays of a full month, the employer pays the rest; left out: no bound."""

    def rule(self, currency: str, base_rates_minor: dict[Tier, int] | None = None) -> ContributionRule:
        """The value type of `rules.premium`; `base_rates_minor` are those of the base plan.

        Raises:
            ConfigError: the wording contradicts itself.
        """
        return ContributionRule(
            scheme=self.scheme,
            flat_minor=parse_minor(self.flat, currency),
            percent=parse_rate(self.percent),
            percent_employee=parse_rate(self.percent_employee),
            percent_dependents=parse_rate(self.percent_dependents),
            base_rates_minor=base_rates_minor or {},
            defined_minor={tier: parse_minor(text, currency) for tier, text in self.defined.items()},
            defined=tuple(
                DefinedRow(
                    employment_class=None if one.employment_class is None else one.employment_class.value,
                    age_from=one.age_from, age_through=one.age_through, tier=one.tier,
                    amount_minor=parse_minor(one.amount, currency),
                )
                for one in self.defined_by
            ),
            bands=tuple(
                SalaryBand(
                    pay_from_minor=parse_minor(one.pay_from, currency), flat_minor=_minor(one.flat, currency),
                    percent=None if one.percent is None else parse_rate(one.percent),
                )
                for one in self.bands
            ),
            min_employee_minor=parse_minor(self.min_employee, currency),
            max_employee_minor=_minor(self.max_employee, currency),
            unused=self.unused,
            unused_plan=self.unused_plan or "",
        )  # fmt: skip


class MidPeriod(Part):
    """What a partial first or last month costs."""

    start: ProrationMethod = ProrationMethod.FULL_MONTH
    """A month in which cover begins: full_month, none_first_month, wash, daily, thirtieths or anniversary_daily."""
    end: ProrationMethod = ProrationMethod.FULL_MONTH
    """A month in which cover ends: the same words; none_first_month charges nothing for the last month."""
    newborn: ProrationMethod | None = None
    """A newborn's first month; none: as any first month."""
    same_month: ProrationMethod | None = None
    """Cover that begins and ends within one month; none: each side by its own method."""
    wash_day: int = Field(default=15, ge=1, le=28)
    """wash: cover that begins on this day or before pays the month; cover that ends on it or before does not."""


class CarrierTerms(Part):
    """How a carrier wants to be paid."""

    premium_due_day: int = Field(default=1, ge=1, le=28)
    """Day of the coverage month on which its premium is due, where an invoice tells no other."""
    grace_days: int = Field(default=31, ge=0, le=90)
    """Days after it in which cover stands unpaid, by the contract; told to people, no date is computed from it."""
    pay_policy: Literal["pay_as_billed", "pay_as_enrolled", "short_pay"] = "pay_as_billed"
    """pay_as_billed: the invoice is paid, what differs is credited later; pay_as_enrolled: what the hub worked out;
    short_pay: the invoice less what open differences say is billed too much, each such line named to the carrier."""
    credit_days: int | None = Field(default=None, ge=0, le=730)
    """Days in which the carrier takes claims for premium paid too much (60 or 90 are common); a later one is refused,
    the money is lost. Left out: not known, so that nothing expires and no alarm is raised."""
    credit_from: Literal["month_start", "month_end"] = "month_start"
    """Counted from the coverage month's first day (month_start) or its last (month_end)."""
    credit_alarm_days: int = Field(default=14, ge=0, le=365)
    """Days before the last day of a claim from which one not made yet is told as urgent."""
    claims_through: Slug | None = None
    """Connection that takes claims to this carrier as a file (a `files` connection with an `outbox`); left out: the
    carrier's own, and where that takes none a person sends them."""
    monthly_fee: Amount = "0.00"
    """Fee that its bill may have a month; another one is a difference. It is compared, not paid by the hub."""
    transit_bank_days: int = Field(default=2, ge=0, le=10)
    """Bank days a payment takes; it is sent so many before it is due."""
    pay_through: Slug | None = None
    """Connection of the bank (`bank_files`) whose file moves the money; left out: somebody pays by other means."""

    @property
    def monthly_fee_minor(self) -> int:
        """The fee in minor units."""
        return parse_minor(self.monthly_fee)

    def claim_by(self, month: Month) -> date | None:
        """The last day on which a credit for a coverage month can be claimed; None where nobody said."""
        if self.credit_days is None:
            return None
        start = month.first if self.credit_from == "month_start" else month.last
        return start + timedelta(days=self.credit_days)


def _minor(text: str | None, currency: str) -> int | None:
    return None if text is None else parse_minor(text, currency)
