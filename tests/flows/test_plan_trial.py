"""A plan book tried before it is in force: shares, cost, cover and eligibility of a month under both books."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import func, select

from benehub import facts, planbook
from benehub.facts import Fact, Version
from benehub.flows import Hub, plan_trial
from benehub.flows.plan_trial import employed, impact, tried
from benehub.periods import Interval, Month
from benehub.store.tables import fact
from benehub.views.plan_impact import Affected, PlanImpact, plan_impact, together

Open = Callable[..., Hub]
OCTOBER = Month(2026, 10)
RATES = "    rates:\n"
NEXT = """  - id: hdhp
    name: HDHP
    benefit_type: medical
    carrier: carrier
    effective_from: 2026-01-01
    rates: [{from: 2026-01-01, tiers: {EE: 300.00, ES: 600.00, EC: 500.00, FAM: 800.00}}]
    eligibility: {classes: [full_time]}
    deduction: {code: HDHP}
"""


class Trial:
    """The hub of three employees in the PPO (two alone, the third with family) and its book's text."""

    def __init__(self, hub: Hub, text: str) -> None:
        self.hub, self.text = hub, text
        with hub.store.read("acme") as session:
            self.workers = facts.workers(session, Interval(OCTOBER.first, OCTOBER.end))
        self.workers.sort(key=lambda one: str(one.identity["employee_number"]))
        cover = self.workers[2].coverages["medical"][-1]
        self.tell(cover, tier="FAM")

    def tell(self, known: Fact, **changed: Any) -> None:
        """A fact corrected from its first day on."""
        data = {**known.data, **changed}
        with self.hub.store.write("acme") as session:
            facts.record(session, [Version(known.kind, known.subject, known.key, known.effective_from, data)], "a test")

    def changed(self, old: str, new: str) -> str:
        assert old in self.text, old
        return self.text.replace(old, new, 1)

    def of(self, after: str, before: str = "", month: Month = OCTOBER, people: bool = True) -> dict[str, PlanImpact]:
        earlier, later = (planbook.load(text, "book") for text in (before or self.text, after))
        with self.hub.store.read("acme") as session:
            return {one.plan: one for one in impact(session, earlier, later, month, people)}


@pytest.fixture
def trial(sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType) -> Trial:
    hub = open_hub(sqlite_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    return Trial(hub, fakehub.BOOK)


def test_the_same_book_changes_nothing(trial: Trial) -> None:
    assert trial.of(trial.text) == {"ppo": PlanImpact("ppo", "PPO", "same", insured=True, covered=3)}


def test_a_smaller_part_of_the_employer_is_a_larger_share_of_each(trial: Trial) -> None:
    found = trial.of(trial.changed("80%", "75%"))["ppo"]
    assert (found.status, found.covered, found.changed, found.unpriced) == ("changed", 3, 3, 0)
    # 5 % of 500, 500 and 1,200
    assert (found.employee_minor, found.largest_minor, found.employer_minor) == (110_00, 60_00, -110_00)
    assert found.people == [
        Affected("1001", 100_00, 125_00), Affected("1002", 100_00, 125_00), Affected("1003", 240_00, 300_00),
    ]  # fmt: skip


def test_a_rate_that_changes_for_one_tier_affects_those_in_it(trial: Trial) -> None:
    found = trial.of(trial.changed("FAM: 1200.00", "FAM: 1100.00"))["ppo"]
    assert (found.changed, found.employee_minor, found.largest_minor) == (1, -20_00, -20_00)
    assert found.employer_minor == -80_00
    assert found.people == [Affected("1003", 240_00, 220_00)]


def test_nobody_is_named_unless_asked_for(trial: Trial) -> None:
    found = trial.of(trial.changed("80%", "75%"), people=False)["ppo"]
    assert found.changed == 3 and found.people == []


def test_who_is_no_longer_eligible_loses_cover_and_its_cost_ends(trial: Trial) -> None:
    trial.tell(trial.workers[0].employments[-1], employment_class="part_time")
    found = trial.of(trial.changed(RATES, f"    eligibility: {{classes: [full_time]}}\n{RATES}"))["ppo"]
    assert (found.no_longer_eligible, found.loses_cover, found.becomes_eligible) == (1, 1, 0)
    assert (found.changed, found.employee_minor, found.employer_minor) == (0, 0, -400_00)
    assert found.people == [Affected("1001", 100_00, None)]


def test_who_becomes_eligible_is_counted_without_an_election(trial: Trial) -> None:
    trial.tell(trial.workers[0].employments[-1], employment_class="part_time")
    before = trial.changed(RATES, f"    eligibility: {{classes: [full_time]}}\n{RATES}")
    found = trial.of(trial.text, before)["ppo"]
    assert (found.becomes_eligible, found.no_longer_eligible, found.loses_cover) == (1, 0, 0)


def test_a_rule_on_what_nobody_knows_is_unsettled_and_ends_no_cover(trial: Trial) -> None:
    asks = "    eligibility: {rules: {kind: union, any_of: [local-7]}}\n"
    found = trial.of(trial.changed(RATES, asks + RATES))["ppo"]
    assert (found.unsettled, found.no_longer_eligible, found.loses_cover, found.changed) == (3, 0, 0, 0)
    with trial.hub.store.write("acme") as session:
        gone = [one.coverages["medical"][-1] for one in trial.workers]
        facts.record(session, [Version(f.kind, f.subject, f.key, f.effective_from, None) for f in gone], "a test")
    found = trial.of(trial.changed(RATES, asks + RATES))["ppo"]
    assert (found.covered, found.unsettled, found.no_longer_eligible) == (0, 3, 0)


def test_a_plan_of_one_book_only_is_added_or_removed(trial: Trial) -> None:
    both = trial.changed("carriers:\n", f"{NEXT}carriers:\n")
    added = trial.of(both)
    assert list(added) == ["ppo", "hdhp"]
    assert (added["hdhp"].status, added["hdhp"].covered, added["hdhp"].becomes_eligible) == ("added", 0, 3)
    alone = both[: both.index("  - id: ppo")] + both[both.index("  - id: hdhp") :]
    removed = trial.of(alone, both)["ppo"]
    assert (removed.status, removed.covered, removed.loses_cover) == ("removed", 3, 3)
    assert removed.employer_minor == -(400_00 + 400_00 + 960_00)
    assert [one.after_minor for one in removed.people] == [None] * 3


def test_a_month_without_a_price_is_unpriced_and_no_zero(trial: Trial) -> None:
    later = trial.text.replace("2026-01-01", "2026-11-01")
    found = trial.of(later, month=Month(2026, 11))["ppo"]
    assert (found.covered, found.unpriced, found.employer_minor) == (3, 0, 0)
    ended = trial.changed("      - from: 2026-01-01\n", "      - from: 2026-01-01\n        to: 2026-10-01\n")
    found = trial.of(ended)["ppo"]
    assert (found.covered, found.unpriced, found.changed, found.employer_minor) == (3, 3, 0, 0)


SAVINGS = """  - id: hsa
    name: HSA
    benefit_type: hsa
    effective_from: 2026-01-01
    account: {employer_yearly: {EE: 600.00, FAM: 1200.00}, max_yearly: 4400.00}
    deduction: {code: HSA, method: every_pay}
  - id: 401k
    name: 401k
    benefit_type: retirement
    recordkeeper: carrier
    effective_from: 2026-01-01
    deferral: {pretax_code: 401K, roth_code: ROTH}
    match: {code: M, formula: basic}
carriers:
"""


def saving(trial: Trial, **changed: Any) -> str:
    """1001 and the family man 1003 save 2,400 a year in an HSA, 1001 defers 4 % of 60,000; the book's text."""
    versions = []
    for worker in (trial.workers[0], trial.workers[2]):
        data = {"plan": "hsa", "tier": "", "dependents": [], "amount_minor": 2_400_00, "amount_per": "year"}
        versions.append(Version("coverage", worker.person_id, "hsa", OCTOBER.first, {**data, **changed}))
    one = trial.workers[0].person_id
    rates = {"plan": "401k", "tier": "", "dependents": [], "pretax_rate": "3%", "roth_rate": "1%"}
    pay = {"rate_minor": 60_000_00, "per": "year", "currency": "USD"}
    versions += [
        Version("coverage", one, "retirement", OCTOBER.first, rates),
        Version("compensation", one, "", OCTOBER.first, pay),
    ]
    with trial.hub.store.write("acme") as session:
        facts.record(session, versions, "a test")
    return trial.changed("carriers:\n", SAVINGS)


def test_an_account_is_priced_by_tier_and_election(trial: Trial) -> None:
    before = saving(trial)
    found = trial.of(before.replace("EE: 600.00, FAM: 1200.00", "EE: 720.00, FAM: 1200.00"), before)["hsa"]
    assert (found.covered, found.unpriced, found.changed, found.employer_minor) == (2, 0, 0, 10_00)
    found = trial.of(before.replace("max_yearly: 4400.00", "max_yearly: 1200.00"), before)["hsa"]
    assert (found.changed, found.employee_minor, found.employer_minor) == (2, -200_00, 0)
    assert found.people[0] == Affected("1001", 200_00, 100_00)


@pytest.mark.parametrize(("per", "share"), [("year", 200_00), ("month", 2_400_00), ("pay", 2_400_00)])
def test_an_election_a_pay_or_a_month_is_a_year_of_it(trial: Trial, per: str, share: int) -> None:
    before = saving(trial, amount_per=per).replace(", max_yearly: 4400.00", "")
    removed = before[: before.index("  - id: hsa")] + before[before.index("  - id: 401k") :]
    assert [one.before_minor for one in trial.of(removed, before)["hsa"].people] == [share, share]


@pytest.mark.parametrize(
    ("old", "new", "share", "employer"),
    [
        # 5,000 a month, 4 % deferred: 3 % at 100 % and 1 % at 50 % are 175; enhanced matches 4 % at 100 %
        ("formula: basic", "formula: enhanced", 0, 25_00),
        ("formula: basic", "fixed: 25.00", 0, -150_00),
        ("formula: basic", "formula: basic, period: quarterly", 0, 0),
        ("pretax_code: 401K", 'limit_rate: "3%", pretax_code: 401K', -50_00, -25_00),
    ],
)
def test_the_match_is_priced_by_the_deferral_of_now(
    trial: Trial, old: str, new: str, share: int, employer: int
) -> None:
    before = saving(trial)
    found = trial.of(before.replace(old, new), before)["401k"]
    assert (found.covered, found.unpriced, found.employee_minor, found.employer_minor) == (1, 0, share, employer)


def test_pay_that_is_not_known_is_unpriced_and_no_zero(trial: Trial) -> None:
    before = saving(trial)
    with trial.hub.store.write("acme") as session:
        gone = Version("compensation", trial.workers[0].person_id, "", OCTOBER.first, None)
        facts.record(session, [gone], "a test")
    found = trial.of(before.replace("formula: basic", "formula: enhanced"), before)["401k"]
    assert (found.unpriced, found.employer_minor) == (1, 0)


def test_a_changed_end_of_cover_tells_the_last_days_of_who_leaves(trial: Trial) -> None:
    one, until = trial.workers[0], date(2026, 10, 13)
    cover, job = one.coverages["medical"][-1], one.employments[-1]
    with trial.hub.store.write("acme") as session:
        facts.record(session, [
            Version("employment", one.person_id, job.key, until, None),
            Version("coverage", one.person_id, "medical", OCTOBER.end, None),
        ], "a test")  # fmt: skip
    assert cover.data["plan"] == "ppo"
    daily = trial.changed(RATES, f"    mid_period: {{end: daily}}\n{RATES}")
    found = trial.of(daily.replace(RATES, f"    coverage_end: last_day\n{RATES}"), daily)["ppo"]
    assert (found.other_last_day, found.no_longer_eligible) == (1, 0)
    # 12 of 31 days of 500, a fifth of it the employee's
    assert found.people == [Affected("1001", 100_00, 38_71, date(2026, 10, 31), date(2026, 10, 12))]


WHAT: list[Callable[[Trial], tuple[str, str]]] = [
    lambda one: (one.text, one.changed("80%", "75%")),
    lambda one: (one.text, one.changed("FAM: 1200.00", "FAM: 1100.00")),
    lambda one: (one.text, one.changed(RATES, f"    eligibility: {{classes: [full_time]}}\n{RATES}")),
    lambda one: (one.text, one.changed(RATES, f"    eligibility: {{waiting: {{days: 60}}}}\n{RATES}")),
    lambda one: (one.text, one.changed("carriers:\n", f"{NEXT}carriers:\n")),
    lambda one: (one.changed("carriers:\n", f"{NEXT}carriers:\n"), one.text),
    lambda one: (before := saving(one), before.replace("max_yearly: 4400.00", "max_yearly: 1200.00")),
]
"""Both books of a trial."""


@pytest.mark.parametrize("books", WHAT)
def test_whoever_is_tried_in_parts_is_told_the_same(
    trial: Trial, books: Callable[[Trial], tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    trial.tell(trial.workers[0].employments[-1], employment_class="part_time")
    before, after = (planbook.load(text, "book") for text in books(trial))
    held: list[int] = []
    with trial.hub.store.read("acme") as session:
        whole = impact(session, before, after, OCTOBER, people=True, progress=held.append)
        assert held == [3] and any(one.touches for one in whole)

        def counted(*of: Any) -> list[PlanImpact]:
            held.append(len(of[3]))
            return plan_impact(*of)

        monkeypatch.setattr(plan_trial, "plan_impact", counted)
        for size, parts in ((1, [1, 1, 1]), (2, [2, 1]), (3, [3]), (100, [3])):
            held.clear()
            found = tried(session, before, after, OCTOBER, people=True, size=size)
            assert (found.found, found.employees, found.last) == (whole, 3, None), size
            assert [count for count in held if count] == parts, "of more nobody holds the data"
        first = tried(session, before, after, OCTOBER, people=True, size=1, parts=2)
        rest = tried(session, before, after, OCTOBER, people=True, size=1, behind=first.last or "")
    assert (first.employees, rest.employees) == (2, 1)
    assert together(first.found, rest.found) == whole


def test_employees_of_the_month_are_counted_no_further_than_asked(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benehub.facts.workforce.PART", 1)
    with trial.hub.store.read("acme") as session:
        assert [employed(session, OCTOBER, most) for most in (5, 3, 2, 1, 0)] == [3, 3, 3, 2, 1]
        assert employed(session, Month(2019, 1), 5) == 0


def test_nothing_is_recorded_by_asking(trial: Trial) -> None:
    def versions() -> int:
        with trial.hub.store.read("acme") as session:
            return int(session.rows(select(func.count()).select_from(fact))[0][0])

    before = versions()
    trial.of(trial.changed(RATES, f"    eligibility: {{waiting: {{days: 60}}}}\n{RATES}"))
    assert versions() == before
