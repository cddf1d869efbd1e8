"""A year tied out: each pair of totals has differences of its own, and what timing explains is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from benehub import ledger
from benehub.flows import Hub
from benehub.flows.onboarding import load_plan_book
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.records import YearTotal
from benehub.store.tables import confirmation, difference, intake_batch, person

PLANS = """  - id: 401k
    name: 401k
    benefit_type: retirement
    recordkeeper: carrier
    effective_from: 2025-01-01
    deferral: {pretax_code: 401K, roth_code: ROTH}
    match: {code: M, formula: basic}
    coverage_end: last_day
    deposit: {standard_bank_days: 3}
  - {id: hsa, name: HSA, benefit_type: hsa, effective_from: 2025-01-01, deduction: {code: HSA, method: every_pay}}
  - id: care
    name: Dependent care
    benefit_type: fsa_dependent
    effective_from: 2025-01-01
    deduction: {code: CARE, method: every_pay}
carriers:
"""
JULY, DECEMBER = date(2026, 7, 15), date(2026, 12, 31)


class Year:
    """What several systems hold of the year 2026 of the hub's first two people."""

    def __init__(self, hub: Hub) -> None:
        self.hub, self._number = hub, 0
        with hub.store.read("acme") as session:
            rows = session.rows(select(person.c.person_id).order_by(person.c.member_id))
            self.batch = session.rows(select(intake_batch.c.batch_id))[0].batch_id
        self.ann, self.ben = str(rows[0].person_id), str(rows[1].person_id)

    def confirm(self, kind: str, who: str | None, amount: int, **columns: Any) -> None:
        self._number += 1
        row = {
            "kind": kind, "connection_id": "payroll", "row_key": str(self._number), "version": 1, "current": 1,
            "person_id": who, "external_id": who or "77", "plan": None, "part": "", "code": "", "tax_class": "",
            "tier": "", "coverage_month": "", "amount": amount, "unit": "USD", "reference": "", "detail": {},
            "batch_id": self.batch, "row_no": 1, "seq": self._number, "on_date": None,
        }  # fmt: skip
        with self.hub.store.write("acme") as session:
            session.add(confirmation, [row | columns])

    def post(self, kind: str, debit: str, credit: str, amount: int, day: date, **dims: Any) -> None:
        self._number += 1
        legs = (Leg(debit, "USD", amount, **dims), Leg(credit, "USD", -amount, **dims))
        with self.hub.store.write("acme") as session:
            ledger.record(session, [NewEntry(f"y/{self._number}", kind, day, legs, "x")])

    def pay(self, who: str, plan: str, part: str, amount: int, day: date = JULY) -> None:
        """A line of the register, and what was posted of it."""
        payable = {"401k": chart.MATCH_PAYABLE if part == "match" else chart.DEFERRAL_PAYABLE}
        code = {"hsa": "HSA", "care": "CARE"}.get(plan, {"pretax": "401K", "roth": "ROTH"}.get(part, "M"))
        self.confirm("register_line", who, amount, plan=plan, part=part, code=code, pay_date=day)
        kind = {"match": "match.accrued", "employer": "contribution.accrued"}.get(part, "deduction.withheld")
        self.post(kind, chart.PAYROLL_CLEARING, payable.get(plan, chart.ACCOUNT_PAYABLE), amount, day, person_id=who,
                  plan=plan, money_source=part, pay_date=day)  # fmt: skip

    def told(self, source: str, who: str | None, item: str, amount: int, plan: str | None = None) -> None:
        self.confirm("year_total", who, amount, part=source, code=item, plan=plan, coverage_month="2026")

    def deposit(self, who: str, amount: int, day: date, credited: date | None) -> None:
        dims = {"person_id": who, "plan": "401k", "money_source": "pretax", "pay_date": day}
        self.post("contribution.deposited", chart.DEFERRAL_PAYABLE, chart.DEPOSIT_TRANSIT, amount, day, **dims)
        if credited:
            self.post("contribution.credited", chart.DEPOSIT_TRANSIT, chart.BANK, amount, credited, **dims)
            self.confirm("credit", who, amount, plan="401k", part="pretax", pay_date=day, on_date=credited)

    def tie_out(self) -> dict[tuple[str, str], tuple[int, int, int]]:
        """Pair and item -> both totals, and how many people differ."""
        self._number += 1
        done = self.hub.start_flow("reconcile.year", "acme", f"y{self._number}", 2026)
        return {
            (one["pair"], one["item"]): (one["expected_minor"], one["actual_minor"], one["differing"])
            for one in done["totals"]
        }

    def open(self) -> list[tuple[str, str, str, int, int]]:
        with self.hub.store.read("acme") as session:
            rows = session.rows(
                select(difference).where(*session.where(difference, relation="year"))
                .where(difference.c.state.in_(("pending", "discrepancy")))
                .order_by(difference.c.type, difference.c.reference, difference.c.expected)
            )  # fmt: skip
        return [(row.type, row.reference, row.state, row.expected, row.actual) for row in rows]


@pytest.fixture
def year(
    db_url: str, open_hub: Callable[..., Hub], tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Year:
    monkeypatch.setattr(fakehub, "NOW", datetime(2027, 1, 4, 12, tzinfo=UTC))
    hub = open_hub(db_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    load_plan_book(hub, fakehub.BOOK.replace("carriers:\n", PLANS), "book")
    return Year(hub)


def test_a_year_that_ties_gives_totals_and_no_difference(year: Year) -> None:
    year.pay(year.ann, "401k", "pretax", 100_00)
    year.pay(year.ann, "401k", "roth", 20_00)
    year.pay(year.ann, "hsa", "employee", 30_00)
    year.pay(year.ann, "hsa", "employer", 5_00)
    year.pay(year.ben, "care", "employee", 40_00)
    dims = {"person_id": year.ann, "plan": "ppo", "coverage_month": "2026-07"}
    year.post("premium.accrued", chart.BENEFIT_COST, chart.PREMIUM_PAYABLE, 500_00, JULY, **dims)
    for who, item, amount in (
        (year.ann, "12D", 100_00), (year.ann, "12AA", 20_00), (year.ann, "12W", 35_00), (year.ann, "12DD", 500_00),
        (year.ben, "10", 40_00),
    ):  # fmt: skip
        year.told("w2", who, item, amount)
    year.told("payroll", year.ann, "401K", 100_00)
    totals = year.tie_out()
    assert totals["ledger/w2", "12W"] == (35_00, 35_00, 0)
    assert totals["payroll/register", "401K"] == (100_00, 100_00, 0)
    assert totals["register/ledger", "401k/pretax"] == (100_00, 100_00, 0)
    assert year.open() == []


def test_every_box_that_is_off_is_told_though_the_total_agrees(year: Year) -> None:
    year.pay(year.ann, "401k", "pretax", 100_00)
    year.pay(year.ben, "401k", "pretax", 100_00)
    year.told("w2", year.ann, "12D", 110_00)
    year.told("w2", year.ben, "12D", 90_00)
    assert year.tie_out()["ledger/w2", "12D"] == (200_00, 200_00, 2)
    assert sorted(row[4] for row in year.open()) == [90_00, 110_00]
    assert {row[0] for row in year.open()} == {"W2_BOX_DIFF"}
    # Corrected forms close them.
    for row in (year.ann, -10_00), (year.ben, 10_00):
        year.told("w2", row[0], "12D", row[1])
    year.tie_out()
    assert year.open() == []


def test_health_cost_is_compared_only_where_it_is_told(year: Year) -> None:
    dims = {"person_id": year.ann, "plan": "ppo", "coverage_month": "2026-07"}
    year.post("premium.accrued", chart.BENEFIT_COST, chart.PREMIUM_PAYABLE, 500_00, JULY, **dims)
    year.told("w2", year.ben, "10", 1)
    assert ("ledger/w2", "12DD") not in year.tie_out()
    year.told("w2", year.ben, "12DD", 500_00)
    year.tie_out()
    assert [row for row in year.open() if row[1] == "12DD"] == [
        ("W2_BOX_DIFF", "12DD", "discrepancy", 0, 500_00), ("W2_BOX_DIFF", "12DD", "discrepancy", 500_00, 0),
    ]  # fmt: skip


def test_a_register_that_never_came_shows_in_payrolls_own_total(year: Year) -> None:
    year.pay(year.ann, "401k", "pretax", 100_00)
    year.told("payroll", year.ann, "401K", 150_00)
    year.tie_out()
    assert year.open() == [("YEAR_REGISTER_DIFF", "401K", "discrepancy", 150_00, 100_00)]


def test_a_register_that_was_not_posted_is_told_and_a_strangers_line_is_not(year: Year) -> None:
    year.confirm("register_line", year.ann, 70_00, plan="401k", part="pretax", code="401K", pay_date=JULY)
    year.confirm("register_line", None, 5_00, plan="401k", part="pretax", code="401K", pay_date=JULY)
    year.post("deduction.withheld", chart.PAYROLL_CLEARING, chart.DEFERRAL_PAYABLE, 5_00, JULY, plan="401k",
              money_source="pretax", pay_date=JULY)  # fmt: skip
    year.tie_out()
    assert year.open() == [("YEAR_LEDGER_DIFF", "401k/pretax", "discrepancy", 70_00, 0)]


@pytest.mark.parametrize(("told", "state"), [(100_00, ""), (140_00, ""), (120_00, "discrepancy")])
def test_a_recordkeepers_year_may_go_by_pay_date_or_by_the_day_of_the_credit(year: Year, told: int, state: str) -> None:
    year.deposit(year.ann, 100_00, JULY, date(2026, 7, 17))
    year.deposit(year.ann, 40_00, DECEMBER, date(2027, 1, 4))
    year.told("recordkeeper", year.ann, "EE_PRETAX", told, "401k")
    year.tie_out()
    found = [("YEAR_CREDIT_DIFF", "401k/EE_PRETAX", state, 140_00, told)] if state else []
    assert year.open() == found


def test_a_deposit_on_its_way_may_be_missing_until_its_day(
    year: Year, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    year.deposit(year.ann, 40_00, DECEMBER, None)
    year.deposit(year.ben, 10_00, DECEMBER, None)
    year.told("recordkeeper", year.ann, "EE_PRETAX", 0, "401k")
    year.told("recordkeeper", year.ben, "EE_PRETAX", 10_00, "401k")
    # Nothing was credited in the year at all: that is what the recordkeeper says, by the day of the credit.
    year.tie_out()
    assert year.open() == []
    year.deposit(year.ann, 100_00, JULY, date(2026, 7, 17))
    year.deposit(year.ann, 7_00, date(2025, 12, 31), date(2026, 1, 2))
    year.told("recordkeeper", year.ann, "EE_PRETAX", 100_00, "401k")
    year.tie_out()
    assert year.open() == [("YEAR_CREDIT_DIFF", "401k/EE_PRETAX", "pending", 140_00, 100_00)]
    monkeypatch.setattr(fakehub, "NOW", datetime(2027, 1, 7, 12, tzinfo=UTC))
    year.tie_out()
    assert year.open() == [("YEAR_CREDIT_DIFF", "401k/EE_PRETAX", "discrepancy", 140_00, 100_00)]


def test_who_joined_within_the_year_is_tied_only_where_the_opening_tells_enough(year: Year) -> None:
    dims = {"person_id": year.ann, "plan": "401k"}
    year.post("opening.deferral", chart.OPENING, chart.DEFERRAL_PAYABLE, 300_00, date(2026, 6, 30), **dims)
    year.pay(year.ann, "401k", "pretax", 100_00)
    year.pay(year.ann, "hsa", "employee", 30_00)
    year.told("w2", year.ann, "12D", 400_00)
    year.told("w2", year.ann, "12W", 90_00)
    assert year.tie_out()["ledger/w2", "12W"] == (30_00, 90_00, 0)
    assert year.open() == []


def test_a_box_that_is_not_compared_is_refused() -> None:
    row = {"source": "w2", "year": 2026, "person": "1001", "amount_minor": 1}
    assert YearTotal.model_validate(row | {"item": "12D"}).item == "12D"
    with pytest.raises(ValidationError, match="known are 12D, 12AA, 12W, 12DD, 10"):
        YearTotal.model_validate(row | {"item": "12E"})
