"""A kind of leave: how it is earned, capped, used, carried and paid out.

Hours are decimal text, rates exact text; a policy kept in days says how many hours a day has.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Literal

from pydantic import Field

from benehub.money import parse_minor, parse_rate
from benehub.planbook.parts.fields import Amount, Part, RateText, Slug
from benehub.rules.leave.payout import LeaveKind
from benehub.rules.leave.policy import (
    AccrualMethod,
    Carry,
    LeaveYear,
    Policy,
    Proration,
    Rest,
    Tenure,
    Timing,
)
from benehub.rules.leave.statutory import sick_leave
from benehub.rules.leave.urlaub import UseOrder
from benehub.rules.leave.urlaub_claim import ExtraRule


class TenureLine(Part):
    """What is earned from a length of service on; it changes on the anniversary itself."""

    after_months: int = Field(default=0, ge=0, le=1200)
    """Completed months of service."""
    annual_hours: Amount = "0"
    """Hours a year."""
    annual_days: Amount = "0"
    """Days a year, in a policy kept in days."""
    rate: RateText = "0"
    """Hours earned per hour worked."""


class Accrual(Part):
    """How leave is earned: an even part of the year's hours, all of them at once, or a rate on hours worked."""

    method: AccrualMethod = AccrualMethod.PER_PAY
    """per_hour, per_pay, monthly, annual, anniversary or none."""
    annual_hours: Amount = "0"
    """Hours a year, where there is no tenure table."""
    annual_days: Amount = "0"
    """Days a year, in a policy kept in days."""
    rate: RateText = "0"
    """Hours earned per hour worked, where there is no tenure table."""
    tenure: tuple[TenureLine, ...] = ()
    """By length of service, ascending; in place of the three above."""
    basis: Literal["worked", "scheduled"] = "worked"
    """per_hour: hours worked as the register tells them (scheduled ones where it tells none), or always scheduled."""
    timing: Timing = Timing.END
    """Whether it counts on the first or the last day of its period; what pay dates earn counts on the pay date."""
    cap_hours: Amount | None = None
    """Balance at which accrual stops; it goes on after use, without catching up."""
    year_cap_hours: Amount | None = None
    """Most that is earned in a leave year."""


class CarryOver(Part):
    """What goes into the next leave year."""

    max_hours: Amount | None = None
    """Most that is carried; all of it when empty."""
    expires_after_months: int | None = Field(default=None, ge=1, le=120)
    """Months of the new year after which what was carried lapses."""
    to: Slug | None = None
    """Another leave policy that takes it."""
    rest: Rest = Rest.FORFEIT
    """What becomes of more than that: forfeit or payout."""


class Prorate(Part):
    """How a period counts that is not whole."""

    hire: Proration = Proration.NONE
    """none, days or months, where employment begins in it."""
    termination: Proration = Proration.NONE
    """none, days or months, where employment ends in it."""
    full_time_hours: Amount = "0"
    """Weekly hours of a full entitlement; fewer earn a part. 0: all earn alike."""


class Urlaub(Part):
    """German leave: the statutory days by law, the contractual ones above them, lapse only after a notice."""

    agreed_days: Amount = "0"
    """Days of a full year by contract, statutory ones included; 0 for the statutory ones."""
    days_per_week: Amount = "5"
    """Working days a week."""
    extra_rule: ExtraRule = ExtraRule.FOLLOWS
    """Whether contractual days follow the statutory ones in a year that is not whole, or go by twelfths."""
    use_order: UseOrder = UseOrder.STATUTORY_FIRST
    """Which days are used first."""


class LeavePolicy(Part):
    """One kind of leave."""

    id: Slug
    """Short name, at most 12 characters: it stands in the ledger's unit."""
    name: str = ""
    """What people call it."""
    kind: LeaveKind = LeaveKind.VACATION
    """vacation or sick."""
    unit: Literal["hours", "days"] = "hours"
    """What people call it in; the ledger keeps minutes either way."""
    hours_per_day: Amount = "8"
    """Hours of a day, in a policy kept in days."""
    statute: Literal["", "us-ca-sick"] = ""
    """A statutory policy from the legal tables, in place of `accrual` and the limits."""
    accrual: Accrual | None = None
    """How it is earned; or `statute`, or `germany`."""
    year: LeaveYear = LeaveYear.CALENDAR
    """When the leave year begins: calendar, anniversary or fiscal."""
    fiscal_month: int = Field(default=1, ge=1, le=12)
    """First month of a fiscal leave year."""
    usable_from_day: int = Field(default=1, ge=1, le=1000)
    """Day of employment from which it may be used; the first is day 1."""
    use_cap_hours: Amount | None = None
    """Most that may be used in a leave year."""
    increment_hours: Amount = "0"
    """Smallest unit that is taken; 0 for any."""
    negative_limit_hours: Amount = "0"
    """How far below zero use may go."""
    carry: CarryOver = CarryOver()
    """What of the balance goes into the next leave year, and what becomes of the rest."""
    prorate: Prorate = Prorate()
    """How periods count that are not whole, and who works fewer hours."""
    reinstate_months: int = Field(default=0, ge=0, le=120)
    """On rehire within so many months the old balance stands again."""
    jurisdiction: str = Field(default="", pattern=r"^([A-Z]{2}(-[A-Z]{2})?)?$")
    """Whose law holds: "US-CA", "DE"."""
    germany: Urlaub | None = None
    """German leave by law and contract, in place of `accrual`."""
    payout_on_termination: bool = False
    """Whether what is left at the end of employment is paid."""
    cash_out: bool = False
    """Whether leave may be paid out during employment."""
    taken_code: str = ""
    """Payroll's code of leave taken."""
    payout_code: str = ""
    """Payroll's code of leave paid out."""

    @property
    def by_hours_worked(self) -> bool:
        """Whether hours worked earn it."""
        if self.accrual is None:
            return bool(self.statute)
        return self.accrual.method is AccrualMethod.PER_HOUR and self.accrual.basis == "worked"

    @property
    def day_hours(self) -> Fraction:
        """Exact hours of a day."""
        return _exact(self.hours_per_day)

    def rule(self, day: date) -> Policy:
        """The value type of `rules.leave`, as it holds on `day`; a policy in days is turned into hours.

        Raises:
            ConfigError: a statutory policy is not loaded for the day.
            pydantic.ValidationError: the method lacks what it reads; `plan check` names it first.
        """
        if self.statute:
            return sick_leave("CA", day)
        if self.germany is not None:
            return Policy(method=AccrualMethod.NONE, carry=None, jurisdiction=self.jurisdiction)
        earns = self.accrual or Accrual(method=AccrualMethod.NONE)
        lines = earns.tenure or (
            TenureLine(annual_hours=earns.annual_hours, annual_days=earns.annual_days, rate=earns.rate),
        )
        return Policy(
            method=earns.method, tenure=tuple(self._tenure(line) for line in lines), timing=earns.timing,
            year=self.year, fiscal_month=self.fiscal_month, cap_hours=_hours(earns.cap_hours),
            year_cap_hours=_hours(earns.year_cap_hours), usable_from_day=self.usable_from_day,
            use_cap_hours=_hours(self.use_cap_hours), increment_hours=_exact(self.increment_hours),
            negative_limit_hours=_exact(self.negative_limit_hours), carry=self._carry(),
            prorate_hire=self.prorate.hire, prorate_termination=self.prorate.termination,
            full_time_hours=_exact(self.prorate.full_time_hours), reinstate_months=self.reinstate_months,
            jurisdiction=self.jurisdiction,
        )  # fmt: skip

    def _tenure(self, line: TenureLine) -> Tenure:
        hours = _exact(line.annual_hours) + _exact(line.annual_days) * self.day_hours
        return Tenure(after_months=line.after_months, rate=parse_rate(line.rate), annual_hours=hours)

    def _carry(self) -> Carry:
        return Carry(
            max_hours=_hours(self.carry.max_hours), expires_after_months=self.carry.expires_after_months,
            to=self.carry.to or "", rest=self.carry.rest,
        )  # fmt: skip


def _hours(text: Amount | None) -> Fraction | None:
    return None if text is None else _exact(text)


def _exact(text: Amount) -> Fraction:
    return Fraction(parse_minor(text), 100)
