"""What an insurance plan costs, who pays which part of it, and how its carrier is paid."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import ConfigDict, Field

from benehub.periods import FOREVER
from benehub.planbook.parts.fields import Amount, Part, RateText
from benehub.records import Tier
from benehub.rules.premium.contribution import Scheme
from benehub.rules.premium.proration import ProrationMethod


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


class MidPeriod(Part):
    """What a partial first or last month costs."""

    start: ProrationMethod = ProrationMethod.FULL_MONTH
    end: ProrationMethod = ProrationMethod.FULL_MONTH
    wash_day: int = Field(default=15, ge=1, le=28)


class CarrierTerms(Part):
    """How a carrier wants to be paid."""

    premium_due_day: int = Field(default=1, ge=1, le=28)
    grace_days: int = Field(default=31, ge=0, le=90)
    pay_policy: Literal["pay_as_billed", "pay_as_enrolled"] = "pay_as_billed"
    transit_bank_days: int = Field(default=2, ge=0, le=10)
