"""Employees and pay: one answer for everybody, words beside ids, each bad row by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from benehub.errors import ReauthNeeded
from benehub.records import Compensation, Employee
from benehub_connectors.hibob import HibobSettings
from benehub_connectors.hibob.employees import value_at
from benehub_connectors.hibob.simulator import person_id

ONE = person_id(12)


def test_everybody_comes_in_one_call(bench: Any) -> None:
    bench.simulator.populate(250)
    bench.simulator.add_person(251, internal__status="Inactive", internal__terminationDate="2026-03-31")
    (page,) = bench.read("employee")
    assert page.full and len(page.rows) == 251
    assert bench.simulator.checked == 1
    for row in page.rows:
        assert not row.problem
        Employee.model_validate(row.data)
    assert page.rows[-1].data["termination_date"] == "2026-03-31"
    asked = json.loads(bench.simulator.log[0].body)
    assert asked["showInactive"] is True and asked["humanReadable"] == "APPEND"


def test_dates_are_for_machines_and_words_for_people(bench: Any, rows: Any) -> None:
    # The simulator shows people dates and numbers as other texts: a field taken from the wrong side would be seen.
    bench.simulator.add_person(12, identification__ssnSerialNumber="001-02-0003", work__originalStartDate="2019-05-01")
    row = rows(bench.read("employee", countries={"united states": "US"}, pay_groups={"monthly": "US-M"}))[ONE]
    found = Employee.model_validate(row.data)
    assert (found.ssn, found.employee_number, found.weekly_hours) == ("001020003", "12", 37)
    assert (found.department, found.sex, found.country, found.employment_type) == ("Sales", "F", "US", "Permanent")
    assert (found.hire_date, found.original_hire_date) == (date(2025, 1, 6), date(2019, 5, 1))
    assert (found.employment_class, found.pay_group, found.middle_name) == ("full_time", "US-M", "")
    assert row.extra["payroll.employment.weeklyHours"] == "37.5"


def test_own_fields_and_words(bench: Any, rows: Any) -> None:
    bench.simulator.add_person(
        12,
        payroll__employment__contract=("9", "Werkstudent"),
        payroll__employment__weeklyHours=18,
        custom__category_1__field_7="biweekly",
        work__shortTitle="A1",
    )
    settings = {
        "employment_classes": {"werkstudent": "part_time"},
        "fields": {"pay_group": "custom.category_1.field_7"},
        "extra_fields": ["work.shortTitle"],
    }
    row = rows(bench.read("employee", **settings))[ONE]
    assert (row.data["employment_class"], row.data["pay_group"]) == ("part_time", "biweekly")
    assert row.extra["work.shortTitle"] == "A1"


def test_a_value_is_found_in_its_category_at_the_top_or_by_its_slashes() -> None:
    told = {"id": "1", "work": {"startDate": "2025-01-06"}, "/home/legalGender": {"value": "31"}, "/a/b": "x"}
    fields = ("root.id", "work.startDate", "home.legalGender", "a.b", "work.site", "id.x")
    assert [value_at(told, field) for field in fields] == ["1", "2025-01-06", "31", "x", None, None]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"identification__ssnSerialNumber": "1020003"}, "identification.ssnSerialNumber is no SSN (shape '9999999')"),
        ({"identification__ssnSerialNumber": "QQ 12 34 56 C"}, "identification.ssnSerialNumber is no SSN"),
        ({"personal__birthDate": "31/12/1980"}, "personal.birthDate is no date"),
        ({"work__employeeIdInCompany": None}, "work.employeeIdInCompany is empty"),
        ({"work__startDate": None}, "work.startDate is empty"),
        ({"payroll__employment__contract": ("1", "Intern")}, "employment_classes"),
        (
            {"payroll__employment__contract": ("1", "Part time"), "payroll__employment__weeklyHours": None},
            "payroll.employment.weeklyHours is empty for part-time work",
        ),
        ({"payroll__employment__weeklyHours": "many"}, "payroll.employment.weeklyHours is no number"),
        ({"internal__status": "Inactive"}, "internal.terminationDate is empty"),
        ({"internal__terminationDate": "2026-09-30"}, "internal.terminationDate is past"),
    ],
)
def test_bad_rows_say_the_field_and_the_mend(bench: Any, rows: Any, values: Mapping[str, Any], said: str) -> None:
    bench.simulator.add_person(12, **values)
    bench.simulator.add_person(13)
    found = rows(bench.read("employee"))
    assert said in found[ONE].problem
    assert "read again" in found[ONE].problem or "map it" in found[ONE].problem
    assert not found[ONE].data and not found[ONE].extra
    assert not found[person_id(13)].problem
    for value in ("1020003", "12 34 56", "31/12/1980"):
        assert value not in found[ONE].problem


def test_a_field_the_service_user_may_not_see_is_said_to_be_empty(bench: Any, rows: Any) -> None:
    bench.simulator.add_person(12)
    bench.simulator.hidden.add("personal.birthDate")
    assert "personal.birthDate is empty, or the API user may not see it" in rows(bench.read("employee"))[ONE].problem


def test_without_ids_nobody_is_taken_to_be_gone(bench: Any) -> None:
    bench.simulator.populate(2)
    bench.simulator.hidden.add("root.id")
    (page,) = bench.read("employee")
    assert not page.full and all("root.id is empty" in row.problem for row in page.rows)
    (page,) = bench.read("compensation")
    assert not page.full and all("root.id is empty" in row.problem for row in page.rows)


def test_a_rehire_drops_the_old_last_day(bench: Any, rows: Any) -> None:
    bench.simulator.add_person(12, internal__terminationDate="2024-06-30")
    row = rows(bench.read("employee"))[ONE]
    assert not row.problem and row.data["termination_date"] is None


def test_wrong_credentials_ask_a_person_once(bench: Any) -> None:
    with pytest.raises(ReauthNeeded):
        bench.read("employee", service_user="SERVICE-2")
    assert len(bench.simulator.log) == 1


def test_pay_is_read_with_its_history(bench: Any, rows: Any) -> None:
    bench.simulator.populate(2)
    one = person_id(1)
    bench.simulator.set_pay(one, date(2026, 4, 1), "5100.25", period="Monthly", currency="EUR")
    bench.simulator.set_pay(one, date(2026, 7, 1), "31", period="Hourly", currency="GBP")
    pages = bench.read("compensation")
    assert [len(page.rows) for page in pages] == [0, 3, 1] and all(page.full for page in pages)
    found = {key: Compensation.model_validate(row.data) for key, row in rows(pages).items()}
    told = [(found[f"{one}/{day}"].rate_minor, found[f"{one}/{day}"].per, found[f"{one}/{day}"].currency)
            for day in ("2025-01-06", "2026-04-01", "2026-07-01")]  # fmt: skip
    assert told == [(4810050, "year", "USD"), (510025, "month", "EUR"), (3100, "hour", "GBP")]


def test_of_two_entries_of_one_day_the_later_one_holds(bench: Any, rows: Any) -> None:
    one = bench.simulator.add_person(12)
    bench.simulator.set_pay(one, date(2025, 1, 6), "50000")
    bench.simulator.salaries[one].reverse()
    row = rows(bench.read("compensation"))[f"{one}/2025-01-06"]
    assert row.data["rate_minor"] == 5000000


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"value": "1000", "period": "Weekly"}, "payPeriod says 'Weekly', no unit of pay: map it"),
        ({"value": "1000.005"}, "base is more than 2 decimals"),
        ({"value": "1000", "currency": "XAU"}, "base is in 'XAU'"),
    ],
)
def test_bad_pay_says_the_field(bench: Any, rows: Any, entry: Mapping[str, Any], said: str) -> None:
    one = bench.simulator.add_person(12)
    bench.simulator.set_pay(one, date(2026, 4, 1), **entry)
    assert said in rows(bench.read("compensation"))[f"{one}/2026-04-01"].problem


def test_who_is_deleted_while_pay_is_read_is_a_problem_and_not_gone_in_silence(bench: Any) -> None:
    bench.simulator.populate(2)
    pages = bench.connector.read("compensation", bench.link(), None)
    next(pages)
    del bench.simulator.salaries[person_id(1)]
    first, second = pages
    assert "knows no such employee" in first.rows[0].problem and not first.full
    assert not second.rows[0].problem


@pytest.mark.parametrize(
    "wrong", [{"default_pay_group": ""}, {"token": "bob-token"}, {"fields": {"ssn": "ssn"}}, {"country": "Germany"}]
)
def test_settings_are_refused(wrong: dict[str, Any]) -> None:
    right = {"service_user": "S", "token": "env:T", "default_pay_group": "m"}
    HibobSettings.model_validate(right)
    with pytest.raises(ValidationError):
        HibobSettings.model_validate(right | wrong)
