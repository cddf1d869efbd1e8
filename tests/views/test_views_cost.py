"""Cost by account and plan: expected, actual and heads from the ledger, each in its own month."""

from __future__ import annotations

from datetime import date

from benehub import ledger
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.store import Store
from benehub.store.tables import person
from benehub.views.cost import Cost, cost

NOVEMBER = Month(2026, 11)


def premium(who: str, plan: str, month: str, employer: int, employee: int, day: date) -> NewEntry:
    legs = (
        Leg(chart.BENEFIT_COST, "USD", employer, who, plan, "employer", month),
        Leg(chart.EMPLOYEE_SHARE_DUE, "USD", employee, who, plan, "employee", month),
        Leg(chart.PREMIUM_PAYABLE, "USD", -employer - employee, who, plan, None, month),
    )
    return NewEntry(f"premium/{who}/{plan}/{month}", "premium.accrued", day, legs, "test")


def match(who: str, amount: int, day: date, status: str = "pending", pending: str | None = None) -> NewEntry:
    dims = (who, "401k", "match", "2026-11", day)
    legs = (Leg(chart.MATCH_EXPENSE, "USD", amount, *dims), Leg(chart.MATCH_PAYABLE, "USD", -amount, *dims))
    kind = "deduction.expected" if status == "pending" else "match.accrued"
    return NewEntry(f"{kind}/{who}/{day}", kind, day, legs, "test", status=status, pending_id=pending)


def fill(store: Store) -> None:
    with store.write("acme") as session:
        p1, p2, p3 = "per_1", "per_2", "per_3"
        known = [{"person_id": one, "kind": "employee", "subscriber_id": one, "member_id": one} for one in (p1, p2, p3)]
        session.add(person, [{**one, "seq": 0} for one in known])
        ledger.record(
            session,
            [
                # November's premium is November's cost, whenever it is posted
                premium(p1, "ppo", "2026-11", 480_00, 120_00, date(2026, 11, 1)),
                premium(p2, "ppo", "2026-11", 481_00, 120_00, date(2026, 12, 3)),
                premium(p1, "dental", "2026-11", 20_00, 18_40, date(2026, 11, 1)),
                premium(p1, "ppo", "2026-12", 999_00, 1, date(2026, 11, 30)),
                match(p1, 50_00, date(2026, 11, 13)),
                match(p3, 30_00, date(2026, 11, 13)),
                match(p1, 70_00, date(2026, 12, 4)),
            ],
        )
        pending = {row.person_id: row.entry_id for row in ledger.open_pending(session) if row.pay_date.month == 11}
        ledger.record(session, [match(p1, 45_00, date(2026, 11, 13), "posted", pending[p1])])


def test_expected_and_actual_by_account(store: Store) -> None:
    fill(store)
    with store.read("acme") as session:
        found = cost(session, NOVEMBER)
    assert found == [
        Cost("5100", "Benefit cost, employer", 981_00, 981_00, 2, "USD"),
        Cost("5200", "Match expense", 80_00, 45_00, 2, "USD"),
        Cost("total", "", 1_061_00, 1_026_00, 3, "USD"),
    ]
    assert [one.per_head for one in found] == [490_50, 22_50, 342_00]


def test_by_plan(store: Store) -> None:
    fill(store)
    with store.read("acme") as session:
        found = {one.name: (one.expected, one.actual, one.heads) for one in cost(session, NOVEMBER, "plan")}
    assert found == {
        "401k": (80_00, 45_00, 2),
        "dental": (20_00, 20_00, 1),
        "ppo": (961_00, 961_00, 2),
        "total": (1_061_00, 1_026_00, 3),
    }


def test_another_employer_and_another_month_cost_nothing(store: Store) -> None:
    fill(store)
    with store.read("other") as session:
        assert cost(session, NOVEMBER) == []
    with store.read("acme") as session:
        assert cost(session, Month(2026, 9)) == []
