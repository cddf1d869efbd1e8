"""Who may enroll in a plan, from when, and when a dependent's cover ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from benehub.planbook.parts.fields import Part
from benehub.records import EmploymentClass
from benehub.rules.base import Calculation
from benehub.rules.eligibility.coverage_end import EarlyWash
from benehub.rules.eligibility.dependent_end import CHILDREN, DependentEnd, EndRule, dependent_end
from benehub.rules.eligibility.entry_rule import EntryGrid, EntryRule, WaitUnit, month_day
from benehub.rules.eligibility.lookback_terms import LookbackTerms
from benehub.rules.eligibility.rehire import TreatAsNew
from benehub.rules.eligibility.tree import RuleTerm

DayOfYear = Annotated[str, Field(pattern=r"^\d{2}-\d{2}$")]
"""A day of each year as MM-DD."""


class Waiting(Part):
    """How long a new employee waits: days, months or hours of service, one of them."""

    days: int = Field(default=0, ge=0, le=365)
    """Calendar days."""
    months: int = Field(default=0, ge=0, le=12)
    """Calendar months."""
    hours: int = Field(default=0, ge=0, le=10_000)
    """Cumulative hours of service (US medical: at most 1,200)."""
    days_after_hours: int = Field(default=0, ge=0, le=365)
    """Calendar days that follow once the hours are reached."""
    orientation_months: int = Field(default=0, ge=0, le=12)
    """0 or 1: a calendar month, less a day, before the wait begins."""

    def rule(self) -> tuple[int, WaitUnit]:
        """Its length and what it is counted in."""
        if self.hours:
            return self.hours, WaitUnit.HOURS
        return (self.months, WaitUnit.MONTHS) if self.months else (self.days, WaitUnit.DAYS)


class EligibilityTerms(Part):
    """Who may enroll, and from when."""

    classes: tuple[EmploymentClass, ...] = ()
    """Employment classes that may enroll: full_time, part_time, seasonal, contractor; empty: all."""
    min_weekly_hours: int = Field(default=0, ge=0, le=80)
    """Least scheduled hours a week; 0: any."""
    waiting: Waiting = Waiting()
    """How long a new employee waits."""
    entry: EntryGrid = EntryGrid.IMMEDIATE
    """Days on which cover can begin: immediate, first_of_month (on or after the wait), first_of_month_after (strictly
    after), first_of_pay_period, quarterly, or dates."""
    entry_dates: tuple[DayOfYear, ...] = ()
    """Days of each year on which cover can begin, for entry `dates`."""
    clamp: bool = True
    """US medical: the plan says that cover begins on the 91st day at the latest."""
    rules: RuleTerm | None = None
    """Further rules, composed by all, any and not, that have to pass beside what is said here."""
    measured: LookbackTerms | None = None
    """Full-time is what the hours of service say, by this method; every employee has to be so."""
    rehire: TreatAsNew = TreatAsNew.ALWAYS_WHEN_ALLOWED
    """Whether somebody who comes back waits again, of what the law allows."""

    def entry_rule(self, us_medical: bool, large: bool) -> EntryRule:
        """The wait and its entry days, for `rules.eligibility`."""
        wait, unit = self.waiting.rule()
        return EntryRule(
            wait=wait,
            wait_unit=unit,
            grid=self.entry,
            orientation_months=self.waiting.orientation_months,
            us_medical=us_medical,
            entry_dates=tuple(month_day(one) for one in self.entry_dates),
            wait_after_hours=self.waiting.days_after_hours,
            clamp=self.clamp,
            large_employer=large,
        )

    def tree(self) -> RuleTerm | None:
        """The further rules, and that of measured hours where the plan measures and no rule asks for it."""
        asks = self.rules is not None and any(leaf.kind == "measured_hours" for leaf in self.rules.leaves())
        if self.measured is None or asks:
            return self.rules
        measured = RuleTerm(kind="measured_hours")
        return measured if self.rules is None else RuleTerm(all=(measured, self.rules))


class CoverageWash(Part):
    """The end of cover by the wash rule."""

    day: int = Field(default=15, ge=1, le=28)
    """Somebody who leaves after this day is covered to the end of the month."""
    early: EarlyWash = EarlyWash.LAST_DAY
    """Who leaves on or before it is covered to the last day of employment, or to the end of the month before."""


class DependentTerms(Part):
    """When a child's cover ends by age."""

    end: EndRule = EndRule.END_OF_MONTH
    """Last covered day: day_before_birthday, or the end_of_month, end_of_plan_year or end_of_calendar_year in which
    the age is reached."""
    age_limit: int | None = Field(default=26, ge=1, le=99)
    """Age on reaching which cover ends; null where it does not end by age."""
    plan_year_first_month: int = Field(default=1, ge=1, le=12)
    """First month of the plan year, for end_of_plan_year."""

    def age_end(self, dependent: Mapping[str, Any], large: bool) -> Calculation[DependentEnd] | None:
        """When a dependent's cover ends by age, from the dependent's facts; None where it does not end by age."""
        if self.age_limit is None or dependent["relationship"] not in CHILDREN:
            return None
        evidence = dependent.get("disabled_evidence_until")
        return dependent_end(
            birth_date=date.fromisoformat(dependent["birth_date"]),
            rule=self.end,
            age_limit=self.age_limit,
            plan_year_first_month=self.plan_year_first_month,
            large_us_employer=large,
            disabled_evidence_until=date.fromisoformat(evidence) if evidence else None,
        )
