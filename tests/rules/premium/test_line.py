"""One enrollment and month through tier, proration and contribution."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from benehub.periods import Month
from benehub.records.election import Tier
from benehub.rules.premium.contribution_rule import ContributionRule, Scheme
from benehub.rules.premium.line import Enrolled, Price, Structure, premium_line
from benehub.rules.premium.proration import ProrationMethod, ProrationRule
from benehub.rules.premium.rates import RateRow

RATES = {Tier.EE: 300_00, Tier.FAM: 612_50}
SPLIT = ContributionRule(Scheme.PERCENT_SPLIT, percent_employee=Fraction(1), percent_dependents=Fraction(1, 2))


def line(**changes: Any) -> Any:
    given: dict[str, Any] = {
        "tier": Tier.FAM,
        "rates_minor": RATES,
        "month": Month(2026, 4),
        "cover_start": date(2026, 4, 17),
        "proration": ProrationRule(start=ProrationMethod.DAILY),
        "contribution_rule": SPLIT,
    }
    given |= changes
    rows = tuple(RateRow(tier=tier, amount_minor=minor) for tier, minor in given.pop("rates_minor").items())
    who = Enrolled(tier=given.pop("tier"))
    return premium_line(price=Price(structure=Structure.TIER, rows=rows), who=who, **given)


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


@pytest.mark.parametrize(
    ("changes", "need"),
    [
        ({"tier": None}, "tier"),
        ({"tier": Tier.EC}, "rates[tier=EC, month=2026-04]"),
        ({"cover_start": None}, "cover_start"),
        ({"rates_minor": {Tier.FAM: 612_50}}, "rates_minor.EE"),
    ],
)
def test_it_stops_at_the_first_input_missing(changes: dict[str, Any], need: str) -> None:
    found = line(**changes)
    assert found.result is None
    assert found.needs == (need,)
