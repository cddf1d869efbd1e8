"""From pay to volume to premium: life, AD&D, disability, and premiums that are flat or a part of pay.

The order of the steps is the rule: multiply, round, reduce by age, round again, cut at the plan's bounds, then
split at the guaranteed issue. Each step is kept, because each is where two systems can differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from benehub.errors import DataError
from benehub.money import EXPONENT, Rounding, round_to_int
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Day, Positive, Rate, RuleModel, exact, explain, money_step
from benehub.rules.premium.factors import Factor, apply_factors
from benehub.rules.premium.rated_input import MonthRatedInput
from benehub.rules.premium.rates import Age, RateKey, RateRow, find_rate
from benehub.rules.premium.rounding import CENT, StepRounding
from benehub.rules.premium.volume_rule import UNITS, PayPer, RateUnit, ReduceOf, VolumeRule
from benehub.rules.registry import calculator

NAME = "premium.volume"
VERSION = "1"


class VolumeInput(MonthRatedInput):
    """Pay or an elected amount, the plan's pipeline, and its rate. Without any rate only the volume is worked out."""

    pay_minor: Positive | None = None
    """Basis pay by the plan's own definition, in minor units per `pay_per`; never below 0."""
    pay_per: PayPer = PayPer.YEAR
    """Of which period pay_minor is: year, semimonth (24 a year), month, biweek (26 a year) or week (52 a year)."""
    requested_minor: Positive | None = None
    """The volume elected in minor units; takes the place of pay x multiple."""
    age: Age | None = None
    """Age in completed years by the plan's definition; needed for reductions and for rates by age."""
    rule: VolumeRule = VolumeRule()
    """The pipeline from pay to volume."""
    previously_approved_minor: Positive = 0
    """Volume an insurer approved earlier, in minor units; it stays approved above the guaranteed issue."""
    evidence_approved_from: Day | None = None
    """From when the insurer has approved the whole amount on evidence of insurability; empty: not yet."""
    on: Day | None = None
    """The day the volume is asked for; needed with evidence_approved_from. Empty: the first of `month`."""
    rate: Rate | None = None
    """The rate of a month, in currency per unit ("0.228" per 10), a part ("5%") or an amount ("4.50" flat). Give this
    or `rates`.
    """


class VolumePremium(RuleModel):
    """Every step from pay to premium; amounts in minor units."""

    basis_minor: int | None = None
    """Basis pay of the plan's period, to the minor unit; empty where the amount was elected or is flat."""
    multiplied_minor: int = 0
    """Basis pay x multiple, or the amount elected; to the minor unit, though the raw value goes on."""
    rounded_minor: int = 0
    """After the first rounding."""
    reduced_minor: int = 0
    """After the reduction by age, to the minor unit."""
    rounded_again_minor: int = 0
    """After the second rounding."""
    volume_minor: int = 0
    """After the plan's smallest and largest volume: what is requested of the insurer."""
    approved_minor: int = 0
    """What is in force, and is charged: min(requested, max(guaranteed issue, previously approved))."""
    pending_minor: int = 0
    """What waits for evidence of insurability (PENDING_EOI)."""
    pending_from: date | None = None
    """From when the pending part is approved, where the insurer has said so."""
    monthly_minor: int | None = None
    """A full month's premium; empty where no rate was given."""
    semimonthly_minor: int | None = None
    """The month's raw premium x 12 / 24, rounded once."""
    biweekly_minor: int | None = None
    """The month's raw premium x 12 / 26, rounded once."""
    weekly_minor: int | None = None
    """The month's raw premium x 12 / 52, rounded once."""


def volume_premium(
    *,
    rule: VolumeRule,
    pay_minor: int | None = None,
    pay_per: PayPer = PayPer.YEAR,
    requested_minor: int | None = None,
    age: int | None = None,
    previously_approved_minor: int = 0,
    evidence_approved_from: date | None = None,
    on: date | None = None,
    rate: Fraction | None = None,
    rates: Sequence[RateRow] = (),
    key: RateKey | None = None,
    wellness: bool | None = None,
    factors: Sequence[Factor] = (),
    rounding: StepRounding = CENT,
    currency: str = "USD",
) -> Calculation[VolumePremium]:
    """The volume by the plan's pipeline, and the premium on the approved part of it.

    Raises:
        DataError: `rate` and `rates` are both given.
        ConfigError: two rates hold for one key.
    """
    key = key or RateKey()
    on = on or (key.month.first if key.month else None)
    inputs = {
        "unit": rule.unit, "age": age, "requested_minor": requested_minor, "multiple": rule.multiple,
        "guarantee_issue_minor": rule.guarantee_issue_minor, "previously_approved_minor": previously_approved_minor,
        "evidence_approved_from": evidence_approved_from, "on": on, "rate": rate, "region": key.region,
        "tobacco": key.tobacco, "month": key.month,
    }  # fmt: skip
    if rate is not None and rates:
        raise DataError("rate and rates are both given", where=NAME, mend="Give one of them")
    amounts: dict[str, Any] = {}
    steps: list[Step] = []
    reasons: tuple[Reason, ...] = ()
    if rule.unit is not RateUnit.FLAT:
        if missing := _missing(rule, pay_minor, requested_minor, age, evidence_approved_from, on):
            return Calculation(None, explain(NAME, VERSION, inputs), missing)
        raw = Fraction(requested_minor or 0)
        if requested_minor is None and pay_minor is not None:
            basis = pay_per.scaled(pay_minor, rule.basis)
            amounts["basis_minor"] = round_to_int(basis, Rounding.HALF_UP)
            steps.append(money_step(f"basis pay of a {rule.basis.value}", basis, amounts["basis_minor"], currency))
            raw = basis * rule.multiple
        _shape(rule, raw, age or 0, amounts, steps, currency)
        reasons = _issue(rule, previously_approved_minor, evidence_approved_from, on, amounts, steps, currency)
    if rate is None and not rates:
        return Calculation(VolumePremium(**amounts), explain(NAME, VERSION, inputs, tuple(steps), reasons))
    volume = amounts.get("approved_minor", 0)
    found = _monthly(rule, volume, rate, rates, replace(key, age=age, volume_minor=volume), currency, steps)
    if isinstance(found, tuple):
        return Calculation(None, explain(NAME, VERSION, inputs, tuple(steps), reasons), found)
    done = apply_factors(found, factors, tobacco=key.tobacco, wellness=wellness)
    if isinstance(done, str):
        return Calculation(None, explain(NAME, VERSION, inputs, tuple(steps), reasons), (done,))
    monthly, told = rounding.told("premium of a month", done[0], currency)
    steps += [*done[1], told]
    amounts["monthly_minor"] = monthly
    for name, periods in (("semimonthly", 24), ("biweekly", 26), ("weekly", 52)):
        amounts[f"{name}_minor"], told = rounding.told(f"{name} equivalent, x 12/{periods}", done[0] * 12 / periods,
                                                       currency)  # fmt: skip
        steps.append(told)
    return Calculation(VolumePremium(**amounts), explain(NAME, VERSION, inputs, tuple(steps), reasons, "plan term"))


def _missing(
    rule: VolumeRule, pay: int | None, requested: int | None, age: int | None, evidence: date | None, on: date | None
) -> tuple[str, ...]:
    needs = ["pay_minor"] if pay is None and requested is None else []
    needs += ["age"] if rule.reductions and age is None else []
    needs += ["on"] if evidence is not None and on is None else []
    return tuple(needs)


def _shape(
    rule: VolumeRule, raw: Fraction, age: int, amounts: dict[str, Any], steps: list[Step], currency: str
) -> None:
    """Round, reduce, round again, cut at the bounds: each amount and its step."""
    amounts["multiplied_minor"] = round_to_int(raw, Rounding.HALF_UP)
    amount, told = rule.round.told(f"x {exact(rule.multiple)}, rounded", raw, currency)
    amounts["rounded_minor"] = amount
    steps.append(told)
    again = rule.round_again or rule.round
    reached = sorted((one for one in rule.reductions if one.age <= age), key=lambda one: one.age)
    if rule.reduce is ReduceOf.ORIGINAL:
        reached = reached[-1:]
    reduced = Fraction(amount)
    for one in reached:
        reduced = amount * one.percent
        label = f"{exact(one.percent * 100)}% of the {rule.reduce.value} amount from age {one.age}"
        amount, told = again.told(label, reduced, currency)
        steps.append(told)
    amounts["reduced_minor"] = round_to_int(reduced, Rounding.HALF_UP)
    amounts["rounded_again_minor"] = amount
    bounded = max(amount, rule.min_minor or 0)
    bounded = bounded if rule.max_minor is None else min(bounded, rule.max_minor)
    if bounded != amount:
        steps.append(money_step("the plan's smallest or largest volume", amount, bounded, currency))
    amounts["volume_minor"] = bounded


def _issue(
    rule: VolumeRule, before: int, evidence: date | None, on: date | None, amounts: dict[str, Any],
    steps: list[Step], currency: str,
) -> tuple[Reason, ...]:  # fmt: skip
    """What of the volume is in force, and what waits for evidence of insurability."""
    requested = amounts["volume_minor"]
    approved = requested
    if rule.guarantee_issue_minor is not None and not (evidence is not None and on is not None and evidence <= on):
        approved = min(requested, max(rule.guarantee_issue_minor, before))
    amounts |= {"approved_minor": approved, "pending_minor": requested - approved}
    if rule.guarantee_issue_minor is None:
        return ()
    steps.append(money_step("approved, in force", approved, approved, currency))
    if approved == requested:
        return (Reason(rule="guarantee_issue", outcome=Outcome.PASS, inputs={"pending": False}),)
    amounts["pending_from"] = evidence
    steps.append(money_step("PENDING_EOI", requested - approved, requested - approved, currency))
    return (
        Reason(
            rule="guarantee_issue",
            outcome=Outcome.UNKNOWN,
            inputs={"pending": True},
            needed={"evidence_approved_from": "the insurer's decision on evidence of insurability"},
            passes_on=evidence.isoformat() if evidence else None,
        ),
    )


def _monthly(
    rule: VolumeRule, volume: int, rate: Fraction | None, rates: Sequence[RateRow], key: RateKey, currency: str,
    steps: list[Step],
) -> Fraction | tuple[str, ...]:  # fmt: skip
    """The raw premium of a month in minor units, or what is missing to choose the rate."""
    if rate is None:
        row = find_rate(rates, key)
        if isinstance(row, tuple):
            return row
        if row.rate is None:
            steps.append(Step(label="amount a month", raw=str(row), value=str(row.amount_minor)))
            return Fraction(row.amount_minor or 0)
        rate = row.rate
    steps.append(Step(label=f"rate {rule.unit.value}", raw=exact(rate), value=exact(rate)))
    if rule.unit is RateUnit.FLAT:
        return rate * Fraction(10) ** EXPONENT[currency]
    return volume * rate / UNITS[rule.unit]


@calculator(
    NAME,
    "From pay to volume to premium, step by step: life, disability, flat amounts and parts of pay.",
    VolumeInput,
    VolumePremium,
    VERSION,
    example={
        "pay_minor": 7345000,
        "rule": {
            "multiple": "2",
            "round": {"step_minor": 100000, "mode": "up"},
            "reductions": [{"age": 65, "percent": "65%"}, {"age": 70, "percent": "50%"}],
            "max_minor": 50000000,
            "guarantee_issue_minor": 10000000,
            "unit": "per_1000",
        },
        "age": 47,
        "rate": "0.15",
    },
)
def compute(given: VolumeInput) -> Calculation[VolumePremium]:
    """Run on validated input.

    Raises:
        DataError, ConfigError: two kinds of rate are given, or two rates hold for one key.
    """
    return volume_premium(
        rule=given.rule,
        pay_minor=given.pay_minor,
        pay_per=given.pay_per,
        requested_minor=given.requested_minor,
        age=given.age,
        previously_approved_minor=given.previously_approved_minor,
        evidence_approved_from=given.evidence_approved_from,
        on=given.on,
        rate=given.rate,
        rates=given.rates,
        key=given.key(given.month, given.tobacco),
        wellness=given.wellness,
        factors=given.factors,
        rounding=given.rounding,
        currency=given.currency,
    )
