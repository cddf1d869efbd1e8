"""Contradictions are found before anybody is enrolled under them; versions are compared by name."""

from __future__ import annotations

import json
from collections.abc import Callable

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


EVERYTHING = """      waiting: {hours: 1000, days_after_hours: 30, orientation_months: 1}
      entry: dates
      entry_dates: [01-01, 04-01, 07-01, 10-01]
      rehire: parity
      measured: {standard_start: 2025-10-15, admin: 78, admin_unit: days, initial_start: first_of_month}
      rules:
        all:
          - any: [{kind: class, any_of: [full_time]}, {kind: union, any_of: [local-12]}]
          - {kind: age, at_least: 18}
          - not: {kind: location, any_of: [Hawaii]}
          - {kind: enrolled_elsewhere, any_of: [dental]}
    coverage_wash: {day: 10, early: previous_month}
    dependents: {end: day_before_birthday, age_limit: 24}
    coverage_end: wash
"""


def test_everything_that_eligibility_can_say(changed: Changed) -> None:
    text = changed("  currency: USD\n", "  currency: USD\n  size: large\n  school: true\n")
    start, end = text.index("      classes: [full_time]"), text.index("    mid_period: {start: full_month")
    text = text[:start] + EVERYTHING + text[end:]
    book = planbook.load(text, "book.yaml")
    again = planbook.load(json.dumps(book.model_dump(mode="json", by_alias=True)), "stored")
    assert again.version == book.version
    plan = book.plan("ppo")
    rule = plan.eligibility_rule(large=True)
    assert rule.entry.wait_after_hours == 30 and rule.entry.large_employer and rule.entry.orientation_months == 1
    assert (rule.wash_day, rule.early_wash.value) == (10, "previous_month")
    assert rule.rules is not None
    # measuring is asked for beside the rules, which do not mention it
    assert [leaf.kind for leaf in rule.rules.leaves()] == [
        "measured_hours", "class", "union", "age", "location", "enrolled_elsewhere",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ("{kind: shoe_size}", "no kind of rule is named shoe_size"),
        ("{all: []}", "exactly one of all, any, not and kind"),
        ("{kind: age}", "needs at_least or below"),
        ("{any: [{kind: age, at_least: x}]}", "at_least"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_told_with_its_line(changed: Changed, rules: str, says: str) -> None:
    text = changed("classes: [full_time]", f"rules: {rules}")
    line = text[: text.index("rules: {")].count("\n") + 1
    with pytest.raises(ConfigError, match=rf"book\.yaml:{line}: plans\.ppo\.eligibility\.rules") as caught:
        planbook.load(text, "book.yaml")
    assert says in str(caught.value)
