"""What a plan that is not taken month by month leaves in the employees' shares is explained by its schedule alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import func, select

from benehub import ledger
from benehub.flows import Hub
from benehub.flows.onboarding import load_plan_book
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.store.tables import entry, leg
from benehub.views.clearing import Clearing, clearing

MONTHLY = "method: per_month, per_month: 1"
WAYS = {
    "every_pay": "method: every_pay",
    "arrears": f"{MONTHLY}, timing: arrears",
    "in_advance": f"{MONTHLY}, timing: in_advance",
}
KINDS = ("deduction.expected", "deduction.expected.void")


class Office:
    """An employer whose one plan is taken in some way, month after month."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def work(self, *months: str) -> None:
        """What each month costs and takes; payroll takes what it was told."""
        for month in months:
            self.hub.start_flow("premiums.accrue", "acme", f"a{month}", month)
            self.hub.start_flow("deductions.expect", "acme", f"e{month}", month)
            self.take(Month.parse(month))

    def take(self, month: Month) -> None:
        with self.hub.store.write("acme") as session:
            keys = (leg.c.person_id, leg.c.plan, leg.c.coverage_month, leg.c.pay_date)
            rows = session.rows(
                select(*keys, func.sum(leg.c.amount).label("amount"))
                .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
                .where(leg.c.employer_id == "acme", leg.c.account == chart.EMPLOYEE_SHARE_DUE, entry.c.type.in_(KINDS),
                       leg.c.pay_date >= month.first, leg.c.pay_date < month.end)
                .group_by(*keys)
            )  # fmt: skip
            for number, row in enumerate(rows):
                of = (row.person_id, row.plan, "employee", row.coverage_month, row.pay_date)
                legs = (Leg(chart.PAYROLL_CLEARING, "USD", -int(row.amount), *of),
                        Leg(chart.EMPLOYEE_SHARE_DUE, "USD", int(row.amount), *of))  # fmt: skip
                ledger.record(session, [NewEntry(f"w/{month}/{number}", "deduction.withheld", row.pay_date, legs, "x")])

    def post(self, month: str, amount: int, kind: str = "premium.accrued") -> None:
        """An accrual that no price says, of the first person."""
        with self.hub.store.write("acme") as session:
            who = session.connection.execute(select(func.min(leg.c.person_id))).scalar_one()
            of: dict[str, Any] = {"person_id": who, "plan": "ppo", "coverage_month": month}
            legs = (Leg(chart.EMPLOYEE_SHARE_DUE, "USD", amount, **of), Leg(chart.BENEFIT_COST, "USD", -amount, **of))
            ledger.record(session, [NewEntry(f"wrong/{month}", kind, date.fromisoformat(f"{month}-01"), legs, "x")])

    def due(self, month: str) -> Clearing:
        """The employees' shares at a month's end."""
        with self.hub.store.read("acme") as session:
            found = clearing(session, self.hub.book(session), Month.parse(month))
        return next(one for one in found if one.account == chart.EMPLOYEE_SHARE_DUE)


@pytest.fixture
def office(
    request: pytest.FixtureRequest, db_url: str, open_hub: Callable[..., Hub], tmp_path: Path, fakehub: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:  # fmt: skip
    hub = open_hub(db_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    load_plan_book(hub, fakehub.BOOK.replace(MONTHLY, WAYS[request.param]), "book")
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 10, 1, 12, tzinfo=UTC))
    return Office(hub)


@pytest.mark.parametrize("office", WAYS, indirect=True)
def test_what_a_schedule_leaves_is_explained_and_says_by_when_it_is_gone(office: Office) -> None:
    office.work("2026-10", "2026-11")
    for month in ("2026-10", "2026-11"):
        told = office.due(month)
        assert told.unexplained == 0, told
        assert all(one.clear_by is None or one.clear_by > Month.parse(month).last for one in told.items)


@pytest.mark.parametrize(("office", "name", "clear_by"), [
    ("arrears", "ppo of 2026-11, to be taken a month later", date(2026, 12, 31)),
    ("in_advance", "taken in advance for 2026-12 in ppo", date(2026, 12, 31)),
], indirect=["office"])  # fmt: skip
def test_only_a_month_that_is_not_over_leaves_anything(office: Office, name: str, clear_by: date) -> None:
    office.work("2026-10", "2026-11")
    open_ = [one for one in office.due("2026-11").items if one.clear_by is not None]
    assert [(one.name, one.clear_by) for one in open_] == [(name, clear_by)]


@pytest.mark.parametrize("month", ["2026-10", "2026-11"])
@pytest.mark.parametrize("office", WAYS, indirect=True)
def test_an_accrual_that_no_price_says_is_explained_by_no_schedule(office: Office, month: str) -> None:
    office.work("2026-10", "2026-11")
    office.post(month, 10_00)
    assert office.due("2026-11").unexplained == 10_00


@pytest.mark.parametrize(("office", "asked"), [("arrears", ["2026-10", "2026-11"]), ("in_advance", ["2026-10"])],
                         indirect=["office"])  # fmt: skip
def test_a_month_that_nobody_was_asked_for_is_not_explained_once_it_is_over(office: Office, asked: list[str]) -> None:
    office.work(*asked)
    for month in ("2026-11", "2026-12"):
        office.hub.start_flow("premiums.accrue", "acme", f"b{month}", month)
    assert office.due("2026-11").unexplained == 0
    with office.hub.store.read("acme") as session:
        month = ledger.balances(session, [chart.EMPLOYEE_SHARE_DUE], coverage_month="2026-12")
    # In arrears that is November, in advance December: each costs the same.
    assert office.due("2026-12").unexplained == sum(one.amount for one in month) > 0
