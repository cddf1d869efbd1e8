"""Contradictions are found before anybody is enrolled under them; versions are compared by name."""

from __future__ import annotations

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
    ("scheme: percent_of_tier", "scheme: base_plan", "base plan"),
    ("defined: {EE: 5.00, ES", "defined: {ES", "no amount for EE"),
    ("waiting: {days: 30}", "waiting: {days: 90}", "91st-day limit"),
    ("waiting: {days: 30}", "waiting: {days: 30, months: 1}", "in days and in months"),
    ("days: [15, last]", "days: [15]", "1 days instead of 2"),
    ("    first_pay_date: 2026-01-09\n", "", "without first_pay_date"),
    ("    carrier: northstar\n", "", "has no carrier"),
    ("    recordkeeper: summit\n    effective", "    effective", "has no recordkeeper"),
    ("id: hdhp", "id: ppo", "stands here twice"),
    ("    payout_code: PTO-OUT\n", "", "no payout_code"),
    ("wash_day: 15", "wash_day: 31", "wash_day"),
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
