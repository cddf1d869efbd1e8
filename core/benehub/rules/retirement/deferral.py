"""What an employee defers from one pay, after every limit that can cut it.

Nothing is catch-up until 402(g), 415(c), a limit of the plan or the ADP limit is used up (worked cases R18,
R19): the regular room is filled first and only the excess becomes catch-up. Only this employer's amounts are
seen; 402(g) counts those of all employers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.money import Rounding, round_to_int
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Day, Positive, Rate, RuleModel, explain, money_step, rounded_step
from benehub.rules.registry import calculator
from benehub.rules.retirement.catch_up import Excess, catch_up
from benehub.rules.retirement.deferral_terms import ZERO, DeferralElection, DeferralPlan, YearToDate
from benehub.rules.retirement.limits import RetirementLimits, retirement_limits

NAME = "retirement.deferral"
VERSION = "2"
CITATION = "26 U.S.C. 402(g), 414(v), 415(c), 401(a)(17)"
Part = Annotated[Rate, Field(ge=0, le=1)]


class DeferralInput(RuleModel):
    """One pay of one employee; amounts in minor units."""

    pay_date: Day
    """The day of the pay: its year decides the limits."""
    compensation_minor: Positive
    """Plan compensation of this pay: only the pay codes that the plan document counts."""
    pretax_rate: Part = ZERO
    """Elected pre-tax deferral as a part of compensation, e.g. "6%"."""
    roth_rate: Part = ZERO
    """Elected Roth deferral as a part of compensation."""
    after_tax_rate: Part = ZERO
    """Elected after-tax contribution (not Roth) as a part of compensation."""
    pretax_flat_minor: Positive = 0
    """Elected pre-tax amount a pay, added to the percentage."""
    roth_flat_minor: Positive = 0
    """Elected Roth amount a pay, added to the percentage."""
    after_tax_flat_minor: Positive = 0
    """Elected after-tax amount a pay, added to the percentage."""
    roth_opt_out: bool = False
    """Whether the employee declined that catch-up is taken as Roth where the law asks for it."""
    birth_date: Day | None = None
    """For the age on 31 December; asked for only once a limit is used up."""
    prior_wages_minor: Positive | None = None
    """Wages of the year before from the same employer (W-2 box 3); 0 for somebody hired this year."""
    ytd_deferrals_minor: Positive = 0
    """Pre-tax and Roth deferred earlier in the year, catch-up included, with this employer."""
    ytd_roth_minor: Positive = 0
    """The Roth part of them: it counts toward Roth catch-up."""
    ytd_catch_up_minor: Positive | None = None
    """The catch-up part of them; empty: what lies above 402(g)."""
    ytd_additions_minor: Positive = 0
    """What 415(c) counts earlier in the year: employee and employer, without catch-up and rollovers."""
    ytd_compensation_minor: Positive | None = None
    """Plan compensation earlier in the year, for 100 % of pay under 415(c) and for 401(a)(17)."""
    allows_catch_up: bool = True
    """Whether the plan takes catch-up."""
    has_roth: bool = True
    """Whether the plan takes Roth."""
    has_after_tax: bool = False
    """Whether the plan takes after-tax contributions."""
    roth_catch_up_only: bool | None = None
    """Whether this employee's catch-up has to be Roth, where known; empty: by prior_wages_minor."""
    deemed_roth: bool = True
    """Whether the plan takes a pre-tax election as Roth for catch-up that has to be Roth."""
    plan_max_rate: Part | None = None
    """The plan's own limit of a pay's deferral, as a part of compensation."""
    plan_max_year_minor: Positive | None = None
    """The plan's own limit of the year's deferral."""
    adp_limit_minor: Positive | None = None
    """What the nondiscrimination (ADP) test leaves this employee for the year."""
    capped_pay: bool = False
    """Whether the plan stops percentages once the year's pay has reached 401(a)(17); most plans do not."""
    net_pay_minor: Positive | None = None
    """What is left of the pay for contributions; empty for no such cap."""
    rounding: Rounding = Rounding.HALF_UP
    """How a percentage becomes minor units."""


class Deferral(RuleModel):
    """What is taken from this pay, by source, in minor units."""

    pretax_minor: int
    """Pre-tax within the regular limits."""
    roth_minor: int
    """Roth within the regular limits."""
    catch_up_pretax_minor: int
    """Pre-tax catch-up."""
    catch_up_roth_minor: int
    """Roth catch-up, deemed Roth included."""
    after_tax_minor: int
    """After-tax contribution: no deferral, but counted by 415(c)."""
    total_minor: int
    """Pre-tax and Roth with their catch-up: the first four parts."""
    elected_minor: int
    """What would have been deferred without limits, after-tax left out."""
    limited_by: tuple[str, ...]
    """Which limits cut it: no_roth, no_after_tax, 401a17, compensation, net_pay, 402g, plan, adp, 415c, catch_up,
    roth_catch_up."""
    remaining_402g_minor: int
    """What 402(g) leaves for the rest of the year, without catch-up."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the election asks of this pay, after what the pay and the plan's sources allow."""

    pretax: int
    roth: int
    after_tax: int
    available: int
    """What the pay can give."""
    short: str
    """What makes it no more than that: compensation or net_pay."""
    deferral: int
    """Pre-tax and Roth together, no more than is available."""


def deferral(
    *,
    compensation_minor: int,
    election: DeferralElection,
    ytd: YearToDate,
    limits: RetirementLimits,
    birth_date: date | None,
    plan: DeferralPlan,
    prior_wages_minor: int | None = None,
    net_pay_minor: int | None = None,
) -> Calculation[Deferral]:
    """The deferral of one pay; age and wages of the year before are asked for only where they matter."""
    inputs = {
        "year": limits.year, "compensation_minor": compensation_minor, "election": _told(election),
        "ytd": _told(ytd), "plan": _told(plan), "birth_date": birth_date,
        "prior_wages_minor": prior_wages_minor, "net_pay_minor": net_pay_minor,
    }  # fmt: skip
    if plan.capped_pay and ytd.compensation_minor is None:
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), ("ytd_compensation_minor",))
    cut: list[str] = []
    counted = _counted(compensation_minor, ytd, limits, plan, cut)
    wanted = _wanted(counted, compensation_minor, net_pay_minor, election, plan, cut)
    rooms = _rooms(compensation_minor, ytd, limits, plan)
    regular = wanted.deferral
    for name, room, _ in rooms:
        regular = _cap(regular, room, name, cut)
    # both sources are cut in proportion; the second is the difference, so no cent is lost
    both = wanted.pretax + wanted.roth
    pretax = _part(regular, wanted.pretax, both)
    beyond = wanted.deferral - regular
    over_pretax = _part(wanted.deferral, wanted.pretax, both) - pretax
    excess = Excess(over_pretax, beyond - over_pretax, regular - pretax)
    extra = catch_up(excess, birth_date, prior_wages_minor, election, ytd, limits, plan)
    if extra.needs:
        told = explain(NAME, VERSION, inputs, reasons=extra.reasons, citation=CITATION)
        return Calculation(None, told, extra.needs)
    if extra.dropped_for_roth_minor:
        cut.append("roth_catch_up")
    if extra.total_minor + extra.dropped_for_roth_minor < beyond:
        cut.append("catch_up")
    after_tax = _after_tax(wanted, regular, extra.total_minor, rooms[-1][1], cut)
    result = Deferral(
        pretax_minor=pretax,
        roth_minor=regular - pretax,
        catch_up_pretax_minor=extra.pretax_minor,
        catch_up_roth_minor=extra.roth_minor,
        after_tax_minor=after_tax,
        total_minor=regular + extra.total_minor,
        elected_minor=sum(_elected(compensation_minor, election, plan.rounding)[:2]),
        limited_by=tuple(cut),
        remaining_402g_minor=rooms[0][1] - regular,
    )
    steps = (
        *_told_elected(counted, election, plan.rounding),
        *(money_step(said, room, room) for _, room, said in rooms),
        money_step("regular deferral", wanted.deferral, regular),
        money_step("catch-up", beyond, extra.total_minor),
        *((money_step("after-tax", wanted.after_tax, after_tax),) if wanted.after_tax else ()),
    )
    reasons = (*extra.reasons, _own_employer(ytd))
    return Calculation(result, explain(NAME, VERSION, inputs, steps, reasons, citation=CITATION))


def _told(one: DeferralElection | YearToDate | DeferralPlan) -> dict[str, object]:
    """The fields that say something: those that differ from what holds when nothing is said."""
    plain = type(one)()
    return {name: getattr(one, name) for name in one.__slots__ if getattr(one, name) != getattr(plain, name)}


def _own_employer(ytd: YearToDate) -> Reason:
    return Reason(
        rule="own_employer_only",
        outcome=Outcome.UNKNOWN,
        inputs={"ytd_deferrals_minor": ytd.deferrals_minor},
        needed={"deferrals_with_other_employers": "402(g) counts them too; the employee has to watch the sum"},
        citation="26 U.S.C. 402(g)(1), 26 CFR 1.402(g)-1(d)",
    )


def _counted(compensation: int, ytd: YearToDate, limits: RetirementLimits, plan: DeferralPlan, cut: list[str]) -> int:
    if not plan.capped_pay:
        return compensation
    left = max(0, limits.compensation_minor - (ytd.compensation_minor or 0))
    return _cap(compensation, left, "401a17", cut)


def _wanted(
    counted: int, compensation: int, net_pay: int | None, election: DeferralElection, plan: DeferralPlan,
    cut: list[str],
) -> _Wanted:  # fmt: skip
    pretax, roth, after_tax = _elected(counted, election, plan.rounding)
    roth = _cap(roth, roth if plan.has_roth else 0, "no_roth", cut)
    after_tax = _cap(after_tax, after_tax if plan.has_after_tax else 0, "no_after_tax", cut)
    wanted = _cap(pretax + roth, compensation, "compensation", cut)
    if net_pay is not None and net_pay < compensation:
        return _Wanted(pretax, roth, after_tax, net_pay, "net_pay", _cap(wanted, net_pay, "net_pay", cut))
    return _Wanted(pretax, roth, after_tax, compensation, "compensation", wanted)


def _rooms(
    compensation: int, ytd: YearToDate, limits: RetirementLimits, plan: DeferralPlan
) -> list[tuple[str, int, str]]:
    """What each limit leaves for regular deferrals: name, minor units, and how it is told; 415(c) is the last."""
    before = ytd.regular(limits)
    found = [("402g", max(0, limits.deferral_minor - before), "room under 402(g)")]
    if plan.max_rate is not None:
        most = round_to_int(compensation * plan.max_rate, Rounding.DOWN)
        found.append(("plan", most, "plan's limit of the pay"))
    if plan.max_year_minor is not None:
        found.append(("plan", max(0, plan.max_year_minor - before), "room under the plan's limit of the year"))
    if plan.adp_limit_minor is not None:
        found.append(("adp", max(0, plan.adp_limit_minor - before), "room under the ADP limit"))
    additions = limits.additions_minor
    if ytd.compensation_minor is not None:
        additions = min(additions, ytd.compensation_minor + compensation)
    return [*found, ("415c", max(0, additions - ytd.additions_minor), "room under 415(c)")]


def _after_tax(wanted: _Wanted, regular: int, extra: int, room_415c: int, cut: list[str]) -> int:
    amount = _cap(wanted.after_tax, wanted.available - regular - extra, wanted.short, cut)
    return _cap(amount, room_415c - regular, "415c", cut)


def _raw(compensation: int, election: DeferralElection) -> tuple[Fraction, Fraction, Fraction]:
    return (
        compensation * election.pretax_rate + election.pretax_flat_minor,
        compensation * election.roth_rate + election.roth_flat_minor,
        compensation * election.after_tax_rate + election.after_tax_flat_minor,
    )


def _elected(counted: int, election: DeferralElection, mode: Rounding) -> tuple[int, int, int]:
    pretax, roth, after_tax = (round_to_int(raw, mode) for raw in _raw(counted, election))
    return pretax, roth, after_tax


def _told_elected(counted: int, election: DeferralElection, mode: Rounding) -> tuple[Step, ...]:
    named = zip(("elected, pre-tax", "elected, Roth", "elected, after-tax"), _raw(counted, election), strict=True)
    return tuple(rounded_step(label, raw, mode)[1] for label, raw in named if raw or label != "elected, after-tax")


def _cap(amount: int, most: int, name: str, cut: list[str]) -> int:
    if amount > most:
        if name not in cut:
            cut.append(name)
        return most
    return amount


def _part(amount: int, part: int, whole: int) -> int:
    return round_to_int(Fraction(amount * part, whole), Rounding.HALF_UP) if whole else 0


@calculator(
    NAME,
    "What an employee defers from one pay.",
    DeferralInput,
    Deferral,
    VERSION,
    example={
        "pay_date": "2026-11-13",
        "compensation_minor": 500_000,
        "pretax_rate": "10%",
        "birth_date": "1970-06-01",
        "prior_wages_minor": 16_000_000,
        "ytd_deferrals_minor": 2_430_000,
    },
)
def compute(given: DeferralInput) -> Calculation[Deferral]:
    """Run on validated input.

    Raises:
        ConfigError: the limits of the year are not loaded.
    """
    return deferral(
        compensation_minor=given.compensation_minor,
        election=DeferralElection(
            given.pretax_rate, given.roth_rate, given.after_tax_rate, given.pretax_flat_minor,
            given.roth_flat_minor, given.after_tax_flat_minor, given.roth_opt_out,
        ),
        ytd=YearToDate(
            given.ytd_deferrals_minor, given.ytd_additions_minor, given.ytd_roth_minor, given.ytd_catch_up_minor,
            given.ytd_compensation_minor,
        ),
        limits=retirement_limits(given.pay_date.year),
        birth_date=given.birth_date,
        plan=DeferralPlan(
            given.allows_catch_up, given.has_roth, given.roth_catch_up_only, given.has_after_tax, given.deemed_roth,
            given.plan_max_rate, given.plan_max_year_minor, given.adp_limit_minor, given.capped_pay, given.rounding,
        ),
        prior_wages_minor=given.prior_wages_minor,
        net_pay_minor=given.net_pay_minor,
    )  # fmt: skip
