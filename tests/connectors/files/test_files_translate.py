"""Rows become records' fields, or one sentence with row, column, shape and mend, never with the value."""

from __future__ import annotations

from typing import Any

import pytest

from benehub_connectors.files.settings import StreamMap
from benehub_connectors.files.translate import RowTranslator

EMPLOYEE = StreamMap(
    pattern="*",
    columns={
        "employee_number": "Emp #",
        "first_name": "First",
        "last_name": "Last",
        "birth_date": "DOB",
        "ssn": "SSN",
        "hire_date": "Hired",
        "termination_date": "Left",
        "weekly_hours": "Hours",
        "employment_class": "Class",
        "pay_group": "Group",
    },
    values={"pay_group": {"Biweekly": "BW", "Monthly": "MO"}},
)
ROW = {
    "Emp #": "1001",
    "First": "Ana",
    "Last": "Lee",
    "DOB": "01/31/1980",
    "SSN": "123-45-6789",
    "Hired": "2020-02-01",
    "Left": "",
    "Hours": "40.0",
    "Class": "Full Time",
    "Group": "biweekly",
    "Shirt": "XL",
}


def test_a_row_becomes_the_records_fields() -> None:
    row = RowTranslator("employee", EMPLOYEE, "e.csv").translate(2, ROW)
    assert row.problem == ""
    assert row.key == "1001"
    assert row.row == 2
    assert row.extra == {"Shirt": "XL"}
    assert row.data == {
        "employee_number": "1001",
        "first_name": "Ana",
        "last_name": "Lee",
        "birth_date": "1980-01-31",
        "ssn": "123456789",
        "hire_date": "2020-02-01",
        "weekly_hours": 40,
        "employment_class": "full_time",
        "pay_group": "BW",
    }


def test_headings_match_over_case_and_blanks() -> None:
    cells = {f" {name.upper()} ": value for name, value in ROW.items()}
    assert RowTranslator("employee", EMPLOYEE, "e").translate(2, cells).problem == ""


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        (
            "SSN",
            "12345678",
            "row 7, column 'SSN' (ssn): not nine digits (shape '99999999'). Export it as text",
        ),
        ("DOB", "31.01.1980", "row 7, column 'DOB' (birth_date): not a date"),
        ("DOB", "", "row 7, column 'DOB' (birth_date): empty. Fill it"),
        ("Hours", "thirty", "row 7, column 'Hours' (weekly_hours): not a whole number (shape 'AAAAAA')"),
        ("Hours", "888", "row 7, column 'Hours' (weekly_hours): Input should be less than or equal to 168"),
        ("Class", "Boss", "row 7, column 'Class' (employment_class): Input should be 'full_time'"),
        ("Group", "Weekly", "row 7, column 'Group' (pay_group): no word of the value map (shape 'AAAAAA')"),
    ],
)
def test_what_cannot_be_translated_says_where_and_how_to_mend(column: str, value: str, words: str) -> None:
    row = RowTranslator("employee", EMPLOYEE, "e.csv").translate(7, ROW | {column: value})
    assert row.problem.startswith(words)
    assert row.data == {}
    assert row.key == "e.csv#7"
    assert value == "" or len(value) < 3 or value not in row.problem


REGISTER: dict[str, Any] = {
    "pattern": "*",
    "columns": {
        "check": "Check",
        "employee": "Emp",
        "pay_date": "Date",
        "code": "Code",
        "amount_minor": "Amount",
        "hours": "Hours",
    },
    "constants": {"pay_run": "R1", "kind": "deduction"},
}


def line(how: dict[str, Any], **cells: str) -> Any:
    row = {"Check": "C1", "Emp": "1001", "Date": "2026-11-13", "Code": "MED", "Amount": "12.50", "Hours": ""}
    return RowTranslator("register_line", StreamMap.model_validate(how), "r").translate(2, row | cells)


def test_money_comes_from_its_own_text() -> None:
    assert line(REGISTER, Amount="1,234.50", Hours="80.25").data["amount_minor"] == 123450
    assert line(REGISTER, Hours="7.33").data["hours"] == "7.33"
    assert line(REGISTER | {"decimal_comma": True}, Hours="7,33", Amount="1,5").data["hours"] == "7.33"
    assert "column 'Hours' (hours)" in line(REGISTER, Hours="a day").problem
    german = REGISTER | {"decimal_comma": True, "date_format": "%d.%m.%Y"}
    assert line(german, Amount="1.234,50", Date="13.11.2026").data["amount_minor"] == 123450
    assert "more than 2 decimals" in line(REGISTER, Amount="1.005").problem
    assert "not a date of the form %d.%m.%Y (shape '9999-99-99')" in line(german, Amount="1,5").problem


def test_equal_lines_of_a_register_both_count() -> None:
    how = StreamMap.model_validate(REGISTER)
    translator = RowTranslator("register_line", how, "r")
    cells = {"Check": "C1", "Emp": "1001", "Date": "2026-11-13", "Code": "MED", "Amount": "12.50"}
    assert [translator.translate(n, cells).key for n in (2, 3)] == [
        "R1/C1/1001/deduction/MED",
        "R1/C1/1001/deduction/MED/2",
    ]


def test_a_list_a_yes_and_a_key_without_an_ssn() -> None:
    election = StreamMap(
        pattern="*",
        columns={"employee": "E", "plan": "P", "effective_from": "F", "waived": "W", "dependents": "D"},
        list_separator="|",
    )
    cells = {"E": "1", "P": "MED", "F": "2026-01-01", "W": "Yes", "D": "Bo | Cy|"}
    row = RowTranslator("election", election, "x").translate(2, cells)
    assert row.data["waived"] is True
    assert row.data["dependents"] == ["Bo", "Cy"]
    assert "neither yes nor no" in RowTranslator("election", election, "x").translate(2, cells | {"W": "?"}).problem
    change = StreamMap(
        pattern="*",
        columns={"ssn": "SSN", "plan": "P", "source": "S", "rate": "R", "effective_from": "F"},
    )
    got = {"SSN": "123456789", "P": "401K", "S": "EE_ROTH", "R": "4%", "F": "2026-01-01"}
    assert RowTranslator("deferral_change", change, "d.csv").translate(4, got).key == "d.csv#4"


def test_missing_columns_are_named() -> None:
    missing = RowTranslator("employee", EMPLOYEE, "e").missing_columns(("Emp #", "first", "LAST", "DOB", "SSN"))
    assert missing == ["Hired", "Left", "Hours", "Class", "Group"]


def test_an_election_says_what_volumes_and_accounts_are_priced_by() -> None:
    columns = {
        "employee": "Emp #", "plan": "Plan", "effective_from": "From", "volume_minor": "Volume", "tobacco": "Tobacco",
        "amount_minor": "Amount", "amount_per": "Per", "tobacco_dependents": "Who",
    }  # fmt: skip
    cells = {"Emp #": "1", "Plan": "vlife", "From": "2026-01-01", "Volume": "150,000.00", "Tobacco": "No",
             "Amount": "", "Per": "", "Who": ""}  # fmt: skip
    translator = RowTranslator("election", StreamMap(pattern="*", columns=columns), "e.csv")
    told = translator.translate(2, cells)
    assert told.problem == ""
    assert (told.data["volume_minor"], told.data["tobacco"]) == (150_000_00, False)
    assert "amount_minor" not in told.data
    account = translator.translate(3, cells | {"Volume": "", "Tobacco": "", "Amount": "83.33", "Per": "pay"})
    assert (account.data["amount_minor"], account.data["amount_per"]) == (83_33, "pay")
