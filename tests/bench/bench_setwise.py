"""Everybody's premiums of a month and deductions of a pay date: set by set, beside a plain loop and bare reading."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

PAY_DATE = date(2026, 10, 15)
BOOK = """
schema_version: 1
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
    rates: [{from: 2026-01-01, tiers: {EE: 612.50, ES: 1286.25, EC: 1163.75, FAM: 1837.50}}]
    employer_contribution: {scheme: percent_split, percent_employee: 90%, percent_dependents: 50%}
    mid_period: {start: daily, end: daily}
    deduction: {code: MED, per_month: 2}
  - id: dental
    name: Dental
    benefit_type: dental
    carrier: carrier
    effective_from: 2026-01-01
    rates: [{from: 2026-01-01, tiers: {EE: 38.40, ES: 76.80, EC: 84.10, FAM: 122.90}}]
    employer_contribution: {scheme: flat, flat: 20.00}
    deduction: {code: DENTAL, method: every_pay}
  - id: life
    name: Life
    benefit_type: life
    carrier: carrier
    effective_from: 2026-01-01
    volume: {basis: year, multiple: 2, round: {to: 1000, mode: up}, max: 500000}
    rates: [{from: 2026-01-01, rate: 0.15}]
    employer_contribution: {scheme: percent_of_tier, percent: 50%}
    deduction: {code: LIFE, per_month: 2}
  - id: vlife
    name: Voluntary life
    benefit_type: voluntary_life
    carrier: carrier
    effective_from: 2026-01-01
    volume: {elected: true}
    age_rating: {basis: january_1}
    rates:
      - from: 2026-01-01
        tobacco: false
        ages: [{from: 0, through: 34, rate: 0.06}, {from: 35, through: 39, rate: 0.09}, {from: 40, rate: 0.2}]
      - from: 2026-01-01
        tobacco: true
        ages: [{from: 0, through: 34, rate: 0.10}, {from: 35, through: 39, rate: 0.155}, {from: 40, rate: 0.4}]
    deduction: {code: VLIFE, tax_class: posttax, per_month: 2}
  - id: ltd
    name: Long-term disability
    benefit_type: ltd
    carrier: carrier
    effective_from: 2026-01-01
    volume: {basis: month, multiple: 1, max: 10000}
    rates: [{from: 2026-01-01, rate: 0.52}]
    employer_contribution: {scheme: percent_of_tier, percent: 40%}
    deduction: {code: LTD, per_month: 2}
carriers:
  carrier: {pay_policy: pay_as_enrolled}
"""
TIERS = ("EE", "ES", "EC", "FAM")
KINDS = ("employee", "employment", "compensation", "coverage", "dependent")


BLOCK = 5_000
"""Employees prepared in one transaction."""


def people_facts(number: int, apart: bool = False) -> Iterator[tuple[str, str, str, date, dict[str, Any]]]:
    """Kind, subject, key, first day and data of what is known of one made-up employee; salaries go by 100 a year.

    `apart` makes every salary another one, and covers everybody in a plan that goes by the very salary.
    """
    who, tier = f"per_{number:07d}", TIERS[number % 4]
    born = date(1962 + number % 41, 1 + number % 12, 1 + number % 28)
    hired = date(2026, 10, 2 + number % 27) if number % 50 == 0 else date(2024, 1, 1)
    yield "employee", who, "", date(2024, 1, 1), {
        "first_name": "Ann", "last_name": f"Alder {number}", "birth_date": str(born), "sex": "F", "state": "CO",
        "email": f"a{number}@example.org", "address1": f"{number} Main St", "city": "Denver", "country": "US",
        "zip_code": f"{10000 + number % 80000}", "employee_number": f"{number:07d}", "marital_status": "single",
    }  # fmt: skip
    yield "employment", who, str(hired), hired, {
        "employment_class": "full_time", "weekly_hours": 40, "pay_group": "semimonthly", "department": "D",
        "location": f"L{number % 9}", "hire_date": str(hired), "original_hire_date": str(hired),
    }  # fmt: skip
    salary = 3_000_000 + (number * 7_919 % 15_000_017 if apart else number * 7_919 % 1_500 * 10_000)
    yield "compensation", who, "", date(2024, 1, 1), {"rate_minor": salary, "per": "year", "currency": "USD"}
    count = {"EE": 0, "ES": 1, "EC": 1, "FAM": 2}[tier]
    dependents = [f"dep_{number:07d}_{each}" for each in range(count)]
    for each, subject in enumerate(dependents):
        relationship = "spouse" if each == 0 and tier != "EC" else "child"
        birth = "1980-05-05" if relationship == "spouse" else "2015-05-05"
        yield "dependent", subject, "", date(2015, 5, 5), {
            "employee": who, "relationship": relationship, "birth_date": birth, "first_name": "Bo", "last_name": "A",
        }  # fmt: skip
    start = max(hired, date(2026, 1, 1))
    for plan, kind in (("ppo", "medical"), ("dental", "dental")):
        yield "coverage", who, kind, start, {"plan": plan, "tier": tier, "dependents": dependents, "event": ""}
    for plan in ("life", "ltd") if apart else ("life",):
        yield "coverage", who, plan, start, {"plan": plan, "tier": "", "dependents": [], "event": ""}
    if number % 2:
        told = {"volume_minor": 1_000_000 * (1 + number % 30), "tobacco": number % 7 == 0}
        data = {"plan": "vlife", "tier": "", "dependents": [], "event": ""}
        yield "coverage", who, "voluntary_life", start, data | told


def prepare(folder: Path, size: int) -> None:
    """A hub that knows `size` employees, their dependents, pay and coverages."""
    _prepare(folder, size, apart=False)


def apart_prepare(folder: Path, size: int) -> None:
    """The same with salaries that all differ."""
    _prepare(folder, size, apart=True)


def _prepare(folder: Path, size: int, *, apart: bool) -> None:
    from bench_hub import NOW, make_hub

    from benehub.periods import FOREVER
    from benehub.store.tables import fact, person

    store, now = make_hub(folder, "payroll"), str(NOW)
    for first in range(0, size, BLOCK):
        persons, facts = [], []
        for number in range(first, min(first + BLOCK, size)):
            for at, (kind, subject, key, start, data) in enumerate(people_facts(number, apart)):
                if kind in ("employee", "dependent"):
                    head = data.get("employee", subject)
                    persons.append(
                        {"person_id": subject, "kind": kind, "subscriber_id": head, "member_id": subject, "seq": 2}
                    )
                facts.append({
                    "fact_id": f"fct_{number:07d}_{at}", "kind": kind, "subject": subject, "fact_key": key,
                    "effective_from": start, "effective_to": FOREVER, "data": data, "seq": 2,
                    "recorded_at": now, "batch_id": None, "row_no": None, "source": "bench",
                })  # fmt: skip
        with store.write("acme") as session:
            session.take_seq(2)
            session.add(person, persons)
            session.add(fact, facts)
    store.close()


def summed(rows: Iterable[Any], amount: int) -> dict[str, int]:
    """Rows by plan, and the sum of their amount columns from `amount` on."""
    totals: Counter[str] = Counter()
    for row in rows:
        totals[f"{row[1]} rows"] += 1
        for name, value in zip(row._fields[amount:], row[amount:], strict=True):
            totals[f"{row[1]} {name}"] += value
    return dict(sorted(totals.items()))


def ours(folder: Path, size: int) -> Iterator[Any]:
    """Set by set."""
    from bench_hub import open_hub

    from benehub import planbook
    from benehub.facts.pricing import premium_rows
    from benehub.flows.schedules import deduction_rows
    from benehub.periods import Month

    store, book = open_hub(folder), planbook.load(BOOK, "bench")
    yield
    with store.read("acme") as session:
        premiums = summed(premium_rows(session, book, Month.of(PAY_DATE)), 2)
    yield
    with store.read("acme") as session:
        deductions = summed(deduction_rows(session, book, PAY_DATE), 4)
    store.close()
    yield [premiums, deductions]


def each(folder: Path, size: int) -> Iterator[Any]:
    """A plain loop: the rules run for every person, and nothing is shared between two."""
    from bench_hub import open_hub

    from benehub import facts, planbook
    from benehub.facts.pricing import PremiumRow, Prices
    from benehub.flows import history
    from benehub.flows.money import pay_calendar
    from benehub.flows.schedules import DeductionRow, Schedules
    from benehub.periods import Interval, Month

    store, book, month = open_hub(folder), planbook.load(BOOK, "bench"), Month.of(PAY_DATE)

    def premiums(session: Any) -> Iterator[PremiumRow]:
        for worker in facts.workers_in_parts(session, Interval(month.first, month.end), elections=False):
            for timeline in worker.coverages.values():
                for plan, _, line in Prices(book).lines(worker, timeline, month):
                    done = line.required()
                    yield PremiumRow(
                        worker.person_id, plan.id, done.premium_minor, done.employer_minor, done.employee_minor
                    )

    def deductions(session: Any) -> Iterator[DeductionRow]:
        past = history.of_part(session, history.start(session, month), month)
        calendar = pay_calendar(session, book, month.year)
        for worker in facts.workers_in_parts(session, Interval(date(2026, 1, 1), month.end), elections=False):
            for plan, _, line in Schedules(Prices(book)).lines(worker, calendar[worker.pay_group], month, past):
                if line.pay_date == PAY_DATE:
                    yield DeductionRow(worker.person_id, plan.id, PAY_DATE, line.month, line.amount_minor)

    yield
    with store.read("acme") as session:
        premium = summed(premiums(session), 2)
    yield
    with store.read("acme") as session:
        deduction = summed(deductions(session), 4)
    store.close()
    yield [premium, deduction]


def rows(folder: Path, size: int) -> Iterator[Any]:
    """Reading the rows alone, in sqlite3: no text is looked into, nothing is worked out."""
    database = sqlite3.connect(folder / "hub.db")
    yield
    for _ in range(2):
        for kind in KINDS:
            query = "SELECT subject, fact_key, effective_from, effective_to, data FROM fact WHERE employer_id = 'acme'"
            count = sum(1 for _ in database.execute(f"{query} AND kind = ? ORDER BY subject, fact_key, seq", [kind]))
            assert count or kind == "dependent"
        yield


apart_ours, apart_each, apart_rows = ours, each, rows
