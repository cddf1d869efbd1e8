"""Who may enroll in a plan, and from when."""

from __future__ import annotations

from pydantic import Field

from benehub.planbook.parts.fields import Part
from benehub.records import EmploymentClass
from benehub.rules.eligibility.entry_rule import EntryGrid


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
