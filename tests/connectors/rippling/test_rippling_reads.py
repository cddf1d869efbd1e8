"""People, calendar, deductions held and the register, in Rippling's words turned into ours."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from benehub.connect.webhooks import Hint
from benehub.errors import DataError, ReauthNeeded
from benehub_connectors.rippling import RipplingConnector


def test_people_who_left_are_told_too(bench: Any) -> None:
    (ada,) = [one for one in bench.simulator.employees.values() if str(one["employeeNumber"]) == "1001"]
    ada["workEmail"] = "ada@example.org"
    rows = {row.data["employee_number"]: row.data for row in bench.rows("payroll_person")}
    assert (rows["1000"]["email"], rows["1001"]["email"]) == ("", "ada@example.org")
    assert set(rows) == {"1000", "1001", "1002"}
    assert rows["1000"]["active"] is False
    assert (rows["1001"]["last_name"], rows["1001"]["birth_date"]) == ("Byron", "1980-03-09")


def test_a_canceled_run_has_no_pay_date_and_one_to_come_has(bench: Any) -> None:
    bench.simulator.add_run(date(2026, 12, 15), date(2026, 12, 1), date(2026, 12, 15), state="CLOSED")
    bench.simulator.add_run(date(2026, 12, 1), date(2026, 11, 1), date(2026, 11, 15), kind="OFF_CYCLE", state="DRAFT")
    rows = bench.rows("pay_calendar", pay_groups={"semimonthly": "24"})
    assert [(row.data["pay_date"], row.data["pay_group"]) for row in rows] == [
        ("2026-11-15", "24"),
        ("2026-11-30", "24"),
    ]


def test_a_check_becomes_lines_to_the_cent(bench: Any) -> None:
    lines = bench.lines(bench.ada)
    gross = lines["earning", "GROSS"]
    assert (gross["amount_minor"], gross["hours"], gross["pay_date"]) == (416_667, "86.67", "2026-11-15")
    assert lines["deduction", "401K"]["amount_minor"] == 16_667  # 4% of 4,166.67, half a cent up
    assert lines["deduction", "401K"]["tax_class"] == "pretax"
    assert lines["deduction", "Medical"]["amount_minor"] == 6_125
    assert lines["employer", "Medical"]["amount_minor"] == 24_501
    assert gross["net_pay_minor"] == 416_667 - 16_667 - 6_125


def test_only_what_was_paid_is_in_the_register(bench: Any) -> None:
    for day, state in ((16, "CLOSED"), (17, "FAILED"), (18, "APPROVED")):
        bench.simulator.add_run(date(2026, 11, day), date(2026, 11, 1), date(2026, 11, 15), state=state)
    assert {row.data["pay_date"] for row in bench.rows("register_line")} == {"2026-11-15"}
    assert bench.rows("register_line", register_from="2026-11-20") == []
    assert bench.rows("register_line", "2026-11-15") == bench.rows("register_line")


def test_an_earning_that_is_leave_is_no_hour_worked(bench: Any) -> None:
    run = bench.simulator.runs[0]["id"]
    check = next(one for one in bench.simulator.checks[run] if one["role"] == bench.ada)
    check["earnings"].append({"amount": "300.00", "hours": "7.3300", "name": "Vacation", "earningTypeEnum": "PTO",
                              "companyEarningType": "x"})  # fmt: skip
    lines = bench.lines(bench.ada, leave_codes={"Vacation": "PTO"})
    assert lines["leave_taken", "PTO"]["hours"] == "7.3300"
    assert lines["earning", "GROSS"]["hours"] == "86.67"


def test_a_check_without_deductions_is_a_problem_and_no_deduction_not_taken(bench: Any) -> None:
    for check in bench.simulator.checks[bench.simulator.runs[0]["id"]]:
        del check["deductions"]
    rows = bench.rows("register_line")
    assert len(rows) == 2
    assert all("deductions is no list" in row.problem for row in rows)


def test_deductions_held_with_their_kind(bench: Any) -> None:
    bench.simulator.company_deductions[0]["companyContribution"] = "10.0000"
    one = bench.simulator.hold(bench.max, "Medical", 4_000)
    del one["companyContribution"]  # inherited
    other = bench.simulator.hold(bench.max, "401K", 0)
    other |= {"employeeDeduction": "9.0234", "isEEPercent": True}
    rows = {(row.data["employee"], row.data["code"]): row.data for row in bench.rows("payroll_benefit") if row.data}
    assert rows[bench.max, "Medical"]["employee_amount_minor"] == 4_000
    assert rows[bench.max, "Medical"]["employer_amount_minor"] == 1_000
    assert rows[bench.max, "401K"]["employee_rate"] == "9.0234%"
    assert (bench.max, "ROTH") in rows  # by its alias


def test_an_amount_by_the_month_is_not_taken_for_one_by_the_pay(bench: Any) -> None:
    bench.simulator.hold(bench.max, "Medical", 4_000)["isMonthly"] = True
    assert [row.problem for row in bench.rows("payroll_benefit") if row.problem] == [
        "its amounts are told by the month, not by the pay"
    ]


@pytest.mark.parametrize("way", [{}, {"app": None, "api_key": "env:KEY"}], ids=["app", "key"])
def test_an_administrator_who_left_is_a_matter_for_people(bench: Any, way: dict[str, Any]) -> None:
    assert bench.rows("payroll_person", **way)
    bench.simulator.admin_left = True
    with pytest.raises(ReauthNeeded, match="administrator") as caught:
        bench.rows("payroll_person", **way)
    assert "another administrator" in caught.value.mend


def test_a_new_refresh_token_is_kept(bench: Any) -> None:
    bench.rows("payroll_person")
    assert bench.tokens == [bench.simulator.refresh_token]


@pytest.mark.parametrize(
    ("body", "hints"),
    [
        (b"event_name=employee.updated&id=5ed5&company_id=59", [Hint("payroll_person", "5ed5")]),
        (b"event_name=401_deductions_updated&company_id=59", [Hint("payroll_benefit")]),
        (b"event_name=group.updated&id=1", []),
    ],
)
def test_an_unsigned_call_is_a_hint_and_no_more(body: bytes, hints: list[Hint]) -> None:
    assert RipplingConnector().hints(body) == hints
    assert RipplingConnector.webhook is not None
    assert not RipplingConnector.webhook.signed


def test_a_body_without_event_is_refused() -> None:
    with pytest.raises(DataError, match="no event"):
        RipplingConnector().hints(b'{"event": 1}')


def test_one_way_in_is_named() -> None:
    for wrong in ({}, {"api_key": "env:K", "app": {"client_id": "a", "client_secret": "b", "refresh_token": "c"}}):
        with pytest.raises(ValueError, match="either api_key or app"):
            RipplingConnector.Settings.model_validate(wrong)
