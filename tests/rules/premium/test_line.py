"""One enrollment and month through tier, proration and contribution."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from benehub.money import Rounding
from benehub.periods import Month
from benehub.records.election import Tier
from benehub.rules.premium.age_band import RatedMember, Role
from benehub.rules.premium.contribution_rule import ContributionRule, Scheme
from benehub.rules.premium.factors import Factor, FactorFor
from benehub.rules.premium.line import Enrolled, Price, Structure, premium_line
from benehub.rules.premium.proration import ProrationMethod, ProrationRule
from benehub.rules.premium.rates import RateRow
from benehub.rules.premium.rounding import StepRounding
from benehub.rules.premium.volume_rule import RateUnit, VolumeRule

ROWS = (RateRow(tier=Tier.EE, amount_minor=300_00), RateRow(tier=Tier.FAM, amount_minor=612_50))
BY_TIER = Price(structure=Structure.TIER, rows=ROWS)
ALL_EMPLOYER = ContributionRule(Scheme.PERCENT_OF_TIER, percent=Fraction(1))
SPLIT = ContributionRule(Scheme.PERCENT_SPLIT, percent_employee=Fraction(1), percent_dependents=Fraction(1, 2))


def line(**changes: Any) -> Any:
    given: dict[str, Any] = {
        "price": BY_TIER,
        "who": Enrolled(tier=Tier.FAM),
        "month": Month(2026, 4),
        "cover_start": date(2026, 4, 17),
        "proration": ProrationRule(start=ProrationMethod.DAILY),
        "contribution_rule": SPLIT,
    }
    given |= changes
    return premium_line(**given)


def test_p14_in_shares() -> None:
    found = line().required()
    assert found.premium_minor == 285_83
    # 14/30 of 300 in full, half of the rest: 140.00 + 72.915
    assert (found.employer_minor, found.employee_minor) == (212_92, 72_91)


def test_a_month_not_covered_costs_nothing() -> None:
    found = line(month=Month(2026, 3)).required()
    assert (found.premium_minor, found.employer_minor, found.employee_minor) == (0, 0, 0)


def test_the_explanation_holds_every_step() -> None:
    told = line().explanation
    assert [step.label.split(" (")[0].split(",")[0] for step in told.steps][-1] == "employee: premium less employer"
    assert told.inputs["contribution"]["percent_dependents"] == "0.5"
    assert told.inputs["cover_start"] == "2026-04-17"


def test_an_age_banded_family_splits_at_what_the_employee_alone_would_cost() -> None:
    rows = (
        RateRow(age_through=20, amount_minor=200_00),
        RateRow(age_from=21, age_through=39, amount_minor=300_00),
        RateRow(age_from=40, amount_minor=400_00),
    )
    members = (
        RatedMember(birth_date=date(1984, 1, 1)),
        RatedMember(role=Role.CHILD, birth_date=date(2012, 1, 1)),
    )
    price = Price(structure=Structure.AGE_BAND, rows=rows, plan_year_start=date(2026, 1, 1))
    found = line(price=price, who=Enrolled(members=members), cover_start=date(2026, 1, 1)).required()
    assert (found.premium_minor, found.employer_minor, found.employee_minor) == (600_00, 500_00, 100_00)


def test_a_volume_is_charged_as_far_as_it_is_approved() -> None:
    rule = VolumeRule(multiple=Fraction(2), round=StepRounding(step_minor=1_000_00, mode=Rounding.UP),
                      guarantee_issue_minor=100_000_00)  # fmt: skip
    price = Price(structure=Structure.VOLUME, rows=(RateRow(rate=Fraction(15, 100)),), volume=rule)
    found = line(price=price, who=Enrolled(yearly_pay_minor=73_450_00), contribution_rule=ALL_EMPLOYER,
                 cover_start=date(2026, 1, 1)).required()  # fmt: skip
    assert (found.volume_minor, found.pending_minor) == (100_000_00, 47_000_00)
    assert (found.premium_minor, found.employee_minor) == (15_00, 0)


@pytest.mark.parametrize(
    ("unit", "rate", "premium"),
    [(RateUnit.FLAT, Fraction("4.50"), 4_50), (RateUnit.PERCENT, Fraction(5, 100), 250_00)],
)
def test_a_flat_amount_and_a_part_of_pay(unit: RateUnit, rate: Fraction, premium: int) -> None:
    rule = VolumeRule.model_validate({"basis": "month", "unit": unit})
    price = Price(structure=Structure.VOLUME, rows=(RateRow(rate=rate),), volume=rule)
    found = line(price=price, who=Enrolled(yearly_pay_minor=60_000_00), contribution_rule=ALL_EMPLOYER,
                 cover_start=date(2026, 1, 1)).required()  # fmt: skip
    assert found.premium_minor == premium


def test_a_tobacco_factor_is_on_the_premium_and_its_use_must_be_known() -> None:
    factor = Factor(name="tobacco", applies_to=FactorFor.TOBACCO, multiply=Fraction(3, 2), add_minor=10_00)
    price = Price(structure=Structure.TIER, rows=ROWS, factors=(factor,))
    start = date(2026, 1, 1)
    assert line(price=price, cover_start=start).needs == ("tobacco",)
    uses = line(price=price, who=Enrolled(tier=Tier.EE, tobacco=True), cover_start=start).required()
    uses_not = line(price=price, who=Enrolled(tier=Tier.EE, tobacco=False), cover_start=start).required()
    assert (uses.monthly_minor, uses_not.monthly_minor) == (460_00, 300_00)


@pytest.mark.parametrize(
    ("changes", "need"),
    [
        ({"who": Enrolled()}, "tier"),
        ({"who": Enrolled(tier=Tier.EC)}, "rates[tier=EC, month=2026-04]"),
        ({"cover_start": None}, "cover_start"),
        ({"price": Price(structure=Structure.TIER, rows=ROWS[1:])}, "rates_minor.EE"),
        ({"price": Price(structure=Structure.AGE_BAND, rows=ROWS)}, "members"),
        ({"price": Price(structure=Structure.VOLUME, rows=ROWS)}, "pay_minor"),
    ],
)
def test_it_stops_at_the_first_input_missing(changes: dict[str, Any], need: str) -> None:
    found = line(**changes)
    assert found.result is None
    assert found.needs == (need,)
