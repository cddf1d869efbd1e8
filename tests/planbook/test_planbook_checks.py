"""Contradictions are found before anybody is enrolled under them; versions are compared by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benehub import planbook
from benehub.errors import ConfigError
from benehub.planbook import Change

Changed = Callable[..., str]

MED = "    effective_from: 2026-01-01\n    rates:                         # a month"

NEXT_RATES = """      - from: 2027-01-01
        tiers: {EE: 655.00, ES: 1375.50, EC: 1244.50, FAM: 1965.00}
"""

CONTRADICTIONS = [
    ("up_to: 5%", "up_to: 3%", "do not ascend"),
    ("up_to: 5%", "up_to: 5", "above 100% of pay"),
    ("rate: 50%", "rate: 50", "match rate"),
    ("code: DENTAL", "code: VISION", "used by dental already"),
    ("roth_code: 401K-ROTH", "roth_code: 401K", "used by 401k already"),
    ("to: 2027-01-01", "to: 2026-12-01", "leave a gap"),
    ("to: 2027-01-01", "to: 2027-02-01", "overlap"),
    ("to: 2027-01-01", "to: 2026-12-15", "within a month"),
    (MED, MED.replace("2026", "2025"), "no rates from 2025-01-01 to 2026-01-01"),
    (MED, MED.replace("    rates", "    effective_to: 2025-01-01\n    rates"), "not after effective_from"),
    ("flat: 20.00", "flat: 50.00", "above the premium"),
    ("percent: 80%", "percent: 180%", "above the premium"),
    ("      percent: 80%\n", "", "lacks percent"),
    ("scheme: percent_of_tier", "scheme: base_plan", "lacks base_plan"),
    ("defined: {EE: 5.00, ES", "defined: {ES", "no amount for EE"),
    ("waiting: {days: 30}", "waiting: {days: 90}", "91st-day limit"),
    ("waiting: {days: 30}", "waiting: {days: 30, months: 1}", "in days and in months"),
    ("waiting: {days: 30}", "waiting: {hours: 1201}", "a wait of 1201 hours"),
    ("waiting: {days: 30}", "waiting: {days: 30, orientation_months: 2}", "orientation of 2 months"),
    ("waiting: {days: 30}", "waiting: {days: 30, days_after_hours: 5}", "no such condition"),
    ("entry: first_of_month        #", "entry: dates        #", "go together"),
    ("entry: first_of_month        #", "entry_dates: [01-01]\n      entry: first_of_month        #", "go together"),
    (
        "waiting: {days: 30}\n      entry: first_of_month        #",
        "waiting: {days: 60}\n      clamp: false\n      entry: first_of_month_after        #",
        "limit on 1 % of start dates",
    ),
    ("classes: [full_time]", "rules: {kind: class, any_of: [full]}", "no employment class full"),
    ("classes: [full_time]", "rules: {kind: enrolled_elsewhere, any_of: [ppo]}", "no other plan ppo"),
    ("classes: [full_time]", "rules: {not: {kind: measured_hours}}", "no way to measure them"),
    ("classes: [full_time]", "rules: {kind: entry_grid, entry: {wait: 91}}", "91st-day limit"),
    ("classes: [full_time]", "measured: {measurement_months: 2}", "a measurement period of 2 months"),
    ("coverage_end: end_of_month", "coverage_wash: {day: 10}", "has no wash rule"),
    ("days: [15, last]", "days: [15]", "1 days instead of 2"),
    ("    first_pay_date: 2026-01-09\n", "", "without first_pay_date"),
    ("    carrier: northstar\n", "", "has no carrier"),
    ("    recordkeeper: summit\n    effective", "    effective", "has no recordkeeper"),
    ("id: hdhp", "id: ppo", "stands here twice"),
    ("    payout_code: PTO-OUT\n", "", "no payout_code"),
    ("rate: 1/26", "annual_hours: 80", "without rate"),
    ("id: pto", "id: paid-time-off-of-all", "longer than 12 characters"),
    ("payout_code: PTO-OUT", "payout_code: PTO", "used by pto already"),
    ("payout_code: PTO-OUT", "payout_code: PTO-OUT\n    statute: us-ca-sick", "exactly one of accrual"),
    ("payout_code: PTO-OUT", "payout_code: PTO-OUT\n    carry: {to: sick}", "no other policy"),
    (
        "payout_code: PTO-OUT",
        "payout_code: PTO-OUT\n    jurisdiction: US-CA\n    carry: {max_hours: 40}",
        "US-CA forbids that earned leave is lost",
    ),
    (
        "payout_code: PTO-OUT",
        "payout_code: PTO-OUT\n    jurisdiction: US-WY\n    carry: {max_hours: 40}",
        "no leave rules are loaded for WY",
    ),
    ("wash_day: 15", "wash_day: 31", "wash_day"),
    ("posttax_code: MED-PPO-PT", "posttax_code: DENTAL", "used by ppo already"),
    ("        percent_of_usual: 50%      #", "        #", "max_extra needs an amount"),
    ("strategy: max_extra ", "short_pay: net_to_zero", "stands here twice"),
    ("        strategy: max_extra        #", "        #", "no strategy"),
    ("short_pay: all_or_none", "carry: false", "arrears that are not carried"),
    ("timing: current  ", "pays_a_year: 24\n      timing: current  ", "pays_a_year with method per_month"),
]


@pytest.mark.parametrize(("old", "new", "says"), CONTRADICTIONS, ids=[c[2] for c in CONTRADICTIONS])
def test_contradiction_keeps_the_book_from_loading(changed: Changed, old: str, new: str, says: str) -> None:
    with pytest.raises(ConfigError, match=r"the plan book has \d+ error") as caught:
        planbook.load(changed(old, new), "book.yaml")
    assert says in str(caught.value)


def test_contradiction_names_the_line(changed: Changed) -> None:
    text = changed("flat: 20.00", "flat: 50.00")
    line = text[: text.index("employer_contribution:\n      scheme: flat")].count("\n") + 1
    with pytest.raises(ConfigError, match=rf"book\.yaml:{line}: plans\.dental\.employer_contribution: "):
        planbook.load(text, "book.yaml")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (NEXT_RATES, "", "no rates from 2027-01-01 on"),
        ("    days: [15, last]", "    days: [15, last]\n  monthly: {frequency: monthly, days: [last]}",
         "fewer pay dates"),
        ("EE: 38.40, ES: 76.80", "EE: 38.40", "no rate for ES"),
    ],
)  # fmt: skip
def test_what_is_strange_but_may_be_meant_is_a_warning(changed: Changed, old: str, new: str, says: str) -> None:
    findings = planbook.check(planbook.load(changed(old, new), "book.yaml"))
    assert findings and {one.severity for one in findings} == {"warning"}
    assert any(says in one.text for one in findings)


def test_a_country_without_a_calendar_loads_and_says_so_when_dates_are_asked(changed: Changed) -> None:
    book = planbook.load(changed("country: US", "country: GB"), "book.yaml")
    with pytest.raises(ConfigError, match="no bank calendar is known for 'GB'"):
        book.pay_dates("biweekly", 2026)


def test_diff_names_what_changed(example: str, changed: Changed) -> None:
    before = planbook.load(example, "a")
    after = planbook.load(changed("EE: 612.50", "EE: 615.00"), "b")
    assert planbook.diff(before, before) == []
    (change,) = planbook.diff(before, after)
    assert isinstance(change, Change)
    assert change.path.startswith("plans[ppo].rates[") and change.path.endswith("tiers.EE")
    assert (change.before, change.after) == ("612.50", "615.00")
    assert before.version != after.version


def test_layout_and_comments_make_no_new_version(example: str) -> None:
    plain = "\n".join(line.split(" #")[0] for line in example.splitlines() if not line.startswith("#"))
    assert planbook.load(plain, "b").version == planbook.load(example, "a").version


PRICED = """
employer: {id: acme, name: Acme}
roles: {hris: hris, payroll: payroll}
pay_groups: {monthly: {frequency: monthly, days: [last]}}
plans:
  - id: life
    name: Life
    benefit_type: life
    carrier: carrier
    effective_from: 2026-01-01
    volume: {basis: year, multiple: 2, round: {to: 1000, mode: up}, min: 1000, max: 500000}
    rates: [{from: 2026-01-01, rate: 0.15}]
    deduction: {code: LIFE, per_month: 1}
  - id: vlife
    name: Voluntary life
    benefit_type: voluntary_life
    carrier: carrier
    effective_from: 2026-01-01
    volume: {elected: true}
    rates:
      - {from: 2026-01-01, tobacco: false, ages: [{from: 0, through: 29, rate: 0.06}, {from: 30, rate: 0.09}]}
      - {from: 2026-01-01, tobacco: true, ages: [{from: 0, rate: 0.1}]}
    employer_contribution: {scheme: salary_bands, bands: [{pay_from: 0, percent: 50%}, {pay_from: 90000, flat: 1}]}
    deduction: {code: VLIFE, per_month: 1}
  - id: gold
    name: Age-banded medical
    benefit_type: medical
    carrier: carrier
    effective_from: 2026-01-01
    age_rating: {basis: plan_year_start, small_group: true}
    rates: [{from: 2026-01-01, ages: [{from: 0, through: 20, amount: 200}, {from: 21, amount: 400}]}]
    employer_contribution: {scheme: defined, defined_by: [{employment_class: full_time, amount: 300}]}
    deduction: {code: GOLD, per_month: 1}
  - id: base
    name: Base plan
    benefit_type: dental
    carrier: carrier
    effective_from: 2026-01-01
    tier_structure: three_tier
    rates: [{from: 2026-01-01, tiers: {EE: 20, EE1: 40, FAM: 60}}]
    factors: [{name: tobacco, applies_to: tobacco, multiply: 1.5}]
    deduction: {code: BASE, per_month: 1}
  - id: high
    name: High plan
    benefit_type: vision
    carrier: carrier
    effective_from: 2026-01-01
    tier_structure: three_tier
    rates: [{from: 2026-01-01, tiers: {EE: 30, EE1: 60, FAM: 90}}]
    employer_contribution: {scheme: buy_up, base_plan: base}
    deduction: {code: HIGH, per_month: 1}
  - id: hsa
    name: HSA
    benefit_type: hsa
    effective_from: 2026-01-01
    account: {employer_yearly: {EE: 750, FAM: 1500}}
    deduction: {code: HSA, method: every_pay}
"""
WRONG = [
    ("rate: 0.15}]", "rate: 0.15, tiers: {EE: 1}}]", "exactly one of tiers, ages and rate, not tiers and rate"),
    ("rate: 0.15}]", "region: TX}]", "not none"),
    ("rate: 0.15}]", "rate: -0.15}]", "a rate below 0"),
    ("    volume: {basis: year, multiple: 2, round: {to: 1000, mode: up}, min: 1000, max: 500000}\n", "", "no volume"),
    ("rate: 0.15}]", "tiers: {EE: 1.00}}]", "rates by tier on a plan with a volume"),
    ("rate: 0.15}]", "rate: 0.15}, {from: 2026-01-01, region: TX, rate: 0.2}]", "two rates for one key"),
    ("min: 1000, max: 500000", "min: 1000, max: 500", "max is below min"),
    ("multiple: 2", "multiple: 0", "a volume of nothing"),
    ("elected: true", "elected: true, multiple: 2", "elected has a multiple"),
    ("max: 500000", "reductions: [{age: 70, percent: 50%}, {age: 65, percent: 65%}]", "do not ascend"),
    ("max: 500000", "reductions: [{age: 65, percent: 165%}]", "less than or equal to 1"),
    ("through: 29, rate: 0.06}", "through: 28, rate: 0.06}", "no rate for ages 29 to 29"),
    ("through: 29, rate: 0.06}", "through: 30, rate: 0.06}", "two rates for age 30"),
    ("through: 29, rate: 0.06}", "through: 29, amount: 0.06}", "an age band of amount, where the plan needs rate"),
    ("through: 20, amount: 200}", "through: 20, rate: 200}", "an age band of rate, where the plan needs amount"),
    ("{from: 21, amount: 400}", "{from: 21, through: 20, amount: 400}", "ends below where it begins"),
    ("tobacco: true, ages", "tobacco: false, ages", "two rates for one key"),
    ("      - {from: 2026-01-01, tobacco: true, ages: [{from: 0, rate: 0.1}]}\n", "", "for no tobacco users"),
    ("pay_from: 90000", "pay_from: 0", "bands do not ascend"),
    (
        "scheme: salary_bands, bands: [{pay_from: 0, percent: 50%}, {pay_from: 90000, flat: 1}]",
        "scheme: percent_split",
        "splits by tier, and the plan has none",
    ),
    ("{scheme: buy_up, base_plan: base}", "{scheme: buy_up, base_plan: gone}", "'gone' is no other plan"),
    ("{scheme: buy_up, base_plan: base}", "{scheme: buy_up, base_plan: life}", "no rates by tier"),
    ("{scheme: buy_up, base_plan: base}", "{scheme: yearly_by_tier}", "is for accounts"),
    ("scheme: buy_up,", "scheme: buy_up, unused: other_plan,", "what is unused goes to no plan"),
    ("scheme: buy_up,", "scheme: buy_up, min_employee: 9, max_employee: 5,", "largest share is below the smallest"),
    ("{EE: 30, EE1: 60", "{EE: 30, ES: 60", "ES in a three_tier table"),
    ("{EE: 30,", "{EE: -30,", "a premium below 0"),
    ("multiply: 1.5}", "multiply: -1.5}", "a factor below 0"),
    ("multiply: 1.5}]", "multiply: 1.5}, {name: tobacco}]", "stands here twice"),
    (
        "account: {employer_yearly",
        "rates: [{from: 2026-01-01, rate: 1}]\n    account: {employer_yearly",
        "is an account but has rates",
    ),
    ("    deduction: {code: HSA, method: every_pay}\n", "", "has no deduction"),
    ("{EE: 750,", "{EE: -750,", "an amount below 0"),
]


def test_the_book_in_the_docs_loads_without_findings(root: Path) -> None:
    page = (root / "docs" / "premiums.md").read_text(encoding="utf-8")
    text = page.split("```yaml\n")[1].split("```")[0]
    assert planbook.check(planbook.load(text, "docs/premiums.md")) == []


def test_a_book_of_every_price_structure_loads_without_findings() -> None:
    assert planbook.check(planbook.load(PRICED, "book.yaml")) == []


@pytest.mark.parametrize(("old", "new", "says"), WRONG, ids=[f"{n}: {c[2]}" for n, c in enumerate(WRONG)])
def test_a_price_that_contradicts_itself_keeps_the_book_from_loading(old: str, new: str, says: str) -> None:
    assert old in PRICED
    with pytest.raises(ConfigError) as caught:
        planbook.load(PRICED.replace(old, new, 1), "book.yaml")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("basis: year, multiple", "multiple", "without its basis"),
        ("{from: 21, amount: 400}", "{from: 21, through: 64, amount: 400}", "no rate above age 64"),
        ("{from: 0, through: 20, amount: 200}, ", "", "no rate below age 21"),
    ],
)
def test_a_price_that_may_be_meant_is_a_warning(old: str, new: str, says: str) -> None:
    findings = planbook.check(planbook.load(PRICED.replace(old, new, 1), "book.yaml"))
    assert [(one.severity, says in one.text) for one in findings] == [("warning", True)]
