"""How the employee's share is taken from pay, and what happens when pay could not take it or was told late."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from benehub.money import parse_minor, parse_rate
from benehub.planbook.parts.fields import Amount, Part, RateText
from benehub.records import TaxClass
from benehub.rules.deduction.calendar import DeductionMethod, DeductionRule, SpareCents, Timing
from benehub.rules.deduction.collection import CATCH_UP, BenefitKind, Collection, CollectionRule
from benehub.rules.deduction.retro import CatchUp
from benehub.rules.deduction.short_pay import ShortPay


class ArrearsTerms(Part):
    """What happens to a deduction that pay did not cover."""

    short_pay: ShortPay = ShortPay.ALL_OR_NONE
    """How payroll treats a pay that is too short: `all_or_none`, or `net_to_zero` (takes what there is)."""
    carry: bool = True
    """Whether what was not taken is collected later; false: it stays due until somebody pays it or writes it off."""
    priority: int = Field(default=50, ge=0, le=999)
    """Order in which arrears of several plans are collected; lower first."""
    strategy: Collection | None = None
    """How fast arrears are collected; left out, as usual for the kind of benefit (health: half the usual more)."""
    max_extra: Amount | None = None
    """max_extra: the most one pay collects on top of the usual deduction."""
    percent_of_usual: RateText = ""
    """max_extra: the same as a part of the usual deduction, e.g. 50%."""
    percent_of_net: RateText = ""
    """max_percent_of_net: the most one pay collects, as a part of the last net pay known."""
    pays: int | None = Field(default=None, ge=1, le=60)
    """spread: over how many pays."""

    def rule(self, kind: BenefitKind, currency: str) -> CollectionRule:
        """The strategy for `rules.deduction`.

        Raises:
            ConfigError: it lacks its number.
        """
        if self.strategy is None:
            return CATCH_UP[kind]
        return CollectionRule(
            self.strategy,
            None if self.max_extra is None else parse_minor(self.max_extra, currency),
            parse_rate(self.percent_of_usual) if self.percent_of_usual else None,
            parse_rate(self.percent_of_net) if self.percent_of_net else None,
            self.pays,
        )


class RetroTerms(Part):
    """How far back a change that is learned late is still corrected, and how."""

    window_months: int = Field(default=2, ge=0, le=24)
    """Coverage months before the one being paid for that are still corrected; 0: none."""
    catch_up: CatchUp = CatchUp.POST_TAX
    """What happens to an increase that may not be paid before tax: `post_tax`, or `prospective` (not charged)."""


class DeductionTerms(Part):
    """How the employee's share is taken from pay."""

    code: str = Field(min_length=1, max_length=40)
    """Payroll's code of the deduction; each plan has its own."""
    tax_class: TaxClass = TaxClass.PRETAX
    """How payroll taxes it: pretax or posttax (roth, employer and imputed are for other lines)."""
    method: DeductionMethod = DeductionMethod.PER_MONTH
    """per_month: from the first `per_month` pay dates of a month, others are holidays; every_pay: from each."""
    per_month: int = Field(default=2, ge=1, le=5)
    """per_month: on how many pay dates of a month it is taken."""
    pays_a_year: Literal[12, 24, 26, 27, 48, 52, 53] | None = None
    """every_pay: take from the first so many pay dates of a year only; left out, from all there are."""
    timing: Timing = Timing.CURRENT
    """Which coverage month a pay date pays for: in_advance (the next), current (its own) or arrears (the one
    before)."""
    spare_cents: SpareCents = SpareCents.RUNNING
    """Which pay dates take the cents a division leaves: running, at_start, at_end or last_pay."""
    posttax_code: str = Field(default="", max_length=40)
    """Payroll's code for the part of a retro increase that may not be taken before tax."""
    arrears: ArrearsTerms = ArrearsTerms()
    """What happens when pay does not cover it."""
    retro: RetroTerms = RetroTerms()
    """What happens with a change that is learned late."""

    def rule(self) -> DeductionRule:
        """When deductions are taken, for `rules.deduction`."""
        return DeductionRule(self.method, self.per_month, self.timing, self.spare_cents, self.pays_a_year)
