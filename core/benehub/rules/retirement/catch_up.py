"""Which part of what exceeds the regular limits is catch-up, and how much of it has to be Roth.

The age on 31 December decides the limit. An employee whose wages from the same employer were above the
threshold in the year before may make catch-up as Roth only; Roth deferred earlier in the year counts toward it,
and a pre-tax election is deemed Roth for the rest unless the employee opted out. A plan without Roth can give
such an employee none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from benehub.periods import age_on
from benehub.records.explanation import Outcome, Reason
from benehub.rules.retirement.deferral_terms import DeferralElection, DeferralPlan, YearToDate
from benehub.rules.retirement.limits import RetirementLimits, catch_up_limit

AGE = "26 U.S.C. 414(v)(2), (5)"
ROTH = "26 U.S.C. 414(v)(7)"


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Catch-up of one pay by source; `needs` names what has to be known first."""

    pretax_minor: int = 0
    roth_minor: int = 0
    dropped_for_roth_minor: int = 0
    """What could not be made because it would have to be Roth."""
    reasons: tuple[Reason, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def total_minor(self) -> int:
        """Both sources."""
        return self.pretax_minor + self.roth_minor


@dataclass(frozen=True, slots=True)
class Excess:
    """What exceeds the regular limits in a pay, by source as elected, and the Roth of the pay within them."""

    pretax_minor: int
    roth_minor: int
    regular_roth_minor: int


def catch_up(
    excess: Excess,
    birth: date | None,
    prior_wages_minor: int | None,
    election: DeferralElection,
    ytd: YearToDate,
    limits: RetirementLimits,
    plan: DeferralPlan,
) -> CatchUp:
    """The catch-up of one pay; age and wages are asked for only where they matter."""
    beyond = excess.pretax_minor + excess.roth_minor
    if not beyond:
        return CatchUp(reasons=(Reason(rule="catch_up", outcome=Outcome.NOT_APPLICABLE, citation=AGE),))
    if not plan.allows_catch_up:
        no_plan = Reason(
            rule="catch_up", outcome=Outcome.FAIL, needed={"allows_catch_up": True}, citation="plan document"
        )
        return CatchUp(reasons=(no_plan,))
    if birth is None:
        return CatchUp(reasons=(Reason(rule="catch_up", outcome=Outcome.UNKNOWN, citation=AGE),), needs=("birth_date",))
    most = catch_up_limit(birth, limits)
    room = max(0, most - ytd.caught_up(limits))
    aged = _aged(birth, limits, most, room)
    # both sources are cut in proportion; the second is the difference, so no cent is lost
    allowed = min(beyond, room)
    pretax = (2 * allowed * excess.pretax_minor + beyond) // (2 * beyond)
    if not allowed:
        return CatchUp(reasons=(aged,))
    return _as_roth(pretax, allowed - pretax, excess, prior_wages_minor, election, ytd, limits, plan, aged)


def _aged(birth: date, limits: RetirementLimits, most: int, room: int) -> Reason:
    year_end = date(limits.year, 12, 31)
    return Reason(
        rule="catch_up",
        outcome=Outcome.PASS if most else Outcome.FAIL,
        inputs={"age_on_31_december": age_on(birth, year_end), "limit_minor": most, "left_minor": room},
        needed={} if most else {"age_on_31_december": 50},
        passes_on=None if most else f"{birth.year + 50}-01-01",
        citation=AGE,
    )


def _as_roth(
    pretax: int, roth: int, excess: Excess, prior_wages_minor: int | None, election: DeferralElection,
    ytd: YearToDate, limits: RetirementLimits, plan: DeferralPlan, aged: Reason,
) -> CatchUp:  # fmt: skip
    # Roth of the year beyond what earlier catch-up has used lets as much stay pre-tax
    credit = max(0, ytd.roth_minor + excess.regular_roth_minor - ytd.caught_up(limits))
    over = max(0, pretax - credit)
    facts: dict[str, Any] = {"pretax_catch_up_minor": pretax, "roth_credit_minor": credit}
    required = _required(prior_wages_minor, limits, plan)
    if not over or required is False:
        outcome = Outcome.NOT_APPLICABLE if required is False else Outcome.PASS
        told = Reason(rule="roth_catch_up", outcome=outcome, inputs=facts, citation=ROTH)
        return CatchUp(pretax, roth, reasons=(aged, told))
    if required is None:
        told = Reason(rule="roth_catch_up", outcome=Outcome.UNKNOWN, inputs=facts, citation=ROTH)
        return CatchUp(reasons=(aged, told), needs=("prior_wages_minor",))
    facts |= {"has_roth": plan.has_roth, "deemed_roth": plan.deemed_roth, "roth_opt_out": election.roth_opt_out}
    if plan.has_roth and plan.deemed_roth and not election.roth_opt_out:
        told = Reason(rule="roth_catch_up", outcome=Outcome.PASS, inputs={**facts, "deemed_minor": over}, citation=ROTH)
        return CatchUp(pretax - over, roth + over, reasons=(aged, told))
    needed = {"roth_election": True} if plan.has_roth else {"has_roth": True}
    told = Reason(rule="roth_catch_up", outcome=Outcome.FAIL, inputs=facts, needed=needed, citation=ROTH)
    return CatchUp(pretax - over, roth, over, (aged, told))


def _required(prior_wages_minor: int | None, limits: RetirementLimits, plan: DeferralPlan) -> bool | None:
    """Whether catch-up has to be Roth; None while the wages of the year before are unknown."""
    if limits.roth_catch_up_wages_minor is None:
        return False
    if plan.roth_catch_up_only is not None:
        return plan.roth_catch_up_only
    return None if prior_wages_minor is None else prior_wages_minor > limits.roth_catch_up_wages_minor
