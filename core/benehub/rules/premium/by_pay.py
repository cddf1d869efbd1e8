"""Amounts of everybody whose cover differs in pay or volume alone: what stands fixed is worked out once.

Of a plan on a volume, or of a contribution by pay, no two people with different pay have the same answer. All but the
pay is the same, so the plan's rounding, bounds and rates become whole numbers once, and pay is put into them. It tells
nothing: the explained rule (`premium.line`) stays what the answer is, and tests hold the two to the same cents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from benehub.money import EXPONENT, Rounding, round_to_int
from benehub.periods import FOREVER, Month
from benehub.records.election import Tier
from benehub.rules.premium.contribution import Payer, employer_offer
from benehub.rules.premium.contribution_rule import ContributionRule, SalaryBand, Scheme
from benehub.rules.premium.factors import Factor, factors_for
from benehub.rules.premium.line import Enrolled, PremiumLine, Price, Structure
from benehub.rules.premium.proration import ProrationRule, month_fraction
from benehub.rules.premium.rates import RateKey, RateRow, rates_asked
from benehub.rules.premium.rounding import StepRounding
from benehub.rules.premium.volume_rule import UNITS, PayPer, RateUnit, ReduceOf, VolumeRule

Whole = Callable[[int], int]
"""From whole minor units, not below zero, to such."""


@dataclass(frozen=True, slots=True)
class ByPay:
    """A plan's month for one kind of enrollment, as whole-number steps."""

    shape: Whole | None
    """From yearly pay to the volume before the guaranteed issue; None where the price knows no volume."""
    elected: Whole | None
    """The same from an elected volume."""
    granted: int | None
    """Guaranteed issue; None grants all."""
    monthly: Callable[[int], int | None]
    """From the volume in force to a full month's premium; None where not exactly one rate holds."""
    due: Whole
    """From a full month's premium to that due."""
    offer: Callable[[int, int | None], int | None]
    """From the premium due and yearly pay to what the employer offers; None where its wording lacks something."""
    least: int
    """The least an employee pays."""
    most: int | None
    """The most."""

    def amounts(
        self, yearly_pay: int | None, requested: int | None, approved_before: int
    ) -> tuple[int, int, int] | None:
        """Premium, employer's and employee's share in minor units; None where only the explained rule can answer."""
        volume = 0
        if self.shape is not None and self.elected is not None:
            if requested is None and yearly_pay is None:
                return None
            volume = self.elected(requested) if requested is not None else self.shape(yearly_pay or 0)
            if self.granted is not None:
                volume = min(volume, max(self.granted, approved_before))
        monthly = self.monthly(volume)
        if monthly is None:
            return None
        premium = self.due(monthly)
        offered = self.offer(premium, yearly_pay)
        if offered is None:
            return None
        employee = max(premium - min(offered, premium), min(premium, self.least))
        if self.most is not None and employee > self.most:
            employee = self.most
        return premium, premium - employee, employee


def by_pay(
    *,
    price: Price,
    who: Enrolled,
    month: Month,
    cover_start: date,
    cover_end: date | None,
    proration: ProrationRule,
    contribution_rule: ContributionRule,
    currency: str,
    explained: PremiumLine | None = None,
) -> ByPay | None:
    """The whole-number steps of everybody enrolled like `who`, whatever the pay, the volume elected or approved.

    `explained` is the answer for one of them, for a price that knows no volume: its premium is then everybody's. None
    where data is lacking whatever the pay, so that only the explained rule can say what.
    """
    fraction = month_fraction(month, cover_start, cover_end or FOREVER, proration, who.event)
    mode = price.rounding.mode
    tier, shape, elected, granted = who.tier, None, None, None
    monthly: Callable[[int], int | None] | None
    if price.structure is Structure.VOLUME:
        rule = price.volume or VolumeRule()
        monthly = _monthly(price, rule, who, month, currency)
        if rule.unit is not RateUnit.FLAT:
            if rule.reductions and who.age is None:
                return None
            shape, elected = (_shape(rule, who.age or 0, each) for each in (_of_pay(rule), Fraction(1)))
            granted = rule.guarantee_issue_minor
    elif explained is not None:
        full, tier = explained.monthly_minor, explained.tier
        monthly = _always(full)
    else:
        return None
    offer = _offer(contribution_rule, tier, who, fraction, mode)
    if monthly is None or offer is None:
        return None
    least = round_to_int(contribution_rule.min_employee_minor * fraction, mode)
    most = contribution_rule.max_employee_minor
    return ByPay(
        shape, elected, granted, monthly, scaled(fraction, StepRounding(mode=mode)), offer, least,
        None if most is None else round_to_int(most * fraction, mode),
    )  # fmt: skip


def scaled(factor: Fraction, to: StepRounding) -> Whole:
    """An amount times `factor`, rounded as `StepRounding.apply` rounds it; neither is below zero."""
    step = to.step_minor
    top, bottom = (factor / step).as_integer_ratio()
    twice = 2 * bottom
    match to.mode:
        case Rounding.DOWN:
            return lambda amount: amount * top // bottom * step
        case Rounding.UP:
            return lambda amount: -(-amount * top // bottom) * step
        case Rounding.HALF_UP:
            return lambda amount: (2 * amount * top + bottom) // twice * step
        case Rounding.HALF_EVEN:

            def even(amount: int) -> int:
                whole, rest = divmod(amount * top, bottom)
                return (whole + (2 * rest > bottom or (2 * rest == bottom and whole % 2 == 1))) * step

            return even


def _of_pay(rule: VolumeRule) -> Fraction:
    return PayPer.YEAR.scaled(1, rule.basis) * rule.multiple


def _shape(rule: VolumeRule, age: int, factor: Fraction) -> Whole:
    """Multiply and round, reduce by age and round again, cut at the plan's bounds."""
    reached = sorted((one for one in rule.reductions if one.age <= age), key=lambda one: one.age)
    if rule.reduce is ReduceOf.ORIGINAL:
        reached = reached[-1:]
    again = rule.round_again or rule.round
    steps = [scaled(factor, rule.round), *(scaled(one.percent, again) for one in reached)]
    lowest, highest = rule.min_minor or 0, rule.max_minor

    def shape(amount: int) -> int:
        for step in steps:
            amount = step(amount)
        amount = max(amount, lowest)
        return amount if highest is None else min(amount, highest)

    return shape


def _always(full: int) -> Callable[[int], int]:
    """A month's price that no volume moves."""
    return lambda _volume: full


def _monthly(
    price: Price, rule: VolumeRule, who: Enrolled, month: Month, currency: str
) -> Callable[[int], int | None] | None:
    """From volume to a full month's premium; None where the rate asks for something that is not known."""
    factors = factors_for(price.factors, tobacco=who.tobacco, wellness=who.wellness)
    asked = rates_asked(price.rows, RateKey(month, age=who.age, region=who.region, tobacco=who.tobacco))
    if isinstance(factors, str):
        return None
    rated: list[tuple[int, int | None, Whole | None]] = [
        (
            row.volume_from_minor or 0, row.volume_through_minor,
            None if parts - {"volume_minor"} else _rated(row, rule, factors, price.rounding, currency),
        )
        for row, parts in asked
    ]  # fmt: skip
    if len(rated) == 1 and not asked[0][1]:
        return rated[0][2]

    def monthly(volume: int) -> int | None:
        held = [each for low, high, each in rated if low <= volume and (high is None or volume <= high)]
        return held[0](volume) if len(held) == 1 and held[0] is not None else None

    return monthly


def _rated(row: RateRow, rule: VolumeRule, factors: Sequence[Factor], rounding: StepRounding, currency: str) -> Whole:
    """Rate the volume, then factors and adders, then the one rounding: over one denominator all along."""
    slope, fixed = Fraction(0), Fraction(0)
    if row.rate is None:
        fixed = Fraction(row.amount_minor or 0)
    elif rule.unit is RateUnit.FLAT:
        fixed = row.rate * Fraction(10) ** EXPONENT[currency]
    else:
        slope = row.rate / UNITS[rule.unit]
    if not factors and not fixed:
        return scaled(slope, rounding)
    bottom = slope.denominator * fixed.denominator
    rise, base = int(slope * bottom), int(fixed * bottom)
    turns: list[tuple[int, int]] = []
    for one in factors:
        bottom *= one.multiply.denominator
        turns.append((one.multiply.numerator, one.add_minor * bottom))
    last = scaled(Fraction(1, bottom), rounding)

    def rated(volume: int) -> int:
        top = volume * rise + base
        for times, more in turns:
            top = max(0, top * times + more)
        return last(top)

    return rated


def _offer(
    rule: ContributionRule, tier: Tier | None, who: Enrolled, fraction: Fraction, mode: Rounding
) -> Callable[[int, int | None], int | None] | None:
    """What the employer offers; None where its wording asks for something that no pay can tell."""
    to = StepRounding(mode=mode)
    match rule.scheme:
        case Scheme.PERCENT_OF_TIER:
            part = scaled(rule.percent, to)
            return lambda premium, pay: part(premium)
        case Scheme.PERCENT_OF_PAY:
            of_month, part = scaled(Fraction(1, 12), StepRounding()), scaled(rule.percent * fraction, to)
            return lambda premium, pay: None if pay is None else part(of_month(pay))
        case Scheme.SALARY_BANDS:
            return _by_band(rule.bands, fraction, to)
        case Scheme.PERCENT_SPLIT | Scheme.YEARLY_BY_TIER:
            return None  # by the rate of the employee alone, or by the year: no price by pay has them
    payer = Payer(employment_class=who.employment_class, age=who.age)
    fixed = employer_offer(0, tier, rule, {}, fraction, payer)
    if isinstance(fixed, str):
        return None
    always = round_to_int(fixed, mode)
    return lambda premium, pay: always


def _by_band(
    bands: Sequence[SalaryBand], fraction: Fraction, to: StepRounding
) -> Callable[[int, int | None], int | None]:
    turned: list[tuple[int, Whole | int]] = [
        (
            band.pay_from_minor,
            to.apply((band.flat_minor or 0) * fraction) if band.percent is None else scaled(band.percent, to),
        )
        for band in bands
    ]

    def offer(premium: int, pay: int | None) -> int | None:
        if pay is None:
            return None
        found: Whole | int | None = None
        for low, each in turned:
            if low <= pay:
                found = each
        return found(premium) if callable(found) else found

    return offer
