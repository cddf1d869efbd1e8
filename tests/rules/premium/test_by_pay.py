"""Whole-number steps by pay give the cents of the explained rule, whatever a plan rounds, bounds, rates and splits."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from benehub.money import Rounding
from benehub.periods import Month
from benehub.records import Tier
from benehub.rules.base import Calculation
from benehub.rules.premium.by_pay import ByPay, by_pay, scaled
from benehub.rules.premium.contribution_rule import ContributionRule, DefinedRow, SalaryBand, Scheme
from benehub.rules.premium.factors import Factor, FactorFor
from benehub.rules.premium.line import Enrolled, PremiumLine, Price, Structure, premium_line
from benehub.rules.premium.proration import ProrationMethod, ProrationRule, StartEvent
from benehub.rules.premium.rates import RateRow
from benehub.rules.premium.rounding import StepRounding
from benehub.rules.premium.volume_rule import PayPer, RateUnit, ReduceOf, Reduction, VolumeRule

MONTH = Month(2026, 4)
PARTS = st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(1, 3), Fraction(65, 100), Fraction(1)])
MONEY = st.integers(0, 30_000_000)
ROUNDINGS = st.builds(
    StepRounding, step_minor=st.sampled_from([1, 7, 100, 500_00, 1000_00]), mode=st.sampled_from(Rounding)
)
RULES = st.builds(
    VolumeRule,
    basis=st.sampled_from(PayPer),
    multiple=st.sampled_from([Fraction(1), Fraction(2), Fraction(3, 2), Fraction(3, 5), Fraction(1, 3)]),
    round=ROUNDINGS,
    reductions=st.lists(
        st.builds(Reduction, age=st.integers(30, 75), percent=PARTS), max_size=3, unique_by=lambda one: one.age
    ).map(tuple),
    reduce=st.sampled_from(ReduceOf),
    round_again=st.none() | ROUNDINGS,
    min_minor=st.none() | st.integers(0, 1000_00),
    max_minor=st.none() | st.integers(1000_00, 90_000_00),
    guarantee_issue_minor=st.none() | MONEY,
    unit=st.sampled_from(RateUnit),
)
RATES = st.sampled_from([Fraction(0), Fraction(3, 20), Fraction(37, 100), Fraction(1, 7), Fraction(5, 2)])
FACTORS = st.lists(
    st.builds(
        Factor, name=st.just("f"), applies_to=st.sampled_from(FactorFor),
        multiply=st.sampled_from([Fraction(1), Fraction(6, 5), Fraction(2, 3), Fraction(0)]),
        add_minor=st.integers(-900, 900),
    ),
    max_size=2,
).map(tuple)  # fmt: skip
METHODS = st.sampled_from(ProrationMethod)
PRORATIONS = st.builds(ProrationRule, start=METHODS, end=METHODS, newborn=st.none() | METHODS)
DAYS = st.integers(1, 30).map(lambda day: date(2026, 4, day))
TIERS = st.sampled_from([None, Tier.EE, Tier.FAM])
AGES = st.none() | st.integers(18, 80)


@st.composite
def rows(draw: st.DrawFn) -> tuple[RateRow, ...]:
    """Rates that go by nothing, by age or by volume, each for smokers and others or for all."""
    by = draw(st.sampled_from(["all", "age", "volume"]))
    cuts = (
        sorted(draw(st.sets(st.integers(19, 70) if by == "age" else st.integers(1, 30_000_000), max_size=3)))
        if by != "all"
        else []
    )
    found = []
    for low, high in zip([None, *cuts], [*cuts, None], strict=True):
        through = None if high is None else high - 1
        band: dict[str, Any] = {"age_from": low, "age_through": through} if by == "age" else {}
        if by == "volume":
            band = {"volume_from_minor": low, "volume_through_minor": through}
        for tobacco in draw(st.sampled_from([(None,), (True, False)])):
            price: dict[str, Any] = (
                {"rate": draw(RATES)} if draw(st.booleans()) else {"amount_minor": draw(st.integers(0, 9_999))}
            )
            found.append(RateRow(tobacco=tobacco, **band, **price))
    return tuple(found)


@st.composite
def contributions(draw: st.DrawFn) -> ContributionRule:
    given: dict[Scheme, Any] = {
        Scheme.FLAT: {"flat_minor": draw(st.integers(0, 5_000))},
        Scheme.PERCENT_OF_TIER: {"percent": draw(PARTS)},
        Scheme.PERCENT_OF_PAY: {"percent": draw(st.sampled_from([Fraction(1, 100), Fraction(1, 300)]))},
        Scheme.SALARY_BANDS: {"bands": tuple(
            SalaryBand(pay_from_minor=low, flat_minor=700) if flat else SalaryBand(pay_from_minor=low, percent=part)
            for low, flat, part in [(0, False, draw(PARTS)), (5_000_000, True, None), (9_000_000, False, draw(PARTS))]
        )},
        Scheme.DEFINED: {"defined": (
            DefinedRow(age_from=40, amount_minor=900), DefinedRow(age_through=39, amount_minor=400, tier=draw(TIERS)),
        )},
        Scheme.BASE_PLAN: {
            "percent_employee": draw(PARTS), "percent_dependents": draw(PARTS),
            "base_rates_minor": {Tier.EE: 1_000, Tier.FAM: 3_000},
        },
    }  # fmt: skip
    scheme = draw(st.sampled_from(list(given)))
    least, more = draw(st.sampled_from([0, 0, 250])), draw(st.none() | st.integers(0, 5_000))
    most = None if more is None else least + more
    return ContributionRule(scheme, min_employee_minor=least, max_employee_minor=most, **given[scheme])


PRICES = st.builds(
    Price, structure=st.just(Structure.VOLUME), rows=rows(), volume=RULES, factors=FACTORS, rounding=ROUNDINGS
)
WHO = st.builds(
    Enrolled, tier=TIERS, age=AGES, tobacco=st.none() | st.booleans(), wellness=st.none() | st.booleans(),
    event=st.sampled_from(StartEvent),
)  # fmt: skip
AMOUNTS = st.tuples(st.none() | MONEY, st.none() | MONEY, MONEY | st.just(0))


def asked(terms: dict[str, Any], who: Enrolled, amounts: tuple[Any, Any, int]) -> Calculation[PremiumLine]:
    names = ("yearly_pay_minor", "requested_minor", "approved_minor")
    return premium_line(who=who.model_copy(update=dict(zip(names, amounts, strict=True))), **terms)


def cents(line: PremiumLine | None) -> tuple[int, int, int] | None:
    return None if line is None else (line.premium_minor, line.employer_minor, line.employee_minor)


@given(PRICES, WHO, contributions(), PRORATIONS, DAYS, st.none() | DAYS, st.lists(AMOUNTS, min_size=1, max_size=4))
def test_steps_by_pay_are_the_explained_cents(
    price: Price, who: Enrolled, rule: ContributionRule, proration: ProrationRule, start: date, end: date | None,
    people: list[tuple[int | None, int | None, int]],
) -> None:  # fmt: skip
    terms: dict[str, Any] = {
        "price": price, "month": MONTH, "cover_start": start, "cover_end": end, "proration": proration,
        "contribution_rule": rule, "currency": "USD",
    }  # fmt: skip
    steps = by_pay(who=who, **terms)
    for amounts in people:
        explained = cents(asked(terms, who, amounts).result)
        assert (steps and steps.amounts(*amounts)) == explained


@given(contributions(), PRORATIONS, DAYS, MONEY, MONEY)
@example(ContributionRule(Scheme.PERCENT_OF_PAY, percent=Fraction(1, 100)), ProrationRule(), date(2026, 4, 1), 1, 7)
def test_a_tiers_contribution_by_pay_is_the_explained_one(
    rule: ContributionRule, proration: ProrationRule, start: date, one: int, other: int
) -> None:
    price = Price(structure=Structure.TIER, rows=(RateRow(tier=Tier.EE, amount_minor=61_253),))
    terms: dict[str, Any] = {
        "price": price, "month": MONTH, "cover_start": start, "cover_end": None, "proration": proration,
        "contribution_rule": rule, "currency": "USD",
    }  # fmt: skip
    who = Enrolled(tier=Tier.EE, age=44)
    known = asked(terms, who, (one, None, 0)).result
    steps = by_pay(who=who, explained=known, **terms)
    assert steps is not None
    assert steps.amounts(other, None, 0) == cents(asked(terms, who, (other, None, 0)).result)


def test_the_steps_of_a_life_plan_are_worked_out_once() -> None:
    rule = VolumeRule(
        multiple=Fraction(2), round=StepRounding(step_minor=1000_00, mode=Rounding.UP), max_minor=500_000_00,
        reductions=(Reduction(age=65, percent=Fraction(65, 100)),), guarantee_issue_minor=100_000_00,
    )  # fmt: skip
    price = Price(structure=Structure.VOLUME, rows=(RateRow(rate=Fraction(15, 100)),), volume=rule)
    steps = by_pay(
        price=price, who=Enrolled(age=47), month=MONTH, cover_start=MONTH.first, cover_end=None,
        proration=ProrationRule(), contribution_rule=ContributionRule(Scheme.PERCENT_OF_TIER, percent=Fraction(1, 2)),
        currency="USD",
    )  # fmt: skip
    assert isinstance(steps, ByPay)
    # 2 x 73,450 up to 147,000; 100,000 granted, or the 120,000 approved before
    assert steps.amounts(73_450_00, None, 0) == (1500, 750, 750)
    assert steps.amounts(73_450_00, None, 120_000_00) == (1800, 900, 900)
    assert steps.amounts(None, 20_000_00, 0) == (300, 150, 150)
    assert steps.amounts(None, None, 0) is None


@given(st.fractions(0, 100, max_denominator=10_000), ROUNDINGS, MONEY)
def test_scaling_in_whole_numbers_is_rounding(factor: Fraction, to: StepRounding, amount: int) -> None:
    assert scaled(factor, to)(amount) == to.apply(amount * factor)
