"""Pay, dependents and leave: cursors, units, and each bad row by name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from benehub.connect.jsontext import parse
from benehub.records import STREAMS, Compensation, Dependent, LeaveRequest
from benehub_connectors.bamboohr import BambooSettings
from benehub_connectors.bamboohr.tables import pay_rows

AT = datetime(2026, 10, 1, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
SETTINGS = BambooSettings(company="acme", api_key="env:KEY")


def test_pay_in_full_and_after_a_change(bench: Any, rows: Any) -> None:
    simulator = bench.simulator
    simulator.populate(3, AT)
    pages = bench.read("compensation")
    assert len(simulator.log) == 2
    assert [page.full for page in pages] == [True]
    found = rows(pages)
    assert set(found) == {"1/2025-01-06", "2/2025-01-06", "3/2025-01-06"}
    assert Compensation.model_validate(found["2/2025-01-06"].data).rate_minor == 4820000
    simulator.set_pay("2", date(2026, 11, 1), "24.75", LATER, paid_per="Hour", pay_type="Hourly")
    simulator.log.clear()
    pages = bench.read("compensation", pages[-1].cursor)
    assert len(simulator.log) == 1
    assert not pages[-1].full
    assert pages[-1].cursor == "2026-11-01T09:30:00+00:00"
    raise_row = Compensation.model_validate(rows(pages)["2/2026-11-01"].data)
    assert (raise_row.rate_minor, raise_row.per, raise_row.currency) == (2475, "hour", "USD")


def test_pay_rows_have_the_same_key_and_content_in_both_reads(bench: Any, rows: Any) -> None:
    bench.simulator.populate(2, AT)
    full, changed = bench.read("compensation"), bench.read("compensation", "2026-09-01T00:00:00Z")
    assert {key: row.data for key, row in rows(full).items()} == {key: row.data for key, row in rows(changed).items()}


def test_of_two_rows_on_one_day_the_later_entered_comes_last() -> None:
    def row(number: int, rate: str) -> dict[str, Any]:
        return {
            "id": str(number),
            "employeeId": "5",
            "startDate": "2026-01-01",
            "paidPer": "Year",
            "rate": rate,
        }

    found = pay_rows([row(10, "60000.00 USD"), row(9, "50000.00 USD")], SETTINGS)
    assert [one.data["rate_minor"] for one in found] == [5000000, 6000000]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rate": None}, "rate is empty"),
        ({"rate": {"value": "12.3456", "currency": "USD"}}, "rate is more than 2 decimals"),
        ({"rate": "5.2e4"}, "rate is not an amount"),
        ({"rate": True}, "rate is empty"),
        ({"rate": "52000.00 SEK"}, "rate is in 'SEK'"),
        ({"paidPer": "Week"}, "pay_per"),
        ({"paidPer": ""}, "pay_per"),
        ({"startDate": "0000-00-00"}, "startDate is empty"),
        ({"employeeId": None}, "employeeId is empty"),
    ],
)
def test_bad_pay_rows(change: Mapping[str, Any], said: str) -> None:
    good = {
        "id": "1",
        "employeeId": "5",
        "startDate": "2026-01-01",
        "paidPer": "Year",
        "rate": "52000.00 USD",
    }
    assert not pay_rows([good], SETTINGS)[0].problem
    (row,) = pay_rows([good | change], SETTINGS)
    assert said in row.problem
    assert "52000" not in row.problem and not row.data


def test_pay_keeps_the_digits_of_a_json_number() -> None:
    text = '[{"employeeId":"5","startDate":"2026-01-01","paidPer":"Pay Period","rate":1999.90}]'
    (row,) = pay_rows(parse(text), SETTINGS)
    assert (row.data["rate_minor"], row.data["per"]) == (199990, "pay")


def test_an_own_word_for_a_unit_of_pay() -> None:
    settings = SETTINGS.model_copy(update={"pay_per": {"Twice a month": "pay"}})
    row = {"employeeId": "5", "startDate": "2026-01-01", "paidPer": "twice a month", "rate": "2000.00"}
    assert pay_rows([row], settings)[0].data["per"] == "pay"
    assert "no object" in pay_rows(["text"], settings)[0].problem


def test_dependents_come_in_one_call_and_without_a_masked_ssn(bench: Any, rows: Any) -> None:
    bench.simulator.add_dependent("7", "12")
    bench.simulator.add_dependent("8", "12", relationship="Spouse", gender="Male", dateOfBirth="1990-02-28")
    pages = bench.read("dependent")
    assert len(bench.simulator.log) == bench.simulator.checked == 1
    assert pages[0].full and pages[0].cursor is None
    found = rows(pages)
    child = Dependent.model_validate(found["7"].data)
    assert (child.employee, child.relationship, child.ssn, child.sex) == ("12", "child", None, "F")
    assert Dependent.model_validate(found["8"].data).relationship == "spouse"
    assert not any("0100" in str(value) for value in found["7"].extra.values())


@pytest.mark.unpublished("values that the vendor does not give")
def test_bad_dependents(bench: Any, rows: Any) -> None:
    bench.simulator.add_dependent("7", "12", relationship="Cousin")
    bench.simulator.add_dependent("8", "12", dateOfBirth="")
    bench.simulator.add_dependent("9", "12", relationship="Ward")
    bench.simulator.api = _Agrees()  # an empty birth date is not what the description allows
    found = rows(bench.read("dependent", relationships={"ward": "foster"}))
    assert "relationships" in found["7"].problem
    assert "dateOfBirth is empty" in found["8"].problem
    assert found["9"].data["relationship"] == "foster"


def test_leave_that_was_decided_on(bench: Any, rows: Any) -> None:
    simulator = bench.simulator
    simulator.request_time_off(1, "12", date(2026, 11, 9), date(2026, 11, 10), "12.5")
    simulator.request_time_off(2, "12", date(2026, 12, 1), date(2026, 12, 1), "0.5", unit="days", policy="Sick")
    simulator.request_time_off(3, "12", date(2026, 12, 9), date(2026, 12, 9), "8", status="requested")
    simulator.request_time_off(4, "12", date(2022, 12, 9), date(2022, 12, 9), "8")
    pages = bench.read("leave_request", leave_policies={"78": "PTO"})
    assert len(simulator.log) == simulator.checked == 1
    assert simulator.log[0].query["excludeNote"] == "1"
    assert not pages[0].full
    found = {key: LeaveRequest.model_validate(row.data) for key, row in rows(pages).items()}
    assert set(found) == {"1", "2"}
    assert (found["1"].minutes, found["1"].policy, found["1"].employee) == (750, "PTO", "12")
    assert (found["2"].hours, found["2"].minutes) == ("4", 240)
    simulator.decide_time_off(1, "canceled")
    assert rows(bench.read("leave_request"))["1"].data["status"] == "canceled"


def test_leave_policies_by_name_too(bench: Any, rows: Any) -> None:
    bench.simulator.request_time_off(1, "12", date(2026, 11, 9), date(2026, 11, 9), "8", policy="Vacation")
    assert rows(bench.read("leave_request", leave_policies={"vacation": "PTO"}))["1"].data["policy"] == "PTO"
    assert rows(bench.read("leave_request"))["1"].data["policy"] == "Vacation"


@pytest.mark.parametrize(("amount", "unit"), [("1", "weeks")])
@pytest.mark.unpublished("a unit that the vendor does not give")
def test_bad_leave_amounts(bench: Any, rows: Any, amount: str, unit: str) -> None:
    bench.simulator.api = _Agrees()
    bench.simulator.request_time_off(1, "12", date(2026, 11, 9), date(2026, 11, 9), amount, unit=unit)
    assert "amount is neither in hours nor in days" in rows(bench.read("leave_request"))["1"].problem


def test_a_third_of_an_hour_is_kept_as_told_and_counted_to_the_minute(bench: Any, rows: Any) -> None:
    bench.simulator.request_time_off(1, "12", date(2026, 11, 9), date(2026, 11, 9), "7.333")
    found = LeaveRequest.model_validate(rows(bench.read("leave_request"))["1"].data)
    assert (found.hours, found.minutes) == ("7.333", 440)


def test_all_streams_are_records() -> None:
    from benehub_connectors.bamboohr import BambooConnector

    assert set(BambooConnector.streams) <= set(STREAMS)


class _Agrees:
    """A referee for answers that are wrong on purpose."""

    def hold(self, *_: Any) -> bool:
        """Fine."""
        return False
