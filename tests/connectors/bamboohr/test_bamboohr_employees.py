"""Employees: few calls, the cursor, each bad row by name, and the person's words in no message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from benehub.errors import ConfigError, DataError, VendorUnavailable
from benehub.records import Employee

AT = datetime(2026, 10, 1, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)


def test_250_employees_take_two_calls(bench: Any) -> None:
    bench.simulator.populate(250, AT)
    pages = bench.read("employee")
    assert len(bench.simulator.log) == 2
    assert bench.simulator.checked == 2
    assert sum(len(page.rows) for page in pages) == 250
    assert all(page.full for page in pages)
    assert [page.cursor for page in pages] == [None, "2026-10-01T08:00:00+00:00"]
    for page in pages:
        json.loads(page.payload)
        for row in page.rows:
            assert not row.problem
            Employee.model_validate(row.data)


def test_a_full_read_goes_over_pages(bench: Any, rows: Any) -> None:
    bench.simulator.populate(25, AT)
    pages = bench.read("employee", page_size=10)
    assert [len(page.rows) for page in pages] == [0, 10, 10, 5]
    assert len(rows(pages)) == 25
    assert [page.cursor is not None for page in pages] == [False, False, False, True]


def test_a_row_becomes_the_record(bench: Any, rows: Any) -> None:
    bench.simulator.add_person(
        "12", AT, ssn="001-02-0003", standardHoursPerWeek="37.5", originalHireDate="0000-00-00", gender="Male"
    )
    row = rows(bench.read("employee", pay_groups={"Biweekly": "US-BW"}))["12"]
    found = Employee.model_validate(row.data)
    assert found.ssn == "001020003"
    assert found.employee_number == "E00012"
    assert found.weekly_hours == 37
    assert row.extra["standardHoursPerWeek"] == "37.5"
    assert (found.state, found.country, found.sex, found.pay_group) == ("UT", "US", "M", "US-BW")
    assert found.original_hire_date is None
    assert not any(isinstance(value, float) for value in row.data.values())


def test_an_incremental_read_asks_for_the_changed_alone(bench: Any, rows: Any) -> None:
    simulator = bench.simulator
    simulator.populate(30, AT)
    cursor = bench.read("employee")[-1].cursor
    simulator.change_person("7", LATER, lastName="Grant")
    simulator.add_person("31", LATER)
    simulator.delete_person("9", LATER)
    simulator.log.clear()
    pages = bench.read("employee", cursor)
    # The second of the cursor is asked for again, so nothing done in it is lost.
    assert simulator.log[0].query["since"] == "2026-10-01T07:59:59Z"
    found = rows(pages)
    assert found["7"].data["last_name"] == "Grant"
    assert found["9"].deleted and not found["9"].data
    assert "31" in found
    assert not any(page.full for page in pages)
    assert pages[-1].cursor == "2026-11-01T09:30:00+00:00"
    assert len(simulator.log) == 2


def test_a_quiet_account_gives_no_new_row_and_keeps_its_cursor(bench: Any) -> None:
    bench.simulator.add_person("1", AT)
    bench.simulator.add_person("2", LATER)
    bench.simulator.delete_person("2", LATER)
    cursor = bench.read("employee")[-1].cursor
    pages = bench.read("employee", cursor)
    assert [page.rows for page in pages] == [[]]  # the deletion was told before
    assert pages[-1].cursor == cursor
    late = "2027-01-01T00:00:00+00:00"
    assert [page.cursor for page in bench.read("employee", late)] == [late]


def test_changed_ids_are_asked_for_in_parts(bench: Any, rows: Any) -> None:
    bench.simulator.populate(7, LATER)
    pages = bench.read("employee", "2026-10-01T00:00:00Z", ids_per_request=3)
    assert len(rows(pages)) == 7
    assert len(bench.simulator.calls("POST")) == 3


def test_a_changed_employee_without_a_row_is_a_problem(bench: Any, rows: Any) -> None:
    bench.simulator.populate(2, LATER)
    del bench.simulator.people["2"]
    found = rows(bench.read("employee", "2026-10-01T00:00:00Z"))
    assert "shows no row" in found["2"].problem
    assert not found["1"].problem


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"ssn": "1020003"}, "ssn is no SSN (shape '9999999')"),
        ({"ssn": "xxx-xx-0003"}, "ssn is masked"),
        ({"dateOfBirth": "31.12.1980"}, "dateOfBirth is no date"),
        ({"employmentHistoryStatus": "Intern"}, "employment_classes"),
        (
            {"employmentHistoryStatus": "Part-Time", "standardHoursPerWeek": ""},
            "standardHoursPerWeek is empty",
        ),
        ({"standardHoursPerWeek": "many"}, "standardHoursPerWeek is no number"),
        ({"payGroup": ""}, "payGroup is empty"),
        ({"employeeNumber": ""}, "employeeNumber is empty"),
        ({"status": "Inactive"}, "terminationDate is empty"),
        ({"terminationDate": "2026-09-30"}, "terminationDate is past"),
    ],
)
def test_bad_rows_say_the_field_and_the_mend(bench: Any, rows: Any, fields: Mapping[str, str], said: str) -> None:
    bench.simulator.add_person("12", AT, **fields)
    bench.simulator.add_person("13", AT)
    found = rows(bench.read("employee"))
    assert said in found["12"].problem
    assert "read again" in found["12"].problem or "map it" in found["12"].problem
    assert not found["12"].data and not found["12"].extra
    assert not found["13"].problem
    for value in ("1020003", "31.12.1980", "0003"):
        assert value not in found["12"].problem


def test_a_row_without_hire_date_is_a_problem(bench: Any, rows: Any) -> None:
    bench.simulator.plant_without_hire_date("12", AT)
    problem = rows(bench.read("employee"))["12"].problem
    assert problem == ("hireDate is empty, or the API user may not see it: fill it in BambooHR, then read again")


def test_all_faults_of_a_row_come_at_once(bench: Any, rows: Any) -> None:
    bench.simulator.plant_without_hire_date("12", AT, ssn="12")
    problem = rows(bench.read("employee"))["12"].problem
    assert "hireDate" in problem and "ssn" in problem


def test_a_field_the_user_may_not_see_is_said_so(bench: Any, rows: Any) -> None:
    bench.simulator.add_person("12", AT)
    bench.simulator.hidden_fields.add("dateOfBirth")
    assert "dateOfBirth is empty, or the API user may not see it" in rows(bench.read("employee"))["12"].problem


def test_who_left_keeps_the_class_held_before(bench: Any, rows: Any) -> None:
    simulator = bench.simulator
    simulator.add_person("12", AT, employmentHistoryStatus="Part-Time", standardHoursPerWeek="20")
    simulator.add_person("13", AT)
    cursor = bench.read("employee")[-1].cursor
    simulator.terminate("12", date(2026, 10, 31), LATER)
    for since in (None, cursor):
        simulator.log.clear()
        found = rows(bench.read("employee", since))
        assert found["12"].data["employment_class"] == "part_time"
        assert found["12"].data["termination_date"] == "2026-10-31"
        assert found["12"].data["weekly_hours"] == 20
        assert len(simulator.log) == 3


def test_a_rehire_drops_the_old_last_day(bench: Any, rows: Any) -> None:
    bench.simulator.add_person("12", AT)
    bench.simulator.terminate("12", date(2026, 3, 31), AT)
    bench.simulator.rehire("12", date(2026, 9, 1), LATER)
    data = rows(bench.read("employee"))["12"].data
    assert data["termination_date"] is None
    assert data["hire_date"] == "2026-09-01"


def test_own_fields_and_words(bench: Any, rows: Any) -> None:
    bench.simulator.add_person("12", AT, employmentHistoryStatus="Intern", payGroup="", location="Ogden")
    row = rows(
        bench.read(
            "employee",
            employment_classes={"intern": "part_time"},
            default_pay_group="US-BW",
            fields={"location": ""},
            extra_fields=["location"],
        )
    )["12"]
    assert row.data["employment_class"] == "part_time"
    assert row.data["pay_group"] == "US-BW"
    assert row.extra["location"] == "Ogden"


def test_an_unknown_field_stops_the_read_with_the_settings_named(bench: Any) -> None:
    with pytest.raises(ConfigError, match=r"refuses the read \(422\).*customGroup.*v1_2/datasets/employee"):
        bench.read("employee", fields={"pay_group": "customGroup"})


def test_a_cursor_that_is_none(bench: Any) -> None:
    with pytest.raises(DataError, match="Read the stream in full"):
        bench.read("employee", "yesterday")


def test_a_list_that_shrinks_while_it_is_read(bench: Any) -> None:
    bench.simulator.populate(8, AT)
    pages = bench.connector.read("employee", bench.link(page_size=2), None)
    next(pages)
    bench.simulator.delete_person("1", LATER)
    with pytest.raises(VendorUnavailable, match="shrank"):
        list(pages)
