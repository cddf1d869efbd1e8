"""Leave paid out at today's rate, and by when it is due."""

from __future__ import annotations

from typing import Any

import pytest

from benehub.errors import ConfigError, DataError
from benehub.rules.registry import calculate

CASES = [
    ("L09 bank", "120", 15_75, 1_890_00),
    ("L09 earned", "3.2", 15_75, 50_40),
    ("L09 taken", "-40", 15_75, -630_00),
    ("L09 bank after", "86.4", 15_75, 1_360_80),
    ("L25", "40", 12_50, 500_00),
    ("Z05", "120", 20_50, 2_460_00),
]


def pay(**given: Any) -> Any:
    return calculate("leave.payout", given)["result"]


@pytest.mark.parametrize(("hours", "rate", "gross"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_worked_case(hours: str, rate: int, gross: int) -> None:
    assert pay(hours=hours, rate_minor=rate)["gross_minor"] == gross


def test_l07_nineteen_days_of_a_yearly_pay() -> None:
    used = [20, 20, 16, 5]
    left = sum(20 - days for days in used)
    assert pay(hours=str(left), annual_pay_minor=13_000_00, hours_per_year="260")["gross_minor"] == 950_00


def test_l08_the_difference_to_the_accrued_value_is_expense_of_the_year() -> None:
    found = pay(hours="120", rate_minor=20_50, accrued_value_minor=2_400_00)
    assert (found["gross_minor"], found["difference_minor"]) == (2_460_00, 60_00)


def test_a_salary_is_not_rounded_to_a_rate_first() -> None:
    found = pay(hours="100", annual_pay_minor=60_000_00, hours_per_year="2080")
    assert found["gross_minor"] == 2_884_62  # 28.846153... an hour; 28.85 would give 2,885.00


def test_what_is_missing_is_asked_for() -> None:
    assert calculate("leave.payout", {})["needs"] == ["hours", "rate_minor"]
    leaver = {"hours": "8", "rate_minor": 1000, "jurisdiction": "US-CA"}
    assert calculate("leave.payout", leaver)["needs"] == ["last_day"]
    assert calculate("leave.payout", leaver | {"last_day": "2026-10-09"})["needs"] == ["quit"]
    colorado = {**leaver, "jurisdiction": "US-CO", "last_day": "2026-10-09", "quit": True}
    assert calculate("leave.payout", colorado)["needs"] == ["next_pay_date"]


DEADLINES = [
    ("CA discharged", "US-CA", {"quit": False}, "2026-10-09"),
    ("CA quit", "US-CA", {"quit": True}, "2026-10-12"),
    ("CA quit with 72 hours", "US-CA", {"quit": True, "notice_hours": 72}, "2026-10-09"),
    ("TX discharged", "US-TX", {"quit": False}, "2026-10-15"),
    ("NE, next pay date first", "US-NE", {"quit": True, "next_pay_date": "2026-10-16"}, "2026-10-16"),
    ("NE, two weeks first", "US-NE", {"quit": True, "next_pay_date": "2026-10-30"}, "2026-10-23"),
    ("NY", "US-NY", {"quit": False, "next_pay_date": "2026-10-16"}, "2026-10-16"),
]


@pytest.mark.parametrize(("state", "more", "due"), [c[1:] for c in DEADLINES], ids=[c[0] for c in DEADLINES])
def test_final_pay_is_due_as_the_state_says(state: str, more: dict[str, Any], due: str) -> None:
    found = pay(hours="8", rate_minor=1000, jurisdiction=state, last_day="2026-10-09", **more)
    assert found["due_date"] == due


def test_earned_vacation_is_wages_in_california_and_sick_leave_is_not() -> None:
    leaver = {"hours": "8", "rate_minor": 1000, "jurisdiction": "US-CA", "last_day": "2026-10-09", "quit": False}
    assert pay(**leaver, policy_pays=False)["gross_minor"] == 80_00
    assert pay(**leaver, kind="sick")["gross_minor"] == 0
    assert pay(**leaver | {"jurisdiction": "US-TX"}, policy_pays=False)["gross_minor"] == 0


def test_hours_in_advance_are_recovered_and_said_so() -> None:
    assert pay(hours="-4", rate_minor=1000) | {} == {
        "payable_hours": "-4", "gross_minor": -4000, "difference_minor": 0, "due_date": None, "recovery": True,
    }  # fmt: skip


def test_a_state_that_is_not_loaded_is_no_permission() -> None:
    with pytest.raises(ConfigError, match="no leave rules are loaded for WY"):
        pay(hours="8", rate_minor=1000, jurisdiction="US-WY", last_day="2026-10-09", quit=False)


def test_two_rates_are_refused() -> None:
    with pytest.raises(DataError, match="a rate and an annual pay"):
        pay(hours="8", rate_minor=1000, annual_pay_minor=1, hours_per_year="1")
