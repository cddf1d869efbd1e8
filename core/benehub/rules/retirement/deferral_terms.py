"""What a deferral is worked out from: the election, the year so far, and what the plan allows."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from benehub.money import Rounding
from benehub.rules.retirement.limits import RetirementLimits

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class DeferralElection:
    """What the employee chose: a part of plan compensation, or an amount a pay, for each source.

    `roth_opt_out`: the employee has declined that catch-up is taken as Roth where the law asks for it.
    """

    pretax_rate: Fraction = ZERO
    roth_rate: Fraction = ZERO
    after_tax_rate: Fraction = ZERO
    pretax_flat_minor: int = 0
    roth_flat_minor: int = 0
    after_tax_flat_minor: int = 0
    roth_opt_out: bool = False


@dataclass(frozen=True, slots=True)
class YearToDate:
    """What was contributed earlier in the calendar year, in minor units; this employer's only.

    `deferrals_minor` is pre-tax plus Roth including catch-up, `roth_minor` the Roth part of it; `additions_minor`
    all that 415(c) counts (employee and employer, without catch-up and rollovers). `catch_up_minor` None: what
    lies above 402(g). `compensation_minor` None: unknown.
    """

    deferrals_minor: int = 0
    additions_minor: int = 0
    roth_minor: int = 0
    catch_up_minor: int | None = None
    compensation_minor: int | None = None

    def caught_up(self, limits: RetirementLimits) -> int:
        """What of the deferrals was catch-up."""
        if self.catch_up_minor is not None:
            return self.catch_up_minor
        return max(0, self.deferrals_minor - limits.deferral_minor)

    def regular(self, limits: RetirementLimits) -> int:
        """What of the deferrals was not catch-up."""
        return self.deferrals_minor - self.caught_up(limits)


@dataclass(frozen=True, slots=True)
class DeferralPlan:
    """What the plan allows.

    `max_rate` is the plan's own limit in parts of a pay's compensation, `max_year_minor` the one of the year;
    `adp_limit_minor` what the nondiscrimination test leaves this employee for the year. `roth_catch_up_only` says
    whether catch-up has to be Roth; None: decided by the wages of the year before. `deemed_roth` False: the plan
    takes no pre-tax election for a Roth one. `capped_pay`: the plan stops percentages at 401(a)(17) pay.
    """

    allows_catch_up: bool = True
    has_roth: bool = True
    roth_catch_up_only: bool | None = None
    has_after_tax: bool = False
    deemed_roth: bool = True
    max_rate: Fraction | None = None
    max_year_minor: int | None = None
    adp_limit_minor: int | None = None
    capped_pay: bool = False
    rounding: Rounding = Rounding.HALF_UP
