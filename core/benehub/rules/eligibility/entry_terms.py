"""The fields in which a person writes a waiting period and its entry days, shared by all that ask for them."""

from __future__ import annotations

from benehub.rules.base import Count, RuleModel
from benehub.rules.eligibility.entry_rule import EntryGrid, EntryRule, WaitUnit, month_day


class EntryTerms(RuleModel):
    """How a plan words the way from the first day of employment to the first day of cover."""

    wait: Count = 0
    """Length of the waiting period in `wait_unit`; 0 for none."""
    wait_unit: WaitUnit = WaitUnit.DAYS
    """What the wait is counted in: calendar days, months, or cumulative hours of service (at most 1,200)."""
    grid: EntryGrid = EntryGrid.IMMEDIATE
    """Days on which cover can begin once the wait is over; first_of_month is on or after, first_of_month_after is
    strictly after, dates are those in `entry_dates`."""
    entry_dates: tuple[str, ...] = ()
    """Days of each year on which cover can begin, as MM-DD (only for the grid `dates`)."""
    orientation_months: Count = 0
    """Calendar months (0 or 1), less a day, of orientation before the wait begins."""
    wait_after_hours: Count = 0
    """Calendar days of waiting after the hours are reached (only for a wait in hours)."""
    us_medical: bool = True
    """Whether the 91st-day limit holds: true for US medical plans, false for excepted benefits."""
    clamp: bool = True
    """Whether the plan says that cover begins on the 91st day at the latest; without it a wording that can run past
    that day is refused."""
    large_employer: bool = False
    """Whether cover must be offered by the first day of the fourth full calendar month (large US employers)."""

    def rule(self) -> EntryRule:
        """How the plan words it."""
        return EntryRule(
            wait=self.wait,
            wait_unit=self.wait_unit,
            grid=self.grid,
            orientation_months=self.orientation_months,
            us_medical=self.us_medical,
            entry_dates=tuple(month_day(one) for one in self.entry_dates),
            wait_after_hours=self.wait_after_hours,
            clamp=self.clamp,
            large_employer=self.large_employer,
        )

    @classmethod
    def of(cls, rule: EntryRule) -> EntryTerms:
        """The same rule in the words of a plan."""
        told = {name: getattr(rule, name) for name in cls.model_fields if name != "entry_dates"}
        return cls(**told, entry_dates=tuple(f"{month:02d}-{day:02d}" for month, day in rule.entry_dates))
