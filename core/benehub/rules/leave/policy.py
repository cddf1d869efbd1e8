"""A leave policy as data: how leave is earned, when it may be used, what the end of a leave year does to it.

All hours are exact text ("80", "12.5", "1/30"). Dates are half-open. A leave year begins on 1 January, on the
anniversary of the first day of employment, or on the first of a fiscal month.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Self

from pydantic import Field, model_validator

from benehub.errors import ConfigError
from benehub.legal.state_leave import state_leave
from benehub.periods import add_months
from benehub.rules.base import Count, Rate, RuleModel

ZERO = Fraction(0)
Hours = Annotated[Rate, Field(ge=0)]
"""Exact hours that cannot be negative."""


class AccrualMethod(StrEnum):
    """How leave is earned.

    PER_HOUR: a rate on hours worked. PER_PAY: an even part of the year's hours on each pay date. MONTHLY: a
    twelfth a month. ANNUAL: all of it at once, for the leave year. ANNIVERSARY: all of it on each anniversary,
    for the year of service that is over. NONE: only what is granted by hand.
    """

    PER_HOUR = "per_hour"
    PER_PAY = "per_pay"
    MONTHLY = "monthly"
    ANNUAL = "annual"
    ANNIVERSARY = "anniversary"
    NONE = "none"


class Timing(StrEnum):
    """When in its period leave is earned: on its first day, or on its last."""

    START = "start"
    END = "end"


class LeaveYear(StrEnum):
    """When a leave year begins: 1 January, the anniversary of hire, or the first of the fiscal month."""

    CALENDAR = "calendar"
    ANNIVERSARY = "anniversary"
    FISCAL = "fiscal"


class Proration(StrEnum):
    """How a part of a period counts: NONE (it counts whole), DAYS (by calendar days), MONTHS (full months)."""

    NONE = "none"
    DAYS = "days"
    MONTHS = "months"


class Rest(StrEnum):
    """What becomes of leave that is not carried over: it is lost, or paid out."""

    FORFEIT = "forfeit"
    PAYOUT = "payout"


class Tenure(RuleModel):
    """What is earned from a length of service on; it changes on the anniversary itself."""

    after_months: Annotated[int, Field(strict=True, ge=0, le=1200)] = 0
    """Completed months of service from which this holds."""
    rate: Hours = ZERO
    """Hours earned per hour worked, exact (per_hour): "1/30"."""
    annual_hours: Hours = ZERO
    """Hours of a full year (all other methods)."""


class Carry(RuleModel):
    """What of the balance goes into the next leave year."""

    max_hours: Hours | None = None
    """Most that is carried; empty for all of it, 0 for use-it-or-lose-it."""
    expires_after_months: Annotated[int, Field(strict=True, ge=1, le=120)] | None = None
    """Months into the new year after which what was carried lapses; empty for never."""
    to: str = ""
    """Policy it is carried into; empty for the same one."""
    rest: Rest = Rest.FORFEIT
    """What becomes of the balance above `max_hours`."""


class Policy(RuleModel):
    """One leave policy.

    Raises:
        ValueError: the method lacks what it reads, or the tenure table does not ascend.
    """

    method: AccrualMethod
    """How leave is earned."""
    tenure: Annotated[tuple[Tenure, ...], Field(max_length=40)] = (Tenure(),)
    """What is earned by length of service, ascending; one line for a policy without tiers."""
    timing: Timing = Timing.END
    """When in a month or year it is earned (monthly, annual); pay dates and hours worked carry their own date."""
    year: LeaveYear = LeaveYear.CALENDAR
    """When the leave year begins."""
    fiscal_month: Annotated[int, Field(strict=True, ge=1, le=12)] = 1
    """First month of the fiscal year (year: fiscal)."""
    cap_hours: Hours | None = None
    """Balance at which accrual stops; it goes on after use and never catches up."""
    year_cap_hours: Hours | None = None
    """Most that is earned in a leave year."""
    usable_from_day: Annotated[int, Field(strict=True, ge=1, le=1000)] = 1
    """Day of employment from which leave may be used; the first day of work is day 1."""
    use_cap_hours: Hours | None = None
    """Most that may be used in a leave year."""
    increment_hours: Hours = ZERO
    """Smallest unit of leave taken; 0 for any."""
    negative_limit_hours: Hours = ZERO
    """How far the balance may go below zero by use."""
    carry: Carry | None = Carry()
    """What goes into the next leave year; empty where leave is not bound to a year."""
    prorate_hire: Proration = Proration.DAYS
    """How a period counts in which employment begins."""
    prorate_termination: Proration = Proration.DAYS
    """How a period counts in which employment ends."""
    full_time_hours: Hours = ZERO
    """Weekly hours of a full entitlement; fewer hours earn a part of it. 0: all earn alike."""
    reinstate_months: Count = 0
    """On rehire within so many months what was left stands again; 0: never."""
    jurisdiction: str = Field(default="", pattern=r"^([A-Z]{2}(-[A-Z]{2})?)?$")
    """Whose law is checked: "US-CA", "DE"; empty for none."""

    @model_validator(mode="after")
    def _method_has_what_it_reads(self) -> Self:
        per_hour = self.method is AccrualMethod.PER_HOUR
        name = "rate" if per_hour else "annual_hours"
        months = [one.after_months for one in self.tenure]
        if months != sorted(set(months)):
            raise ValueError("tenure does not ascend: order it by after_months, each length once")
        if self.method is AccrualMethod.NONE:
            return self
        if not any(one.rate if per_hour else one.annual_hours for one in self.tenure):
            raise ValueError(f"accrual {self.method.value} without {name}: give a value above 0 in tenure")
        return self

    def check_law(self, day: date) -> None:
        """Refuse what the jurisdiction forbids: to lose leave that has been earned.

        Raises:
            ConfigError: earned leave would be lost, or no rules are loaded for the state.
        """
        carry = self.carry
        if not self.jurisdiction.startswith("US-") or carry is None:
            return
        law = state_leave(self.jurisdiction[3:], day)
        loses = (carry.max_hours is not None and carry.rest is Rest.FORFEIT) or carry.expires_after_months is not None
        if loses and law.forfeiture_forbidden:
            raise ConfigError(
                f"{self.jurisdiction} forbids that earned leave is lost",
                where="carry",
                mend=f"Cap the accrual (cap_hours), pay the rest out (rest: payout), or carry all. {law.source}",
            )

    def tier(self, hired: date, day: date) -> Tenure | None:
        """What is earned on `day`; None before the first tier."""
        found = None
        for one in self.tenure:
            if add_months(hired, one.after_months) <= day:
                found = one
        return found

    def year_start(self, hired: date, day: date) -> date:
        """First day of the leave year that holds `day`."""
        match self.year:
            case LeaveYear.ANNIVERSARY:
                number = day.year - hired.year - (day < _anniversary(hired, day.year))
                return add_months(hired, 12 * number)
            case LeaveYear.FISCAL:
                this = date(day.year, self.fiscal_month, 1)
                return this if this <= day else date(day.year - 1, self.fiscal_month, 1)
            case _:
                return date(day.year, 1, 1)

    def next_year(self, hired: date, day: date) -> date:
        """First day of the leave year after the one that holds `day`."""
        start = self.year_start(hired, day)
        if self.year is LeaveYear.ANNIVERSARY:
            return add_months(hired, 12 * (start.year - hired.year + 1))
        return date(start.year + 1, start.month, start.day)

    def usable_on(self, hired: date) -> date:
        """The first day on which leave may be used."""
        return hired + timedelta(days=self.usable_from_day - 1)


def _anniversary(hired: date, year: int) -> date:
    return add_months(hired, 12 * (year - hired.year))
