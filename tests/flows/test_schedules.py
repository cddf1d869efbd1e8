"""Everybody's amounts at once are the same cents as the rules give for one person after the other."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import astuple, dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from benehub import facts
from benehub.errors import DataError
from benehub.facts import Version
from benehub.facts.pricing import Prices, premium_rows
from benehub.flows import Hub, deductions, premiums
from benehub.flows.onboarding import load_plan_book
from benehub.flows.schedules import deduction_rows
from benehub.periods import FOREVER, Interval, Month, age_on
from benehub.planbook import PlanBook
from benehub.records import Tier
from benehub.rules.deduction.calendar import DeductionMethod, PayDay
from benehub.rules.deduction.schedule import deduction_schedule
from benehub.rules.premium.age_band import RatedMember, Role
from benehub.rules.premium.line import Enrolled, PremiumLine, premium_line
from benehub.store.tables import person
from benehub.views.cost import ahead

MONTH = Month(2026, 10)
YEAR = [Month(2026, number) for number in range(1, 13)]
PEOPLE = 200
BOOK = """
employer: {id: acme, name: Acme}
roles: {hris: hris, payroll: payroll}
pay_groups:
  semimonthly: {frequency: semimonthly, days: [15, last]}
  biweekly: {frequency: biweekly, first_pay_date: 2026-01-02}
plans:
  - id: ppo
    name: PPO
    benefit_type: medical
    carrier: carrier
    effective_from: 2026-01-01
    rates: [{from: 2026-01-01, tiers: {EE: 500.10, ES: 900.20, EC: 800.30, FAM: 1200.40}}]
    employer_contribution: {scheme: percent_split, percent_employee: 87%, percent_dependents: 41%}
    mid_period: {start: daily, end: thirtieths}
    deduction: {code: MED, per_month: 2}
  - id: dental
    name: Dental
    benefit_type: dental
    carrier: carrier
    effective_from: 2026-01-01
    rates: [{from: 2026-01-01, tiers: {EE: 38.40, ES: 76.80, EC: 84.10, FAM: 122.90}}]
    employer_contribution: {scheme: flat, flat: 20.00}
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
    employer_contribution: {scheme: percent_of_tier, percent: 50%}
    deduction: {code: LIFE, per_month: 2}
  - id: vlife
    name: Voluntary life
    benefit_type: voluntary_life
    carrier: carrier
    effective_from: 2026-01-01
    volume: {elected: true, guarantee_issue: 100000}
    age_rating: {basis: january_1}
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
BENEFITS = {"ppo": "medical", "dental": "dental", "vision": "vision", "life": "life", "vlife": "voluntary_life"}


@dataclass
class Somebody:
    """A random employee, in the words of the test and not of the facts."""

    person_id: str
    born: date
    group: str
    salary_minor: int
    tier: Tier
    hired: date
    left: date
    """The first day without employment and cover."""
    spouse: date | None
    children: list[date]
    start: date
    volume_minor: int
    tobacco: bool
    plans: list[str] = field(default_factory=list)


def somebody(dice: random.Random, number: int) -> Somebody:
    tier = dice.choice([Tier.EE, Tier.ES, Tier.EC, Tier.FAM])

    def day(first: date, days: int) -> date:
        return first + timedelta(days=dice.randrange(days))

    hired = day(date(2026, 1, 1), 330) if dice.random() < 0.3 else date(2024, 3, 4)
    left = day(max(hired, date(2026, 3, 1)) + timedelta(days=20), 300) if dice.random() < 0.3 else FOREVER
    return Somebody(
        f"per_{number:04d}", day(date(1960, 1, 1), 16_000), dice.choice(["semimonthly", "biweekly"]),
        dice.randrange(3_000_000, 20_000_000), tier, hired, left,
        day(date(1960, 1, 1), 16_000) if tier in (Tier.ES, Tier.FAM) else None,
        [day(date(2005, 1, 1), 7_000) for _ in range(dice.randint(1, 4))] if tier in (Tier.EC, Tier.FAM) else [],
        max(hired, date(2026, 1, 1)), dice.randrange(1, 30) * 1_000_000, dice.random() < 0.2,
        [plan for plan in BENEFITS if dice.random() < 0.8],
    )  # fmt: skip


def told(one: Somebody) -> list[Version]:
    """What the hub knows of him."""
    who, since = one.person_id, date(2020, 1, 1)
    employment = {
        "employment_class": "full_time", "weekly_hours": 40, "pay_group": one.group, "location": "",
        "hire_date": str(one.hired),
    }  # fmt: skip
    family = [("spouse", one.spouse)] if one.spouse else []
    family += [("child", born) for born in one.children]
    dependents = [f"dep_{who}_{number}" for number in range(len(family))]
    found = [
        Version("employee", who, "", since, {"birth_date": str(one.born), "state": "CO", "employee_number": who}),
        Version("employment", who, str(one.hired), one.hired, employment, one.left),
        Version("compensation", who, "", since, {"rate_minor": one.salary_minor, "per": "year", "currency": "USD"}),
    ]
    found += [
        Version("dependent", subject, "", born, {"employee": who, "relationship": kind, "birth_date": str(born)})
        for subject, (kind, born) in zip(dependents, family, strict=True)
        if born
    ]
    for plan in one.plans:
        tiered = plan in ("ppo", "dental", "vision")
        data: dict[str, Any] = {"plan": plan, "tier": one.tier.value if tiered else "", "event": ""}
        data["dependents"] = dependents if tiered else []
        if plan == "vlife":
            data |= {"volume_minor": one.volume_minor, "tobacco": one.tobacco}
        found.append(Version("coverage", who, BENEFITS[plan], one.start, data, one.left))
    return found


def explained(book: PlanBook, one: Somebody, plan_id: str, month: Month) -> PremiumLine | None:
    """The rule asked about this person alone, with everything that is known of him."""
    if one.start >= month.end or one.left <= month.first:
        return None
    plan = book.plan(plan_id)
    price, contribution = book.premium_terms(plan, month)
    day = date(month.year, 1, 1) if plan_id in ("life", "vlife") else month.first
    family = [RatedMember(birth_date=one.born, covered_from=one.start)]
    family += [RatedMember(role=Role.SPOUSE, birth_date=one.spouse, covered_from=one.start)] if one.spouse else []
    family += [RatedMember(role=Role.CHILD, birth_date=born, covered_from=one.start) for born in one.children]
    tiered = plan_id in ("ppo", "dental", "vision")
    who = Enrolled(
        tier=one.tier if tiered else None, members=tuple(family if tiered else family[:1]),
        age=age_on(one.born, day), yearly_pay_minor=one.salary_minor, region="CO",
        requested_minor=one.volume_minor if plan_id == "vlife" else None,
        tobacco=one.tobacco if plan_id == "vlife" else None, employment_class="full_time",
    )  # fmt: skip
    return premium_line(
        price=price, who=who, month=month, cover_start=one.start,
        cover_end=None if one.left == FOREVER else one.left, proration=plan.proration_rule(),
        contribution_rule=contribution,
    ).required()  # fmt: skip


def scheduled(book: PlanBook, one: Somebody, plan_id: str) -> dict[date, int]:
    """What the schedule takes on each pay date of the month, asked about this person alone."""
    rule = book.plan(plan_id).deduction_rule()
    months = YEAR if rule.method is DeductionMethod.EVERY_PAY else [MONTH]
    lines = {month: explained(book, one, plan_id, month) for month in months}
    shares = {month: line.employee_minor if line else 0 for month, line in lines.items()}
    if not any(shares.values()):
        return {}
    dates = book.pay_dates(one.group, 2026)
    before = [book.pay_dates(one.group, 2025)[-1], *dates]
    days = [
        PayDay(day, holiday=one.hired > day or one.left <= last + timedelta(days=1))
        for last, day in zip(before, dates, strict=False)
    ]
    done = deduction_schedule(shares=shares, pay_days=days, rule=rule).result
    return {line.pay_date: line.amount_minor for line in (done.lines if done else ())}


@pytest.fixture
def crowd(sqlite_url: str, open_hub: Callable[..., Hub]) -> tuple[Hub, list[Somebody]]:
    hub = open_hub(sqlite_url)
    return hub, settle(hub, PEOPLE)


def settle(hub: Hub, count: int) -> list[Somebody]:
    """Let the hub know so many random people."""
    load_plan_book(hub, BOOK, "book")
    dice = random.Random(20261015)
    people = [somebody(dice, number) for number in range(count)]
    with hub.store.write("acme") as session:
        rows = [
            {"person_id": version.subject, "kind": version.kind, "member_id": version.subject, "seq": 2,
             "subscriber_id": (version.data or {}).get("employee", version.subject)}
            for one in people for version in told(one) if version.kind in ("employee", "dependent")
        ]  # fmt: skip
        session.add(person, rows)
        facts.record(session, [version for one in people for version in told(one)], "test")
    return people


def test_premiums_of_everybody_are_the_explained_cents(crowd: tuple[Hub, list[Somebody]]) -> None:
    hub, people = crowd
    with hub.store.read("acme") as session:
        book = hub.book(session)
        found = {row[:2]: row[2:] for row in premium_rows(session, book, MONTH)}
        summed = ahead(session, book, MONTH)
    wanted = {
        (one.person_id, plan): (line.premium_minor, line.employer_minor, line.employee_minor)
        for one in people
        for plan in one.plans
        if (line := explained(book, one, plan, MONTH)) is not None
    }
    assert len(wanted) > PEOPLE
    assert found == wanted
    # what the month costs ahead of accrual is the sum of all of them
    assert [one.plan for one in summed] == [*BENEFITS, "total"]
    assert astuple(summed[-1]) == ("total", len(wanted), *map(sum, zip(*wanted.values(), strict=True)), 0)
    assert summed[0].employee == sum(amounts[2] for (_, plan), amounts in wanted.items() if plan == "ppo")


def test_deductions_of_everybody_are_the_explained_cents(crowd: tuple[Hub, list[Somebody]]) -> None:
    hub, people = crowd
    with hub.store.read("acme") as session:
        book = hub.book(session)
        for group in book.pay_groups:
            day = next(one for one in book.pay_dates(group, 2026) if Month.of(one) == MONTH)
            found = {row[:2]: row.amount_minor for row in deduction_rows(session, book, day)}
            wanted = {
                (one.person_id, plan): amount
                for one in people
                if one.group == group and one.left > date(2026, 1, 1) and one.hired < MONTH.end
                for plan in one.plans
                if (amount := scheduled(book, one, plan).get(day)) is not None
            }
            assert len(wanted) > PEOPLE // 2
            assert found == wanted


def test_a_price_that_lacks_something_has_a_handle_of_whose_it_is_and_no_plan(
    crowd: tuple[Hub, list[Somebody]],
) -> None:
    hub, people = crowd
    one = next(one for one in people if "life" in one.plans and one.left == FOREVER and one.hired.year == 2024)
    with hub.store.write("acme") as session:
        facts.record(session, [Version("compensation", one.person_id, "", date(2020, 1, 1), None)], "test")
    with (
        hub.store.read("acme") as session,
        pytest.raises(DataError, match=r"a premium of 2026-10 .* without pay_minor") as refused,
    ):
        list(premium_rows(session, hub.book(session), MONTH))
    assert refused.value.where == f"employee {one.person_id}" and "life" not in str(refused.value)
    with hub.store.read("acme") as session:
        assert {line.plan: line.unpriced for line in ahead(session, hub.book(session), MONTH) if line.unpriced} == {
            "life": 1, "total": 1,
        }  # fmt: skip


def later(dice: random.Random, one: Somebody) -> list[Version]:
    """What comes in afterwards: another salary within the month, a tier corrected back in time, a cover waived."""
    day = date(2026, 9, 1) + timedelta(days=dice.randrange(60))
    raised = {"rate_minor": one.salary_minor + 123_456, "per": "year", "currency": "USD"}
    found = [Version("compensation", one.person_id, "", day, raised)] if dice.random() < 0.5 else []
    tiered = [plan for plan in one.plans if plan in ("ppo", "dental")]
    if tiered and dice.random() < 0.5:
        data = {"plan": tiered[0], "tier": "EE", "event": "", "dependents": []}
        found.append(Version("coverage", one.person_id, BENEFITS[tiered[0]], max(day, one.start), data, one.left))
    if one.plans and dice.random() < 0.3:
        found.append(Version("coverage", one.person_id, BENEFITS[one.plans[-1]], max(day, one.start), None, one.left))
    return [version for version in found if version.effective_from < version.effective_to]


def test_what_comes_in_later_counts_for_everybody_as_for_each(crowd: tuple[Hub, list[Somebody]]) -> None:
    hub, people = crowd
    dice, some = random.Random(20261016), {one.person_id for one in people[:50]}
    with hub.store.write("acme") as session:
        before = sum(1 for row in premium_rows(session, hub.book(session), MONTH) if row.person_id in some)
        facts.record(session, [version for one in people for version in later(dice, one)], "test")
    with hub.store.read("acme") as session:
        book, window = hub.book(session), Interval(MONTH.first, MONTH.end)
        found = {row[:2]: row[2:] for row in premium_rows(session, book, MONTH) if row.person_id in some}
        wanted = {}
        for one in people[:50]:
            for worker in facts.workers(session, window, people=[one.person_id], elections=False):
                for timeline in worker.coverages.values():
                    for plan, _, line in Prices(book).lines(worker, timeline, MONTH):
                        done = line.required()
                        wanted[one.person_id, plan.id] = (
                            done.premium_minor, done.employer_minor, done.employee_minor
                        )  # fmt: skip
    assert found == wanted
    assert 50 < len(found) < before


class AtOnce:
    """Steps that are done where they are asked for."""

    def step(self, name: str, function: Callable[..., Any], *given: Any) -> Any:
        return function(*given)


def test_accrual_and_expectation_part_by_part_do_each_thing_once(
    sqlite_url: str, open_hub: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = open_hub(sqlite_url)
    people, december = settle(hub, 30), Month(2026, 12)
    with hub.store.read("acme") as session:
        whole = list(premium_rows(session, hub.book(session), december))
    monkeypatch.setattr("benehub.facts.workforce.PART", 7)
    with hub.store.read("acme") as session:
        assert list(premium_rows(session, hub.book(session), december)) == whole

    def run(flow: Callable[..., dict[str, Any]]) -> list[int]:
        done = flow(hub, AtOnce(), "acme", str(december))
        return [done[name] for name in ("lines", "new", "corrected", "unchanged")]

    lines = sum(1 for row in whole if row.premium_minor)  # a premium of nothing is not posted
    assert run(premiums.accrue) == [lines, lines, 0, 0]
    assert run(premiums.accrue) == [lines, 0, 0, lines]
    told = run(deductions.expect)[0]
    assert told > lines
    assert run(deductions.expect) == [told, 0, 0, told]
    gone = next(one for one in people if one.plans[-1:] == ["vlife"] and one.left == FOREVER)
    with hub.store.write("acme") as session:
        ending = Version("coverage", gone.person_id, "voluntary_life", date(2026, 12, 1), None)
        facts.record(session, [ending], "test")
    assert run(premiums.accrue) == [lines - 1, 0, 1, lines - 1]
    assert run(deductions.expect) == [told - 1, 0, 1, told - 1]
