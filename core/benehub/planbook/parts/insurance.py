"""What an insurance plan costs, who pays which part of it, and how its carrier is paid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from pydantic import ConfigDict, Field

from benehub.money import Rounding, parse_minor, parse_rate
from benehub.periods import FOREVER
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
    through: int | None = Field(default=None, ge=0, le=130)
    """Highest age, itself in it; empty: without end."""
    amount: Amount | None = None
    rate: RateText | None = None


class RateTable(Part):
    """Full-month rates valid over `[from, to)`: by tier, by age, or one rate a unit of volume.

    A table may hold for one region, or for tobacco users or others only; tables that tell people apart hold together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    valid_from: date = Field(alias="from")
    valid_to: date = Field(default=FOREVER, alias="to")
    region: str = ""
    tobacco: bool | None = None
    tiers: dict[Tier, Amount] = Field(default_factory=dict)
    ages: tuple[AgeRate, ...] = ()
    rate: RateText | None = None

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
    mode: Rounding = Rounding.HALF_UP

    def rule(self, currency: str) -> StepRounding:
        """The value type of `rules.premium`."""
        return StepRounding(step_minor=max(1, parse_minor(self.to, currency)), mode=self.mode)


class AgeReduction(Part):
    """From an age on, only a part of the volume."""

    age: int = Field(ge=0, le=130)
    percent: RateText


class VolumeTerms(Part):
    """How pay becomes a volume of insurance, in the order in which it is worked out."""

    elected: bool = False
    """Whether the employee elects the amount; else it is pay x multiple."""
    basis: PayPer = PayPer.YEAR
    multiple: RateText = "1"
    round: RoundTo = RoundTo()
    reductions: tuple[AgeReduction, ...] = ()
    reduce: ReduceOf = ReduceOf.ORIGINAL
    round_again: RoundTo | None = None
    """Rounding after a reduction; none: as before it."""
    min: Amount | None = None
    max: Amount | None = None
    guarantee_issue: Amount | None = None
    """Granted without evidence of insurability; what is above waits for the insurer."""
    unit: RateUnit = RateUnit.PER_1000

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
    small_group: bool = False


class PremiumFactor(Part):
    """A factor or an amount on the premium, for everybody or by tobacco use or wellness program."""

    name: str = Field(min_length=1)
    applies_to: FactorFor = FactorFor.EVERYBODY
    multiply: RateText = "1"
    add: Amount = "0"

    def rule(self, currency: str) -> Factor:
        """The value type of `rules.premium`."""
        return Factor(
            name=self.name, applies_to=self.applies_to, multiply=parse_rate(self.multiply),
            add_minor=parse_minor(self.add, currency),
        )  # fmt: skip


class DefinedAmount(Part):
    """The employer's amount a month for a class, an age band and a tier; what is left out holds for all."""

    employment_class: EmploymentClass | None = None
    age_from: int | None = Field(default=None, ge=0, le=130)
    age_through: int | None = Field(default=None, ge=0, le=130)
    tier: Tier | None = None
    amount: Amount


class PayBand(Part):
    """From a yearly pay on: the employer's amount a month, or its part of the premium."""

    pay_from: Amount
    flat: Amount | None = None
    percent: RateText | None = None


class EmployerContribution(Part):
    """The employer's part of the premium; see `Scheme` for the wordings."""

    scheme: Scheme
    flat: Amount = "0"
    percent: RateText = "0"
    percent_employee: RateText = "0"
    percent_dependents: RateText = "0"
    defined: dict[Tier, Amount] = Field(default_factory=dict)
    defined_by: tuple[DefinedAmount, ...] = ()
    """Instead of `defined`: by class, age and tier."""
    bands: tuple[PayBand, ...] = ()
    base_plan: Slug | None = None
    """The plan whose rates base_plan and buy_up are worked out on."""
    unused: Unused = Unused.FORFEIT
    unused_plan: Slug | None = None
    min_employee: Amount = "0"
    max_employee: Amount | None = None

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
    end: ProrationMethod = ProrationMethod.FULL_MONTH
    newborn: ProrationMethod | None = None
    """A newborn's first month; none: as any first month."""
    same_month: ProrationMethod | None = None
    """Cover that begins and ends within one month; none: each side by its own method."""
    wash_day: int = Field(default=15, ge=1, le=28)


class CarrierTerms(Part):
    """How a carrier wants to be paid."""

    premium_due_day: int = Field(default=1, ge=1, le=28)
    grace_days: int = Field(default=31, ge=0, le=90)
    pay_policy: Literal["pay_as_billed", "pay_as_enrolled"] = "pay_as_billed"
    transit_bank_days: int = Field(default=2, ge=0, le=10)


def _minor(text: str | None, currency: str) -> int | None:
    return None if text is None else parse_minor(text, currency)
