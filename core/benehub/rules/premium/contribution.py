"""Who pays which part of a premium: the employer's rule is worked out, the rest is the employee's.

The employee's share is a difference, never a second rounding, so both shares sum to the premium to the cent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.errors import ConfigError
from benehub.money import Rounding, round_to_int
from benehub.records.election import Tier
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import (
    Calculation,
    Positive,
    Rate,
    RuleModel,
    explain,
    money_step,
    rounded_step,
)
from benehub.rules.premium.contribution_rule import (
    ContributionRule,
    DefinedRow,
    SalaryBand,
    Scheme,
    TierSpell,
    Unused,
)
from benehub.rules.premium.rates import Age
from benehub.rules.registry import calculator

NAME = "premium.contribution"
VERSION = "2"
ONE = Fraction(1)


class ContributionInput(RuleModel):
    """The premium due, whom it covers, and the employer's wording."""

    premium_minor: Positive | None = None
    """Premium due for the month, after proration, in minor units; not needed with yearly_by_tier."""
    tier: Tier | None = None
    """The coverage tier: EE, ES, EC, FAM, EE1, EC1, EC2."""
    scheme: Scheme
    """The employer's wording: flat, percent_of_tier, percent_split, base_plan, buy_up, percent_of_pay, defined,
    salary_bands or yearly_by_tier.
    """
    fraction: Rate = ONE
    """The charged part of the month; employer amounts that are worded per month scale with it."""
    rates_minor: dict[Tier, Positive] = Field(default_factory=dict)
    """Full-month rates of the plan by tier (for percent_split, and for a partner's imputed income)."""
    flat_minor: Positive = 0
    """The employer's amount a month (for flat)."""
    percent: Rate = Fraction(0)
    """The employer's part: of the tier's premium (percent_of_tier), of pay (percent_of_pay), or of the base plan's
    premium (buy_up).
    """
    percent_employee: Rate = Fraction(0)
    """The employer's part of the employee-only premium (percent_split, base_plan)."""
    percent_dependents: Rate = Fraction(0)
    """The employer's part of what dependents add (percent_split, base_plan)."""
    base_rates_minor: dict[Tier, Positive] = Field(default_factory=dict)
    """Full-month rates of the base plan by tier (base_plan, buy_up)."""
    defined_minor: dict[Tier, Positive] = Field(default_factory=dict)
    """The employer's amount a month by tier (defined)."""
    defined: tuple[DefinedRow, ...] = ()
    """The employer's amount a month by class, age and tier (defined); instead of defined_minor."""
    bands: tuple[SalaryBand, ...] = ()
    """The employer's amount or part by yearly pay (salary_bands)."""
    yearly_minor: dict[Tier, Positive] = Field(default_factory=dict)
    """The employer's amount a year by tier (yearly_by_tier)."""
    spells: Annotated[tuple[TierSpell, ...], Field(max_length=12)] = ()
    """Which tier held for how many months of the year (yearly_by_tier)."""
    employee_election_minor: Positive = 0
    """What the employee puts in of his own over the same time (yearly_by_tier)."""
    pay_minor: Positive | None = None
    """Pay of the premium's own period in minor units (percent_of_pay); never below 0."""
    yearly_pay_minor: Positive | None = None
    """Yearly pay in minor units (salary_bands)."""
    employment_class: str | None = None
    """The employee's class, where `defined` differs by it."""
    age: Age | None = None
    """The employee's age in completed years, where `defined` differs by it."""
    min_employee_minor: Positive = 0
    """The least an employee pays for a full month; never above the premium."""
    max_employee_minor: Positive | None = None
    """The most an employee pays for a full month; the employer pays the rest."""
    affordable_minor: Positive | None = None
    """The most an employee may pay a month for self-only cover so that the offer is affordable (tier EE; the
    calculator of affordability gives it). Empty: no such bound.
    """
    unused: Unused = Unused.FORFEIT
    """What becomes of an employer amount beyond the premium: forfeit, or other_plan."""
    unused_plan: str = ""
    """The plan that an unused amount goes to (other_plan)."""
    partner_tier_without: Tier | None = None
    """Where a domestic partner who is no tax dependent is covered: the tier that would hold without the partner."""
    partner_paid_after_tax: bool = True
    """Whether the employee's part for the partner is taken after tax, and so lowers the imputed income."""
    rounding: Rounding = Rounding.HALF_UP
    """How the employer's part becomes minor units."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    """ISO currency of all amounts."""


class Contribution(RuleModel):
    """Both shares of the premium; they sum to it exactly."""

    premium_minor: int
    """The premium, or of an account both contributions together."""
    employer_minor: int
    """The employer's share."""
    employee_minor: int
    """The employee's share: premium less employer."""
    unused_minor: int = 0
    """What the employer's wording offered beyond the premium."""
    forfeited_minor: int = 0
    """The unused part that is lost."""
    to_other_plan_minor: int = 0
    """The unused part that goes to another plan."""
    other_plan: str = ""
    """The plan it goes to."""
    imputed_minor: int = 0
    """Income imputed for a domestic partner's cover: a taxable line of its own, no part of the premium."""


@dataclass(frozen=True, slots=True)
class Payer:
    """What a wording may ask of the employee; None is not known.

    Args:
        pay_minor: pay of the premium's own period.
        yearly_pay_minor: yearly pay.
        employment_class: the class.
        age: completed years.
        spells: which tier held for how many months (yearly_by_tier).
    """

    pay_minor: int | None = None
    yearly_pay_minor: int | None = None
    employment_class: str | None = None
    age: int | None = None
    spells: tuple[TierSpell, ...] = ()


def contribution(
    *,
    premium_minor: int,
    tier: Tier | None,
    rule: ContributionRule,
    rates_minor: Mapping[Tier, int],
    payer: Payer = Payer(),
    affordable_minor: int | None = None,
    fraction: Fraction = ONE,
    rounding: Rounding = Rounding.HALF_UP,
    currency: str = "USD",
) -> Calculation[Contribution]:
    """Split `premium_minor`; the employer's part is rounded once and lies between 0 and the premium.

    `affordable_minor` is the legal limit of an employee's share of self-only cover; other tiers do not have one.

    Raises:
        ConfigError: two rows of a defined contribution hold at once.
    """
    inputs = {
        "premium_minor": premium_minor,
        "tier": tier,
        "scheme": rule.scheme,
        "fraction": fraction,
        "min_employee_minor": rule.min_employee_minor,
        "max_employee_minor": rule.max_employee_minor,
        **_wording(rule),
    }
    raw = employer_offer(premium_minor, tier, rule, rates_minor, fraction, payer)
    if isinstance(raw, str):
        return Calculation(None, explain(NAME, VERSION, inputs), (raw,))
    offered, told = rounded_step(f"employer by {rule.scheme.value}", raw, rounding, currency)
    steps = [told]
    employer = min(offered, premium_minor)
    if offered > employer:
        steps.append(money_step("employer, at most the premium", offered, employer, currency))
    unused = offered - employer
    employee = premium_minor - employer
    for label, bound, wanted in _bounds(rule, tier, affordable_minor, premium_minor, fraction, rounding):
        kept = max(employee, bound) if wanted == "at least" else min(employee, bound)
        if kept != employee:
            steps.append(money_step(f"employee {wanted} {label}", employee, kept, currency))
            employee = kept
    employer = premium_minor - employee
    steps.append(money_step("employee: premium less employer", premium_minor - employer, employee, currency))
    other = unused if rule.unused is Unused.OTHER_PLAN else 0
    if unused:
        steps.append(money_step(f"unused: {rule.unused_plan or 'forfeited'}", unused, unused, currency))
    result = Contribution(
        premium_minor=premium_minor,
        employer_minor=employer,
        employee_minor=employee,
        unused_minor=unused,
        forfeited_minor=unused - other,
        to_other_plan_minor=other,
        other_plan=rule.unused_plan if other else "",
    )
    reasons = _affordable(tier, affordable_minor, employee)
    return Calculation(result, explain(NAME, VERSION, inputs, tuple(steps), reasons, "plan term"))


def _bounds(
    rule: ContributionRule, tier: Tier | None, affordable: int | None, premium: int, fraction: Fraction,
    rounding: Rounding,
) -> list[tuple[str, int, str]]:  # fmt: skip
    """What the employee pays at least and at most, in this order: the law's bound comes last and wins."""
    found = []
    if rule.min_employee_minor:
        least = min(premium, round_to_int(rule.min_employee_minor * fraction, rounding))
        found.append(("the plan's smallest share", least, "at least"))
    if rule.max_employee_minor is not None:
        found.append(
            ("the plan's largest share", round_to_int(rule.max_employee_minor * fraction, rounding), "at most")
        )
    if affordable is not None and tier in (Tier.EE, None):
        found.append(("what is affordable", affordable, "at most"))
    return found


def _affordable(tier: Tier | None, affordable: int | None, employee: int) -> tuple[Reason, ...]:
    if affordable is None:
        return ()
    alone = tier in (Tier.EE, None)
    return (
        Reason(
            rule="affordability",
            outcome=Outcome.PASS if alone else Outcome.NOT_APPLICABLE,
            inputs={"employee_minor": employee, "limit_minor": affordable, "self_only": alone},
            citation="26 U.S.C. 4980H: the cost of self-only cover counts",
        ),
    )


def employer_offer(
    premium: int, tier: Tier | None, rule: ContributionRule, rates: Mapping[Tier, int], fraction: Fraction,
    payer: Payer,
) -> Fraction | str:  # fmt: skip
    """What the employer offers in raw minor units, or the name of the input that is missing."""
    match rule.scheme:
        case Scheme.FLAT:
            return rule.flat_minor * fraction
        case Scheme.PERCENT_OF_TIER:
            return premium * rule.percent
        case Scheme.PERCENT_OF_PAY:
            return "pay_minor" if payer.pay_minor is None else payer.pay_minor * rule.percent * fraction
        case Scheme.PERCENT_SPLIT:
            if Tier.EE not in rates:
                return "rates_minor.EE"
            alone = min(rates[Tier.EE] * fraction, Fraction(premium))
            return alone * rule.percent_employee + (premium - alone) * rule.percent_dependents
        case Scheme.SALARY_BANDS:
            return _by_pay(premium, rule, fraction, payer.yearly_pay_minor)
        case Scheme.YEARLY_BY_TIER:
            return _yearly(rule, payer.spells)
        case Scheme.DEFINED if rule.defined:
            return _by_row(tier, rule, fraction, payer)
        case Scheme.BASE_PLAN | Scheme.BUY_UP | Scheme.DEFINED:
            return "tier" if tier is None else _by_tier(tier, rule, fraction)


def _by_tier(tier: Tier, rule: ContributionRule, fraction: Fraction) -> Fraction | str:
    if rule.scheme is Scheme.DEFINED:
        if tier not in rule.defined_minor:
            return f"defined_minor.{tier.value}"
        return rule.defined_minor[tier] * fraction
    base = rule.base_rates_minor
    for wanted in (tier,) if rule.scheme is Scheme.BUY_UP else (Tier.EE, tier):
        if wanted not in base:
            return f"base_rates_minor.{wanted.value}"
    if rule.scheme is Scheme.BUY_UP:
        return base[tier] * (rule.percent or ONE) * fraction
    rest = max(0, base[tier] - base[Tier.EE])
    return (base[Tier.EE] * rule.percent_employee + rest * rule.percent_dependents) * fraction


def _by_row(tier: Tier | None, rule: ContributionRule, fraction: Fraction, payer: Payer) -> Fraction | str:
    unknown: list[str] = []
    found = []
    for row in rule.defined:
        parts = row.holds(payer.employment_class, payer.age, tier)
        if False in parts.values():
            continue
        unknown += [name for name, outcome in parts.items() if outcome is None]
        found.append(row)
    if unknown:
        return unknown[0]
    if len(found) > 1:
        raise ConfigError(
            f"two rows of the defined contribution hold at once: {_said(found[0])} and {_said(found[1])}",
            where="contribution: defined",
            mend="Tell them apart by class, age or tier",
        )
    return found[0].amount_minor * fraction if found else "defined: a row for this class, age and tier"


def _said(row: DefinedRow) -> str:
    return str(row.model_dump(mode="json", exclude_none=True))


def _by_pay(premium: int, rule: ContributionRule, fraction: Fraction, yearly: int | None) -> Fraction | str:
    if yearly is None:
        return "yearly_pay_minor"
    reached = [band for band in rule.bands if band.pay_from_minor <= yearly]
    if not reached:
        return "bands: one for this pay"
    band = reached[-1]
    return premium * band.percent if band.percent is not None else (band.flat_minor or 0) * fraction


def _yearly(rule: ContributionRule, spells: tuple[TierSpell, ...]) -> Fraction | str:
    """A twelfth of each tier's yearly amount for each month it held (P17)."""
    if not spells:
        return "spells"
    if sum(one.months for one in spells) > 12:
        return "spells: of at most 12 months together"
    for one in spells:
        if one.tier not in rule.yearly_minor:
            return f"yearly_minor.{one.tier.value}"
    return sum((Fraction(rule.yearly_minor[one.tier] * one.months, 12) for one in spells), Fraction(0))


def partner_income(
    *,
    premium_minor: int,
    tier_without: Tier,
    rule: ContributionRule,
    rates_minor: Mapping[Tier, int],
    shared: Contribution,
    paid_after_tax: bool,
    payer: Payer = Payer(),
    fraction: Fraction = ONE,
    rounding: Rounding = Rounding.HALF_UP,
    currency: str = "USD",
) -> tuple[int, Step] | str:
    """Income imputed for a domestic partner who is no tax dependent: what the partner adds to the premium, less
    what the employee pays for it after tax; or the name of the input that is missing.
    """
    if tier_without not in rates_minor:
        return f"rates_minor.{tier_without.value}"
    without = round_to_int(rates_minor[tier_without] * fraction, rounding)
    found = contribution(
        premium_minor=without, tier=tier_without, rule=rule, rates_minor=rates_minor, payer=payer, fraction=fraction,
        rounding=rounding, currency=currency,
    )  # fmt: skip
    if found.result is None:
        return found.needs[0]
    value = max(0, premium_minor - without)
    own = max(0, shared.employee_minor - found.result.employee_minor) if paid_after_tax else 0
    amount = max(0, value - own)
    return amount, money_step("imputed for the partner: value added less paid after tax", value - own, amount, currency)


def _wording(rule: ContributionRule) -> dict[str, object]:
    match rule.scheme:
        case Scheme.FLAT:
            return {"flat_minor": rule.flat_minor}
        case Scheme.PERCENT_OF_TIER | Scheme.PERCENT_OF_PAY:
            return {"percent": rule.percent}
        case Scheme.BUY_UP:
            return {"percent": rule.percent or ONE, "base_rates_minor": rule.base_rates_minor}
        case Scheme.DEFINED:
            return {"defined": rule.defined} if rule.defined else {"defined_minor": rule.defined_minor}
        case Scheme.SALARY_BANDS:
            return {"bands": rule.bands}
        case Scheme.YEARLY_BY_TIER:
            return {"yearly_minor": rule.yearly_minor}
        case Scheme.PERCENT_SPLIT | Scheme.BASE_PLAN:
            worded: dict[str, object] = {
                "percent_employee": rule.percent_employee,
                "percent_dependents": rule.percent_dependents,
            }
            if rule.scheme is Scheme.BASE_PLAN:
                worded["base_rates_minor"] = rule.base_rates_minor
            return worded


@calculator(
    NAME,
    "Which part of a premium the employer pays, and which the employee.",
    ContributionInput,
    Contribution,
    VERSION,
    example={
        "premium_minor": 60000,
        "tier": "ES",
        "scheme": "base_plan",
        "base_rates_minor": {"EE": 20000, "ES": 40000},
        "percent_employee": "100%",
        "percent_dependents": "50%",
    },
)
def compute(given: ContributionInput) -> Calculation[Contribution]:
    """Run on validated input.

    Raises:
        ConfigError: the wording contradicts itself, or two rows of it hold at once.
    """
    rule = _rule(given)
    payer = Payer(given.pay_minor, given.yearly_pay_minor, given.employment_class, given.age, given.spells)
    premium = given.premium_minor
    if rule.scheme is Scheme.YEARLY_BY_TIER:
        offer = _yearly(rule, payer.spells)
        if isinstance(offer, str):
            return Calculation(None, explain(NAME, VERSION, _wording(rule)), (offer,))
        premium = round_to_int(offer, given.rounding) + given.employee_election_minor
    if premium is None:
        return Calculation(None, explain(NAME, VERSION, _wording(rule)), ("premium_minor",))
    done = contribution(
        premium_minor=premium,
        tier=given.tier,
        rule=rule,
        rates_minor=given.rates_minor,
        payer=payer,
        affordable_minor=given.affordable_minor,
        fraction=given.fraction,
        rounding=given.rounding,
        currency=given.currency,
    )
    return _with_partner(given, rule, payer, done)


def _rule(given: ContributionInput) -> ContributionRule:
    return ContributionRule(
        scheme=given.scheme,
        flat_minor=given.flat_minor,
        percent=given.percent,
        percent_employee=given.percent_employee,
        percent_dependents=given.percent_dependents,
        base_rates_minor=given.base_rates_minor,
        defined_minor=given.defined_minor,
        defined=given.defined,
        bands=given.bands,
        yearly_minor=given.yearly_minor,
        min_employee_minor=given.min_employee_minor,
        max_employee_minor=given.max_employee_minor,
        unused=given.unused,
        unused_plan=given.unused_plan,
    )


def _with_partner(
    given: ContributionInput, rule: ContributionRule, payer: Payer, done: Calculation[Contribution]
) -> Calculation[Contribution]:
    if given.partner_tier_without is None or done.result is None:
        return done
    found = partner_income(
        premium_minor=done.result.premium_minor,
        tier_without=given.partner_tier_without,
        rule=rule,
        rates_minor=given.rates_minor,
        shared=done.result,
        paid_after_tax=given.partner_paid_after_tax,
        payer=payer,
        fraction=given.fraction,
        rounding=given.rounding,
        currency=given.currency,
    )
    if isinstance(found, str):
        return Calculation(None, done.explanation, (found,))
    amount, told = found
    steps = (*done.explanation.steps, told)
    explained = done.explanation.model_copy(update={"steps": steps, "citation": "26 U.S.C. 106, 152; plan term"})
    return replace(done, result=done.result.model_copy(update={"imputed_minor": amount}), explanation=explained)
