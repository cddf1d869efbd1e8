"""Whose plan book it is, which connections play which part, when people are paid, when the hub stops and asks."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from benehub.planbook.parts.fields import DayOfMonth, Part, Slug, TimeZone


class Employer(Part):
    """Whose plan book it is."""

    id: Slug
    name: str
    country: str = Field(default="US", pattern=r"^[A-Z]{2}$")
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    language: str = Field(default="en", pattern=r"^[a-z]{2}$")
    """Language of statements and notices."""
    ein: str = Field(default="", pattern=r"^(\d{2}-?\d{7})?$")
    size: Literal["small", "large"] = "small"
    """large: an applicable large employer of US law, with its rules on offers of cover."""
    school: bool = False
    """An educational organization, with its longer break before a returning employee is new."""
    timezone: TimeZone = "UTC"
    """Name of the IANA time zone, as `America/Chicago`, by whose calendar days begin: what is due today, and when a
    change counts from."""


class Roles(Part):
    """Which connection plays which part."""

    hris: Slug
    payroll: Slug
    elections: Slug | None = None
    recordkeeper: Slug | None = None
    mail: Slug | None = None
    """Sends employees the notices that are due."""


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


class Guards(Part):
    """When the hub stops and asks instead of going on."""

    mass_removal_percent: int = Field(default=5, ge=0, le=100)
    field_empty_percent: int = Field(default=50, ge=0, le=100)
    headcount_drop_percent: int = Field(default=5, ge=0, le=100)
