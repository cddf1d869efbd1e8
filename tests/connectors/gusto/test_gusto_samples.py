"""The samples: in the vendor's form, and read by the connector as they stand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from benehub.connect.messages import Response
from benehub.errors import VendorUnavailable
from benehub.records import PayrollBenefit, RegisterLine
from benehub_connectors import gusto
from benehub_connectors.gusto.answers import refuse, rows
from benehub_connectors.gusto.reads import held, translated
from benehub_connectors.gusto.register import Book, PayRun, check_lines
from benehub_connectors.gusto.settings import GustoSettings

FOLDER = Path(gusto.__file__).parent / "samples"
PLACES = {
    "pay_schedules": "/v1/companies/c/pay_schedules",
    "pay_periods": "/v1/companies/c/pay_periods",
    "employees": "/v1/companies/c/employees",
    "company_benefits": "/v1/companies/c/company_benefits",
    "employee_benefits": "/v1/employees/e/employee_benefits",
    "payrolls": "/v1/companies/c/payrolls",
    "payroll": "/v1/companies/c/payrolls/p",
    "version_conflict": "/v1/employee_benefits/b",
}


def sample(name: str) -> Response:
    return Response.of(422 if name == "version_conflict" else 200, (FOLDER / f"{name}.json").read_bytes())


def test_every_sample_has_its_place() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == set(PLACES)


@pytest.mark.parametrize("name", sorted(PLACES))
def test_a_sample_is_in_the_vendors_form(api: Any, name: str) -> None:
    if api is None:
        pytest.skip("no description of Gusto's API; set BENEHUB_SHARED")
    from openapi_core.testing import MockRequest, MockResponse

    answer = sample(name)
    method = "put" if answer.status == 422 else "get"
    asked = MockRequest("https://api.gusto.com", method, PLACES[name])
    api.api.validate_response(asked, MockResponse(answer.body, status_code=answer.status))


def test_the_sampled_check_is_read_to_the_cent() -> None:
    settings = GustoSettings(company="c", client_id="i", client_secret="env:S", refresh_token="env:R")
    run = PayRun("p", date(2026, 11, 20), None, None, "s", "")
    (check,) = rows(sample("payroll"), "employee_compensations")
    lines = check_lines(run, check, Book(settings, {}, {"MED-PPO": frozenset({1}), "401K": frozenset({5})}))
    records = [RegisterLine.model_validate(line.data) for line in lines]
    assert [(one.kind.value, one.code, one.amount_minor, one.minutes) for one in records] == [
        ("earning", "GROSS", 320_000, 0),
        ("deduction", "MED-PPO", 6125, 0),
        ("employer", "MED-PPO", 24500, 0),
        ("deduction", "401K", 12800, 0),
        ("employer", "401K", 11200, 0),
        ("leave_taken", "Vacation Hours", 0, 450),
    ]
    assert {one.net_pay_minor for one in records} == {221_075}


def test_the_sampled_benefits_are_read() -> None:
    found = translated(rows(sample("employee_benefits")), lambda row: held(row, "CODE"))
    one, two = (PayrollBenefit.model_validate(row.data) for row in found)
    assert (one.employee_amount_minor, one.employer_amount_minor) == (6125, 24500)
    assert (two.employee_rate, two.employer_amount_minor) == ("4.0%", 0)


def test_the_sampled_conflict_asks_for_another_look() -> None:
    with pytest.raises(VendorUnavailable, match="invalid_resource_version"):
        refuse(sample("version_conflict"))
