"""Employees and pay: the token, pages and cursor, each bad row by name, and no number in a message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from benehub.connect.jsontext import NumberText
from benehub.errors import DataError, ReauthNeeded, VendorUnavailable
from benehub.records import Compensation, Employee
from benehub_connectors.personio import PersonioConnector, PersonioSettings
from benehub_connectors.personio.simulator import BORN, GROUP, NUMBER, SINCE, SSN

AT = datetime(2026, 10, 1, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)


def test_450_employees_take_three_calls_and_one_token(bench: Any) -> None:
    bench.simulator.populate(450, AT)
    link = bench.link()
    pages = list(bench.connector.read("employee", link, None))
    assert [len(page.rows) for page in pages] == [200, 200, 50]
    assert all(page.full for page in pages)
    assert [page.cursor for page in pages] == [None, None, "2026-11-02T12:00:00+00:00"]
    for page in pages:
        for row in page.rows:
            assert not row.problem
            Employee.model_validate(row.data)
    list(bench.connector.read("compensation", link, None))
    assert bench.simulator.tokens == 1
    assert bench.simulator.checked == 7


def test_a_token_is_renewed_before_it_ends(bench: Any) -> None:
    bench.simulator.populate(1, AT)
    link = bench.link()
    list(bench.connector.read("employee", link, None))
    bench.now += timedelta(hours=24)
    list(bench.connector.read("employee", link, None))
    assert bench.simulator.tokens == 2
    bench.simulator.expire_token()
    list(bench.connector.read("employee", link, None))
    assert bench.simulator.tokens == 3


def test_wrong_credentials_ask_a_person(bench: Any) -> None:
    with pytest.raises(ReauthNeeded, match="refused to renew"):
        bench.read("employee", client_id="somebody else")
    assert len(bench.simulator.log) == 1


def test_only_what_is_mapped_is_asked_for_and_kept(bench: Any, rows: Any) -> None:
    bench.simulator.add_person(7, AT)
    full = rows(bench.read("employee"))["7"]
    payload = bench.read("employee")[0].payload
    assert b"DE98" not in payload
    # Changed rows come with all attributes: those not asked for are left out all the same.
    bench.simulator.change_person(7, LATER, status="active")
    again = rows(bench.read("employee", "2026-11-02T12:00:00+00:00"))["7"]
    assert "attributes[]" not in bench.simulator.log[-1].query
    assert (again.data, again.extra) == (full.data, full.extra)
    kept = rows(bench.read("employee", extra_attributes=["dynamic_2001"]))["7"]
    assert kept.extra["dynamic_2001"].startswith("DE98")


def test_a_row_becomes_the_record(bench: Any, rows: Any) -> None:
    bench.simulator.add_person(
        12, AT, **{SSN: "001-02-0003", BORN: "1980-07-01T00:00:00+02:00", "weekly_working_hours": "38.5"},
        hire_date="2014-11-08T23:00:00Z",
    )  # fmt: skip
    row = rows(bench.read("employee", pay_groups={"Monatlich": "DE-M"}))["12"]
    found = Employee.model_validate(row.data)
    assert (found.ssn, found.employee_number, found.weekly_hours) == ("001020003", "P00012", 38)
    assert (found.birth_date.isoformat(), found.hire_date.isoformat()) == ("1980-07-01", "2014-11-09")
    assert (found.department, found.location, found.country, found.sex) == ("Vertrieb", "München", "DE", "F")
    assert (found.pay_group, found.employment_class) == ("DE-M", "full_time")
    assert row.extra["weekly_working_hours"] == "38.5"


@pytest.mark.parametrize(
    ("values", "meaning"),
    [
        ({"weekly_working_hours": "20"}, "part_time"),
        ({"weekly_working_hours": "35"}, "full_time"),
        ({"employment_type": "external", "weekly_working_hours": None}, "contractor"),
        ({"employment_type": "Saison"}, "seasonal"),
    ],
)
def test_the_class_is_by_word_or_by_hours(bench: Any, rows: Any, values: Mapping[str, Any], meaning: str) -> None:
    bench.simulator.add_person(12, AT, **values)
    row = rows(bench.read("employee", employment_classes={"saison": "seasonal"}))["12"]
    assert row.data["employment_class"] == meaning


@pytest.mark.parametrize("pages", [True, False])
def test_an_incremental_read_asks_for_the_changed_alone(bench: Any, rows: Any, pages: bool) -> None:
    # The description says that limit and offset are ignored with updated_since; both are read right.
    bench.simulator.pages = pages
    bench.simulator.populate(8, AT)
    cursor = bench.read("employee")[-1].cursor
    for one in (3, 5, 6):
        bench.simulator.change_person(one, LATER, last_name="Grant")
    bench.now = LATER
    found = bench.read("employee", cursor, page_size=2)
    assert set(rows(found)) == {"3", "5", "6"}
    assert not any(page.full for page in found)
    assert bench.simulator.log[-1].query["updated_since"] == "2026-11-02T11:00:00"
    assert found[-1].cursor == "2026-11-03T09:30:00+00:00"


def test_a_quiet_account_moves_its_cursor(bench: Any) -> None:
    bench.simulator.populate(1, AT)
    bench.now = LATER
    pages = bench.read("employee", "2026-11-02T12:00:00+00:00")
    assert [len(page.rows) for page in pages] == [0]
    assert pages[0].cursor == "2026-11-03T09:30:00+00:00" and pages[0].payload
    with pytest.raises(DataError, match="Read the stream in full"):
        bench.read("employee", "yesterday")


def test_an_account_without_anybody_says_so(bench: Any) -> None:
    pages = bench.read("employee")
    assert [(len(page.rows), page.full) for page in pages] == [(0, True)]


def test_a_list_that_shrinks_while_it_is_read(bench: Any) -> None:
    bench.simulator.populate(8, AT)
    pages = bench.connector.read("employee", bench.link(page_size=2), None)
    next(pages)
    bench.simulator.delete_person(1)
    with pytest.raises(VendorUnavailable, match="shrank"):
        list(pages)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({SSN: "12 34"}, f"{SSN} is no SSN (shape '99 99')"),
        ({SSN: "15 070649 C 103"}, f"{SSN} holds a German insurance or tax number"),
        ({SSN: "15070649c103"}, f"{SSN} holds a German insurance or tax number"),
        ({SSN: "86095742719"}, f"{SSN} holds a German insurance or tax number"),
        ({BORN: "1.7.1980"}, f"{BORN} is no date"),
        ({NUMBER: ""}, f"{NUMBER} is empty"),
        ({GROUP: None}, f"{GROUP} is empty"),
        ({"hire_date": None}, "hire_date is empty"),
        ({"employment_type": "Werkstudent"}, "employment_classes"),
        ({"weekly_working_hours": None}, "weekly_working_hours is empty"),
        ({"weekly_working_hours": "viel"}, "weekly_working_hours is no number"),
        ({"status": "inactive"}, "termination_date is empty"),
        ({"termination_date": "2026-09-30T00:00:00+02:00"}, "termination_date is past"),
    ],
)
def test_bad_rows_say_the_field_and_the_mend(bench: Any, rows: Any, values: Mapping[str, Any], said: str) -> None:
    bench.simulator.add_person(12, AT, **values)
    bench.simulator.add_person(13, AT)
    found = rows(bench.read("employee"))
    assert said in found["12"].problem
    assert any(mend in found["12"].problem for mend in ("read again", "map it", "name an attribute"))
    assert not found["12"].data and not found["12"].extra
    assert not found["13"].problem
    for value in ("12 34", "070649", "86095742719", "1.7.1980"):
        assert value not in found["12"].problem


def test_without_an_attribute_for_it_nobody_has_an_ssn(bench: Any, rows: Any) -> None:
    bench.simulator.populate(2, AT)
    found = rows(bench.read("employee", fields={"ssn": ""}))
    assert [(row.problem, Employee.model_validate(row.data).ssn) for row in found.values()] == [("", None)] * 2


def test_a_hidden_attribute_is_said_to_be_one(bench: Any, rows: Any) -> None:
    bench.simulator.add_person(12, AT)
    bench.simulator.hidden.add(BORN)
    assert f"{BORN} is empty, or the API user may not see it" in rows(bench.read("employee"))["12"].problem


@pytest.mark.parametrize(
    ("values", "last"),
    [
        ({"status": "inactive", "termination_date": "2026-03-31T00:00:00+02:00"}, "2026-03-31"),
        ({"status": "inactive", "contract_end_date": "2026-06-30T00:00:00+02:00"}, "2026-06-30"),
        ({"contract_end_date": "2027-06-30T00:00:00+02:00"}, None),
        ({"termination_date": "2024-06-30T00:00:00+02:00"}, None),  # before the rehire
        ({"status": "onboarding", "hire_date": "2027-01-01T00:00:00+01:00"}, None),
    ],
)
def test_the_last_day(bench: Any, rows: Any, values: Mapping[str, Any], last: str | None) -> None:
    bench.simulator.add_person(12, AT, **values)
    row = rows(bench.read("employee"))["12"]
    assert not row.problem
    assert row.data["termination_date"] == last


def test_pay_keeps_its_cents_and_its_day(bench: Any, rows: Any) -> None:
    bench.simulator.add_person(12, AT)
    bench.simulator.add_person(13, AT, fix_salary=0, hourly_salary=NumberText("21.75"))
    bench.simulator.add_person(14, AT, fix_salary="60000", fix_salary_interval="yearly")
    found = {key: Compensation.model_validate(row.data) for key, row in rows(bench.read("compensation")).items()}
    assert [(one.rate_minor, one.per, one.currency) for one in found.values()] == [
        (401250, "month", "EUR"), (2175, "hour", "EUR"), (6000000, "year", "EUR"),
    ]  # fmt: skip
    assert {one.effective_from.isoformat() for one in found.values()} == {"2026-01-01"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"fix_salary": None, "hourly_salary": None}, "fix_salary is empty"),
        ({"fix_salary": "viel"}, "fix_salary is not an amount"),
        ({"fix_salary_interval": "weekly"}, "fix_salary_interval says 'weekly', no unit of pay"),
        ({SINCE: None}, f"{SINCE} is empty"),
    ],
)
def test_bad_pay_says_the_field(bench: Any, rows: Any, values: Mapping[str, Any], said: str) -> None:
    bench.simulator.add_person(12, AT, **values)
    assert said in rows(bench.read("compensation"))["12"].problem


def test_pay_without_a_day_is_a_problem_unless_the_settings_say_what_stands_for_it(bench: Any, rows: Any) -> None:
    bench.simulator.add_person(12, AT)
    dateless = {"salary_from": ""}
    assert "does not tell since when" in rows(bench.read("compensation", fields=dateless))["12"].problem
    told = rows(bench.read("compensation", fields=dateless, undated_salary="hire_date"))["12"]
    assert told.data["effective_from"] == "2025-01-06"


@pytest.mark.parametrize(
    "wrong",
    [{"timezone": "Mars/Base"}, {"page_size": 201}, {"fields": {"birth_date": BORN}}, {"client_secret": "papi-secret"}],
)
def test_settings_are_refused_by_name(wrong: dict[str, Any]) -> None:
    right = {"client_id": "c", "client_secret": "env:S", "fields": {"birth_date": BORN, "pay_group": GROUP}}
    PersonioSettings.model_validate(right)
    with pytest.raises(ValidationError):
        PersonioSettings.model_validate(right | wrong)


def test_the_matrix_says_what_the_published_contract_takes(shared: Path) -> None:
    """The vendor's API changes attributes, and knows no deduction: that he takes nothing would be wrong."""
    contract = shared / "specs/personio/personio-personnel-data-api-oa3.yaml"
    if not contract.is_file():
        pytest.skip("the vendor's description is not at hand (BENEHUB_SHARED)")
    _, _, operations = contract.read_text(encoding="utf-8").partition("  /company/employees/{employee_id}:\n")
    assert "    patch:" in operations.partition("\n  /")[0] and "custom_attributes" in operations.partition("\n  /")[0]
    lines = {one.operation: one for one in PersonioConnector().capabilities()}
    assert (lines["deduction.set"].supported, lines["deduction.set"].blocker) == (False, "vendor")
    assert "PATCH" in lines["deduction.set"].note
    assert "deduction" not in contract.read_text(encoding="utf-8").casefold()
