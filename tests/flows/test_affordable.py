"""The cheapest own cover against each full-time employee's income, to the cent of the bound; no income is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from benehub import facts, planbook
from benehub.errors import DataError
from benehub.facts import Version
from benehub.flows import Hub
from benehub.periods import Interval, Month
from benehub.rules.eligibility.affordability import Basis
from benehub.views.affordable import Offer, offers

Open = Callable[..., Hub]
OCTOBER = Month(2026, 10)
CHEAPER = """  - id: bronze
    name: Bronze
    benefit_type: medical
    carrier: carrier
    effective_from: 2026-01-01
    rates: [{from: 2026-01-01, tiers: {EE: 300.00, ES: 600.00, EC: 500.00, FAM: 800.00}}]
    employer_contribution: {scheme: flat, flat: 220.00}
    deduction: {code: BRO}
carriers:
"""


@pytest.fixture
def hub(sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType) -> Hub:
    """Three employees: 7.72 an hour, 7.73 an hour, and pay that nobody told."""
    one = open_hub(sqlite_url)
    fakehub.set_up(one, tmp_path / "vendor", "read_back")
    with one.store.write("acme") as session:
        workers = facts.workers(session, Interval(OCTOBER.first, OCTOBER.end))
        workers.sort(key=lambda worker: str(worker.identity["employee_number"]))
        told = [
            Version("compensation", worker.person_id, "", date(2026, 1, 1), {"rate_minor": rate, "per": "hour"})
            for worker, rate in zip(workers, (7_72, 7_73), strict=False)
        ]
        facts.record(session, told, "a test")
    return one


def asked(hub: Hub, text: str, basis: Basis = Basis.RATE_OF_PAY) -> list[Offer]:
    with hub.store.read("acme") as session:
        found = offers(session, planbook.load(text, "book"), OCTOBER, basis)
        return sorted(found, key=lambda one: one.employee_number)


def test_the_bound_is_130_hours_at_the_rate_of_pay(hub: Hub, fakehub: ModuleType) -> None:
    # 9.96 % of 130 hours: 99.95 at 7.72 and 100.08 at 7.73, against a share of 100.00
    assert asked(hub, fakehub.BOOK) == [
        Offer("1001", "ppo", 100_00, False),
        Offer("1002", "ppo", 100_00, True),
        Offer("1003", "ppo", 100_00, None, ("rate of pay",)),
    ]


def test_the_poverty_line_asks_nothing_of_the_employee(hub: Hub, fakehub: ModuleType) -> None:
    assert [one.affordable for one in asked(hub, fakehub.BOOK, Basis.POVERTY_LINE)] == [True, True, True]
    dearer = fakehub.BOOK.replace("80%", "74%")  # 130.00, and the line of 2025 allows 129.89
    assert [one.affordable for one in asked(hub, dearer, Basis.POVERTY_LINE)] == [False, False, False]


def test_the_cheapest_plan_counts(hub: Hub, fakehub: ModuleType) -> None:
    both = fakehub.BOOK.replace("carriers:\n", CHEAPER)
    assert [(one.plan, one.share_minor) for one in asked(hub, both)] == [("bronze", 80_00)] * 3


def test_who_works_less_than_30_hours_is_not_asked_about(hub: Hub, fakehub: ModuleType) -> None:
    with hub.store.write("acme") as session:
        worker = facts.workers(session, Interval(OCTOBER.first, OCTOBER.end))[0]
        job = worker.employments[-1]
        less = Version("employment", worker.person_id, job.key, job.effective_from, {**job.data, "weekly_hours": 29})
        facts.record(session, [less], "a test")
    assert len(asked(hub, fakehub.BOOK)) == 2


@pytest.mark.parametrize(
    ("old", "new", "basis", "words"),
    [
        ("name: Acme}", "name: Acme, country: DE, currency: EUR}", Basis.RATE_OF_PAY, "affordability is US law"),
        ("80%", "80%", Basis.W2_WAGES, "known after the year only"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    hub: Hub, fakehub: ModuleType, old: str, new: str, basis: Basis, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        asked(hub, fakehub.BOOK.replace(old, new), basis)
