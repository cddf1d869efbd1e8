"""What an employee defers from one pay, after every limit that can cut it.

Nothing is catch-up until 402(g) or 415(c) is used up (worked case R19): the regular room is filled first and
only the excess becomes catch-up, by age at the end of the year. Only this employer's amounts are seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.money import Rounding, round_to_int
from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Day, Positive, Rate, RuleModel, explain, money_step, rounded_step
from benehub.rules.registry import calculator
from benehub.rules.retirement.limits import RetirementLimits, catch_up_limit, retirement_limits

NAME = "retirement.deferral"
VERSION = "1"
CITATION = "26 U.S.C. 402(g), 414(v), 415(c)"
ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class DeferralElection:
    """What the employee chose: a part of plan compensation, or an amount a pay, for each source."""

    pretax_rate: Fraction = ZERO
    roth_rate: Fraction = ZERO
    pretax_flat_minor: int = 0
    roth_flat_minor: int = 0


@dataclass(frozen=True, slots=True)
class YearToDate:
    """What was contributed earlier in the calendar year, in minor units.

    `deferrals_minor` is pre-tax plus Roth including catch-up; `additions_minor` all that 415(c) counts
    (employee and employer, without catch-up and rollovers).
    """

    deferrals_minor: int = 0
    additions_minor: int = 0


@dataclass(frozen=True, slots=True)
class DeferralPlan:
    """What the plan allows; `roth_catch_up_only` marks an employee whose catch-up has to be Roth."""

    allows_catch_up: bool = True
    has_roth: bool = True
    roth_catch_up_only: bool = False


class DeferralInput(RuleModel):
    """One pay of one employee."""

    pay_date: Day
    compensation_minor: Positive
    """Plan compensation of this pay."""
    pretax_rate: Annotated[Rate, Field(ge=0, le=1)] = ZERO
    roth_rate: Annotated[Rate, Field(ge=0, le=1)] = ZERO
    pretax_flat_minor: Positive = 0
    roth_flat_minor: Positive = 0
    birth_date: Day | None = None
    ytd_deferrals_minor: Positive = 0
    ytd_additions_minor: Positive = 0
    allows_catch_up: bool = True
    has_roth: bool = True
    roth_catch_up_only: bool = False
    net_pay_minor: Positive | None = None
    """What is left of the pay for deferrals; empty for no such cap."""


class Deferral(RuleModel):
    """What is deferred from this pay, by source; the four parts sum to the total."""

    pretax_minor: int
    roth_minor: int
    catch_up_pretax_minor: int
    catch_up_roth_minor: int
    total_minor: int
    elected_minor: int
    """What would have been deferred without limits."""
    limited_by: tuple[str, ...]
    """Which limits cut it: no_roth, compensation, 402g, 415c, catch_up, net_pay."""
    remaining_402g_minor: int
    """What 402(g) leaves for the rest of the year, without catch-up."""


def deferral(
    *,
    compensation_minor: int,
    election: DeferralElection,
    ytd: YearToDate,
    limits: RetirementLimits,
    birth_date: date | None,
    plan: DeferralPlan,
    net_pay_minor: int | None = None,
) -> Calculation[Deferral]:
    """The deferral of one pay; the age is asked for only when the regular room is used up."""
    inputs = {
        "year": limits.year,
        "compensation_minor": compensation_minor,
        "pretax_rate": election.pretax_rate,
        "roth_rate": election.roth_rate,
        "pretax_flat_minor": election.pretax_flat_minor,
        "roth_flat_minor": election.roth_flat_minor,
        "ytd_deferrals_minor": ytd.deferrals_minor,
        "ytd_additions_minor": ytd.additions_minor,
        "birth_date": birth_date,
        "net_pay_minor": net_pay_minor,
    }
    pretax = _elected(compensation_minor, election.pretax_rate, election.pretax_flat_minor)
    roth = _elected(compensation_minor, election.roth_rate, election.roth_flat_minor)
    elected = pretax + roth
    cut: list[str] = []
    possible = _cap(elected, elected if plan.has_roth else pretax, "no_roth", cut)
    wanted = _cap(possible, compensation_minor, "compensation", cut)
    room_402g = max(0, limits.deferral_minor - ytd.deferrals_minor)
    room_415c = max(0, limits.additions_minor - ytd.additions_minor)
    regular = _cap(_cap(wanted, room_402g, "402g", cut), room_415c, "415c", cut)
    beyond = wanted - regular
    extra = _catch_up(beyond, birth_date, ytd, limits, plan)
    if extra is None:
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), ("birth_date",))
    if extra < beyond:
        cut.append("catch_up")
    if net_pay_minor is not None:
        allowed = _cap(regular + extra, max(0, net_pay_minor), "net_pay", cut)
        regular = min(regular, allowed)
        extra = allowed - regular
    # both sources are cut in proportion; the second is the difference, so no cent is lost
    own_pretax = _part(regular, pretax, possible)
    extra_pretax = 0 if plan.roth_catch_up_only else _part(extra, pretax, possible)
    result = Deferral(
        pretax_minor=own_pretax,
        roth_minor=regular - own_pretax,
        catch_up_pretax_minor=extra_pretax,
        catch_up_roth_minor=extra - extra_pretax,
        total_minor=regular + extra,
        elected_minor=elected,
        limited_by=tuple(cut),
        remaining_402g_minor=room_402g - regular,
    )
    steps = (
        *_told_elected(compensation_minor, election),
        money_step("room under 402(g)", room_402g, room_402g),
        money_step("room under 415(c)", room_415c, room_415c),
        money_step("regular deferral", wanted, regular),
        money_step("catch-up", beyond, extra),
    )
    return Calculation(result, explain(NAME, VERSION, inputs, steps, citation=CITATION))


def _raw(compensation: int, rate: Fraction, flat: int) -> Fraction:
    return compensation * rate + flat


def _elected(compensation: int, rate: Fraction, flat: int) -> int:
    return round_to_int(_raw(compensation, rate, flat), Rounding.HALF_UP)


def _told_elected(compensation: int, election: DeferralElection) -> tuple[Step, Step]:
    pretax = _raw(compensation, election.pretax_rate, election.pretax_flat_minor)
    roth = _raw(compensation, election.roth_rate, election.roth_flat_minor)
    return (
        rounded_step("elected, pre-tax", pretax, Rounding.HALF_UP)[1],
        rounded_step("elected, Roth", roth, Rounding.HALF_UP)[1],
    )


def _cap(amount: int, most: int, name: str, cut: list[str]) -> int:
    if amount > most:
        cut.append(name)
        return most
    return amount


def _part(amount: int, part: int, whole: int) -> int:
    return round_to_int(Fraction(amount * part, whole), Rounding.HALF_UP) if whole else 0


def _catch_up(
    beyond: int, birth: date | None, ytd: YearToDate, limits: RetirementLimits, plan: DeferralPlan
) -> int | None:
    """How much of what exceeds the regular room is catch-up; None while the age is unknown."""
    if beyond == 0 or not plan.allows_catch_up or (plan.roth_catch_up_only and not plan.has_roth):
        return 0
    if birth is None:
        return None
    used = max(0, ytd.deferrals_minor - limits.deferral_minor)
    return min(beyond, max(0, catch_up_limit(birth, limits) - used))


@calculator(NAME, "What an employee defers from one pay.", DeferralInput, Deferral, VERSION)
def compute(given: DeferralInput) -> Calculation[Deferral]:
    """Run on validated input.

    Raises:
        ConfigError: the limits of the year are not loaded.
    """
    return deferral(
        compensation_minor=given.compensation_minor,
        election=DeferralElection(given.pretax_rate, given.roth_rate, given.pretax_flat_minor, given.roth_flat_minor),
        ytd=YearToDate(given.ytd_deferrals_minor, given.ytd_additions_minor),
        limits=retirement_limits(given.pay_date.year),
        birth_date=given.birth_date,
        plan=DeferralPlan(given.allows_catch_up, given.has_roth, given.roth_catch_up_only),
        net_pay_minor=given.net_pay_minor,
    )
