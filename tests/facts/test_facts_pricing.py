"""Amounts that many share are the explained ones of each: random people, plans of every structure, and a whole year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub import planbook
from benehub.facts import Fact, Worker
from benehub.facts.price_question import PriceOf
from benehub.facts.pricing import Amounts, Prices
from benehub.periods import FOREVER, Month
from benehub.planbook import PlanBook

YEAR = [Month(2026, number) for number in range(1, 13)]
BOOK = """
employer: {id: acme, name: Acme}
roles: {hris: hris, payroll: payroll}
pay_groups:
  semimonthly: {frequency: semimonthly, days: [15, last]}
plans:
  - id: ppo
    name: PPO
    benefit_type: medical
    carrier: carrier
    effective_from: 2026-01-01
    rates:
      - {from: 2026-01-01, to: 2026-07-01, tiers: {EE: 500.10, ES: 900.20, EC: 800.30, FAM: 1200.40}}
      - {from: 2026-07-01, tiers: {EE: 510.10, ES: 910.20, EC: 810.30, FAM: 1210.40}}
    employer_contribution: {scheme: percent_split, percent_employee: 87%, percent_dependents: 41%}
    mid_period: {start: daily, end: thirtieths}
    deduction: {code: MED, per_month: 2}
  - id: gold
    name: Gold
    benefit_type: medical
    carrier: carrier
    effective_from: 2026-01-01
    age_rating: {basis: birthday, small_group: true}
    region_by: state
    rates:
      - {from: 2026-01-01, region: CO, ages: [{from: 0, through: 20, amount: 200.15}, {from: 21, amount: 400.35}]}
      - {from: 2026-01-01, region: UT, ages: [{from: 0, through: 20, amount: 210.15}, {from: 21, amount: 390.35}]}
    employer_contribution: {scheme: salary_bands, bands: [{pay_from: 0, percent: 80%}, {pay_from: 60000, flat: 190}]}
    deduction: {code: GOLD, per_month: 1}
  - id: dental
    name: Dental
    benefit_type: dental
    carrier: carrier
    effective_from: 2026-01-01
    rates: [{from: 2026-01-01, tiers: {EE: 38.40, ES: 76.80, EC: 84.10, FAM: 122.90}}]
    employer_contribution: {scheme: percent_of_pay, percent: 0.9%}
    mid_period: {start: wash, end: wash, wash_day: 15}
    deduction: {code: DENTAL, method: every_pay}
  - id: vision
    name: Vision
    benefit_type: vision
    carrier: carrier
    effective_from: 2026-01-01
    rates:
      - {from: 2026-01-01, ages: [{from: 0, through: 25, amount: 3.10}, {from: 26, through: 49, amount: 5.20},
        {from: 50, amount: 7.30}]}
    age_rating: {basis: birthday}
    employer_contribution: {scheme: percent_of_tier, percent: 33%}
    deduction: {code: VISION, method: every_pay}
  - id: life
    name: Life
    benefit_type: life
    carrier: carrier
    effective_from: 2026-01-01
    volume:
      {basis: year, multiple: 2, round: {to: 1000, mode: up}, guarantee_issue: 100000, max: 500000,
       reductions: [{age: 50, percent: 65%}]}
    rates: [{from: 2026-01-01, rate: 0.15}]
    age_rating: {basis: january_1}
    employer_contribution:
      scheme: defined
      defined_by: [{employment_class: full_time, amount: 4}, {employment_class: part_time, amount: 2}]
    deduction: {code: LIFE, per_month: 2}
  - id: ltd
    name: Long-term disability
    benefit_type: ltd
    carrier: carrier
    effective_from: 2026-01-01
    volume: {basis: month, max: 10000, unit: per_100}
    rates: [{from: 2026-01-01, rate: 0.37}]
    employer_contribution: {scheme: percent_of_tier, percent: 50%}
    deduction: {code: LTD, method: every_pay}
  - id: vlife
    name: Voluntary life
    benefit_type: voluntary_life
    carrier: carrier
    effective_from: 2026-01-01
    volume: {elected: true, guarantee_issue: 100000}
    age_rating: {basis: birthday}
    rates:
      - from: 2026-01-01
        tobacco: false
        ages: [{from: 0, through: 34, rate: 0.06}, {from: 35, through: 39, rate: 0.09}, {from: 40, rate: 0.2}]
      - from: 2026-01-01
        tobacco: true
        ages: [{from: 0, through: 34, rate: 0.10}, {from: 35, through: 39, rate: 0.155}, {from: 40, rate: 0.4}]
    deduction: {code: VLIFE, tax_class: posttax, per_month: 1}
carriers:
  carrier: {pay_policy: pay_as_enrolled}
"""
SLOTS = {
    "medical": ("ppo", "gold"), "dental": ("dental",), "vision": ("vision",), "life": ("life",), "ltd": ("ltd",),
    "voluntary_life": ("vlife",),
}  # fmt: skip
FAMILY = {"d1": "spouse", "d2": "domestic_partner", "d3": "child", "d4": "child", "d5": ""}
DAYS = st.integers(0, 420).map(lambda days: date(2025, 12, 1) + timedelta(days=days))
BIRTHS = st.none() | st.dates(date(1950, 1, 1), date(2008, 1, 1)).map(str)


@pytest.fixture(scope="module")
def book() -> PlanBook:
    return planbook.load(BOOK, "book")


@st.composite
def spells(draw: st.DrawFn, what: st.SearchStrategy[dict[str, Any]]) -> list[tuple[date, date, dict[str, Any]]]:
    """Up to three stretches one after the other, with gaps now and then; mostly one that runs on."""
    cuts = sorted(draw(st.sets(DAYS, max_size=3))) if draw(st.booleans()) else []
    edges = [date(2025, 1, 1), *cuts, FOREVER]
    found = [(start, end, draw(what)) for start, end in pairwise(edges)]
    return [one for one in found if len(found) == 1 or draw(st.integers(0, 3))]


@st.composite
def people(draw: st.DrawFn) -> Worker:
    """Pay that changes within a month or is not known, covers that pause, switch plans, lack a tier or tobacco use."""

    def told(kind: str, key: str, what: st.SearchStrategy[dict[str, Any]]) -> list[Fact]:
        return [Fact(kind, "p", key, data, start, end, "", 0) for start, end, data in draw(spells(what))]

    pay = st.builds(
        lambda rate, per: {"rate_minor": rate if per == "year" else rate // 2000, "per": per},
        st.integers(2_000_000, 12_000_000), st.sampled_from(["year", "hour", "pay"]),
    )  # fmt: skip
    coverages = {}
    for slot in draw(st.lists(st.sampled_from(sorted(SLOTS)), min_size=1, max_size=2, unique=True)):
        plans = SLOTS[slot]
        cover = st.fixed_dictionaries(
            {
                "plan": st.sampled_from(plans), "tier": st.sampled_from(["EE", "ES", "EC", "FAM", "FAM", ""]),
                "dependents": st.lists(st.sampled_from(sorted(FAMILY)), max_size=3, unique=True),
                "event": st.sampled_from(["", "birth"]),
            },
            optional={
                "volume_minor": st.integers(0, 30_000_000), "tobacco": st.booleans(),
                "approved_volume_minor": st.integers(0, 20_000_000),
            },
        )  # fmt: skip
        coverages[slot] = told("coverage", slot, cover)
    work = {
        "employment_class": draw(st.sampled_from(["full_time", "part_time", "temporary"])), "weekly_hours": 40,
        "pay_group": "semimonthly", "hire_date": "2020-01-01",
    }  # fmt: skip
    identity = {"birth_date": draw(BIRTHS), "state": draw(st.sampled_from(["CO", "UT", "", "NY"]))}
    family = {one: {"relationship": kind, "birth_date": draw(BIRTHS)} for one, kind in FAMILY.items()}
    employed = Fact("employment", "p", "", work, date(2020, 1, 1), FOREVER, "", 0)
    return Worker("p", identity, [employed], told("compensation", "", pay), {}, coverages, family)


def explained(book: PlanBook, worker: Worker, timeline: Sequence[Fact], month: Month) -> dict[str, Amounts]:
    """The rule's own answers, asked by somebody who shares nothing."""
    found = {}
    for plan, _, line in Prices(book).lines(worker, timeline, month):
        done = line.result
        cents = (0, 0, 0) if done is None else (done.premium_minor, done.employer_minor, done.employee_minor)
        found[plan.id] = Amounts(*cents, line.needs)
    return found


@given(st.lists(people(), min_size=2, max_size=2), st.sampled_from(YEAR))
def test_shared_amounts_are_the_explained_ones_and_lack_the_same(
    book: PlanBook, workers: list[Worker], month: Month
) -> None:
    prices = Prices(book)
    for worker in workers:
        for timeline in worker.coverages.values():
            shared = {plan.id: amounts for plan, amounts in prices.amounts(worker, timeline, month)}
            assert shared == explained(book, worker, timeline, month)


@given(people(), st.data())
def test_a_span_of_months_is_each_of_its_months(book: PlanBook, worker: Worker, data: st.DataObject) -> None:
    prices, alone = Prices(book), Prices(book)
    for timeline in worker.coverages.values():
        for plan_id in {str(one.data["plan"]) for one in timeline}:
            covers = [one for one in timeline if one.data["plan"] == plan_id]
            first = data.draw(st.integers(0, 11))
            months = YEAR[first : data.draw(st.integers(first + 1, 12))]
            each = [[amounts for _, amounts in alone.amounts(worker, covers, month)] for month in months]
            for _ in range(2):
                assert list(prices.span(worker, covers, months)) == [one[0] if one else None for one in each]


def test_a_year_on_the_same_terms_is_asked_once(book: PlanBook, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    question = PriceOf.question

    def counted(self: PriceOf, *given: Any) -> Any:
        asked.append(given)
        return question(self, *given)

    monkeypatch.setattr(PriceOf, "question", counted)
    cover = Fact("coverage", "p", "dental", {"plan": "dental", "tier": "EE"}, date(2026, 1, 1), FOREVER, "", 0)
    pay = Fact("compensation", "p", "", {"rate_minor": 5_000_000, "per": "year"}, date(2020, 1, 1), FOREVER, "", 0)
    work = {"employment_class": "full_time", "pay_group": "semimonthly", "hire_date": "2020-01-01"}
    employed = Fact("employment", "p", "", work, date(2020, 1, 1), FOREVER, "", 0)
    worker = Worker("p", {}, [employed], [pay], {}, {"dental": [cover]})
    # .9% of 4,166.67 is 37.50 of 38.40
    assert [one and one[:3] for one in Prices(book).span(worker, [cover], YEAR)] == [(3840, 3750, 90)] * 12
    assert len(asked) == 1
