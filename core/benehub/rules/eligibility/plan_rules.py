"""Whom a plan takes in, as a value: the plain wordings that most plans need, and a tree of rules for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from benehub.rules.eligibility.coverage_end import CoverageEndRule, EarlyWash
from benehub.rules.eligibility.entry_rule import EntryRule
from benehub.rules.eligibility.tree import RuleTerm

NO_WAIT = EntryRule()
"""Cover from the first day."""


@dataclass(frozen=True, slots=True)
class PlanEligibility:
    """Who a plan takes in. Hours are hundredths of an hour a week; empty `classes` takes every class in.

    The plan is open on `[open_from, open_to)`. `rules` have to pass beside all that is said here.
    """

    classes: tuple[str, ...] = ()
    min_hours_minor: int = 0
    entry: EntryRule = NO_WAIT
    open_from: date | None = None
    open_to: date | None = None
    coverage_end: CoverageEndRule = CoverageEndRule.END_OF_MONTH
    wash_day: int = 15
    early_wash: EarlyWash = EarlyWash.LAST_DAY
    rules: RuleTerm | None = None

    @property
    def any_of(self) -> tuple[str, ...]:
        """The classes, as the rule of kind class asks for them."""
        return self.classes

    @property
    def at_least(self) -> int | None:
        """The weekly hours, as the rule of kind scheduled_hours asks for them."""
        return self.min_hours_minor

    @property
    def below(self) -> None:
        """No plain wording has an upper bound."""
        return None

    @property
    def name(self) -> str:
        """No plain wording is settled elsewhere."""
        return ""

    def entry_rule(self) -> EntryRule:
        """The wait and its entry days."""
        return self.entry
